"""The mapping: which populations sit on which core, and how full it is of what it is fullest of."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from ...compiler.demand import RESOURCES
from ...units import counted
from .board import Board, board, box, mesh_of
from .files import RunFiles
from .model import Picture, Section
from .quantities import count
from .svg import element, joined

HUES = 8  # classes pop-0.. of the style sheet
NAMED = 24  # populations of a legend
SINGLE = 400  # cores up to which each is an element of its own, which tells what it holds


def placement(files: RunFiles) -> Section:
    """Of mapping.json, with what cores.csv says of each core."""
    try:
        parts = [
            (str(part["population"]), str(part["part"]), int(part["size"]), int(part["core"]))
            for part in files.mapping["parts"]
        ]
        limits = {key: limit for key, limit in files.mapping["limits_per_core"].items() if key in RESOURCES and limit}
        asked = {int(row["core"]): {key: int(row[key]) for key in limits} for row in files.table("cores.csv")}
        mesh = mesh_of(files.head["chip"]["mesh"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise files.broken("mapping.json", error) from None
    if any(not 0 <= core < mesh.n_cores for *_, core in parts):
        raise files.broken("mapping.json", "a core lies outside the mesh")
    on: dict[int, list[tuple[str, str, int]]] = {}
    for population, name, size, core in parts:
        on.setdefault(core, []).append((population, name, size))
    names = list(dict.fromkeys(population for population, *_ in parts))
    hue = {name: _class(k) for k, name in enumerate(names)}
    where = board(mesh, on)
    seats = [_seat(where, core, on[core], asked.get(core, {}), limits) for core in sorted(on)]
    body = (
        where.ground(again=True)
        + joined(_told(where, seat, hue) for seat in seats[:SINGLE])
        + _rest(seats[SINGLE:], hue)
    )
    sizes = {name: sum(size for population, _, size, _ in parts if population == name) for name in names}
    legend = [(hue[name], f"{name} ({count(sizes[name])})") for name in names[:NAMED]]
    legend += [("none", f"{counted(len(names) - NAMED, 'more population')}")] if len(names) > NAMED else []
    below = "As high as the core is full, as wide as the share of each population." + where.said()
    below += f" Point at one of the first {SINGLE:,} cores for what it holds." if len(on) > SINGLE else ""
    cores = f"{len(on):,} of {counted(mesh.n_cores, 'core')}"
    told = f"{counted(len(parts), 'part')} of {counted(len(names), 'population')} on {cores}."
    picture = Picture("", body, where.width, where.height, where.widest, told, legend, below=below)
    return Section("mapping", "Mapping", [picture], told)


class _Seat(NamedTuple):
    """A core.  told: what it holds, in words.  bars: (population, left, top, width, height)."""

    core: int
    told: str
    bars: list[tuple[str, float, float, float, float]]


def _seat(
    where: Board, core: int, parts: list[tuple[str, str, int]], asked: dict[str, int], limits: dict[str, int]
) -> _Seat:
    """Bars side by side, a population each."""
    left, top, side = where.cell(core)
    shares = {key.replace("_", " "): asked[key] / limits[key] for key in asked}
    fullest = max(shares, key=lambda key: shares[key]) if shares else ""
    high = side * min(shares.get(fullest, 1.0), 1.0)
    total = sum(size for *_, size in parts) or 1
    x, y = where.mesh.tile_xy(core // where.mesh.cores_per_tile)
    told = [f"core {core} at tile ({x}, {y})"]
    told += [f"{shares[fullest]:.0%} of {fullest}"] if fullest else []
    told += [name for _, name, _ in parts[:6]] + ([f"and {len(parts) - 6:,} more parts"] if len(parts) > 6 else [])
    widths: dict[str, float] = {}
    for population, _, size in parts:
        widths[population] = widths.get(population, 0.0) + side * size / total
    bars = []
    for population, wide in widths.items():
        bars.append((population, left, top + side - high, wide, high))
        left += wide
    return _Seat(core, "\n".join(told), bars)


def _told(where: Board, seat: _Seat, hue: dict[str, str]) -> Markup:
    left, top, side = where.cell(seat.core)
    under = element("rect", x=left, y=top, width=side, height=side, class_="ground")
    bars = [
        element("rect", x=x, y=y, width=wide, height=high, class_=hue[name]) for name, x, y, wide, high in seat.bars
    ]
    return element("g", under, *bars, data_t=seat.told)


def _rest(seats: list[_Seat], hue: dict[str, str]) -> Markup:
    """Of many cores: a path for all bars of a colour."""
    paths: dict[str, list[str]] = {}
    for seat in seats:
        for name, *bar in seat.bars:
            paths.setdefault(hue[name], []).append(box(*bar))
    return joined(element("path", d="".join(path), class_=class_) for class_, path in paths.items())


def _class(k: int) -> str:
    return f"pop-{k % HUES}" + (" pale" if k // HUES % 2 else "")
