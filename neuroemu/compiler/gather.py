"""Gather: which parts share a core. They are taken in their order: one goes onto the core of the part before it while all
that it asks for is left there, else onto a new one."""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from .partition import Part


def gather(parts: list[Part], chip: Chip, share: bool) -> np.ndarray:
    """(n_parts,) int64 the block of each part, from 0; without `share` every part is a block of its own."""
    block = np.empty(len(parts), np.int64)
    at, compartments, words, sources = -1, 0, 0, np.empty(0, np.int64)
    for index, part in enumerate(parts):
        fits = (
            share
            and at >= 0
            and compartments + part.size <= chip.core.compartments
            and words + part.demand.words <= chip.core.synapse_words
        )
        together = np.union1d(sources, part.demand.sources) if fits else sources
        if fits and together.size <= chip.core.axons_in:
            compartments, words, sources = compartments + part.size, words + part.demand.words, together
        else:
            at += 1
            compartments, words, sources = part.size, part.demand.words, part.demand.sources
        block[index] = at
    return block
