"""Grow: a partitioner of our own, for where neither Mt-KaHyPar nor METIS is installed. Greedy, so it cuts more than they do.

A block begins with the vertex that is bound most strongly to what has been handed out and takes, one by one, the vertex that
is bound most strongly to the block, until it is full.
"""

from __future__ import annotations

import numpy as np

from ..jit import njit
from .netlist import Graph


def partition(edges: Graph, share: np.ndarray, n_blocks: int) -> np.ndarray:
    """(vertices,) the block of each.  share: (vertices,) int64 what each takes of a core."""
    room = -(-int(share.sum()) // max(n_blocks, 1))
    return _grow(edges, share, max(room, int(share.max(initial=0))))[0]


def order(edges: Graph, share: np.ndarray, n_blocks: int) -> np.ndarray:
    """(vertices,) when each is taken, from 0: an order in which what stands together belongs together."""
    room = -(-int(share.sum()) // max(n_blocks, 1))
    return _grow(edges, share, max(room, int(share.max(initial=0))))[1]


@njit
def _grow(edges, share, room):
    n = share.size
    block, turn = np.full(n, -1, np.int64), np.empty(n, np.int64)
    to_block, to_any = np.zeros(n), np.zeros(n)
    b, taken = -1, room + 1
    for k in range(n):
        best, fits, highest = -1, False, -1.0
        for v in range(n):
            if block[v] >= 0:
                continue
            inside = taken + share[v] <= room
            score = to_block[v] if inside else to_any[v]
            if (inside and not fits) or (inside == fits and score > highest):
                best, fits, highest = v, inside, score
        if not fits:
            b, taken = b + 1, 0
            to_block[:] = 0.0
        block[best], turn[best] = b, k
        taken += share[best]
        for e in range(edges.first[best], edges.first[best + 1]):
            to_block[edges.neighbour[e]] += edges.weight[e]
            to_any[edges.neighbour[e]] += edges.weight[e]
    return block, turn
