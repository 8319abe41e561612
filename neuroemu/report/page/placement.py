"""The mapping: which populations sit on which core, and how full it is of what it is fullest of."""

from __future__ import annotations

from markupsafe import Markup

from ...compiler.demand import RESOURCES
from .board import Board, board, mesh_of
from .files import RunFiles
from .model import Picture, Section
from .quantities import count
from .svg import element, joined

HUES = 8  # classes pop-0.. of the style sheet
NAMED = 24  # populations of a legend
CORES = 1500  # that are drawn


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
    drawn = sorted(on)[:CORES]
    body = where.ground() + joined(_core(where, core, on[core], asked.get(core, {}), limits, hue) for core in drawn)
    sizes = {name: sum(size for population, _, size, _ in parts if population == name) for name in names}
    legend = [(hue[name], f"{name} ({count(sizes[name])})") for name in names[:NAMED]]
    legend += [("none", f"{len(names) - NAMED} more populations")] if len(names) > NAMED else []
    below = "As high as the core is full, as wide as the share of each population." + where.said()
    below += f" The first {CORES:,} of {len(on):,} cores are drawn." if len(on) > CORES else ""
    told = f"{len(parts):,} parts of {len(names):,} populations on {len(on):,} of {mesh.n_cores:,} cores."
    picture = Picture("", body, where.width, where.height, where.widest, told, legend, below=below)
    return Section("mapping", "Mapping", [picture], told)


def _core(
    where: Board,
    core: int,
    parts: list[tuple[str, str, int]],
    asked: dict[str, int],
    limits: dict[str, int],
    hue: dict[str, str],
) -> Markup:
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
    bars = [element("rect", x=left, y=top, width=side, height=side, class_="ground")]
    for population, wide in widths.items():
        bars.append(element("rect", x=left, y=top + side - high, width=wide, height=high, class_=hue[population]))
        left += wide
    return element("g", *bars, data_t="\n".join(told))


def _class(k: int) -> str:
    return f"pop-{k % HUES}" + (" pale" if k // HUES % 2 else "")
