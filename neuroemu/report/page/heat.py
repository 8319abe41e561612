"""Heat maps of the mesh: energy, spikes and messages by core, and what the links between tiles carried."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from markupsafe import Markup

from ...noc.fabric import TREE, Fabric
from ...topology import topology_of
from ...units import counted
from .board import GAP, TILE, Board, board, mesh_of
from .files import RunFiles
from .model import Picture, Pictures, Section
from .quantities import count, show
from .svg import element, joined

SINGLE = 600  # cores up to which each is an element of its own, which tells its value
TOLD = 120  # of more cores, those of largest value that do
LEVELS = 16  # of colour, for the others
HEAVIEST = 240  # links that are drawn
FIRST = "Energy"  # the map that is drawn first, and has the ground of all
SIDES = ("east", "west", "north", "south")


def heat(files: RunFiles) -> Section:
    """Three maps over the same mesh."""
    rows = files.table("cores.csv")
    try:
        cores = np.array([int(row["core"]) for row in rows], np.int64)
        pj, spikes, received = (
            np.array([float(row[key]) for row in rows]) for key in ("dynamic_pj", "spikes", "messages_received")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise files.broken("cores.csv", error) from None
    try:
        mesh = mesh_of(files.head["chip"]["mesh"])
        if cores.size and (cores.min() < 0 or cores.max() >= mesh.n_cores):
            raise ValueError("a core lies outside the mesh")
    except (KeyError, TypeError, ValueError) as error:
        raise files.broken("costs.h5", error) from None
    where = board(mesh, cores.tolist())
    maps = [
        _map(where, FIRST, cores, pj, lambda value: show(value, "pJ"), "dynamic energy"),
        _map(where, "Spikes", cores, spikes, lambda value: counted(round(value), "spike"), "spikes"),
        _load(files, where, cores, received),
    ]
    tiles = np.unique(cores // mesh.cores_per_tile).size
    lead = (
        f"In use: {cores.size:,} of {counted(mesh.n_cores, 'core')} on {tiles:,} of {counted(mesh.n_tiles, 'tile')}; "
        f"the others are empty squares.{where.said()} {_pointing(cores.size)}"
    )
    return Section("mesh", "Where on the mesh", [Pictures(maps)], lead)


def _pointing(n_cores: int) -> str:
    return (
        "Point at a core for its figure."
        if n_cores <= SINGLE
        else f"Point at one of the {TOLD} largest for its figure."
    )


def _map(
    where: Board, title: str, cores: np.ndarray, values: np.ndarray, text: Callable[[float], str], told: str
) -> Picture:
    most = float(values.max(initial=0.0))
    body = where.ground(again=title != FIRST) + _cells(where, cores, values, text)
    return Picture(
        title, body, where.width, where.height, where.widest, f"Map of {told} by core, at most {text(most)}.",
        scale=("0", text(most)),
    )  # fmt: skip


def _cells(where: Board, cores: np.ndarray, values: np.ndarray, text: Callable[[float], str]) -> Markup:
    """Squares as dark as their value; of many, only the largest tell it."""
    most = float(values.max(initial=0.0)) or 1.0
    order = np.argsort(-values, kind="stable")
    single = order if order.size <= SINGLE else order[:TOLD]
    parts = []
    if single.size < order.size:
        rest = order[TOLD:]
        level = np.ceil(values[rest] / most * LEVELS).astype(int)
        for k in range(1, LEVELS + 1):
            path = "".join(where.square(core) for core in cores[rest[level == k]].tolist())
            if path:
                parts.append(element("path", d=path, class_="heat", fill_opacity=f"{k / LEVELS:.2f}"))
    for k in single.tolist():
        core = int(cores[k])
        left, top, side = where.cell(core)
        x, y = where.mesh.tile_xy(core // where.mesh.cores_per_tile)
        parts.append(
            element(
                "rect", x=left, y=top, width=side, height=side, class_="heat", fill_opacity=f"{values[k] / most:.3f}",
                data_t=f"core {core} at tile ({x}, {y})\n{text(float(values[k]))}",
            )
        )  # fmt: skip
    return joined(parts)


def _load(files: RunFiles, where: Board, cores: np.ndarray, received: np.ndarray) -> Picture:
    """Cores by the messages that they received, and the links between tiles where the latency mode knows them."""
    rows = files.table("links.csv")
    net = topology_of(where.mesh)

    def text(value: float) -> str:
        return counted(round(value), "message")

    body = where.ground(again=True) + _cells(where, cores, received, text)
    most_core = float(received.max(initial=0.0))
    below = f"Squares: messages received by cores, at most {count(most_core)}."
    try:
        links = [
            (int(row["link"]), int(row["messages"]), float(row["busy_ns"]), float(row["waited_ns"])) for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise files.broken("links.csv", error) from None
    between = sorted((row for row in links if net.first_net <= row[0] < net.n_links), key=lambda row: -row[1])
    if not received.any():
        below = "No message was sent."
    elif not links:
        below += f" The latency mode '{files.summary['latency']}' sends no messages over links."
    elif net.topology == TREE:
        below += " Links of the tree are not drawn."
    elif not between:
        below += " No message crossed from tile to tile."
    else:
        body += joined(
            _link(where, net, row, between[0][1]) for row in between[:HEAVIEST] if _drawn(where, net, row[0])
        )
        dropped = f" The {HEAVIEST} that carry most are drawn, of {len(between):,}." if len(between) > HEAVIEST else ""
        below += f" Lines: links between tiles, the widest carried {count(between[0][1])}.{dropped}"
    carried = f"{counted(len(between), 'link')} between tiles carried any"
    told = f"Map of messages: cores receive at most {count(most_core)}; {carried}."
    return Picture(
        "Messages", body, where.width, where.height, where.widest, told, scale=("0", text(most_core)), below=below
    )


def _drawn(where: Board, net: Fabric, link: int) -> bool:
    x, y = where.mesh.tile_xy((link - net.first_net) // 4)
    return where.x[0] <= x <= where.x[1] and where.y[0] <= y <= where.y[1]


def _link(where: Board, net: Fabric, row: tuple[int, int, float, float], most: int) -> Markup:
    """From the edge of a tile over the gap to its neighbour, both directions side by side."""
    link, messages, busy, waited = row
    tile, side = divmod(link - net.first_net, 4)
    dx, dy = ((1, 0), (-1, 0), (0, -1), (0, 1))[side]  # on paper
    left, top = where.corner(tile)
    half, aside = TILE / 2, 4.0
    x, y = left + half + dx * half + dy * aside, top + half + dy * half + dx * aside
    share = messages / most
    at = where.mesh.tile_xy(tile)
    return element(
        "line", x1=x, y1=y, x2=x + dx * GAP, y2=y + dy * GAP, class_="link", stroke_width=1.2 + 5.8 * share,
        stroke_opacity=f"{0.35 + 0.65 * share:.2f}",
        data_t=f"link {SIDES[side]} of tile ({at[0]}, {at[1]})\n{counted(messages, 'message')}\n"
               f"busy {show(busy, 'ns')}, waited for {show(waited, 'ns')}",
    )  # fmt: skip
