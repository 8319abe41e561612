"""Lower: a NIR graph as a Network. Every neuron becomes a population, every path between two of them a connection.

A chip's LIF in shifted units, v - v_reset, does what the framework's does: weights times the gain of the neuron, the leak
of v and v_leak in its bias, resets that come a step late by a pause or by connections to itself. What it cannot do is noted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import units
from ..connect import Connector, Conv2d, Dense, OneToOne, Sparse
from ..errors import Problem, ProgramError
from ..network import Lif, Network, Spikes
from . import read
from .exact import Exact
from .graph import NEURONS, SPIKING, Graph, flat
from .neurons import Neuron, float_type, neuron_of
from .notes import Note
from .order import Order, order_of
from .origin import Origin, complete
from .paths import Sum, Term, sums
from .shapes import misfits, padding, pair, shaped, signs
from .start import start_of


def from_nir(source: str | Path | Any, origin: Mapping[str, Any] | Origin | None = None) -> Network:
    """The network of a .nir file, or of a nir.NIRGraph.

    origin: what the file does not carry, by the names of Origin; dt as text with its unit ('1 ms') or dt_s in seconds.
    The populations have the names of NIR's nodes (what no name may hold becomes _, a first digit gets an n before it), an
    Input asks for the program's input of its own name.  Network.exact holds the graph, its notes and the float run's needs.
    Raises ProgramError with everything that is wrong with the file, the origin, or cannot be a network of spikes.
    """
    given = read.read(source) if isinstance(source, (str, Path)) else source
    problems: list[Problem] = []
    network = lower(given, _facts(origin, problems), problems)
    if problems or network is None:
        file = str(source) if isinstance(source, (str, Path)) else None
        raise ProgramError([replace(problem, file=problem.file or file) for problem in dict.fromkeys(problems)])
    return network


def _facts(origin: Mapping[str, Any] | Origin | None, problems: list[Problem]) -> dict[str, Any]:
    if isinstance(origin, Origin):
        return vars(origin)
    facts = dict(origin or {})
    if "dt" in facts:
        dt = facts.pop("dt")
        try:
            facts["dt_s"] = units.parse(dt, "ms") / 1e3
        except ValueError as error:
            problems.append(Problem(str(error), path="origin.dt", allowed="a time like '1 ms'"))
            facts["dt_s"] = 1e-3  # to go on with
    return facts


def lower(given: Any, facts: Mapping[str, Any], problems: list[Problem]) -> Network | None:
    """A nir.NIRGraph as a Network; None where problems were noted."""
    before = len(problems)
    graph = flat(given, problems)
    return lowered(graph, facts, problems, []) if len(problems) == before else None


def lowered(graph: Graph, facts: Mapping[str, Any], problems: list[Problem], notes: list[Note]) -> Network | None:
    """A flat graph as a Network, with the notes so far and those of lowering it; None where problems were noted."""
    before = len(problems)
    misfits(graph, problems)
    whole = len(problems) == before
    signs(graph, problems)
    origin = complete(graph, facts, problems, notes)
    if not whole:
        return None
    graph = shaped(graph, facts.get("batched") is True, problems, notes)
    order = order_of(graph, problems)
    if problems:
        return None
    dtype = float_type(graph, origin)
    arrives = sums(graph, order, origin, problems, notes)
    neurons = {
        name: neuron_of(name, node, origin, _recurrent(name, arrives), dtype, problems, notes)
        for name, node in graph.nodes.items()
        if node.kind in NEURONS
    }
    _refuse_values(graph, arrives, problems)
    readouts = [
        name
        for name, total in arrives.items()
        if graph.nodes[name].kind == "Output" and any(t.through for t in total.terms)
    ]
    depth = _depths(graph, order, arrives)
    if not neurons and not readouts:
        problems.append(Problem("the graph has no neuron", allowed=f"at least one of {', '.join(NEURONS)}"))
    if problems:
        return None
    names = _names(
        [name for name, node in graph.nodes.items() if node.kind == "Input" or name in neurons or name in readouts]
    )
    for name in readouts:
        notes.append(
            Note("changed", name, f"no neuron comes before it: read the potential v of '{names[name]}' in its place")
        )
        neurons[name] = _readout(graph.nodes[name].size, dtype)
    network = Network(origin.dt_s * 1e3)
    for name in (name for name in order.names if name in names):
        network = _with_population(network, name, graph, neurons, arrives, depth[name], names, notes, problems)
    if problems:
        return None
    for name in (name for name in order.names if name in neurons):
        network = _with_connections(network, name, graph, neurons[name], arrives.get(name), depth, names, notes)
    chip_depth = {names[name]: depth[name] for name in names}
    exact = Exact(graph, origin, order, neurons, dtype, names, chip_depth, tuple(dict.fromkeys(notes)))
    return replace(network, exact=exact)


def _recurrent(name: str, arrives: dict[str, Sum]) -> bool:
    return name in arrives and any(term.source == name for term in arrives[name].terms)


def _refuse_values(graph: Graph, arrives: dict[str, Sum], problems: list[Problem]) -> None:
    """Spikes travel on a chip, potentials do not."""
    for name, total in arrives.items():
        for source in sorted({term.source for term in total.terms}):
            kind = graph.nodes[source].kind
            direct = graph.nodes[name].kind == "Output" and all(
                not t.through for t in total.terms if t.source == source
            )
            if kind in NEURONS and kind not in SPIKING and not direct:
                problems.append(
                    Problem(
                        f"'{source}' is a {kind}, which does not spike: it would pass on its potential, and chips send spikes",
                        path=name,
                        allowed=f"what spikes ({', '.join(SPIKING)}) before another node",
                        remedy="a LIF in its place, or leave it the last",
                    )
                )


def _depths(graph: Graph, order: Order, arrives: dict[str, Sum]) -> dict[str, int]:
    """Steps from the inputs by the longest way."""
    depth: dict[str, int] = {}
    for name in order.names:
        node = graph.nodes[name]
        if node.kind == "Input":
            depth[name] = 0
        elif name in arrives:
            before = [depth[term.source] for term in arrives[name].terms if not term.late]
            depth[name] = 1 + max(before, default=-1)
        elif node.kind in NEURONS:
            depth[name] = 0
    return depth


def _names(nodes: list[str]) -> dict[str, str]:
    """Names of populations, all different."""
    names: dict[str, str] = {}
    for node in nodes:
        plain = re.sub(r"[^A-Za-z0-9_\-]", "_", node)[:100]
        base = plain if re.match(r"[A-Za-z_]", plain) else f"n{plain}"
        tried = [base, *(f"{base}_{k}" for k in range(2, len(nodes) + 2))]
        names[node] = next(name for name in tried if name not in names.values())
    return names


def _readout(n: int, dtype: np.dtype) -> Neuron:
    """A potential that is the input of its step."""
    zeros, ones = np.zeros(n), np.ones(n)
    return Neuron(
        "nir", False, ones, ones, None, None, zeros, np.full(n, np.inf), zeros, zeros, "zero", False, True, False, dtype
    )


def _with_population(
    network: Network,
    name: str,
    graph: Graph,
    neurons: dict[str, Neuron],
    arrives: dict[str, Sum],
    depth: int,
    names: dict[str, str],
    notes: list[Note],
    problems: list[Problem],
) -> Network:
    node = graph.nodes[name]
    if node.kind == "Input":
        return network.population(names[name], node.shape, Spikes(names[name]))
    neuron = neurons[name]
    threshold = neuron.threshold - neuron.v_reset
    if np.any(threshold <= 0):
        worst = threshold[threshold <= 0][0]
        problems.append(
            Problem(
                f"a threshold lies {-worst:g} below what v is reset to", path=name, allowed="thresholds above v_reset"
            )
        )
        return network
    constant = arrives[name].bias if name in arrives else np.zeros(node.size)
    held = name in arrives and arrives[name].held
    model = _lif(name, neuron, constant, held, depth, network.step_ms, notes)
    return network.population(names[name], node.shape or (node.size,), model)


def _lif(
    name: str, neuron: Neuron, constant: np.ndarray, held: bool, depth: int, step_ms: float, notes: list[Note]
) -> Lif:
    """constant: (n,) what biases add to the input of every step."""
    n = neuron.leak.size
    syn_leak = neuron.syn_leak if neuron.syn_leak is not None else np.ones(n)
    keep_u, keep_v = 1.0 - np.minimum(syn_leak, 1.0), 1.0 - np.minimum(neuron.leak, 1.0)
    pushed = _gain(neuron) * constant
    endless = (syn_leak == 0) & (pushed != 0)
    if np.any(endless):
        notes.append(
            Note("lossy", name, "a bias into a current that never decays grows for ever; it is taken as it is")
        )
    bias = pushed / np.where(syn_leak > 0, syn_leak, 1.0)
    # The framework's current has to build up to its bias; ours has it from the start, and u starts at what is lacking.
    lacking = np.where(keep_u > 0, -bias, 0.0)
    if not neuron.current_first:
        lacking = lacking / np.where(keep_u > 0, keep_u, 1.0)
    leaking = neuron.leak * (neuron.v_leak - neuron.v_reset)
    threshold = neuron.threshold - neuron.v_reset
    start = start_of(keep_u, keep_v, bias + leaking, lacking, neuron.start - neuron.v_reset, depth, threshold)
    if not start.reached:
        what = f"its bias is at work {depth} steps before the first input comes, as spikes need a step to every layer"
        notes.append(Note("lossy", name, what))
    if held:
        notes.append(Note("lossy", name, "a bias that comes through a Delay is there from the first step"))
    with np.errstate(divide="ignore"):
        tau_mem = -step_ms / np.log1p(-np.minimum(neuron.leak, 1.0))
        tau_syn = -step_ms / np.log1p(-np.minimum(syn_leak, 1.0))
    return Lif(
        tau_mem_ms=_one(np.abs(tau_mem)),
        tau_syn_ms=_one(np.abs(tau_syn)),
        threshold=_one(threshold),
        bias=_one(bias + leaking),
        refractory_ms=step_ms if _blanks(neuron) else 0.0,
        soft_reset=neuron.reset == "subtract" and neuron.spikes,
        u=_one(start.u),
        v=_one(start.v),
    )


def _gain(neuron: Neuron) -> np.ndarray:
    return neuron.gain * (neuron.syn_gain if neuron.syn_gain is not None else 1.0)


def _blanks(neuron: Neuron) -> bool:
    """Whether a reset to zero that comes a step late also loses the input of that step: all of snnTorch's but Leaky."""
    late_zero = neuron.spikes and neuron.reset_delay and neuron.reset == "zero"
    return late_zero and neuron.form == "snntorch" and (neuron.recurrent or neuron.syn_leak is not None)


def _one(values: np.ndarray) -> float | np.ndarray:
    """One number where all are the same."""
    return float(values[0]) if np.all(values == values[0]) else values


def _with_connections(
    network: Network,
    name: str,
    graph: Graph,
    neuron: Neuron,
    total: Sum | None,
    depth: dict[str, int],
    names: dict[str, str],
    notes: list[Note],
) -> Network:
    for terms in _alike(total.terms if total else ()):
        first = terms[0]
        base = depth[name] - depth[first.source] - (0 if first.late else 1) + (0 if neuron.current_first else 1)
        if base < 0:
            what = (
                f"spikes of '{first.source}' come back {-base} steps later than in the framework, by the layers between"
            )
            notes.append(Note("lossy", name, what))
        connector = _connector(terms, graph, name, _gain(neuron), max(base, 0))
        passed = [node for node in first.through if graph.nodes[node].kind not in ("Flatten", "Delay")]
        if len(passed) > 1:
            told = ", ".join(f"{graph.nodes[node].kind} '{node}'" for node in passed)
            notes.append(
                Note("changed", name, f"{told} are one connection from '{first.source}', weights multiplied out")
            )
        if connector is None:
            notes.append(Note("changed", name, f"all weights from '{first.source}' are 0; there is no connection"))
            continue
        network = network.connect(names[first.source], names[name], connector)
    return _with_late_subtraction(network, name, neuron, names, notes)


def _with_late_subtraction(
    network: Network, name: str, neuron: Neuron, names: dict[str, str], notes: list[Note]
) -> Network:
    """Connections to itself that make of a reset by subtraction one that comes a step late.

    At once, v - threshold is kept by 1 - a: less than the whole threshold is gone a step later, by a * threshold. A spike
    to itself takes that, and the next takes back what the current keeps of it.
    """
    if not (neuron.spikes and neuron.reset == "subtract" and neuron.form == "snntorch"):
        return network
    if not neuron.reset_delay:
        what = "in snnTorch a v that is above the threshold still after its reset needs a second threshold to spike; here one"
        notes.append(Note("lossy", name, what))
        return network
    missing = -neuron.leak * (neuron.threshold - neuron.v_reset)
    if not np.any(missing):
        return network
    own = names[name]
    network = network.connect(own, own, OneToOne(_one(missing)), name=f"{own}-reset")
    what = "a reset by subtraction that comes a step late is one at once, and connections to itself for the rest"
    notes.append(Note("changed", name, what))
    if neuron.syn_leak is not None and np.any(neuron.syn_leak < 1):
        network = network.connect(
            own, own, OneToOne(_one(-missing * (1 - neuron.syn_leak)), 1), name=f"{own}-reset-back"
        )
    return network


def _alike(terms: tuple[Term, ...]) -> list[list[Term]]:
    """Terms that differ only in their delay, together."""
    found: dict[tuple[str, bool, tuple[str, ...]], list[Term]] = {}
    for term in terms:
        found.setdefault((term.source, term.late, term.through), []).append(term)
    return list(found.values())


def _connector(terms: list[Term], graph: Graph, target: str, gain: np.ndarray, delay: int) -> Connector | None:
    """The shortest way to say what the terms say; None without a synapse."""
    first, post = terms[0], graph.nodes[target]
    pre, passed = graph.nodes[first.source], [graph.nodes[node] for node in first.through]
    if len(terms) == 1 and not passed:
        return OneToOne(_one(gain), delay) if np.any(gain) else None
    if len(terms) == 1 and len(passed) == 1 and first.delay == 0:
        node = passed[0]
        if node.kind in ("Affine", "Linear"):
            weights = gain[:, None] * np.asarray(node.given["weight"], np.float64)
            return Dense(weights, delay) if np.any(weights) else None
        if node.kind == "Conv2d" and np.all(gain == gain[0]) and (pre.shape, post.shape) == (node.shape_in, node.shape):
            weight = np.asarray(node.given["weight"], np.float64)
            around = {p for ends in padding(node, 2, weight.shape[2:]) for p in ends}
            stride, dilation = set(pair(node.given["stride"], 2)), set(pair(node.given["dilation"], 2))
            plain = int(np.asarray(node.given["groups"]).item()) == 1 and dilation == {1}
            if plain and len(around) == len(stride) == 1 and np.any(weight):
                return Conv2d(weight * gain[0], stride.pop(), around.pop(), delay)
    found = [(term.matrix.tocoo(), term.delay) for term in terms]
    weights = np.concatenate([matrix.data * gain[matrix.row] for matrix, _ in found])
    sources = np.concatenate([matrix.col for matrix, _ in found]).astype(np.int64)
    targets = np.concatenate([matrix.row for matrix, _ in found]).astype(np.int64)
    delays = np.concatenate([np.full(matrix.nnz, delay + held) for matrix, held in found])
    kept = weights != 0
    if not np.any(kept):
        return None
    each = delays[kept]
    alike: Any = int(each[0]) if np.all(each == each[0]) else each
    return Sparse(sources[kept], targets[kept], weights[kept], alike)


def describe(network: Network) -> list[str]:
    """One line a population of an imported network: its name, NIR's name, its shape and what leads to it."""
    exact = network.exact
    assert exact is not None
    nodes = {name: node for node, name in exact.names.items()}
    lines = []
    for population in network.populations:
        node = nodes[population.name]
        shape = "x".join(str(k) for k in population.shape) if math.prod(population.shape) > 1 else "1"
        incoming = [
            p.source for p in network.projections if p.target == population.name and p.source != population.name
        ]
        lines.append(
            f"{population.name} ({exact.graph.nodes[node].kind} '{node}', {shape})"
            + (f" from {', '.join(dict.fromkeys(incoming))}" if incoming else "")
        )
    return lines
