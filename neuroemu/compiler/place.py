"""Place: give every block a core.

place(name, flow, chip, border, seed) -> core of each block. Where there are more blocks than cores, the cores past the end of
the mesh are handed out in order, so that limits.check can say how many would be needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..chip import Chip, Mesh

if TYPE_CHECKING:
    from .flow import Flow

PLACERS = ("sequential", "hilbert", "force", "anneal")
BY_TRAFFIC = ("force", "anneal")


def place(
    name: str,
    n_blocks: int,
    flow: Callable[[], Flow],
    chip: Chip,
    border: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """(n_blocks,) int64 the core of each block by one of PLACERS.

    sequential: in the order of the cores' numbers.  hilbert: tiles along a Hilbert curve, so that neighbours in the network are
    neighbours on the mesh.  force, anneal: see force.py and anneal.py.
    flow: asked only by those that go by traffic.  border: what a link between chips counts more than another, in hops.
    """
    if name == "sequential" or n_blocks > chip.mesh.n_cores:
        return np.arange(n_blocks)
    if name == "hilbert":
        return np.fromiter(_along(chip.mesh), np.int64, n_blocks)
    from . import anneal, force  # these load numba
    from .flow import distances

    far = distances(chip.mesh, border)
    return {"force": force.place, "anneal": anneal.place}[name](flow(), far, chip.mesh, seed)


def _along(mesh: Mesh) -> Iterator[int]:
    return (
        mesh.tile_at(x, y) * mesh.cores_per_tile + k for x, y in hilbert_curve(mesh) for k in range(mesh.cores_per_tile)
    )


def hilbert_curve(mesh: Mesh) -> Iterator[tuple[int, int]]:
    """Every (x, y) of the mesh once, in the order of the smallest Hilbert curve that covers it."""
    order = 1
    while order < max(mesh.width, mesh.height):
        order *= 2
    for d in range(order * order):
        x = y = 0
        rest, side = d, 1
        while side < order:
            right, up = 1 & (rest // 2), 1 & (rest ^ (rest // 2))
            if up == 0:  # turn the quadrant so that the curve joins up
                if right:
                    x, y = side - 1 - x, side - 1 - y
                x, y = y, x
            x, y = x + side * right, y + side * up
            rest, side = rest // 4, side * 2
        if x < mesh.width and y < mesh.height:
            yield x, y
