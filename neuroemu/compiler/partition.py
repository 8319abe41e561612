"""Partition: cut populations into parts, each a stretch of one population that one core can hold.

partition(network, inputs, chip, options) -> list[Part]. Raises nothing: a part that cannot be made to fit is returned as
it is and found by limits.check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..chip import Chip
from ..network import Network
from .demand import Demand, Inputs, demands


@dataclass(frozen=True)
class Part:
    """Compartments first..first+size-1 of a population, and what they ask of a core."""

    population: str
    first: int
    size: int
    demand: Demand

    @property
    def name(self) -> str:
        return f"{self.population}[{self.first}:{self.first + self.size}]"


Partitioner = Callable[[Network, dict[str, Inputs], Chip, dict[str, int]], list[Part]]


def equal(network: Network, inputs: dict[str, Inputs], chip: Chip, wanted: dict[str, int]) -> list[Part]:
    """Each population in the fewest equal stretches that fit, or in wanted[population] of them where that is more."""
    parts = []
    for population in network.on_chip:
        n_parts = max(-(-population.size // chip.core.compartments), wanted.get(population.name, 1))
        while True:
            edges = np.linspace(0, population.size, n_parts + 1).round().astype(np.int64)
            found = demands(inputs[population.name], edges, chip)
            excess = max(
                max(
                    d.compartments / chip.core.compartments,
                    d.axons_in / chip.core.axons_in,
                    d.words / chip.core.synapse_words,
                )
                for d in found
            )
            if excess <= 1 or n_parts == population.size:
                break
            n_parts = min(population.size, max(n_parts + 1, int(n_parts * min(excess, 2.0))))
        parts += [
            Part(population.name, int(edges[k]), int(edges[k + 1] - edges[k]), demand) for k, demand in enumerate(found)
        ]
    return parts


PARTITIONERS: dict[str, Partitioner] = {"equal": equal}
