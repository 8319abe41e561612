"""Routes: which link a message takes next, all links of a route, and how many hops it is. No table of pairs of tiles.

Every route is minimal and a function of the router where the message is and of where it goes, nothing else:

    xy          east or west first, then north or south
    yx          north or south first, then east or west
    west_first  west first, then north or south, then east: no turn into west, as the turn model demands
                (so xy for those that go west, yx for those that go east)
    tree        up to the lowest common ancestor, then down

On a torus each direction goes the shorter way round; where both are as long, east and north.

No deadlock: the links of mesh and tree can be numbered so that every route ascends. Round a torus they cannot, so a message
travels in virtual channel 0 while the wrap of this ring still lies ahead and in channel 1 when it does not: the order
is then channel 0 round to the wrap, channel 1 from there on (the dateline; Dally and Seitz 1987).
"""

from __future__ import annotations

import numpy as np

from .bare import njit_bare, njit_inline
from .fabric import EAST, MESH, NORTH, SOUTH, TORUS, TREE, WEST, Fabric


@njit_inline
def next_channel(fabric, router, core):
    """The channel that a message for `core` takes from `router`; link * n_vcs + virtual channel."""
    tile = np.uint32(fabric.tile_of_core[core])
    if fabric.topology == TREE:
        return _tree(fabric, router, tile) if router != tile else fabric.n_senders + core
    dx, dy = fabric.x[tile] - fabric.x[router], fabric.y[tile] - fabric.y[router]
    if fabric.topology == MESH:
        direction = _direction(fabric, dx, dy)
        return fabric.n_senders + core if router == tile else fabric.first_net + 4 * router + direction
    wrap_x, wrap_y = dx, dy  # the way without the wrap
    dx, dy = _shorter(dx, fabric.width), _shorter(dy, fabric.height)
    direction = _direction(fabric, dx, dy)
    wraps = dx != wrap_x if direction <= WEST else dy != wrap_y
    if router == tile:
        return (fabric.n_senders + core) * 2
    return (fabric.first_net + 4 * router + direction) * 2 + (0 if wraps else 1)


@njit_inline
def _direction(fabric, dx, dy):
    """Of the next hop. By a table, not by branches: those would be as random as the traffic is."""
    return fabric.turns[4 + 3 * (int(dx > 0) - int(dx < 0)) + int(dy > 0) - int(dy < 0)]


@njit_inline
def _shorter(distance, size):
    """The way round a ring, positive where both are as long."""
    if 2 * distance > size:
        return distance - size
    if 2 * distance <= -size:
        return distance + size
    return distance


@njit_inline
def _tree(fabric, router, tile):
    level = fabric.y[router]
    if tile // fabric.span[level] != fabric.x[router]:
        return fabric.first_net + 2 * router
    child = fabric.first_of_level[level - 1] + tile // fabric.span[level - 1]
    return fabric.first_net + 2 * child + 1


@njit_bare
def _path(fabric, sender, core, out):
    channel, n = sender << fabric.vc_bits, 0
    while True:
        out[n] = channel
        n += 1
        router = fabric.to_router[channel >> fabric.vc_bits]
        if router < 0:
            return n
        channel = next_channel(fabric, router, core)


def path(fabric: Fabric, sender: int, core: int) -> list[int]:
    """All links from a sender to a core, its own link and the core's included."""
    out = np.empty(fabric.width + fabric.height + 2 * fabric.span.size + 4, np.int64)
    return [int(channel) >> fabric.vc_bits for channel in out[: _path(fabric, sender, core, out)]]


@njit_inline
def direction_of(fabric, link):
    """0..3 east, west, north, south of a link between routers; in a tree up is north and down is south."""
    if fabric.topology == TREE:
        return NORTH + ((link - fabric.first_net) & 1)
    return (link - fabric.first_net) & 3


@njit_inline
def offset(fabric, a, b):
    """(dx, dy) of the way from tile a to tile b, not in a tree."""
    dx, dy = fabric.x[b] - fabric.x[a], fabric.y[b] - fabric.y[a]
    if fabric.topology == TORUS:
        return _shorter(dx, fabric.width), _shorter(dy, fabric.height)
    return dx, dy


@njit_bare
def distance(fabric, a, b):
    """Hops from tile a to tile b."""
    if fabric.topology != TREE:
        dx, dy = offset(fabric, a, b)
        return abs(dx) + abs(dy)
    level = 0
    while a // fabric.span[level] != b // fabric.span[level]:
        level += 1
    return 2 * level


@njit_bare
def _count_hops(fabric, sender, core, out):
    for m in range(core.size):
        a, b = fabric.tile_of_sender[sender[m]], fabric.tile_of_core[core[m]]
        if fabric.topology == TREE:
            router = a
            while router != b:
                link = _tree(fabric, router, b)
                out[m, direction_of(fabric, link)] += 1
                out[m, 4] += fabric.crosses[link]
                router = fabric.to_router[link]
            continue
        dx, dy = offset(fabric, a, b)
        out[m, EAST if dx > 0 else WEST] = abs(dx)
        out[m, NORTH if dy > 0 else SOUTH] = abs(dy)
        if fabric.chip_width < fabric.width:
            out[m, 4] += abs((fabric.x[a] + dx) // fabric.chip_width - fabric.x[a] // fabric.chip_width)
        if fabric.chip_height < fabric.height:
            out[m, 4] += abs((fabric.y[a] + dy) // fabric.chip_height - fabric.y[a] // fabric.chip_height)


def count_hops(fabric: Fabric, sender: np.ndarray, core: np.ndarray) -> np.ndarray:
    """(n, 5) int64 of n messages: links crossed east, west, north, south, and how many of these lead from chip to chip.

    In a tree up counts as north and down as south.
    """
    out = np.zeros((len(core), 5), np.int64)
    _count_hops(fabric, np.asarray(sender, np.int64), np.asarray(core, np.int64), out)
    return out
