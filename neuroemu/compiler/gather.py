"""Gather: which parts share a core. They are taken in their order: one goes onto the core of the part before it while all
that it asks for is left there, else onto a new one."""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from .demand import Demand, takes
from .partition import Part


def gather(parts: list[Part], chip: Chip, share: bool) -> np.ndarray:
    """(n_parts,) int64 the block of each part, from 0; without `share` every part is a block of its own."""
    block = np.empty(len(parts), np.int64)
    at, load = -1, None
    for index, part in enumerate(parts):
        together: Demand | None = takes(load, part.demand, chip) if share and load else None
        if together is None:
            at, together = at + 1, part.demand
        load = together
        block[index] = at
    return block
