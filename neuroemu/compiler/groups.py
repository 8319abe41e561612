"""Groups: the table's synapses as the engine walks them, plain ones apart from graded ones, in as few bytes as hold them."""

from __future__ import annotations

import numpy as np

from ..pieces import pieces, source_pieces
from .image import SMALL, Synapses
from .slots import Slots
from .table import Table

MOST_SHIFT = 13


def weight_shift(units: np.ndarray) -> int:
    """The exponent of the largest power of two that divides every unit, at most MOST_SHIFT; 0 where there are none."""
    bits = 0
    for piece in pieces(units.size):
        bits |= int(np.bitwise_or.reduce(units[piece]))
    return min((bits & -bits).bit_length() - 1, MOST_SHIFT) if bits else 0


def groups(table: Table, graded: np.ndarray, slots: Slots) -> tuple[Synapses, Synapses, int]:
    """(plain, graded, weight_shift).  graded: (projections,) bool.

    Both groups store weights in one type, so that kernels are compiled once for it.
    """
    shift = weight_shift(table.units)
    dtype = _type_for(table.units, shift)
    if not graded.any() or graded.all():
        every = _group(table, table.first, None, slots, shift, dtype)
        none = Synapses(np.zeros_like(table.first), np.empty(0, np.int32), np.empty(0, dtype), np.empty(0, np.uint8))
        return (none, every, shift) if graded.any() else (every, none, shift)
    is_graded = np.empty(table.target.size, bool)
    for piece in pieces(is_graded.size):
        is_graded[piece] = graded[table.projections(piece)]
    one, other = (
        _group(table, _bounds(table.first, chosen), chosen, slots, shift, dtype) for chosen in (~is_graded, is_graded)
    )
    return one, other, shift


def _type_for(units: np.ndarray, shift: int) -> type[np.integer]:
    """The type of the stored weights: of two where there are few, so that kernels are seldom compiled; else the smallest.

    uint8 keeps 8-bit excitatory weights in a byte.
    """
    low, high = int(units.min(initial=0)) >> shift, int(units.max(initial=0)) >> shift
    for dtype in (np.int8, np.uint8, np.int16) if units.size > SMALL else (np.int16,):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return dtype
    return np.int32


def _bounds(first: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(n_sources + 1,) int64 bounds of each source among the chosen.  chosen: (n,) bool."""
    counts = np.zeros(first.size, np.int64)
    for begin, end, piece in source_pieces(first):
        running = np.concatenate([[0], np.cumsum(chosen[piece])])
        counts[begin + 1 : end + 1] = np.diff(running[first[begin : end + 1] - first[begin]])
    return np.cumsum(counts)


def _group(
    table: Table,
    first: np.ndarray,
    chosen: np.ndarray | None,
    slots: Slots,
    shift: int,
    dtype: type[np.integer],
) -> Synapses:
    size = int(first[-1])
    own_slots = chosen is not None or slots.moves
    target = np.empty(size, np.int32) if own_slots else table.target
    weight, delay = np.empty(size, dtype), np.empty(size if table.delay.size else 0, table.delay.dtype)
    done = 0
    for piece in pieces(table.target.size):
        keep = slice(None) if chosen is None else np.flatnonzero(chosen[piece])
        units = table.units[piece][keep]
        here = slice(done, done + units.size)
        weight[here] = units >> shift
        if own_slots:
            to, projection = table.target[piece][keep], table.projections(piece)[keep]
            target[here] = slots.of(to, projection, table.delays_of(piece)[keep])
        if delay.size:
            delay[here] = table.delay[piece][keep]
        done += units.size
    return Synapses(first, target, weight, delay if delay.any() else np.empty(0, np.uint8))
