"""Trees: where each dendrite passes its value to, and that a neuron's compartments lie on one core."""

from __future__ import annotations

import numpy as np

from ..compartments.joins import JOINS
from ..errors import Problem
from ..network import DENDRITES, Network, Population
from .image import Parts
from .slots import Slots

Up = tuple[int, ...]


def up(network: Network, population: Population, ring: Slots) -> Up:
    """(slot of the parent's compartment 0, join, 1 for the first child), or () for what has no parent."""
    branch = next((b for b in network.branches if b.child == population.name), None)
    if branch is None:
        return ()
    port = network[branch.parent].compartment.ports.index(DENDRITES)
    slot = next(slot for slot, at, _ in ring.inputs[branch.parent] if at == port)
    order = network.names()
    siblings = sorted((b.child for b in network.branches if b.parent == branch.parent), key=order.index)
    return slot, JOINS[branch.join], int(siblings[0] == population.name)


def joins(network: Network, name: str) -> int | None:
    """The join of a population with its children, None where it has none."""
    return next((JOINS[branch.join] for branch in network.branches if branch.parent == name), None)


def lonely(network: Network) -> list[Problem]:
    """The dendrites that lead nowhere."""
    children = {branch.child for branch in network.branches}
    return [
        Problem(
            f"the dendrites of '{population.name}' have no parent",
            path=population.name,
            remedy=f"a branch from '{population.name}' to a dendrite or soma",
        )
        for population in network.on_chip
        if population.compartment.passes_up and population.name not in children
    ]


def apart(network: Network, parts: Parts, first: dict[str, int]) -> list[Problem]:
    """The branches whose two ends do not always share a core: a chip joins compartments within a core only."""
    core = parts.by_number(parts.core)
    problems = []
    for branch in network.branches:
        child, parent, n = first[branch.child], first[branch.parent], network[branch.child].size
        spread = np.flatnonzero(core[child : child + n] != core[parent : parent + n])
        if spread.size:
            problems.append(
                Problem(
                    f"dendrite {spread[0]} of '{branch.child}' lies on core {core[child + spread[0]]}, its parent in "
                    f"'{branch.parent}' on core {core[parent + spread[0]]}; a tree is joined within one core",
                    path=branch.parent,
                    allowed="trees that fit one core, populations sharing it (mapping: {share_cores: true})",
                    remedy="mapping: {partition: layer}, which keeps trees together, or several smaller populations",
                )
            )
    return problems
