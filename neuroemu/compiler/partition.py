"""Partition: cut populations into parts, each of them some compartments of one population that one core can hold.

There are two kinds. STRETCHES cut every population for itself in the user's order: stretch(network, inputs, chip, wanted) ->
list[Part]; gather.py then says which share a core. SETS (mapper.py) put any compartments together: a block for every core, and
what a block holds of a population is a part. Neither raises: what cannot be made to fit is returned as it is and found by
limits.check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..chip import Chip
from ..network import Network
from .demand import Demand, Inputs, demands, excess

NAMED_RANGES = 3  # up to which the name of a part lists its members


@dataclass(frozen=True)
class Part:
    """Some compartments of a population, and what they ask of a core.

    first, size: where they stand in the image's order of the population.  number: (size,) the user's index of each,
    ascending; empty where that is first..first+size-1.
    """

    population: str
    first: int
    size: int
    demand: Demand
    number: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def members(self) -> np.ndarray:
        """(size,) the user's index of each compartment, ascending."""
        return self.number if self.number.size else np.arange(self.first, self.first + self.size)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The members as stretches, (first, behind the last) each."""
        if not self.number.size:
            return [(self.first, self.first + self.size)]
        breaks = np.flatnonzero(np.diff(self.number) > 1)
        first, last = self.number[np.append(0, breaks + 1)], self.number[np.append(breaks, self.size - 1)]
        return list(zip(first.tolist(), (last + 1).tolist(), strict=True))

    @property
    def name(self) -> str:
        """Population and members: a[0:8], a[0:8,12,20:24], or where they are in many pieces a[0..99, 34 of them]."""
        ranges = self.ranges
        if len(ranges) > NAMED_RANGES:
            return f"{self.population}[{ranges[0][0]}..{ranges[-1][1] - 1}, {self.size} of them]"
        shown = [f"{low}:{high}" if high - low > 1 or len(ranges) == 1 else f"{low}" for low, high in ranges]
        return f"{self.population}[{','.join(shown)}]"


def wide_of(parts: Sequence[Part]) -> np.ndarray:
    """The sources whose axons take two output slots, ascending, by their numbers in the image."""
    return np.unique(np.concatenate([part.demand.wide for part in parts]))


Stretcher = Callable[[Network, dict[str, Inputs], Chip, dict[str, int]], list[Part]]


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


STRETCHES: dict[str, Stretcher] = {"equal": equal}
SETS = ("layer", "hypergraph", "metis", "grow")
PARTITIONERS = (*STRETCHES, *SETS)
