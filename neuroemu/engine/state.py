"""ChipState: everything on the chip that changes during a run, and how it starts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..compiler.image import ChipImage
from ..counters import OVERFLOWS
from ..widths import EVERY_LANE, LANES


class ChipState(NamedTuple):
    """cells: (all,) int64, the states of all compartments, in groups of LANES, field by field (see Tiles).

    ring: (rows, width) input in units of stored weights, row t % rows is what arrives at step t; int32 where no sum can
    exceed it.  touched: (rows, groups) uint64, a bit a slot, 1 where it has input in that row.  awake: (2, groups) uint64 by
    parity of the step, a bit a compartment, 0 only where it is at rest.
    spiked, payload: (2, n_sources) int32 by parity, the spikes of a step.
    overflows: (threads, n_blocks, 4) int64, how often a block left its registers: OVERFLOWS of counters.py. Grows over
    the run.
    """

    cells: np.ndarray
    ring: np.ndarray
    touched: np.ndarray
    awake: np.ndarray
    spiked: np.ndarray
    payload: np.ndarray
    overflows: np.ndarray


class Tiles(NamedTuple):
    """Where each block lies in ChipState: first element of its cells, its first group, how many groups and fields it has."""

    first: np.ndarray
    group: np.ndarray
    groups: np.ndarray
    fields: np.ndarray

    def at(self, block: int, field: int, index: np.ndarray) -> np.ndarray:
        """Elements of `cells` that hold a field of the compartments `index` of a block."""
        tile = self.first[block] + index // LANES * (self.fields[block] * LANES)
        return tile + field * LANES + index % LANES


def tiles_of(image: ChipImage) -> Tiles:
    """The layout of an image's states. A block's groups are those of its first input's slots."""
    fields = np.array([cells.state.shape[0] for cells in image.cells], np.int64)
    groups = -(-image.blocks.size // LANES)
    first = np.concatenate([[0], np.cumsum(fields * groups * LANES)[:-1]]).astype(np.int64)
    group = np.array([cells.inputs[0, 0] // LANES for cells in image.cells], np.int64)
    return Tiles(first, group, groups, fields)


def start(image: ChipImage, n_threads: int) -> ChipState:
    """The state before step 1."""
    n_groups = image.width // LANES
    return ChipState(
        tiled([cells.state for cells in image.cells]),
        np.zeros((image.n_slots, image.width), np.int32 if image.sums_fit_32_bits else np.int64),
        np.zeros((image.n_slots, n_groups), np.uint64),
        np.full((2, n_groups), EVERY_LANE, np.uint64),
        np.zeros((2, image.n_sources), np.int32),
        np.zeros((2, image.n_sources), np.int32),
        np.zeros((n_threads, len(image.names), len(OVERFLOWS)), np.int64),
    )


def restart(state: ChipState, image: ChipImage) -> None:
    """Puts the state back to where it started, as a host does between samples."""
    state.cells[:] = tiled([cells.state for cells in image.cells])
    state.ring[:] = 0
    state.touched[:] = 0
    state.awake[:] = EVERY_LANE


def tiled(tables: list[np.ndarray]) -> np.ndarray:
    """Tables (fields, n) one after the other, each in groups of LANES, field by field; the last group filled with 0."""
    pieces = []
    for table in tables:
        fields, n = table.shape
        groups = -(-n // LANES)
        padded = np.zeros((fields, groups * LANES), np.int64)
        padded[:, :n] = table
        pieces.append(padded.reshape(fields, groups, LANES).transpose(1, 0, 2).ravel())
    return np.concatenate(pieces)
