"""The mapping drawn: tiles where they lie, their cores coloured by population and filled as far as they are full, and the links
that carry most as lines between the tiles. An SVG of its own, no script, no font but the reader's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from ..chip import Chip
from ..compiler.demand import together, use
from ..compiler.partition import Part
from ..noc.fabric import Fabric
from ..units import counted

# Eight hues that stay apart for the colour-blind (Okabe and Ito 2008), then again, paler.
HUES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666")
TILE, GAP, MARGIN = 64, 22, 26
HEAVIEST = 60  # links that are drawn
LINE = 24  # of the legend


def draw(
    chip: Chip,
    parts: Sequence[Part],
    core: Sequence[int],
    axons_out: Sequence[int],
    net: Fabric,
    loads: np.ndarray,
    title: str,
) -> str:
    """SVG text.  core: of each part.  axons_out: by core.  loads: (links,) messages on each link of the network."""
    mesh, pitch = chip.mesh, TILE + GAP
    width = max(MARGIN * 2 + mesh.width * pitch - GAP, 460)
    names = list(dict.fromkeys(part.population for part in parts))
    legend = MARGIN * 2 + 14 + mesh.height * pitch - GAP
    height = legend + LINE * (len(names) + 2) + MARGIN // 2
    on: dict[int, list[Part]] = {}
    for part, at in zip(parts, core, strict=True):
        on.setdefault(at, []).append(part)

    def corner(tile: int) -> tuple[int, int]:
        """Of a tile; y grows upwards on the mesh, downwards on paper."""
        x, y = mesh.tile_xy(tile)
        return MARGIN + x * pitch, MARGIN + 14 + (mesh.height - 1 - y) * pitch

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{MARGIN}" y="{MARGIN - 2}" font-size="14" fill="#222">{escape(title)}</text>',
    ]
    out += _links(net, loads, corner) if mesh.topology != "tree" else []
    side = int(np.ceil(np.sqrt(mesh.cores_per_tile)))
    cell = TILE / side
    for tile in range(mesh.n_tiles):
        left, top = corner(tile)
        out.append(f'<rect x="{left}" y="{top}" width="{TILE}" height="{TILE}" fill="#f4f4f4" stroke="#999"/>')
        for k in range(mesh.cores_per_tile):
            at = tile * mesh.cores_per_tile + k
            if at in on:
                out.append(_core(chip, at, on[at], int(axons_out[at]) if at < len(axons_out) else 0, names,
                                 left + k % side * cell, top + k // side * cell, cell))  # fmt: skip
    for k, name in enumerate(names):
        here = [part for part in parts if part.population == name]
        text = (
            f"{escape(name)}: {counted(sum(part.size for part in here), 'compartment')} in {counted(len(here), 'part')}"
        )
        y = legend + LINE * k
        out.append(f'<rect x="{MARGIN}" y="{y}" width="14" height="14" fill="{_hue(k)}" fill-opacity="{_alpha(k)}"/>')
        out.append(f'<text x="{MARGIN + 22}" y="{y + 12}" fill="#222">{text}</text>')
    y = legend + LINE * len(names)
    most = int(loads.max(initial=0))
    note = "Height of colour: the fullest of compartments, axons in, axons out and synapse memory."
    out.append(f'<text x="{MARGIN}" y="{y + 12}" fill="#555">{note}</text>')
    if mesh.topology == "tree":
        text = "Links of the tree are not drawn."
    else:
        text = f"Lines: the {HEAVIEST} links that carry most; the widest carries {counted(most, 'message')}."
    out.append(f'<text x="{MARGIN}" y="{y + LINE + 12}" fill="#555">{text}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def fullness(chip: Chip, parts: Sequence[Part], axons_out: int) -> tuple[str, float]:
    """The resource of a core that is fullest with these parts, and what part of it is used."""
    asked, limits = use(together([part.demand for part in parts])), vars(chip.core)
    asked["axons_out"] = axons_out
    shares = {key.replace("_", " "): n / limits[key] for key, n in asked.items() if limits[key] is not None}
    name = max(shares, key=lambda key: shares[key])
    return name, shares[name]


def _core(
    chip: Chip, core: int, parts: list[Part], axons_out: int, names: list[str], x: float, y: float, cell: float
) -> str:
    """Bars side by side, as wide as the share of each population, as high as the core is full."""
    resource, share = fullness(chip, parts, axons_out)
    total, left = sum(part.size for part in parts), x + 1.0
    high = (cell - 2) * min(share, 1.0)
    told = f"core {core}: {resource} {share:.0%}; " + "; ".join(part.name for part in parts[:6])
    bars = [f"<g><title>{escape(told)}</title>"]
    bars.append(
        f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{cell - 2:.1f}" height="{cell - 2:.1f}" fill="white" stroke="#bbb"/>'
    )
    for part in parts:
        wide, k = (cell - 2) * part.size / total, names.index(part.population)
        bars.append(
            f'<rect x="{left:.1f}" y="{y + cell - 1 - high:.1f}" width="{wide:.1f}" height="{high:.1f}" '
            f'fill="{_hue(k)}" fill-opacity="{_alpha(k)}"/>'
        )
        left += wide
    return "".join([*bars, "</g>"])


def _links(net: Fabric, loads: np.ndarray, corner: Callable[[int], tuple[int, int]]) -> list[str]:
    """Both directions of a link side by side; a link round the edge of a torus as a stub towards it."""
    lines, most = [], max(int(loads.max(initial=0)), 1)
    half = TILE / 2
    for link in np.argsort(-loads, kind="stable")[:HEAVIEST].tolist():
        if loads[link] == 0:
            break
        tile, direction = divmod(link - net.first_net, 4)
        dx, dy = ((1, 0), (-1, 0), (0, -1), (0, 1))[direction]  # on paper
        left, top = corner(tile)
        aside = 5
        x, y = left + half + dx * half + dy * aside, top + half + dy * half + dx * aside
        wide = 1 + 7 * loads[link] / most
        lines.append(
            f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{x + dx * GAP:.0f}" y2="{y + dy * GAP:.0f}" stroke="#b2182b" '
            f'stroke-opacity="0.8" stroke-width="{wide:.1f}"><title>{counted(int(loads[link]), "message")}</title></line>'
        )
    return lines


def _hue(k: int) -> str:
    return HUES[k % len(HUES)]


def _alpha(k: int) -> float:
    return round(0.9 / (1 + k // len(HUES)), 2)
