"""METIS: blocks by a graph cut, synapses being edges. It counts synapses that lead to other blocks, not messages.

Karypis and Kumar, "A fast and high quality multilevel scheme for partitioning irregular graphs" (1998), by way of pymetis.
"""

from __future__ import annotations

import numpy as np

from .netlist import Graph

IMBALANCE = 30  # per thousand


def available() -> bool:
    try:
        import pymetis  # noqa: F401
    except ImportError:
        return False
    return True


def partition(edges: Graph, share: np.ndarray, n_blocks: int, seed: int) -> np.ndarray:
    """(vertices,) the block of each.  share: (vertices,) int64 what each takes of a core, whole numbers."""
    import pymetis

    if n_blocks < 2 or share.size <= n_blocks or not edges.weight.size:
        return np.arange(share.size) % max(n_blocks, 1)
    options = pymetis.Options(seed=seed % 2**31, ufactor=IMBALANCE)
    weight = np.minimum(edges.weight, 2**20)  # their sums must fit in what METIS was built with
    adjacency = pymetis.CSRAdjacency(edges.first.tolist(), edges.neighbour.tolist())
    _, found = pymetis.part_graph(
        n_blocks,
        adjacency,
        vweights=share.tolist(),
        eweights=weight.tolist(),
        options=options,
    )
    return np.array(found, np.int64)
