"""Packing: in which kind of list a core keeps the synapses of a source, and how many words of memory that takes.

A list is what one projection leads from one source into one part. Kinds, of which a chip may have some (SynapseLimits.lists):
    dense    a weight for every compartment of the part, zeros included, no index
    sparse   the synapses there are, each with an index
    shared   a sparse list that several sources point to, each with a base that is added to the indices: the kernel of a
             convolution is stored once, not once a pixel
Each list takes the kind that takes the fewest words; of equals the first, dense before sparse before shared.
Lists are cut in groups, each with a header, each rounded up to words. Source: facts/limits_loihi1.md, "Synapse memory cost
(exact)"; bases of 0..255, and lists that axons share, "compartment base per axon" there and nengo-loihi's axon_to_weight_map.
An index has as many bits as tell the compartments of the part apart, of those that the chip has ("index bits" there): the
width stands in the register of the synapse format, of which a core has few, so that one projection has one width in a part.
A synapse that learns has tag and delay bits whatever its delay: the extension of the formula that the facts call unverified.
Our choice: lists are shared within windows of as many compartments as there are bases, counted from the part's first; a
source has one axon in a core, whatever kinds its lists are; only projections that repeat themselves (Conv2d) are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..chip import Chip, SynapseLimits
from ..pieces import run_starts

KINDS = ("dense", "sparse", "shared")
DENSE, SPARSE, SHARED = range(3)
NEVER = 1 << 40  # words of a list that cannot be


@dataclass(frozen=True)
class Sizes:
    """Words and entries of lists of one projection.  dense: by part.  entries: of a dense list, by part.

    sparse: by length, with the widest index that a core of the chip needs: no part takes more.
    indexed: (widths, lengths) words by index width; width: by part, which of them.  bits: of a synapse but for its index.
    """

    dense: np.ndarray
    sparse: np.ndarray
    entries: np.ndarray
    limits: SynapseLimits
    indexed: np.ndarray
    width: np.ndarray
    bits: int
    word_bits: int

    def words(self, n: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Words of lists of n synapses with so many bits of index each."""
        return list_words(n, self.bits + index, self.limits, self.word_bits)

    def with_index(self, part: np.ndarray, n: np.ndarray) -> np.ndarray:
        """Words of sparse lists of n synapses in the parts."""
        words: np.ndarray = self.indexed[self.width[part], n]
        return words


@dataclass(frozen=True)
class Lists:
    """Lists of one projection, (k,) each, in the order in which they begin.

    part: where they lie.  n: synapses.  words: in the kinds that they need not share.  sparse: words of a sparse list.
    is_dense: which of the two kinds.  entries: weights that a dense list holds, zeros included.  start: of the first synapse.
    source: of each.  base: the place in the part of its first target.  full: whether one dense list can hold it.
    mark: equal where lists are but for a base, or None where nobody looks; window: of the base.
    """

    part: np.ndarray
    n: np.ndarray
    words: np.ndarray
    sparse: np.ndarray
    is_dense: np.ndarray
    entries: np.ndarray
    start: np.ndarray
    source: np.ndarray
    base: np.ndarray
    full: np.ndarray
    mark: np.ndarray | None = None
    window: np.ndarray | None = None

    @property
    def zeros(self) -> np.ndarray:
        """(k,) weights of zero in each list."""
        return np.where(self.is_dense, self.entries - self.n, 0)


def list_words(n: np.ndarray, bits_each: int | np.ndarray, limits: SynapseLimits, word_bits: int) -> np.ndarray:
    """Words that lists of n synapses take: groups of at most `group`, a header each, each rounded up to words."""
    full, rest = n // limits.group, n % limits.group
    words_full = -(-(limits.group * bits_each + limits.header_bits) // word_bits)
    words_rest = -(-(rest * bits_each + limits.header_bits) // word_bits)
    return full * words_full + np.where(rest > 0, words_rest, 0)


def index_bits(compartments: np.ndarray, limits: SynapseLimits) -> np.ndarray:
    """Bits of an index in parts of so many compartments; -1 where no width of the chip tells them apart."""
    if not limits.index_widths:
        return np.full(compartments.shape, limits.index_bits)
    widths = np.array([*limits.index_widths, -1])
    return widths[np.searchsorted(1 << widths[:-1], compartments)]


def sizes_of(parts: np.ndarray, longest: int, bits: int, delayed: bool, chip: Chip, plastic: bool = False) -> Sizes:
    """Sizes in parts of so many compartments, of lists of up to `longest` synapses.  bits: of a weight.  plastic: learns."""
    limits, word_bits = chip.synapse, chip.core.word_bits
    each = bits if bits != 7 else 8  # there is no 7-bit format
    each += limits.delay_bits if delayed or plastic else 0
    each += limits.tag_bits if plastic else 0
    lengths = np.arange(longest + 1)
    dense = list_words(parts, each, limits, word_bits)
    bits_of_parts, width = np.unique(index_bits(parts, limits), return_inverse=True)
    most = int(index_bits(np.array([chip.core.compartments]), limits)[0])
    most = limits.index_widths[-1] if most < 0 else most
    sparse, *indexed = (list_words(lengths, each + index, limits, word_bits) for index in (most, *bits_of_parts))
    for words, index in zip(indexed, bits_of_parts, strict=True):
        if index < 0:
            words[1:] = NEVER
    if "dense" not in limits.lists:
        dense = np.full_like(dense, NEVER)
    if "sparse" not in limits.lists:
        sparse, indexed = np.full_like(sparse, NEVER), [np.full_like(words, NEVER) for words in indexed]
    return Sizes(dense, sparse, parts, limits, np.array(indexed), width, each, word_bits)


def lists_of(
    source: np.ndarray, post: np.ndarray, part: np.ndarray, sizes: Sizes, content: np.ndarray | None, begin: np.ndarray
) -> Lists:
    """The lists of synapses that ascend by source and post.

    part: of each synapse.  content: whole numbers that say what a synapse is besides its target, where sharing is looked for.
    begin: by part, the post of its first compartment.
    """
    start = run_starts(source, part)
    where, n = part[start], np.diff(np.append(start, source.size))
    dense, sparse, entries = sizes.dense[where], sizes.with_index(where, n), sizes.entries[where]
    base, full = post[start].astype(np.int64), np.full(start.size, "dense" in sizes.limits.lists)
    twice = np.flatnonzero((source[1:] == source[:-1]) & (post[1:] == post[:-1]))
    if twice.size:  # a dense list holds one weight a compartment
        of_list = np.searchsorted(start, twice + 1, side="right") - 1
        full[of_list] = False
        dense[of_list[sparse[of_list] < NEVER]] = NEVER
        only = sparse == NEVER
        if np.any(only):  # as many dense lists, one behind the other, as one compartment needs
            again = run_starts(source, post)
            deep = np.ones(start.size, np.int64)
            np.maximum.at(deep, np.searchsorted(start, again, side="right") - 1, np.diff(np.append(again, source.size)))
            dense, entries = np.where(only, dense * deep, dense), np.where(only, entries * deep, entries)
    is_dense = (dense <= sparse) & (dense < NEVER)
    words, within = np.minimum(dense, sparse), base - begin[where]
    found = Lists(where, n, words, sparse, is_dense, entries, start, source[start], within, full)
    if content is None or not start.size:
        return found
    relative = post.astype(np.int64) - np.repeat(base, n)
    mark = np.add.reduceat(mixed(relative.astype(np.uint64), content.astype(np.uint64)), start)
    return replace(found, mark=mark, window=within // (sizes.limits.base_max + 1))


def mixed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) uint64 that depend on every bit of both, as Sebastiano Vigna's splitmix64 mixes; sums of them tell sets apart."""
    z: np.ndarray = (
        one * np.uint64(0x9E3779B97F4A7C15) + other * np.uint64(0xD1342543DE82EF95) + np.uint64(0x9E3779B97F4A7C15)
    )
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def packed(lists: Lists) -> tuple[np.ndarray, np.ndarray]:
    """(kind, words) of each list; the words of a shared list stand with the first that points to it."""
    kind = np.where(lists.is_dense, DENSE, SPARSE)
    if lists.mark is None or lists.window is None:
        return kind, lists.words
    order = np.lexsort((np.arange(lists.n.size), lists.n, lists.mark, lists.window, lists.part))
    columns = [column[order] for column in (lists.part, lists.window, lists.mark, lists.n)]
    start = run_starts(*columns)
    if not start.size:
        return kind, lists.words
    alone, once = np.add.reduceat(lists.words[order], start), lists.sparse[order][start]
    times = np.diff(np.append(start, order.size))
    shared = np.repeat((once < alone) & (times > 1), times)
    words = np.where(shared, 0, lists.words[order])
    words[start] = np.where(shared[start], once, words[start])
    back = np.empty(order.size, np.int64)
    back[order] = np.arange(order.size)
    return np.where(shared[back], SHARED, kind), words[back]


def joined(pieces: list[Lists]) -> Lists:
    """One after the other; starts stay those of the pieces."""
    columns = {name: [getattr(piece, name) for piece in pieces] for name in vars(pieces[0])}
    found: dict[str, Any] = {name: None if each[0] is None else np.concatenate(each) for name, each in columns.items()}
    return Lists(**found)


def picked(lists: Lists, index: np.ndarray) -> Lists:
    """Some of the lists, in another order."""
    found: dict[str, Any] = {name: None if column is None else column[index] for name, column in vars(lists).items()}
    return Lists(**found)
