"""Flow: how much every block sends to every other, and how far apart the cores of a mesh are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..chip import Mesh
from ..jit import njit
from ..topology import hops_of, topology_of


class Flow(NamedTuple):
    """between: (blocks, blocks) int64 messages from one to another.  host: (blocks,) int64 messages of the host to each."""

    between: np.ndarray
    host: np.ndarray


class Distances(NamedTuple):
    """between: (tiles, tiles) float64 hops from one to another, each border between chips counting `border` more.

    host: (tiles,) from where the host's messages enter.
    """

    between: np.ndarray
    host: np.ndarray


def flow_of(
    first: np.ndarray, target: np.ndarray, block_of_target: np.ndarray, block_of_source: np.ndarray, weight: np.ndarray
) -> Flow:
    """One message of every source to each block that holds a target of it, counted weight times.

    first (n_sources + 1,), target (n,): lists of each source, of compartments, or of parts.  block_of_target: by what is in
    target.  block_of_source: (n_compartments,), the sources after them are the host's.  weight: (n_sources,) int64.
    """
    n_blocks = int(block_of_target.max(initial=0)) + 1
    flow = Flow(np.zeros((n_blocks, n_blocks), np.int64), np.zeros(n_blocks, np.int64))
    _count(first, target, block_of_target, block_of_source, weight, flow)
    return flow


@njit
def _count(first, target, block_of_target, block_of_source, weight, flow):
    seen = np.full(flow.host.size, -1, np.int64)
    for s in range(first.size - 1):
        for e in range(first[s], first[s + 1]):
            b = block_of_target[target[e]]
            if seen[b] != s:
                seen[b] = s
                if s < block_of_source.size:
                    flow.between[block_of_source[s], b] += weight[s]
                else:
                    flow.host[b] += weight[s]


def distances(mesh: Mesh, border: float = 0.0) -> Distances:
    """Of every pair of tiles, by the routes that messages take.  border: what crossing from chip to chip adds, in hops."""
    net, tiles = topology_of(mesh), np.arange(mesh.n_tiles)
    core = tiles * mesh.cores_per_tile
    between = np.empty((tiles.size, tiles.size))
    for tile in range(tiles.size):
        between[tile] = _weighed(hops_of(net, np.full(tiles.size, core[tile]), core), border)
    return Distances(between, _weighed(hops_of(net, np.full(tiles.size, mesh.n_cores), core), border))


def _weighed(hops: np.ndarray, border: float) -> np.ndarray:
    return hops[:, :4].sum(axis=1) + border * hops[:, 4]


def cost(flow: Flow, far: Distances, tile: np.ndarray) -> float:
    """Messages times hops with every block on its tile.  tile: (blocks,)."""
    return float((flow.between * far.between[np.ix_(tile, tile)]).sum() + flow.host @ far.host[tile])
