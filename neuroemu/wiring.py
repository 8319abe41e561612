"""Wiring: what stays the same through a run and decides what it cost: who sits where, and whom each source reaches.

Taken from a compiled image, or read back from a run folder. Another placement is another Wiring; the spikes are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .chip import Mesh
from .compiler.destinations import axons_out, messages_of
from .compiler.image import ChipImage, CountRows, Parts, digest
from .compiler.partition import Part, wide_of


@dataclass(frozen=True)
class Wiring:
    """names, sizes: populations on the chip, in the order of their compartments.  source_names, source_sizes: the host's.

    rows: synapses by source and part, sources by the user's numbers whatever the order of the parts.
    draws: (n_parts,) int64 random numbers that each part draws in a step.
    synapses: how many there are.  model_hash: of all that decides spikes and counts by part.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    source_names: tuple[str, ...]
    source_sizes: tuple[int, ...]
    parts: Parts
    rows: CountRows
    draws: np.ndarray
    mesh: Mesh
    step_ms: float
    synapses: int
    model_hash: str

    @property
    def n_compartments(self) -> int:
        return sum(self.sizes)

    @property
    def n_sources(self) -> int:
        return self.rows.first.size - 1

    @property
    def n_parts(self) -> int:
        return self.parts.core.size

    @property
    def mesh_hash(self) -> str:
        """Of mesh and placement: runs that agree in it and in model_hash took the same ways."""
        return digest(repr(self.mesh), self.parts.core)

    def cores_in_use(self) -> np.ndarray:
        """Cores that hold a part, ascending."""
        return np.unique(self.parts.core)

    def tiles_in_use(self) -> np.ndarray:
        """Tiles that hold a part, ascending."""
        return np.unique(self.cores_in_use() // self.mesh.cores_per_tile)

    def chips_in_use(self) -> np.ndarray:
        """Chips that hold a part, ascending."""
        return np.unique(self.mesh.chip_of(self.tiles_in_use()))

    def axons_out(self, parts: Sequence[Part]) -> np.ndarray:
        """(n_parts,) int64 output axons that each part uses on its core.  parts: with what they ask of it."""
        messages, number = messages_of(self.rows, self.parts), self.parts.number
        return axons_out(messages[number] if number.size else messages, self.parts, wide_of(parts))

    def core_of_source(self) -> np.ndarray:
        """(n_sources,) int32, -1 for the host."""
        cores = np.full(self.n_sources, -1, np.int32)
        cores[: self.n_compartments] = self.parts.by_number(self.parts.core)
        return cores

    def sender_of_source(self) -> np.ndarray:
        """(n_sources,) int64 core where its messages enter the network; the host counts as the one after the last."""
        cores = self.core_of_source().astype(np.int64)
        return np.where(cores >= 0, cores, self.mesh.n_cores)

    def owner_of_source(self) -> np.ndarray:
        """(n_sources,) int64 index into names + source_names."""
        return np.repeat(np.arange(len(self.sizes) + len(self.source_sizes)), [*self.sizes, *self.source_sizes])

    def placed(self, cores: np.ndarray, mesh: Mesh | None = None) -> Wiring:
        """The same parts on other cores.  cores: (n_parts,)."""
        return replace(self, parts=self.parts._replace(core=cores.astype(np.int64)), mesh=mesh or self.mesh)


def wiring_of(image: ChipImage) -> Wiring:
    """The wiring of a compiled image."""
    draws = np.zeros(image.n_parts, np.int64)
    for k, cells in enumerate(image.cells):
        each = np.broadcast_to(cells.draws, image.blocks.size[k])
        for part in np.flatnonzero(image.parts.population == k):
            start = image.parts.first[part] - image.blocks.first[k]
            draws[part] = each[start : start + image.parts.size[part]].sum()
    return Wiring(
        image.names,
        tuple(image.blocks.size.tolist()),
        image.source_names,
        tuple(np.diff(image.source_first).tolist()),
        image.parts,
        _by_number(image.rows, image.parts),
        draws,
        image.mesh,
        image.step_ms,
        image.n_synapses,
        image.model_hash,
    )


def _by_number(rows: CountRows, parts: Parts) -> CountRows:
    """The rows of an image in the order of the user's numbers."""
    if not parts.number.size:
        return rows
    n = parts.number.size
    order = np.concatenate([parts.place(), np.arange(n, rows.first.size - 1)])
    lengths = np.diff(rows.first)[order]
    first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    at = np.repeat(rows.first[order] - first[:-1], lengths) + np.arange(first[-1])
    return CountRows(first, *(column[at] if column.size else column for column in rows[1:]))
