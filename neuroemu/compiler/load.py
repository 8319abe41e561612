"""Load: what any assignment of compartments to blocks asks of the cores, counted from the table in one pass.

A block is what one core will hold. Takes the table and the weight formats, gives for every block the compartments, the axons
in and out and the words of synapse memory, as demand.py counts them for stretches (tests hold one against the other).
Knows nothing of where blocks lie.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..chip import Chip
from ..jit import njit
from ..network import Network, WeightFormat
from ..pieces import source_pieces, spread_sources
from .demand import content_of, learns, repeated
from .packing import sizes_of
from .table import Table
from .words import count, tally_for


class Load(NamedTuple):
    """The synapses both ways, and the prices of lists.

    first (n_sources + 1,) int64, target (n,) int32: as in the table.  in_first (n_compartments + 1,) int64, in_key (n,) int32:
    of each compartment the lists it stands in, sources ascending.  A key is a source and one of the projections that leave
    its population: those of a source follow each other.  source_of, projection_of: (keys,) int32.
    content (n,) int64, beside in_key: weight and delay of each synapse, or empty where no lists are shared.
    population: (n_compartments,) int32.  into: (projections,) int32 the population that each leads to.
    repeats: (projections,) bool whether lists of it may be shared, within windows of `bases` compartments.
    dense (projections, compartments of a core + 1), sparse (projections, longest list + 1): int64 words of a list.
    weight: (n_sources,) int64 how much each source is to count, 1 or its spikes.
    tree: (n_compartments,) int32 compartments of one number stay together: dendrites and what they lead to.
    compartments, axons_in, axons_out, words: what a core holds.
    """

    first: np.ndarray
    target: np.ndarray
    in_first: np.ndarray
    in_key: np.ndarray
    content: np.ndarray
    source_of: np.ndarray
    projection_of: np.ndarray
    population: np.ndarray
    into: np.ndarray
    repeats: np.ndarray
    dense: np.ndarray
    sparse: np.ndarray
    weight: np.ndarray
    tree: np.ndarray
    compartments: int
    axons_in: int
    axons_out: int
    words: int
    bases: int

    @property
    def n(self) -> int:
        """Compartments."""
        return self.population.size


class Use(NamedTuple):
    """(blocks,) int64 each: what every block asks of its core."""

    compartments: np.ndarray
    axons_in: np.ndarray
    axons_out: np.ndarray
    words: np.ndarray

    def excess(self, load: Load) -> np.ndarray:
        """(blocks,) the largest part of a limit that each asks for; at most 1 fits."""
        shares = (
            self.compartments / load.compartments,
            self.axons_in / load.axons_in,
            self.axons_out / load.axons_out,
            self.words / load.words,
        )
        return np.max(shares, axis=0)


def load_of(
    network: Network,
    table: Table,
    formats: dict[str, WeightFormat],
    first: dict[str, int],
    chip: Chip,
    weight: np.ndarray | None = None,
) -> Load:
    """first: number of the first source of each population.  weight: (n_sources,) of each source, None for 1."""
    n_sources, on_chip = table.n_sources, [population.name for population in network.on_chip]
    n = sum(population.size for population in network.on_chip)
    leaving = np.zeros(n_sources, np.int64)
    rank = np.zeros(max(len(network.projections), 1), np.int64)  # of a projection among those of its source
    for k, projection in enumerate(network.projections):
        here = slice(first[projection.source], first[projection.source] + network[projection.source].size)
        rank[k] = leaving[here][0]
        leaving[here] += 1
    key_first = np.concatenate([[0], np.cumsum(leaving)])
    source_of = np.repeat(np.arange(n_sources, dtype=np.int32), leaving)
    projection_of = np.zeros(source_of.size, np.int32)
    for k, projection in enumerate(network.projections):
        begin = first[projection.source]
        projection_of[key_first[begin : begin + network[projection.source].size] + rank[k]] = k
    in_first = np.concatenate([[0], np.cumsum(np.bincount(table.target, minlength=n))]).astype(np.int64)
    in_key, filled = np.empty(table.target.size, np.int32), in_first[:-1].copy()
    shares = "shared" in chip.synapse.lists
    repeats = np.array([shares and repeated(p) for p in network.projections], np.bool_)
    content = np.empty(table.target.size if repeats.any() else 0, np.int64)
    for begin, end, piece in source_pieces(table.first):
        key = key_first[spread_sources(table.first, begin, end)] + rank[table.projections(piece)]
        _turn(table.target[piece], key, content_of(table, piece) if content.size else content, filled, in_key, content)
    longest = int(np.diff(table.first).max(initial=0))
    sizes, lengths = np.arange(chip.core.compartments + 1), np.arange(longest + 1)
    both = [
        sizes_of(sizes, longest, formats[p.name].bits, bool(np.any(delays)), chip, learns(p))
        for p, delays in zip(network.projections, table.delays, strict=True)
    ]
    # From above where some learn: every source is taken to have a list that does.
    per_source = chip.synapse.learning_axons if any(learns(p) for p in network.projections) else 1
    return Load(
        table.first,
        table.target,
        in_first,
        in_key,
        content,
        source_of,
        projection_of,
        np.repeat(np.arange(len(on_chip), dtype=np.int32), [p.size for p in network.on_chip]),
        np.array([on_chip.index(p.target) for p in network.projections], np.int32),
        repeats,
        np.array([each.dense for each in both], np.int64).reshape(len(both), sizes.size),
        np.array([each.sparse for each in both], np.int64).reshape(len(both), lengths.size),
        np.ones(n_sources, np.int64) if weight is None else weight.astype(np.int64),
        _trees(network, first, n),
        chip.core.compartments,
        chip.core.axons_in // per_source,
        chip.core.axons_out,
        chip.core.synapse_words,
        chip.synapse.base_max + 1,
    )


def _trees(network: Network, first: dict[str, int], n: int) -> np.ndarray:
    """(n_compartments,) int32 the number of the root of each one's tree; a compartment without branches is its own."""
    tree = np.arange(n, dtype=np.int32)
    for branch in reversed(
        sorted(network.branches, key=lambda b: first[b.parent])
    ):  # parents stand after their children
        size, child, parent = network[branch.child].size, first[branch.child], first[branch.parent]
        tree[child : child + size] = tree[parent : parent + size]
    return tree


@njit
def _turn(target, key, content, filled, in_key, in_content):
    for e in range(target.size):
        t = target[e]
        in_key[filled[t]] = key[e]
        if in_content.size:
            in_content[filled[t]] = content[e]
        filled[t] += 1


def use_of(load: Load, block: np.ndarray, n_blocks: int) -> Use:
    """What each block asks of its core.  block: (n_compartments,) 0..n_blocks-1."""
    compartments, axons_in, shared, _ = lists_of(load, block, n_blocks)
    axons_out = np.zeros(n_blocks, np.int64)
    _out_of_blocks(load.first, load.target, block.astype(np.int32), axons_out)
    return Use(compartments, axons_in, axons_out, shared.sum(axis=1))


def lists_of(load: Load, block: np.ndarray, n_blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each block the compartments and axons in, (blocks,); and words of the lists into each population, (blocks,
    populations), shared where that takes fewer words, and were none shared."""
    order = np.argsort(block, kind="stable")
    bounds = np.searchsorted(block[order], np.arange(n_blocks + 1))
    axons_in = np.zeros(n_blocks, np.int64)
    shared, plain = np.zeros((2, n_blocks, int(load.population.max(initial=-1)) + 1), np.int64)
    _into_blocks(load, order, bounds, tally_for(load), axons_in, shared, plain)
    return np.diff(bounds).astype(np.int64), axons_in, shared, plain


@njit
def _into_blocks(load, order, bounds, tally, axons_in, shared, plain):
    for b in range(bounds.size - 1):
        axons_in[b] = count(load, order[bounds[b] : bounds[b + 1]], tally, shared[b], plain[b])


@njit
def _out_of_blocks(first, target, block, axons_out):
    seen = np.full(block.max() + 1, -1, np.int64)
    for s in range(block.size):
        for e in range(first[s], first[s + 1]):
            b = block[target[e]]
            if seen[b] != s:
                seen[b] = s
                axons_out[block[s]] += 1
