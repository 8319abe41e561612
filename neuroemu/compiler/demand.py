"""What a slice of a population asks of a core: compartments, input axons, words of synapse memory.

An input axon is one source with at least one synapse in the core. Its list is cut in groups, one format a projection;
each list takes the smaller of two formats: dense (every compartment of the slice, no index) and sparse (with an index).
Source: facts/limits_loihi1.md, "Synapse memory cost (exact)".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chip import Chip, SynapseLimits
from ..network import Network, WeightFormat
from ..pieces import run_starts, source_pieces, spread_sources, unsigned_for
from .table import Table


@dataclass(frozen=True)
class Inputs:
    """Every synapse into one population, source-major, those of a source in ascending order of post.

    first: (n_sources + 1,) int64 bounds by global source.  post: (n,) index in the population.
    projection: (n,) index into projection_names, or empty where there is only one; bits, has_delay: per projection.
    """

    first: np.ndarray
    post: np.ndarray
    projection: np.ndarray
    projection_names: tuple[str, ...]
    bits: tuple[int, ...]
    has_delay: tuple[bool, ...]


def inputs_of(
    network: Network, name: str, table: Table, formats: dict[str, WeightFormat], first: dict[str, int]
) -> Inputs:
    """What the table holds into one population.  first: number of the first source of each population."""
    chosen = [k for k, projection in enumerate(network.projections) if projection.target == name]
    projections = [network.projections[k] for k in chosen]
    ends = [(first[p.source], first[p.source] + network[p.source].size) for p in projections]
    bounds, post, projection = table.first, table.target, table.projection
    if len(chosen) < len(network.projections) or first[name]:
        bounds, post, projection = _into(table, first[name], network[name].size, ends)
        local = np.zeros(len(network.projections), unsigned_for(len(chosen)))
        local[chosen] = np.arange(len(chosen))
        projection = local[projection] if len(chosen) > 1 else projection[:0]
    return Inputs(
        bounds,
        post,
        projection,
        tuple(p.name for p in projections),
        tuple(formats[p.name].bits for p in projections),
        tuple(bool(np.any(table.delays[k])) for k in chosen),
    )


def _into(
    table: Table, low: int, size: int, sources: list[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first, post, projection) of the synapses into low..low+size-1.  sources: stretches that they may come from."""
    counts = np.zeros(table.first.size, np.int64)
    posts, projections = [np.empty(0, np.int32)], [np.empty(0, np.uint8)]
    start, stop = min((a for a, _ in sources), default=0), max((b for _, b in sources), default=0)
    for begin, end, piece in source_pieces(table.first[start : stop + 1]):
        target = table.target[piece]
        mine = np.flatnonzero((target >= low) & (target < low + size))
        bounds = np.searchsorted(mine, table.first[start + begin : start + end + 1] - piece.start)
        counts[start + begin + 1 : start + end + 1] = np.diff(bounds)
        posts.append(target[mine] - np.int32(low))
        projections.append(table.projections(piece)[mine])
    return np.cumsum(counts), np.concatenate(posts), np.concatenate(projections)


@dataclass(frozen=True)
class Demand:
    """sources: (k,) int32, distinct and ascending.  words_by_projection: words of synapse memory, by name."""

    compartments: int
    sources: np.ndarray
    words_by_projection: dict[str, int]

    @property
    def axons_in(self) -> int:
        return self.sources.size

    @property
    def words(self) -> int:
        return sum(self.words_by_projection.values())


def list_words(n: np.ndarray, bits_each: int, limits: SynapseLimits, word_bits: int) -> np.ndarray:
    """Words that lists of n synapses take: groups of at most `group`, a header each, each rounded up to words."""
    full, rest = n // limits.group, n % limits.group
    words_full = -(-(limits.group * bits_each + limits.header_bits) // word_bits)
    words_rest = -(-(rest * bits_each + limits.header_bits) // word_bits)
    return full * words_full + np.where(rest > 0, words_rest, 0)


def demands(inputs: Inputs, edges: np.ndarray, chip: Chip) -> list[Demand]:
    """The Demand of each slice edges[k]..edges[k+1] of a population.

    A list is a run of one source, slice and projection: they lie together, as the synapses of a source ascend.
    """
    sizes = np.diff(edges)
    n_slices, names = sizes.size, inputs.projection_names
    slice_of = np.repeat(np.arange(n_slices, dtype=unsigned_for(n_slices)), sizes)
    dense, sparse = _words(sizes, inputs, chip)
    words = np.zeros((len(names), n_slices), np.int64)
    axons: list[tuple[np.ndarray, np.ndarray]] = []  # (slice, source) of every axon of a piece, by source
    for begin, end, piece in source_pieces(inputs.first):
        post, source = inputs.post[piece], spread_sources(inputs.first, begin, end)
        at = slice_of[post]
        starts = run_starts(source, at)
        axons.append((at[starts], source[starts]))
        if len(names) == 1:
            words[0] += _list_words(source, post, at, starts, dense[0], sparse[0])
            continue
        projection = inputs.projection[piece]
        for index in range(len(names)):
            mine = np.flatnonzero(projection == index)
            columns = source[mine], post[mine], at[mine]
            words[index] += _list_words(*columns, run_starts(columns[0], columns[2]), dense[index], sparse[index])
    sources = _by_slice(axons, n_slices)
    return [
        Demand(int(sizes[k]), sources[k], {name: int(words[index, k]) for index, name in enumerate(names)})
        for k in range(n_slices)
    ]


def _words(sizes: np.ndarray, inputs: Inputs, chip: Chip) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """By projection: words of a dense list in each slice, and of a sparse list of each length."""
    lengths = np.arange(int(np.diff(inputs.first).max(initial=0)) + 1)
    dense, sparse = [], []
    for bits, delayed in zip(inputs.bits, inputs.has_delay, strict=True):
        both = words_of_formats(sizes, lengths, bits, delayed, chip)
        dense.append(both[0])
        sparse.append(both[1])
    return dense, sparse


def words_of_formats(
    sizes: np.ndarray, lengths: np.ndarray, bits: int, delayed: bool, chip: Chip
) -> tuple[np.ndarray, np.ndarray]:
    """Words of a dense list in slices of these sizes, and of sparse lists of these lengths.  bits: of a weight."""
    each = bits if bits != 7 else 8  # there is no 7-bit format
    each += chip.synapse.delay_bits if delayed else 0
    dense = list_words(sizes, each, chip.synapse, chip.core.word_bits)
    return dense, list_words(lengths, each + chip.synapse.index_bits, chip.synapse, chip.core.word_bits)


def _list_words(
    source: np.ndarray,
    post: np.ndarray,
    at: np.ndarray,
    starts: np.ndarray,
    dense_of: np.ndarray,
    sparse_of: np.ndarray,
) -> np.ndarray:
    """(n_slices,) words of the lists of one projection that begin at starts.  source, post, at (slice): (n,) each."""
    slices, lengths = at[starts], np.diff(np.append(starts, source.size))
    dense, sparse = dense_of[slices], sparse_of[lengths]
    twice = (source[1:] == source[:-1]) & (post[1:] == post[:-1])
    if twice.any():  # a dense list holds one weight a compartment: none for lists that reach one twice
        lists = np.searchsorted(starts, np.flatnonzero(twice) + 1, side="right") - 1
        dense[lists] = sparse[lists]
    return np.bincount(slices, np.minimum(dense, sparse), dense_of.size).astype(np.int64)


def _by_slice(axons: list[tuple[np.ndarray, np.ndarray]], n_slices: int) -> list[np.ndarray]:
    """The sources of each slice, ascending, from the axons of the pieces."""
    counts = sum((np.bincount(at, minlength=n_slices) for at, _ in axons), np.zeros(n_slices, np.int64))
    bounds = np.concatenate([[0], np.cumsum(counts)])
    sources, filled = np.empty(bounds[-1], np.int32), bounds[:-1].copy()
    for at, source in axons:
        order = np.argsort(at, kind="stable")  # by slice, sources still ascending
        here = np.bincount(at, minlength=n_slices)
        ahead = np.repeat(filled - np.cumsum(here) + here, here)
        sources[ahead + np.arange(at.size)] = source[order]
        filled += here
    return [sources[bounds[k] : bounds[k + 1]] for k in range(n_slices)]
