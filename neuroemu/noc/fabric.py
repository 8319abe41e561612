"""Fabric: tiles, cores, routers and numbered links of a board, as plain integers and arrays that kernels take.

Built from plain values by `fabric`; which way messages go is routes.py. All times are int64 femtoseconds.

A link carries one message after another, each for its slot; the head of a message reaches the link's end a latency after it
began to cross and may go on at once, the rest streams behind. At the end of every link lies a buffer, first in, first out.
A torus has two virtual channels a link, that is two such buffers; channel = link * n_vcs + virtual channel.

Numbers of links, in this order:
    sender           s                              from a core (or the host) into the router of its tile
    core             n_senders + c                  from the router into core c; its buffer is the queue of the core
    mesh and torus   first_net + 4 * router + d     to the neighbour east, west, north, south (d = 0..3)
    tree             first_net + 2 * router + d     d = 0 from a router up to its parent, d = 1 from the parent down to it
Links that would leave the board have a number too, and `to_router` -1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TOPOLOGIES = {"mesh": 0, "torus": 1, "tree": 2}
ARBITRATIONS = ("oldest", "round_robin")
ROUTINGS = ("xy", "yx", "west_first")
MESH, TORUS, TREE = 0, 1, 2
EAST, WEST, NORTH, SOUTH = 0, 1, 2, 3
UNBOUNDED = np.int32(2**31 - 1)


class Fabric(NamedTuple):
    """n_routers: tiles, and in a tree the inner nodes after them, level by level.  vc_bits: log2 of n_vcs.

    x, y: (n_routers,) int32; in a tree place in the level, and level, 0 being the tiles.  span: (levels,) int32, tiles below a
    node of that level.  first_of_level: (levels,) int32 routers.
    tile_of_core: (n_cores,) int32.  tile_of_sender: (n_senders,) int32; senders are the cores, then the host if there is one.
    turns: (9,) int32 direction of the next hop by the signs of what is left to go, 4 + 3 * sign(dx) + sign(dy).
    to_router: (n_links,) int32, -1 where a core or nothing is.  latency_fs, slot_fs: (n_links,) int64, at least 1.
    room: (n_links,) int32 messages that fit in each buffer at its end.  crosses: (n_links,) bool, from chip to chip.
    chip_width, chip_height: tiles.  credit_fs, round_robin: see `fabric`.
    """

    topology: int
    width: int
    height: int
    degree: int
    chip_width: int
    chip_height: int
    n_routers: int
    n_cores: int
    n_senders: int
    first_net: int
    n_links: int
    n_vcs: int
    vc_bits: int
    credit_fs: int
    round_robin: int
    x: np.ndarray
    y: np.ndarray
    span: np.ndarray
    first_of_level: np.ndarray
    tile_of_core: np.ndarray
    tile_of_sender: np.ndarray
    turns: np.ndarray
    to_router: np.ndarray
    latency_fs: np.ndarray
    slot_fs: np.ndarray
    room: np.ndarray
    crosses: np.ndarray


def fabric(
    width: int,
    height: int,
    cores_per_tile: int,
    *,
    topology: str = "mesh",
    routing: str = "xy",
    degree: int = 4,
    chip: tuple[int, int] | None = None,
    host_tile: int = -1,
    hop_fs: tuple[int, int, int, int] = (4_100_000, 4_100_000, 6_500_000, 6_500_000),
    tile_fs: int = 2_100_000,
    slot_fs: int = 290_000,
    chip_hop_fs: int = 0,
    chip_slot_fs: int = 0,
    buffer: int = 16,
    receive_buffer: int | None = None,
    credit_fs: int | None = None,
    arbitration: str = "oldest",
) -> Fabric:
    """A board of width x height tiles; tile t sits at x = t // height, y = t % height; core = tile * cores_per_tile + offset.

    topology: mesh, torus or tree (of that degree, whose leaves are the tiles; up counts as north, down as south).
    routing: see routes.py; a tree has one.  chip: (width, height) in tiles of one chip, None for all of it; the board must be
    a multiple.  host_tile: where the host's messages enter, -1 for no host; the host is sender n_cores.
    hop_fs: latency of a link east, west, north, south.  tile_fs: from a core to its router, and from the router to a core.
    slot_fs: how long a message holds a link.  chip_hop_fs, chip_slot_fs: the same of a link from chip to chip, 0 for no
    difference.  A message goes on from such a link when the rest of it can follow without a gap: latency chip_hop_fs +
    chip_slot_fs - slot_fs.  Latencies and slots of 0 become 1 fs, so that nothing follows from itself.
    buffer: messages that fit at the end of a link, at least 1.  receive_buffer: messages that wait at a core for it to begin
    with them; 0 has no bound; None is as much as `buffer`. Our choice: the queue is in the core's router, as every other,
    so a core that does not keep up blocks the network behind it (SANA-FE's messages in flight do likewise).
    credit_fs: how long after a message began to leave a buffer the next may begin to cross to its place. None is slot_fs:
    when all of it has left. Where flits of a cycle move on one by one, it is a cycle. At most slot_fs.
    arbitration: which of several messages takes a link. oldest: that which arrived first at this router; round_robin: of the
    next buffer in order of their numbers, counted from the last that had its turn, as small routers do.
    The defaults of the times are Loihi's (Davies 2018: hops, tile, 3.44 G messages a second).
    Raises ValueError where a value makes no sense.
    """
    chip_width, chip_height = chip or (width, height)
    if min(width, height, cores_per_tile, chip_width, chip_height, buffer) < 1 or degree < 2:
        raise ValueError("width, height, cores_per_tile, chip and buffer must be at least 1, degree at least 2")
    if width % chip_width or height % chip_height:
        raise ValueError(f"{width} x {height} tiles are no multiple of chips of {chip_width} x {chip_height}")
    for value, allowed in ((topology, TOPOLOGIES), (routing, ROUTINGS), (arbitration, ARBITRATIONS)):
        if value not in allowed:
            raise ValueError(f"{value} is none of {', '.join(allowed)}")
    if credit_fs is not None and credit_fs > max(slot_fs, 1):
        raise ValueError(f"credit_fs {credit_fs} is more than slot_fs {slot_fs}")
    n_tiles = width * height
    if not -1 <= host_tile < n_tiles:
        raise ValueError(f"host_tile {host_tile} is not one of {n_tiles} tiles")
    tree = topology == "tree"
    x, y, span, first_of_level = _levels(n_tiles, degree) if tree else _grid(width, height)
    n_cores = n_tiles * cores_per_tile
    tile_of_core = np.arange(n_cores, dtype=np.int32) // np.int32(cores_per_tile)
    tile_of_sender = np.append(tile_of_core, np.array([host_tile] if host_tile >= 0 else [], np.int32))
    n_senders, n_routers = tile_of_sender.size, x.size
    ends = _tree_ends(x, y, first_of_level, degree) if tree else _grid_ends(x, y, width, height, topology == "torus")
    tile_x, tile_y, _, _ = _grid(width, height)
    chips = tile_x // chip_width * (height // chip_height) + tile_y // chip_height
    if tree:
        chips = _chips_of_nodes(chips, span)
    start, end = ends
    crosses = (end >= 0) & ((chips[start] != chips[end]) | (chips[start] < 0))
    hops = np.array([hop_fs[2], hop_fs[3]] if tree else hop_fs, np.int64)
    hop = np.tile(hops, n_routers)
    slot = np.where(crosses & (chip_slot_fs > 0), chip_slot_fs, slot_fs)
    hop = np.where(crosses & (chip_hop_fs > 0), chip_hop_fs, hop) + np.maximum(slot - slot_fs, 0)
    own = np.full(n_senders + n_cores, tile_fs, np.int64)
    first_net = n_senders + n_cores
    n_links = first_net + end.size
    to_router = np.concatenate([tile_of_sender, np.full(n_cores, -1, np.int32), end.astype(np.int32)])
    room = np.full(n_links, buffer, np.int32)
    room[n_senders:first_net] = buffer if receive_buffer is None else receive_buffer or UNBOUNDED
    n_vcs = 2 if topology == "torus" else 1
    return Fabric(
        TOPOLOGIES[topology], width, height, degree, chip_width, chip_height, n_routers, n_cores, n_senders, first_net,
        n_links, n_vcs, n_vcs - 1, max(slot_fs if credit_fs is None else credit_fs, 1), int(arbitration == "round_robin"),
        x, y, span, first_of_level, tile_of_core, tile_of_sender, _turns(routing), to_router,
        np.maximum(np.concatenate([own, hop]), 1),
        np.maximum(np.concatenate([np.full(first_net, slot_fs, np.int64), slot]), 1),
        room,
        np.concatenate([np.zeros(first_net, bool), crosses]),
    )  # fmt: skip


def _turns(routing: str) -> np.ndarray:
    """See Fabric and routes.py."""
    turns = np.zeros(9, np.int32)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            x_first = {"xy": dx != 0, "yx": dy == 0, "west_first": dx < 0 or dy == 0}[routing]
            turns[4 + 3 * dx + dy] = (EAST if dx > 0 else WEST) if x_first else (NORTH if dy > 0 else SOUTH)
    return turns


def _grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x and y of the tiles; no levels."""
    tile = np.arange(width * height, dtype=np.int32)
    return tile // np.int32(height), tile % np.int32(height), np.ones(1, np.int32), np.zeros(1, np.int32)


def _grid_ends(x: np.ndarray, y: np.ndarray, width: int, height: int, wraps: bool) -> tuple[np.ndarray, np.ndarray]:
    """(4 * tiles,) the routers at which each link starts and ends, -1 where there is none."""
    tile = np.arange(x.size)
    to_x = x[:, None] + np.array([1, -1, 0, 0])
    to_y = y[:, None] + np.array([0, 0, 1, -1])
    end = to_x % width * height + to_y % height
    inside = (to_x >= 0) & (to_x < width) & (to_y >= 0) & (to_y < height)
    end = np.where((inside | wraps) & (end != tile[:, None]), end, -1)
    return np.repeat(tile, 4), end.ravel()


def _levels(n_tiles: int, degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Place, level, span and first router of each level of a tree over the tiles."""
    sizes = [n_tiles]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // degree))
    place = np.concatenate([np.arange(size) for size in sizes]).astype(np.int32)
    level = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    span = np.minimum(float(degree) ** np.arange(len(sizes)), 2**30).astype(np.int32)
    return place, level, span, (np.cumsum(sizes) - sizes).astype(np.int32)


def _tree_ends(
    place: np.ndarray, level: np.ndarray, first_of_level: np.ndarray, degree: int
) -> tuple[np.ndarray, np.ndarray]:
    """(2 * routers,) likewise; link 2r goes up from router r, 2r + 1 down to it; the root has none."""
    router = np.arange(place.size)
    above = np.minimum(level + 1, first_of_level.size - 1)
    parent = np.where(level < above, first_of_level[above] + place // degree, -1)
    down = np.where(parent < 0, -1, router)
    start = np.stack([router, np.maximum(parent, 0)], axis=1)
    return start.ravel(), np.stack([parent, down], axis=1).ravel()


def _chips_of_nodes(chip_of_tile: np.ndarray, span: np.ndarray) -> np.ndarray:
    """(routers,) the chip that all tiles below a node lie on, -1 where they lie on several: then its links leave a chip."""
    chips = []
    for tiles in span:
        starts = np.arange(0, chip_of_tile.size, tiles)
        low, high = np.minimum.reduceat(chip_of_tile, starts), np.maximum.reduceat(chip_of_tile, starts)
        chips.append(np.where(low == high, low, -1))
    return np.concatenate(chips)
