"""Long arrays in short pieces: what is computed on the way stays small and in the cache, however long the array.

Every function here gives what the same numpy call on the whole array gives, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

# Elements of a piece. Compiling 13 million synapses takes the same 2 s (within 20 % of noise) with 1 << 14 to 1 << 20, and
# the same memory up to 1 << 18; with 1 << 20 the pieces themselves add 45 MB to its 244.
PIECE = 1 << 17

NUMPY_HALVES_TO = 128


def pieces(n: int) -> Iterator[slice]:
    """0..n in slices of at most PIECE."""
    return (slice(start, min(start + PIECE, n)) for start in range(0, n, PIECE))


def source_pieces(first: np.ndarray) -> Iterator[tuple[int, int, slice]]:
    """Stretches of sources with about PIECE entries together: (from source, to source, slice of their entries).

    first: (n_sources + 1,) bounds of each source's entries.  No source is cut; sources without entries may be left out.
    """
    begin, n_sources = 0, first.size - 1
    while begin < n_sources and first[begin] < first[-1]:
        end = int(np.searchsorted(first, first[begin] + PIECE, side="right")) - 1
        end = min(max(end, begin + 1), n_sources)
        yield begin, end, slice(int(first[begin]), int(first[end]))
        begin = end


def spread_sources(first: np.ndarray, begin: int, end: int) -> np.ndarray:
    """(entries,) int32: the source of every entry of the sources begin..end-1."""
    return np.repeat(np.arange(begin, end, dtype=np.int32), np.diff(first[begin : end + 1]))


def run_starts(*columns: np.ndarray) -> np.ndarray:
    """Where a run of equal rows begins: the first entry, and every one that differs from the one before it in a column."""
    if not columns[0].size:
        return np.empty(0, np.int64)
    changed = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        changed |= column[1:] != column[:-1]
    return np.concatenate([[0], np.flatnonzero(changed) + 1])


def different(values: np.ndarray) -> np.ndarray:
    """`values`, or its first element alone where it is one value seen many times (numpy.broadcast_to)."""
    return values[:1] if values.strides == (0,) else values


def again(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """What was computed from different(like), as long as `like`."""
    return values if values.size == like.size else np.broadcast_to(values[0], like.shape)


def seen_once(values: np.ndarray) -> np.ndarray:
    """The same values, in the memory of one where all are equal."""
    alike = values.size > 1 and bool(np.all(values == values[0]))
    return np.broadcast_to(values[0].copy(), values.shape) if alike else values


def integers(n: int, make: Callable[[slice], np.ndarray]) -> np.ndarray:
    """(n,) int16 of the integers that make(piece) gives, or int64 where they do not fit."""
    out = np.empty(n, np.int16)
    for piece in pieces(n):
        made = make(piece)
        if out.dtype == np.int16 and made.size and not (made.min() >= -(2**15) and made.max() < 2**15):
            out = out.astype(np.int64)
        out[piece] = made
    return out


def unsigned_for(largest: int) -> type[np.unsignedinteger]:
    """The smallest unsigned type of 8, 16 or 32 bits that holds 0..largest."""
    return np.uint8 if largest < 2**8 else np.uint16 if largest < 2**16 else np.uint32


def total(n: int, make: Callable[[slice], np.ndarray], start: int = 0) -> float:
    """The sum of the n floats that make(piece) gives, added up in the order in which numpy.sum adds a whole array.

    numpy halves an array (at a multiple of 8) until 128 are left and adds the sums of the halves
    (DOUBLE_pairwise_sum in its umath/loops_utils.h.src); so does this, down to pieces.
    """
    if n <= max(PIECE, NUMPY_HALVES_TO):
        return float(np.add.reduce(make(slice(start, start + n))))
    half = n // 2 - n // 2 % 8
    return total(half, make, start) + total(n - half, make, start + half)
