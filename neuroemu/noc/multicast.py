"""Multicast in the network: copies of a spike share each link until their routes part, and a router makes the copies.

Counts only. Our choice: the tree is the union of the routes that single messages would take, whose rule (routes.py) is the
same for all copies, so that copies that have parted do not meet again. The default everywhere else is one message from the
source for each core.
"""

from __future__ import annotations

import numpy as np

from .bare import njit_bare
from .fabric import Fabric
from .routes import direction_of, next_channel


def count_tree_hops(fabric: Fabric, first: np.ndarray, sender: np.ndarray, core: np.ndarray) -> np.ndarray:
    """(n, 5) int64 of n spikes: links that a spike crosses east, west, north, south, and how many lead from chip to chip.

    first: (n + 1,) bounds of each spike in core: (copies,) where it goes, in any order.  sender: (n,) of each spike.
    """
    out = np.zeros((len(sender), 5), np.int64)
    seen = np.full(fabric.n_links, -1, np.int64)
    _count(fabric, np.asarray(first, np.int64), np.asarray(sender, np.int64), np.asarray(core, np.int64), seen, out)
    return out


@njit_bare
def _count(fabric, first, sender, core, seen, out):
    """seen: (links,) the last spike that crossed each."""
    for spike in range(sender.size):
        for k in range(first[spike], first[spike + 1]):
            router, end = fabric.tile_of_sender[sender[spike]], fabric.tile_of_core[core[k]]
            while router != end:
                link = next_channel(fabric, router, core[k]) >> fabric.vc_bits
                if seen[link] != spike:
                    seen[link] = spike
                    out[spike, direction_of(fabric, link)] += 1
                    out[spike, 4] += fabric.crosses[link]
                router = fabric.to_router[link]
