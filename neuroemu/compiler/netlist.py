"""Netlist: a network as partitioners want it. Vertices are clusters; a source is a net over those it reaches and its own.

Also the graph of the same network for partitioners that know only pairs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..jit import njit
from .load import Load


class Netlist(NamedTuple):
    """first (nets + 1,), pin: vertices of each net, at least two, ascending.  weight: (nets,) int64, of its spikes."""

    first: np.ndarray
    pin: np.ndarray
    weight: np.ndarray

    def thinned(self, most: int) -> Netlist:
        """Every n-th net, so that there are about `most` pins at most: nets of neighbours are alike, as clusters are."""
        stride = -(-self.pin.size // most)
        if stride <= 1:
            return self
        kept = np.arange(0, self.weight.size, stride)
        lengths = np.diff(self.first)[kept]
        first = np.concatenate([[0], np.cumsum(lengths)])
        at = np.repeat(self.first[kept] - first[:-1], lengths) + np.arange(int(first[-1]))
        return Netlist(first, self.pin[at], self.weight[kept])

    def lists(self) -> list[list[int]]:
        pins, first = self.pin.tolist(), self.first.tolist()
        return [pins[low:high] for low, high in pairwise(first)]


def netlist(load: Load, vertex: np.ndarray) -> Netlist:
    """vertex: (n_compartments,) of each compartment, -1 for what is left out.  Nets that are equal are added up."""
    n_vertices = int(vertex.max(initial=-1)) + 1
    most = int(np.minimum(np.diff(load.first) + 1, n_vertices).sum())
    pin = np.empty(most, np.int32)
    first, weight, digest = _nets(load.first, load.target, load.weight, vertex.astype(np.int64), n_vertices, pin)
    order = np.lexsort((digest, np.diff(first)))
    keep = (
        np.append(True, (np.diff(digest[order]) != 0) | (np.diff(np.diff(first)[order]) != 0)) if order.size else order
    )
    group = np.cumsum(keep) - 1
    added = np.bincount(group, weight[order]).astype(np.int64) if order.size else weight
    kept = order[keep.astype(bool)] if order.size else order
    by_first = np.argsort(kept, kind="stable")  # in the order of their sources
    kept, added = kept[by_first], added[by_first]
    lengths = np.diff(first)[kept]
    at = np.repeat(first[kept] - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
    return Netlist(np.concatenate([[0], np.cumsum(lengths)]), pin[at], added)


@njit
def _nets(source_first, target, source_weight, vertex, n_vertices, pin):
    """Fills pin; returns (first, weight, digest) of all nets with two vertices or more."""
    n_sources = source_first.size - 1
    first, weight = np.zeros(n_sources + 1, np.int64), np.zeros(n_sources, np.int64)
    digest = np.zeros(n_sources, np.uint64)
    seen = np.full(n_vertices, -1, np.int64)
    nets = filled = 0
    for s in range(n_sources):
        begin = filled
        if s < vertex.size and vertex[s] >= 0:
            seen[vertex[s]] = s
            pin[filled] = vertex[s]
            filled += 1
        for e in range(source_first[s], source_first[s + 1]):
            v = vertex[target[e]]
            if v >= 0 and seen[v] != s:
                seen[v] = s
                pin[filled] = v
                filled += 1
        if filled - begin < 2 or source_weight[s] == 0:
            filled = begin
            continue
        pin[begin:filled].sort()
        h = np.uint64(0xCBF29CE484222325)
        for k in range(begin, filled):
            h = (h ^ np.uint64(pin[k])) * np.uint64(0x100000001B3)
            h ^= h >> np.uint64(29)
        first[nets + 1], weight[nets], digest[nets] = filled, source_weight[s], h
        nets += 1
    return first[: nets + 1], weight[:nets], digest[:nets]


class Graph(NamedTuple):
    """Both directions of every edge: first (vertices + 1,), neighbour and weight (n,) int64, ascending."""

    first: np.ndarray
    neighbour: np.ndarray
    weight: np.ndarray


def graph(load: Load, vertex: np.ndarray) -> Graph:
    """An edge for every synapse between two vertices, weighed by its source; the host's sources are in no graph."""
    from scipy.sparse import coo_array

    n, n_vertices = load.n, int(vertex.max(initial=-1)) + 1
    last = int(load.first[n])
    source, target = np.repeat(vertex, np.diff(load.first[: n + 1])), vertex[load.target[:last]]
    keep = (source >= 0) & (target >= 0) & (source != target)
    weight = np.repeat(load.weight[:n], np.diff(load.first[: n + 1]))[keep]
    made = coo_array((weight, (source[keep], target[keep])), shape=(n_vertices, n_vertices)).tocsr()
    made = (made + made.T).tocsr()
    made.sort_indices()
    return Graph(made.indptr.astype(np.int64), made.indices.astype(np.int64), made.data.astype(np.int64))
