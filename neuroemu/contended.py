"""Latency with contention: the messages of every step through the network on chip, which starts empty with each step.

Joins the messages of a run (messages.py) and the network (noc/), and adds the barrier.
"""

from __future__ import annotations

import numpy as np

from .chip import Mesh, PriceList
from .events import HOPS, Event
from .latency import barrier_ns, work
from .messages import FS, femtoseconds, messages
from .noc.fabric import Fabric
from .noc.steps import Outcome, contend
from .schedule import BUFFER, HOP, LINK, PARTS, RECEIVER, SENDER, Links, Schedule, ended, joined
from .topology import topology_of
from .traffic import Ways
from .wiring import Wiring

# Columns of noc's critical path, as columns of ours.
_COLUMNS = [SENDER, LINK, BUFFER, HOP, RECEIVER]


def network_of(mesh: Mesh, prices: PriceList) -> Fabric:
    """The network of a chip with the times of a price list; a link without a slot time carries any number at once."""
    times = femtoseconds(prices.times())
    slot, chip_slot = (int(femtoseconds(np.array(c.value or 0.0))) for c in (prices.slot_ns, prices.chip_slot_ns))
    net = topology_of(mesh, tuple(int(times[event]) for event in HOPS), slot, chip_slot)
    latency = net.latency_fs + np.where(net.crosses, times[Event.CHIP_HOP], 0)
    latency[: net.n_senders] = max(times[Event.TILE_OUT], 1)
    latency[net.n_senders : net.first_net] = max(times[Event.TILE_IN], 1)
    return net._replace(latency_fs=latency)


def schedule(
    wiring: Wiring,
    ways: Ways,
    counts: np.ndarray,
    core_steps: np.ndarray,
    row: np.ndarray,
    source: np.ndarray,
    prices: PriceList,
    threads: int = 1,
) -> Schedule:
    """Time of every step of a stretch.  counts: (steps, n_parts, Count).  core_steps: (steps, cores in use, E)."""
    net, times = network_of(wiring.mesh, prices), prices.times()
    busy = work(core_steps, times).sum(axis=1).T
    found = [
        _schedule(contend(net, batch, threads), wiring, prices)
        for _, batch in messages(wiring, ways, counts, row, source, femtoseconds(times))
    ]
    one = joined(found)
    return Schedule(
        one.path_ns, one.slowest_core, one.slowest_link, busy, one.core_path_ns, one.link_path_ns, one.links, one.late
    )


def _schedule(outcome: Outcome, wiring: Wiring, prices: PriceList) -> Schedule:
    """The outcome of a batch of steps in ns."""
    path = np.zeros((outcome.end_fs.size, len(PARTS)))
    path[:, _COLUMNS] = outcome.path_fs / FS
    path, late = ended(path, barrier_ns(wiring, prices), prices)
    by_core = np.zeros((wiring.mesh.n_cores + 1, 2))
    by_core[: outcome.core_path_fs.shape[0]] = outcome.core_path_fs / FS
    links = Links(outcome.carried, outcome.busy_fs / FS, outcome.waited_fs / FS, outcome.blocked_fs / FS, outcome.most)
    return Schedule(
        path,
        outcome.slowest_core,
        outcome.slowest_link,
        np.zeros((wiring.cores_in_use().size, 2)),
        by_core,
        outcome.link_path_fs / FS,
        links,
        late,
    )
