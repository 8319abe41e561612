"""Alone: what the heaviest compartments ask for by themselves, which no cut makes less."""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from .demand import demands, inputs_of, use
from .draft import Draft


def exceeded_alone(given: Draft, chip: Chip) -> dict[str, int]:
    """How much of each resource a single compartment asks for, of those of which a core has less.

    Looked at is the compartment of each population that has most synapses.
    """
    found: dict[str, int] = {}
    limits, shared = vars(chip.core), "shared" in chip.synapse.lists
    into = np.bincount(given.table.target, minlength=sum(p.size for p in given.network.on_chip))
    for population in given.network.on_chip:
        low = given.first[population.name]
        heaviest = int(into[low : low + population.size].argmax())
        edges = np.unique([0, heaviest, heaviest + 1, population.size])
        inputs = inputs_of(
            given.network,
            population.name,
            given.table,
            given.formats,
            given.first,
            given.shared[population.name],
            shared,
        )
        asked = demands(inputs, edges, chip)[int(np.searchsorted(edges, heaviest))]
        for resource, amount in use(asked).items():
            if limits[resource] is not None and amount > limits[resource]:
                found[resource] = max(amount, found.get(resource, 0))
    return found
