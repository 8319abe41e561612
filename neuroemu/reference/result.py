"""FloatRun: the spikes of a run in floats."""

from __future__ import annotations

from dataclasses import dataclass

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
