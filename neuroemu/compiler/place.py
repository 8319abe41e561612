"""Place: give every part a core.

place(parts, chip, share) -> core of each part. Cores are filled in the order of a curve over the mesh; a part goes onto
the current core while everything it asks for is left there (share), else onto the next. Cores past the end of the mesh
are handed out too, so that limits.check can say how many would be needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..chip import Chip, Mesh
from .demand import takes
from .partition import Part

Placer = Callable[[list[Part], Chip, bool], np.ndarray]


def sequential(parts: list[Part], chip: Chip, share: bool) -> np.ndarray:
    """Cores in the order of their numbers."""
    return _fill(parts, chip, share, range(chip.mesh.n_cores))


def hilbert(parts: list[Part], chip: Chip, share: bool) -> np.ndarray:
    """Tiles along a Hilbert curve, so that neighbours in the network are neighbours on the mesh."""
    mesh = chip.mesh
    cores = (
        mesh.tile_at(x, y) * mesh.cores_per_tile + k for x, y in hilbert_curve(mesh) for k in range(mesh.cores_per_tile)
    )
    return _fill(parts, chip, share, cores)


PLACERS: dict[str, Placer] = {"sequential": sequential, "hilbert": hilbert}


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


def _fill(parts: list[Part], chip: Chip, share: bool, cores: Iterable[int]) -> np.ndarray:
    order = iter(cores)
    beyond = iter(range(chip.mesh.n_cores, chip.mesh.n_cores + len(parts)))
    placement = np.empty(len(parts), np.int64)
    core, load = -1, None
    for index, part in enumerate(parts):
        together = takes(load, part.demand, chip) if share and load else None
        if together is None:
            core = next(order, None) if core < chip.mesh.n_cores else None  # type: ignore[assignment]
            core = next(beyond) if core is None else core
            together = part.demand
        load = together
        placement[index] = core
    return placement
