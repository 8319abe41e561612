"""Hops: how many links of each direction messages cross, in closed form.

Every routing takes a shortest way, so the counts depend on the topology only. East is growing x, north is growing y; in a tree
north is towards the root and south away from it.
"""

from __future__ import annotations

import numpy as np

from .chip import Mesh

DIRECTIONS = 5  # east, west, north, south, and borders between chips


def hops_of(mesh: Mesh, from_tile: np.ndarray, to_tile: np.ndarray) -> np.ndarray:
    """(n, 5) int64 of n messages.  from_tile, to_tile: (n,)."""
    x0, y0 = np.divmod(from_tile, mesh.height)
    x1, y1 = np.divmod(to_tile, mesh.height)
    out = np.zeros((from_tile.size, DIRECTIONS), np.int64)
    dx, dy = x1 - x0, y1 - y0
    out[:, 0], out[:, 1] = np.maximum(dx, 0), np.maximum(-dx, 0)
    out[:, 2], out[:, 3] = np.maximum(dy, 0), np.maximum(-dy, 0)
    width, height = mesh.width // mesh.chips[0], mesh.height // mesh.chips[1]
    out[:, 4] = np.abs(x1 // width - x0 // width) + np.abs(y1 // height - y0 // height)
    return out


def hops_of_trees(mesh: Mesh, first: np.ndarray, to_tile: np.ndarray, tile: np.ndarray) -> np.ndarray:
    raise NotImplementedError
