"""Route: which way a message takes from tile to tile.

route(mesh, from_tile, to_tile) -> hops east, west, north, south. The path itself is X first, then Y.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..chip import Mesh

Router = Callable[[Mesh, np.ndarray, np.ndarray], np.ndarray]


def xy(mesh: Mesh, from_tile: np.ndarray, to_tile: np.ndarray) -> np.ndarray:
    """(n, 4) hops east, west, north, south of n messages under XY routing. East is growing x, north is growing y."""
    dx = to_tile // mesh.height - from_tile // mesh.height
    dy = to_tile % mesh.height - from_tile % mesh.height
    return np.stack([np.maximum(dx, 0), np.maximum(-dx, 0), np.maximum(dy, 0), np.maximum(-dy, 0)], axis=-1)


ROUTERS: dict[str, Router] = {"xy": xy}
