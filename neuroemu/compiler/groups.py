"""Groups: the table's synapses as the engine walks them, plain ones apart from graded ones, in as few bytes as hold them."""

from __future__ import annotations

import numpy as np

from ..pieces import pieces, source_pieces
from .image import Synapses
from .slots import Slots
from .table import Table

MOST_SHIFT = 13


def weight_shift(units: np.ndarray) -> int:
    """The exponent of the largest power of two that divides every unit, at most MOST_SHIFT; 0 where there are none."""
    bits = 0
    for piece in pieces(units.size):
        bits |= int(np.bitwise_or.reduce(units[piece]))
    return min((bits & -bits).bit_length() - 1, MOST_SHIFT) if bits else 0


def groups(
    table: Table, graded: np.ndarray, slots: Slots, plastic: np.ndarray | None = None, most_shift: int = MOST_SHIFT
) -> tuple[Synapses, Synapses, int]:
    """(plain, graded, weight_shift).  graded: (projections,) bool.  plastic: likewise those that are in neither, or None.

    most_shift: of weight_shift, for the sake of the plastic ones.  The table's targets are used up.  Both groups are packed
    alike, so that kernels are compiled once for them.
    """
    if plastic is not None and plastic.any():
        return _without(table, graded, plastic, slots, most_shift)
    shift = weight_shift(table.units)
    packing = packing_of(table.units, shift, slots.width)
    if not graded.any() or graded.all():
        every = _group(table, table.first, None, slots, shift, packing)
        none = Synapses(np.zeros_like(table.first), np.empty(0, packing[0]), packing[1], np.empty(0, np.uint8))
        return (none, every, shift) if graded.any() else (every, none, shift)
    is_graded = np.empty(table.target.size, bool)
    for piece in pieces(is_graded.size):
        is_graded[piece] = graded[table.projections(piece)]
    one, other = (
        _group(table, _bounds(table.first, chosen), chosen, slots, shift, packing) for chosen in (~is_graded, is_graded)
    )
    return one, other, shift


def _without(
    table: Table, graded: np.ndarray, plastic: np.ndarray, slots: Slots, most_shift: int
) -> tuple[Synapses, Synapses, int]:
    """The groups of a network some of whose projections are plastic."""
    kind = np.where(plastic, 2, np.where(graded, 1, 0))
    kinds = np.concatenate([np.empty(0, kind.dtype), *(kind[table.projections(p)] for p in pieces(table.target.size))])
    fixed = table.units[kinds < 2]
    shift = min(weight_shift(fixed), most_shift) if fixed.size else most_shift
    packing = packing_of(fixed, shift, slots.width)
    one, other = (_group(table, _bounds(table.first, kinds == k), kinds == k, slots, shift, packing) for k in (0, 1))
    return one, other, shift


Packing = tuple[type[np.signedinteger], int]


def packing_of(units: np.ndarray, shift: int, width: int) -> Packing:
    """(type, slot_bits): 32 bits where a slot and any weight share them, else 64."""
    low, high = int(units.min(initial=0)) >> shift, int(units.max(initial=0)) >> shift
    bits = max(int(width - 1).bit_length(), 1)
    most = 2 ** (31 - bits) if bits < 31 else 0
    return (np.int32, bits) if -most <= low and high < most else (np.int64, 32)


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
    packing: Packing,
) -> Synapses:
    size, (kind, bits) = int(first[-1]), packing
    own_slots = chosen is not None or slots.moves
    packed = table.target if not own_slots and kind is np.int32 else np.empty(size, kind)  # in place: it is used up
    delay = np.empty(size if table.delay.size else 0, table.delay.dtype)
    done = 0
    for piece in pieces(table.target.size):
        keep = slice(None) if chosen is None else np.flatnonzero(chosen[piece])
        units, to = table.units[piece][keep], table.target[piece][keep]
        here = slice(done, done + units.size)
        if own_slots:
            to = slots.of(to, table.projections(piece)[keep], table.delays_of(piece)[keep])
        packed[here] = ((units >> shift).astype(kind) << kind(bits)) | to.astype(kind)
        if delay.size:
            delay[here] = table.delay[piece][keep]
        done += units.size
    return Synapses(first, packed, bits, delay if delay.any() else np.empty(0, np.uint8))
