"""Where tiles and cores lie in a drawing of the mesh: y grows upwards on the mesh, downwards on paper; chips lie apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ...chip import MOST_CORES, TOPOLOGIES, Mesh
from .svg import element, number

TILE, GAP, CHIP_GAP = 40.0, 10.0, 14.0
WHOLE = 256  # tiles up to which the whole mesh is drawn, whatever is in use
SQUARES = 1 << 14  # cores up to which each is an empty square of its own; of more, the whole is one
WIDEST = 520  # pixels of a picture
TILE_PIXELS = 56  # at most


@dataclass(frozen=True)
class Board:
    """x, y: the first and the last column and row that are drawn."""

    mesh: Mesh
    x: tuple[int, int]
    y: tuple[int, int]

    @property
    def width(self) -> float:
        return self._along(self.x[1], self.x[0], self.mesh.width // self.mesh.chips[0]) + TILE

    @property
    def height(self) -> float:
        return self._along(self.y[1], self.y[0], self.mesh.height // self.mesh.chips[1]) + TILE

    @property
    def widest(self) -> int:
        return min(WIDEST, TILE_PIXELS * (self.x[1] - self.x[0] + 1))

    def _along(self, at: int, first: int, chip: int) -> float:
        return (at - first) * (TILE + GAP) + (at // chip - first // chip) * CHIP_GAP

    def corner(self, tile: int) -> tuple[float, float]:
        """Left and top of a tile."""
        x, y = self.mesh.tile_xy(tile)
        left = self._along(x, self.x[0], self.mesh.width // self.mesh.chips[0])
        top = self.height - TILE - self._along(y, self.y[0], self.mesh.height // self.mesh.chips[1])
        return left, top

    def cell(self, core: int) -> tuple[float, float, float]:
        """Left, top and side of a core: the cores of a tile lie in a square, row by row."""
        each = self.mesh.cores_per_tile
        in_a_row = int(np.ceil(np.sqrt(each)))
        left, top = self.corner(core // each)
        side = TILE / in_a_row
        row, column = divmod(core % each, in_a_row)
        inset = 1.0 if side >= 8 else 0.06 * side
        return left + column * side + inset, top + row * side + inset, side - 2 * inset

    def tiles(self) -> list[int]:
        """That are drawn."""
        columns, rows = (range(first, last + 1) for first, last in (self.x, self.y))
        return [self.mesh.tile_at(x, y) for x in columns for y in rows]

    def ground(self, again: bool = False) -> Markup:
        """Every core as an empty square, of very many all as one.

        again: as in a drawing of the same board before, which has it whole.
        """
        if again:
            return element("use", href="#ground")
        each = self.mesh.cores_per_tile
        if (self.x[1] - self.x[0] + 1) * (self.y[1] - self.y[0] + 1) * each > SQUARES:
            whole = box(0.0, 0.0, self.width, self.height)
            return element("path", d=whole, class_="ground", id="ground")
        path = []
        for tile in self.tiles():
            for core in range(tile * each, (tile + 1) * each):
                path.append(self.square(core))
        return element("path", d="".join(path), class_="ground", id="ground")

    def square(self, core: int) -> str:
        """A core as a piece of a path."""
        left, top, side = self.cell(core)
        return box(left, top, side, side)

    def said(self) -> str:
        """What part of the mesh is drawn, if it is not all."""
        if self.x == (0, self.mesh.width - 1) and self.y == (0, self.mesh.height - 1):
            return ""
        columns, rows = (f"{first} to {last}" for first, last in (self.x, self.y))
        return f" Drawn are the tiles x {columns}, y {rows} of {self.mesh.width} x {self.mesh.height}."


def box(left: float, top: float, wide: float, high: float) -> str:
    """A rectangle as a piece of a path."""
    return f"M{number(left)} {number(top)}h{number(wide)}v{number(high)}h-{number(wide)}z"


def board(mesh: Mesh, cores: Iterable[int]) -> Board:
    """The whole mesh, or of a large one what holds all cores in use."""
    if mesh.n_tiles <= WHOLE:
        return Board(mesh, (0, mesh.width - 1), (0, mesh.height - 1))
    at = [mesh.tile_xy(core // mesh.cores_per_tile) for core in cores] or [(0, 0)]
    columns, rows = [x for x, _ in at], [y for _, y in at]
    return Board(mesh, (min(columns), max(columns)), (min(rows), max(rows)))


def mesh_of(section: dict[str, object]) -> Mesh:
    """The mesh as costs.h5 has it. Raises KeyError, TypeError, ValueError where it is none that a chip may have."""
    plain: dict[str, object] = {**section}
    plain["host_tile"], plain["chips"] = tuple(plain["host_tile"]), tuple(plain["chips"])  # type: ignore[arg-type]
    mesh = Mesh(**plain)  # type: ignore[arg-type]
    sides = (mesh.width, mesh.height, mesh.cores_per_tile, *mesh.chips)
    if not all(type(side) is int and side > 0 for side in (*sides, mesh.degree - 1)) or mesh.n_cores > MOST_CORES:
        raise ValueError(f"no chip has a mesh of {sides[0]} x {sides[1]} tiles of {sides[2]} cores")
    if len(mesh.chips) != 2 or mesh.width % mesh.chips[0] or mesh.height % mesh.chips[1]:
        raise ValueError(f"a mesh of {mesh.width} x {mesh.height} tiles is not of {mesh.chips} chips")
    if mesh.topology not in TOPOLOGIES:
        raise ValueError(f"there is no topology {mesh.topology!r}")
    return mesh
