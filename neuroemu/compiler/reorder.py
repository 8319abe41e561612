"""Reorder: the table with its compartments in the order of the parts, so that every part is a stretch again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..pieces import source_pieces, spread_sources
from .sort import by_source
from .table import Table


def reordered(table: Table, number: np.ndarray) -> Table:
    """The same synapses among compartments that stand in another order.

    number: (n_compartments,) the number in the table of each compartment of the new order.  The targets of a source ascend
    again; synapses of one pair stay in the order of their projections.
    """
    place = np.arange(table.n_sources, dtype=np.int32)
    place[number] = np.arange(number.size)
    n = table.target.size
    source = np.empty(n, np.int32)
    for begin, end, piece in source_pieces(table.first):
        source[piece] = place[spread_sources(table.first, begin, end)]
    columns = [source, place[table.target], np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)]
    del source
    first, target, before = by_source(columns, table.n_sources, number.size)
    delay = table.delay[before] if table.delay.size else table.delay
    projection = table.projection[before] if table.projection.size else table.projection
    units = table.units[before]
    return replace(table, first=first, target=target, units=units, delay=delay, projection=projection, number=number)
