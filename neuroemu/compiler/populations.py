"""Populations: one axon in for several sources, which tell themselves apart by the atom that their spikes carry.

The lists of a population axon lie one behind the other, equally long, the list of an atom at the atom's place; like a shared
list they may serve several axons that differ in the base that is added to the indices. An axon in is saved for every atom but
one, and the headers and broken words between the lists; pop32 takes two output slots of its source. Source:
facts/limits_loihi1.md ("pop16 axons", "output axons"); nengo-loihi block.py (weights[axon][atom], one `bits()` for both).
Our choice: sources are of one population axon where they differ in the first coordinate of their population, so the channels of
a pixel, up to `pop16_atoms` or 2**atom_bits of them; only sources that one projection leaves may be (NxSDK: a compartment has
axons of one population), and only where their lists are equally long in every part; lists are not filled up with zeros. A
projection has one format in all parts: that which takes least, a word, an axon in and an output slot counting alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..network import Network
from ..pieces import run_starts
from .packing import DENSE, NEVER, SHARED, SPARSE, Lists, Sizes, index_bits, mixed, packed, picked

SLOTS = {"discrete": 1, "pop16": 1, "pop32": 2}  # output slots that an axon takes


class Places(NamedTuple):
    """(n_sources,) int64 each, in the order of the table: who may share an axon.

    place: the number of the first source at the same place of its population.  atom: the first coordinate.  stride: from one
    atom to the next in numbers of sources.
    """

    place: np.ndarray
    atom: np.ndarray
    stride: np.ndarray


class Served(NamedTuple):
    """How the lists of a projection are kept.  axons: a format of SLOTS.  kind, words: of each list, as packing.packed says.

    axon: (k,) int64 the population axon that leads to each, -1 for an axon of its own.
    """

    axons: str
    kind: np.ndarray
    words: np.ndarray
    axon: np.ndarray

    def size(self, lists: Lists) -> int:
        """Words, axons in and output slots together."""
        alone = int(np.count_nonzero(self.axon < 0))
        members = self.axon.size - alone
        many = run_starts(*sorted_columns(lists.part[self.axon >= 0], self.axon[self.axon >= 0])).size
        return int(self.words.sum()) + 2 * alone + many + SLOTS[self.axons] * members


def sorted_columns(*columns: np.ndarray) -> list[np.ndarray]:
    """The columns sorted together, the first one first."""
    order = np.lexsort(columns[::-1])
    return [column[order] for column in columns]


def places(network: Network, first: dict[str, int], n_sources: int, number: np.ndarray) -> Places:
    """Of all sources.  number: (n_compartments,) the user's number of those in the table, or empty where it is the same."""
    place, atom, stride = (np.zeros(n_sources, np.int64) for _ in range(3))
    for population in (*network.on_chip, *network.sources):
        begin, index = first[population.name], np.arange(population.size)
        apart = population.size // population.shape[0]
        here = slice(begin, begin + population.size)
        place[here], atom[here], stride[here] = begin + index % apart, index // apart, apart
    if number.size:
        for column in (place, atom, stride):
            column[: number.size] = column[number]
    return Places(place, atom, stride)


def one_projection(network: Network, name: str) -> bool:
    """Whether a population is the source of one projection only."""
    return sum(projection.source == name for projection in network.projections) == 1


def served(lists: Lists, sizes: Sizes, where: Places) -> Served:
    """The lists of a projection in all parts, in the format that takes least; of equals discrete, then pop16."""
    best = Served("discrete", *packed(lists), np.full(lists.n.size, -1))
    for name in ("pop16", "pop32"):
        if name in sizes.limits.axon_formats and lists.n.size:
            other = _in_populations(lists, sizes, where, name)
            best = other if other.size(lists) < best.size(lists) else best
    return best


def _in_populations(lists: Lists, sizes: Sizes, where: Places, name: str) -> Served:
    limits = sizes.limits
    atoms, step = (limits.pop16_atoms, limits.pop16_step) if name == "pop16" else (1 << limits.atom_bits, 1)
    atom = where.atom[lists.source]
    axon = where.place[lists.source] + atom // atoms * where.stride[lists.source]
    order = np.lexsort((atom, axon, lists.part))
    ordered = picked(lists, order)
    start = run_starts(ordered.part, axon[order])
    n_atoms, part, length = np.diff(np.append(start, order.size)), ordered.part[start], ordered.n[start]
    # In the table of words all atoms are one list.
    full = np.logical_and.reduceat(ordered.full, start)
    dense = np.where(full, sizes.words(n_atoms * sizes.entries[part], np.zeros(part.size, np.int64)), NEVER)
    index = index_bits(sizes.entries[part], limits)
    equal = (np.minimum.reduceat(ordered.n, start) == np.maximum.reduceat(ordered.n, start)) & (index >= 0)
    equal &= "sparse" in limits.lists
    sparse = np.where(equal, sizes.words(n_atoms * length, index), NEVER)
    alone = np.minimum(dense, sparse)
    of_run = axon[order][start]
    lawful = ~np.isin(of_run, of_run[alone == NEVER])
    kind, words = np.where(dense <= sparse, DENSE, SPARSE), alone.copy()
    if lists.mark is not None:
        _share(
            ordered, start, n_atoms, np.flatnonzero(lawful & equal), alone, sparse, step, limits.base_max, kind, words
        )
    member = np.repeat(lawful, n_atoms)
    found_kind, found_words = np.zeros(order.size, np.int64), np.zeros(order.size, np.int64)
    found_kind[order], first = np.repeat(kind, n_atoms), order[start[lawful]]
    found_words[first] = words[lawful]
    rest = np.sort(order[~member])
    found_kind[rest], found_words[rest] = packed(picked(lists, rest))
    axon[rest] = -1
    return Served(name, found_kind, found_words, axon)


def _share(
    ordered: Lists,
    start: np.ndarray,
    n_atoms: np.ndarray,
    able: np.ndarray,
    alone: np.ndarray,
    sparse: np.ndarray,
    step: int,
    base_max: int,
    kind: np.ndarray,
    words: np.ndarray,
) -> None:
    """Changes kind and words of population axons that are alike but for a base.  able: those that may share."""
    assert ordered.mark is not None
    low = np.minimum.reduceat(ordered.base, start)
    window = low // (base_max + 1)
    begin = window * (base_max + 1)
    base = begin + (low - begin) // step * step
    rank = np.arange(ordered.n.size) - np.repeat(start, n_atoms)
    place = (ordered.base - np.repeat(base, n_atoms)) * (1 << 20) + rank
    mark = np.add.reduceat(mixed(ordered.mark, place.astype(np.uint64)), start)
    part, length = ordered.part[start], ordered.n[start]
    of_class = able[np.lexsort((able, length[able], n_atoms[able], mark[able], window[able], part[able]))]
    if not of_class.size:
        return
    first = run_starts(*(column[of_class] for column in (part, window, mark, n_atoms, length)))
    times, once = np.diff(np.append(first, of_class.size)), sparse[of_class][first]
    worth = (times > 1) & (once < np.add.reduceat(alone[of_class], first))
    shared = of_class[np.repeat(worth, times)]
    kind[shared], words[shared] = SHARED, 0
    words[of_class[first[worth]]] = once[worth]
