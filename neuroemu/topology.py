"""Topology: a chip's mesh as the network package numbers it."""

from __future__ import annotations

import numpy as np

from .chip import Mesh
from .noc.fabric import Fabric, fabric
from .noc.routes import count_hops

DIRECTIONS = 5  # east, west, north, south, and borders between chips; in a tree up counts as north and down as south


def topology_of(mesh: Mesh, hop_fs: tuple[int, ...] = (1, 1, 1, 1), slot_fs: int = 1, chip_slot_fs: int = 0) -> Fabric:
    """The network of a mesh; the host is the sender after the last core.

    hop_fs: latency of a link east, west, north, south.  slot_fs, chip_slot_fs: how long a message holds a link, 0 for no time.
    """
    return fabric(
        mesh.width,
        mesh.height,
        mesh.cores_per_tile,
        topology=mesh.topology,
        routing=mesh.routing,
        degree=mesh.degree,
        chip=(mesh.width // mesh.chips[0], mesh.height // mesh.chips[1]),
        host_tile=mesh.tile_at(*mesh.host_tile),
        hop_fs=hop_fs,  # type: ignore[arg-type]
        slot_fs=slot_fs,
        chip_slot_fs=chip_slot_fs,
        buffer=mesh.buffer,
    )


def hops_of(net: Fabric, sender: np.ndarray, core: np.ndarray) -> np.ndarray:
    """(n, 5) int64 links that each message crosses.  sender: (n,) core, or n_cores for the host.  core: (n,)."""
    return count_hops(net, sender, core)
