"""Lists: which synapses a core keeps in dense lists, without an index; reading them may cost less.

A list is what one projection leads from one source into one part. It is dense where that takes no more words than sparse
(compiler/demand.py has the sizes), and unless it reaches a compartment twice.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..network import Network, WeightFormat
from ..pieces import run_starts, source_pieces, spread_sources
from .demand import words_of_formats
from .image import CountRows, Parts
from .table import Table


def dense_synapses(
    rows: CountRows, network: Network, table: Table, formats: dict[str, WeightFormat], parts: Parts, chip: Chip
) -> np.ndarray:
    """As rows.synapses: how many of them lie in dense lists; empty where none does.  formats: by projection."""
    names = [population.name for population in network.on_chip]
    longest = int(rows.synapses.max(initial=0))
    lengths = np.arange(longest + 1)
    dense_words, sparse_words = [], []
    for projection, delays in zip(network.projections, table.delays, strict=True):
        bits, delayed = formats[projection.name].bits, bool(np.any(delays))
        dense, sparse = words_of_formats(parts.size, lengths, bits, delayed, chip)
        into = parts.population == names.index(projection.target)
        dense_words.append(np.where(into, dense, np.iinfo(np.int64).max))
        sparse_words.append(sparse)
    if not longest or all(np.min(d) > s[-1] for d, s in zip(dense_words, sparse_words, strict=True)):
        return rows.dense  # no list is long enough
    counted = np.zeros(rows.synapses.size, rows.synapses.dtype)
    part_of = np.repeat(np.arange(parts.size.size), parts.size)
    for begin, end, piece in source_pieces(table.first):
        source, target = spread_sources(table.first, begin, end), table.target[piece]
        number = table.projections(piece)
        part = part_of[target]
        row = _rows_of(rows, source, part, begin)
        for index in range(len(dense_words)):
            mine = np.flatnonzero(number == index)
            starts = run_starts(row[mine])
            length = np.diff(np.append(starts, mine.size))
            is_dense = dense_words[index][part[mine][starts]] <= sparse_words[index][length]
            twice = np.flatnonzero((np.diff(row[mine]) == 0) & (np.diff(target[mine]) == 0))
            is_dense[np.searchsorted(starts, twice + 1, side="right") - 1] = False
            counted[row[mine][starts[is_dense]]] += length[is_dense].astype(counted.dtype)
    return counted if counted.any() else rows.dense


def _rows_of(rows: CountRows, source: np.ndarray, part: np.ndarray, begin: int) -> np.ndarray:
    """The index into rows.synapses of every synapse of a piece that starts with the source `begin`."""
    if not rows.part.size:
        return rows.first[source] + part
    starts = run_starts(source, part)
    return rows.first[begin] + np.repeat(np.arange(starts.size), np.diff(np.append(starts, source.size)))
