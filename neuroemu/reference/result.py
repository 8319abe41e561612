"""FloatRun: the spikes of a run in floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class FloatRun:
    """step, index: spikes of each population, by step; steps global from 1, those of the chip.

    of: what was run, 'twin' (the network in physical units) or the framework that its graph comes from.
    """

    step: dict[str, np.ndarray]
    index: dict[str, np.ndarray]
    of: str = "twin"

    @property
    def spikes(self) -> int:
        return sum(step.size for step in self.step.values())


class Raster(NamedTuple):
    """Two rasters of one population: spikes on the chip, in floats, and in both at the same step and compartment."""

    chip: int
    floats: int
    both: int

    @property
    def agreement(self) -> float | None:
        """Those in both among those in either; None where neither spikes."""
        either = self.chip + self.floats - self.both
        return self.both / either if either else None


def raster(chip: tuple[np.ndarray, np.ndarray], floats: tuple[np.ndarray, np.ndarray], n: int) -> Raster:
    """Compares (step, index) of the spikes of n compartments; none is there twice."""
    ours, theirs = (step.astype(np.int64) * n + index for step, index in (chip, floats))
    return Raster(ours.size, theirs.size, np.intersect1d(ours, theirs, assume_unique=True).size)
