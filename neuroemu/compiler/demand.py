"""What a slice of a population asks of a core: compartments, input axons, words of synapse memory.

An input axon is one source with at least one synapse in the core. Its list is cut in groups, one format a projection;
each list takes the smaller of two formats: dense (every compartment of the slice, no index) and sparse (with an index).
Source: facts/limits_loihi1.md, "Synapse memory cost (exact)".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chip import Chip, SynapseLimits


@dataclass(frozen=True)
class Inputs:
    """Every synapse into one population.  source: (n,) int64 global source.  post: (n,) index in the population.

    projection: (n,) index into projection_names; bits, has_delay: per projection.
    """

    source: np.ndarray
    post: np.ndarray
    projection: np.ndarray
    projection_names: tuple[str, ...]
    bits: tuple[int, ...]
    has_delay: tuple[bool, ...]


@dataclass(frozen=True)
class Demand:
    """sources: (k,) int64, distinct and ascending.  words_by_projection: words of synapse memory, by name."""

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


def _distinct_posts(list_of: np.ndarray, post: np.ndarray) -> np.ndarray:
    """How many different compartments each list reaches, in ascending order of the lists."""
    n_post = int(post.max(initial=0)) + 1
    return np.unique(np.unique(list_of * n_post + post) // n_post, return_counts=True)[1]


def demands(inputs: Inputs, edges: np.ndarray, chip: Chip) -> list[Demand]:
    """The Demand of each slice edges[k]..edges[k+1] of a population."""
    n_slices = edges.size - 1
    sizes = np.diff(edges)
    slice_of = np.searchsorted(edges, inputs.post, side="right") - 1
    words: list[dict[str, int]] = [{} for _ in range(n_slices)]
    n_sources = int(inputs.source.max()) + 1 if inputs.source.size else 1
    for index, name in enumerate(inputs.projection_names):
        mine = inputs.projection == index
        list_of = slice_of[mine] * n_sources + inputs.source[mine]
        lists, lengths = np.unique(list_of, return_counts=True)
        at = lists // n_sources
        weight = inputs.bits[index] if inputs.bits[index] != 7 else 8  # there is no 7-bit format
        each = weight + (chip.synapse.delay_bits if inputs.has_delay[index] else 0)
        dense = list_words(sizes[at], each, chip.synapse, chip.core.word_bits)
        sparse = list_words(lengths, each + chip.synapse.index_bits, chip.synapse, chip.core.word_bits)
        # A dense list holds one weight a compartment: none for lists that reach one twice.
        dense = np.where(_distinct_posts(list_of, inputs.post[mine]) == lengths, dense, sparse)
        total = np.bincount(at, np.minimum(dense, sparse), n_slices).astype(np.int64)
        for k in range(n_slices):
            words[k][name] = int(total[k])
    keys = np.unique(slice_of * n_sources + inputs.source)
    bounds = np.searchsorted(keys, np.arange(n_slices + 1) * n_sources)
    return [Demand(int(sizes[k]), keys[bounds[k] : bounds[k + 1]] - k * n_sources, words[k]) for k in range(n_slices)]
