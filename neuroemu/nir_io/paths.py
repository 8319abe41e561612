"""Paths: everything linear between neurons, added up and multiplied out to one weight a synapse and one bias a neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import Problem
from .graph import NEURONS, Graph
from .linear import linear_map
from .notes import Note
from .order import Order
from .origin import Origin

MOST_SYNAPSES = 2_000_000_000


@dataclass(frozen=True)
class Term:
    """What comes from one neuron or Input.  matrix: (n, n_source) csr float64.  delay: steps in Delay nodes.

    late: it was sent in the step before.  through: the linear nodes passed.
    """

    source: str
    delay: int
    late: bool
    matrix: Any
    through: tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """Terms and a constant.  bias: (n,) float64.  held: whether some of the bias has passed a Delay."""

    terms: tuple[Term, ...]
    bias: np.ndarray
    held: bool = False


def sums(graph: Graph, order: Order, origin: Origin, problems: list[Problem], notes: list[Note]) -> dict[str, Sum]:
    """What arrives at each neuron, by its name: all paths to it from neurons and inputs."""
    from scipy import sparse

    out: dict[str, Sum] = {}
    arrives: dict[str, Sum] = {}
    for name in order.names:
        node = graph.nodes[name]
        parts = []
        for pre in graph.into(name):
            if graph.nodes[pre].kind in (*NEURONS, "Input"):
                size = graph.nodes[pre].size
                identity = sparse.identity(size, np.float64, format="csr")
                parts.append(Sum((Term(pre, 0, (pre, name) in order.late, identity, ()),), np.zeros(size)))
            elif pre in out:
                parts.append(out[pre])
        if not parts or any(part.bias.size != node.size_in for part in parts):
            continue  # an Input, or shapes that do not match, which were told
        total = Sum(
            tuple(term for part in parts for term in part.terms),
            np.sum([part.bias for part in parts], axis=0),
            any(part.held for part in parts),
        )
        if node.kind in (*NEURONS, "Output"):
            arrives[name] = total
        elif node.kind == "Delay":
            out[name] = _delayed(name, node.numbers("delay") / origin.dt_s, total, problems, notes)
        else:
            out[name] = _mapped(name, linear_map(node, np.float64), total)
    return arrives


def _mapped(name: str, through: Any, total: Sum) -> Sum:
    matrix = through.matrix / through.divisor
    terms = tuple(
        replace(term, matrix=(matrix @ term.matrix).tocsr(), through=(*term.through, name)) for term in total.terms
    )
    bias = matrix @ total.bias
    return Sum(terms, bias if through.bias is None else bias + through.bias, total.held)


def _delayed(name: str, steps: np.ndarray, total: Sum, problems: list[Problem], notes: list[Note]) -> Sum:
    """Every term once for each delay that there is, with the rows that have it."""
    from scipy import sparse

    if np.any(steps < 0):
        problems.append(Problem(f"a delay of {steps.min():g} steps", path=name, allowed="delays of at least 0"))
        return total
    whole = np.rint(steps).astype(np.int64)
    if np.any(np.abs(steps - whole) > 1e-3):
        worst = float(np.max(np.abs(steps - whole)))
        notes.append(Note("lossy", name, f"delays are rounded to whole steps, by up to {worst:.2g} of one"))
    terms = []
    for term in total.terms:
        for delay in np.unique(whole):
            rows = sparse.diags((whole == delay).astype(np.float64), format="csr")
            held = (rows @ term.matrix).tocsr()
            held.eliminate_zeros()
            if held.nnz:
                terms.append(replace(term, delay=term.delay + int(delay), matrix=held, through=(*term.through, name)))
    return Sum(tuple(terms), total.bias, total.held or bool(np.any(whole) and np.any(total.bias)))
