"""Route: to which cores the messages of a source go, and which way a message takes from tile to tile.

route(mesh, from_tile, to_tile) -> hops east, west, north, south. The path itself is X first, then Y.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..chip import Mesh
from ..pieces import run_starts, source_pieces, unsigned_for
from .image import CountRows

Router = Callable[[Mesh, np.ndarray, np.ndarray], np.ndarray]


def destinations(rows: CountRows, core_of_part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cores that each source sends a message to: those that hold a part with a target of it.

    Returns first (n_sources + 1,) int64, and core (messages,), ascending within a source, the smallest unsigned type.
    """
    n_cores = int(core_of_part.max(initial=0)) + 1
    core_type = unsigned_for(n_cores - 1)
    messages = np.zeros(rows.first.size, np.int64)  # by source, one later
    cores = [np.empty(0, core_type)]
    for begin, end, _ in source_pieces(rows.first):
        source, part, _ = rows.listed(begin, end)
        key = source * np.int64(n_cores) + core_of_part[part]
        if np.any(key[1:] < key[:-1]):  # cores need not be handed out in the order of the parts
            key.sort()
        source, core = np.divmod(key[run_starts(key)], n_cores)
        messages[begin + 1 : end + 1] = np.bincount(source, minlength=end - begin)
        cores.append(core.astype(core_type))
    return np.cumsum(messages), np.concatenate(cores)


def xy(mesh: Mesh, from_tile: np.ndarray, to_tile: np.ndarray) -> np.ndarray:
    """(n, 4) hops east, west, north, south of n messages under XY routing. East is growing x, north is growing y."""
    dx = to_tile // mesh.height - from_tile // mesh.height
    dy = to_tile % mesh.height - from_tile % mesh.height
    return np.stack([np.maximum(dx, 0), np.maximum(-dx, 0), np.maximum(dy, 0), np.maximum(-dy, 0)], axis=-1)


ROUTERS: dict[str, Router] = {"xy": xy}
