"""Loads: how many messages each link carries, by the routes that they take. Counts only, no times."""

from __future__ import annotations

import numpy as np

from .bare import njit_bare
from .fabric import Fabric
from .routes import next_channel


def link_loads(fabric: Fabric, sender: np.ndarray, core: np.ndarray, messages: np.ndarray) -> np.ndarray:
    """(n_links,) int64 messages on each link between routers.  sender, core, messages: (n,) from where, to where, how many.

    Copies of a multicast in the tree are counted one by one.
    """
    loads = np.zeros(fabric.n_links, np.int64)
    _add(fabric, np.asarray(sender, np.int64), np.asarray(core, np.int64), np.asarray(messages, np.int64), loads)
    return loads


@njit_bare
def _add(fabric, sender, core, messages, loads):
    for k in range(sender.size):
        router, end = fabric.tile_of_sender[sender[k]], fabric.tile_of_core[core[k]]
        while router != end:
            link = next_channel(fabric, router, core[k]) >> fabric.vc_bits
            loads[link] += messages[k]
            router = fabric.to_router[link]
