"""Count rows: for each source, the parts that hold targets of it and how many synapses lie there."""

from __future__ import annotations

import numpy as np

from ..pieces import run_starts, source_pieces, spread_sources, unsigned_for
from .image import SMALL, CountRows


def count_rows(first: np.ndarray, target: np.ndarray, part_size: np.ndarray) -> CountRows:
    """Runs of equal (source, part): targets ascend within a source and parts are stretches, so a run lies together.

    first, target: of the table.  part_size: (n_parts,) compartments of each part, ascending by compartment, all covered.
    """
    part_type = np.uint16 if part_size.size <= 2**16 else np.uint32
    part_of = np.repeat(np.arange(part_size.size, dtype=part_type), part_size)
    rows = np.zeros(first.size, np.int64)  # by source, one later
    parts, lengths, longest = [np.empty(0, part_type)], [np.empty(0, np.int32)], 0
    for begin, end, piece in source_pieces(first):
        source, part = spread_sources(first, begin, end), part_of[target[piece]]
        starts = run_starts(source, part)
        length = np.diff(np.append(starts, source.size))
        longest = max(longest, int(length.max(initial=0)))
        rows[begin + 1 : end + 1] = np.bincount(source[starts] - begin, minlength=end - begin)
        parts.append(part[starts])
        lengths.append(length.astype(unsigned_for(int(length.max(initial=0)))))
    kind = unsigned_for(longest) if target.size > SMALL else np.uint32
    bounds, n_rows = np.cumsum(rows), int(rows.sum())
    whole_bytes = (first.size - 1) * part_size.size * np.dtype(kind).itemsize
    if n_rows and whole_bytes <= n_rows * np.dtype(kind).itemsize + n_rows * np.dtype(part_type).itemsize:
        return _whole(bounds, parts, lengths, part_size.size, kind)
    lengths[0] = np.empty(0, kind)
    return CountRows(bounds, np.concatenate(parts), np.concatenate(lengths), *[np.empty(0, kind)] * 3)


def _whole(
    bounds: np.ndarray, parts: list[np.ndarray], lengths: list[np.ndarray], n_parts: int, kind: type[np.unsignedinteger]
) -> CountRows:
    """A number for every source and part.  bounds: of each source in the rows; parts, lengths: the rows, in pieces."""
    n_sources = bounds.size - 1
    synapses, source, done = np.zeros(n_sources * n_parts, kind), 0, 0
    for part, length in zip(parts[1:], lengths[1:], strict=True):
        last = int(np.searchsorted(bounds, done + part.size, side="left"))
        each = np.diff(np.clip(bounds[source : last + 1], done, done + part.size))
        synapses[np.repeat(np.arange(source, last, dtype=np.int64) * n_parts, each) + part] = length
        source, done = last, done + part.size
    first = np.arange(n_sources + 1, dtype=np.int64) * n_parts
    return CountRows(first, np.empty(0, parts[0].dtype), synapses, *[np.empty(0, kind)] * 3)
