"""Membranes: how often the potentials of a population's compartments changed, for NeuroBench's MembraneUpdates."""

from __future__ import annotations

import numpy as np

from ..compartments import Model
from ..compiler.image import ChipImage
from .state import tiles_of

POTENTIALS = ("v", "u")  # of a model's states the one that counts is the first of these, else its first
MOST_VALUES = 1 << 22  # of a stretch of steps


class Membranes:
    """Counts. cells: (n,) where the potentials of all compartments lie, in the order of the blocks.  changed: (n_blocks,)."""

    def __init__(self, image: ChipImage, models: dict[str, Model]) -> None:
        tiles, cells = tiles_of(image), [np.empty(0, np.int64)]
        for k, name in enumerate(image.names):
            fields = models[name].state._fields
            field = next((potential for potential in POTENTIALS if potential in fields), fields[0])
            cells.append(tiles.at(k, fields.index(field), np.arange(image.blocks.size[k])))
        self.cells = np.concatenate(cells)
        self.changed = np.zeros(len(image.names), np.int64)
        self._first = np.concatenate([[0], np.cumsum(image.blocks.size)]).astype(np.int64)

    @property
    def most_steps(self) -> int:
        """Of a stretch."""
        return max(MOST_VALUES // max(self.cells.size, 1), 1)

    def look(self, before: np.ndarray | None, after: np.ndarray) -> None:
        """before: (n,) potentials before the stretch, None where the state was fresh: then all count once.

        after: (n_steps, n) at the end of each step.
        """
        changes = np.count_nonzero(after[1:] != after[:-1], axis=0)
        changes += 1 if before is None else after[0] != before
        self.changed += np.add.reduceat(np.append(changes, 0), self._first)[:-1] * (np.diff(self._first) > 0)
