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
from .demand import Demand, Inputs, demands, excess


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
    """Each population in the fewest equal stretches that fit, or in wanted[population] of them where that is more.

    The fewest are found by bisection, as if a finer cut always fitted better: input axons and words nearly always do.
    Where not even single compartments fit, the coarsest cut is returned, so that the error names the limit and few parts.
    """
    parts = []
    for population in network.on_chip:
        name, size = population.name, population.size
        n_parts = min(size, max(-(-size // chip.core.compartments), wanted.get(name, 1)))
        too_few = n_parts - 1
        coarsest, most = made, _ = _cut(name, size, n_parts, inputs[name], chip)
        while most > 1 and n_parts < size:
            too_few, n_parts = n_parts, min(size, max(n_parts + 1, int(n_parts * min(most, 2.0))))
            made, most = _cut(name, size, n_parts, inputs[name], chip)
        while most <= 1 and n_parts - too_few > 1:
            middle = (too_few + n_parts) // 2
            fewer, more_excess = _cut(name, size, middle, inputs[name], chip)
            if more_excess <= 1:
                n_parts, made = middle, fewer
            else:
                too_few = middle
        parts += made if most <= 1 else coarsest
    return parts


def _cut(name: str, size: int, n_parts: int, inputs: Inputs, chip: Chip) -> tuple[list[Part], float]:
    """A population in n_parts equal stretches, and the largest part of a core's limit that one of them asks for."""
    edges = np.linspace(0, size, n_parts + 1).round().astype(np.int64)
    found = demands(inputs, edges, chip)
    most = max(excess(demand, chip) for demand in found)
    return [Part(name, int(edges[k]), int(edges[k + 1] - edges[k]), demand) for k, demand in enumerate(found)], most


PARTITIONERS: dict[str, Partitioner] = {"equal": equal}
