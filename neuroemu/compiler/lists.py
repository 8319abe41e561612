"""Lists: which synapses a core keeps in dense and in shared lists, and the zeros that it reads with them.

Reading a list costs by its kind (compiler/packing.py): the same lists that the packing of every part chose, by source and part.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..network import Network, WeightFormat
from ..pieces import run_starts, source_pieces, spread_sources, unsigned_for
from .demand import content_of, learns, repeated
from .image import SMALL, CountRows, Parts
from .packing import DENSE, SHARED, Lists, Sizes, joined, lists_of, packed, sizes_of
from .populations import one_projection, places, served
from .table import Table


def rows_by_kind(
    rows: CountRows,
    network: Network,
    table: Table,
    formats: dict[str, WeightFormat],
    parts: Parts,
    chip: Chip,
    first: dict[str, int],
) -> CountRows:
    """The rows with dense, zeros and shared.  formats: by projection.  first: number of the first source by population."""
    longest = int(rows.synapses.max(initial=0))
    if not longest:
        return rows
    sizes = [
        sizes_of(parts.size, longest, formats[projection.name].bits, bool(np.any(delays)), chip, learns(projection))
        for projection, delays in zip(network.projections, table.delays, strict=True)
    ]
    repeats = ["shared" in chip.synapse.lists and repeated(projection) for projection in network.projections]
    some = bool(set(chip.synapse.axon_formats) - {"discrete"})
    grouped = [some and one_projection(network, p.source) and not learns(p) for p in network.projections]
    if (
        not any(repeats)
        and not any(grouped)
        and all(_never_dense(network, k, sizes[k], parts) for k in range(len(sizes)))
    ):
        return rows  # no list is long enough
    counted = {name: np.zeros(rows.synapses.size, np.int64) for name in ("dense", "zeros", "shared")}
    waiting: dict[int, list[tuple[Lists, np.ndarray]]] = {}

    where = places(network, first, table.n_sources, table.number) if any(grouped) else None

    def count(index: int, lists: Lists, row: np.ndarray) -> None:
        kind = served(lists, sizes[index], where).kind if where and grouped[index] else packed(lists)[0]
        for name, of_kind, amount in (
            ("dense", DENSE, lists.n),
            ("zeros", DENSE, lists.entries - lists.n),
            ("shared", SHARED, lists.n),
        ):
            chosen = kind == of_kind
            np.add.at(counted[name], row[chosen], amount[chosen])

    part_of = np.repeat(np.arange(parts.size.size), parts.size)
    for begin, end, piece in source_pieces(table.first):
        source, target = spread_sources(table.first, begin, end), table.target[piece]
        number, part = table.projections(piece), part_of[target]
        row = _rows_of(rows, source, part, begin)
        for index in range(len(sizes)):
            mine = np.flatnonzero(number == index) if len(sizes) > 1 else slice(None)
            content = content_of(table, piece)[mine] if repeats[index] else None
            lists = lists_of(source[mine], target[mine], part[mine], sizes[index], content, parts.first)
            if (repeats[index] or grouped[index]) and lists.n.size:
                waiting.setdefault(index, []).append((lists, row[mine][lists.start]))
            else:
                count(index, lists, row[mine][lists.start])
    for index, found in waiting.items():
        count(index, joined([lists for lists, _ in found]), np.concatenate([at for _, at in found]))
    small = table.target.size <= SMALL
    return rows._replace(**{name: _smallest(amounts, small) for name, amounts in counted.items()})


def _never_dense(network: Network, index: int, sizes: Sizes, parts: Parts) -> bool:
    """Whether every part that a projection leads to takes more words dense than its longest list sparse."""
    names = [population.name for population in network.on_chip]
    into = parts.population == names.index(network.projections[index].target)
    longest = sizes.sparse.size - 1
    return bool(np.all(sizes.dense[into] > sizes.with_index(np.flatnonzero(into), np.array(longest))))


def _smallest(amounts: np.ndarray, small: bool) -> np.ndarray:
    """In the smallest unsigned type, or uint32 in a small image; empty where all are 0."""
    largest = int(amounts.max(initial=0))
    kind = np.uint32 if small else unsigned_for(largest)
    return amounts.astype(kind) if largest else np.empty(0, kind)


def _rows_of(rows: CountRows, source: np.ndarray, part: np.ndarray, begin: int) -> np.ndarray:
    """The index into rows.synapses of every synapse of a piece that starts with the source `begin`."""
    if not rows.part.size:
        return rows.first[source] + part
    starts = run_starts(source, part)
    return rows.first[begin] + np.repeat(np.arange(starts.size), np.diff(np.append(starts, source.size)))
