"""Latency with contention: the messages of every step through the network on chip, which starts empty with each step.

Joins the messages of a run (messages.py) and the network (noc/), and adds the barrier.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .chip import Mesh, PriceList
from .errors import ChipError, Problem
from .events import HOPS, LEARNING, Event
from .latency import barrier_ns, work
from .messages import FS, MOST_FS, Jobs, femtoseconds, jobs, messages
from .noc.fabric import Fabric
from .noc.flit import FlitOutcome, flit
from .noc.steps import Messages, Outcome, contend
from .schedule import BUFFER, HOP, LINK, PARTS, RECEIVER, SENDER, Links, Schedule, added, ended
from .topology import topology_of
from .traffic import Ways
from .wiring import Wiring

# Columns of noc's critical path, as columns of ours.
_COLUMNS = [SENDER, LINK, BUFFER, HOP, RECEIVER]


def network_of(mesh: Mesh, prices: PriceList) -> Fabric:
    """The network of a chip with the times of a price list; a link without a slot time carries any number at once."""
    times = femtoseconds(prices.times())
    given = (prices.slot_ns, prices.chip_slot_ns, prices.core_slot_ns)
    slot, chip_slot, core_slot = (int(femtoseconds(np.array(constant.value or 0.0))) for constant in given)
    net = topology_of(mesh, tuple(int(times[event]) for event in HOPS), slot, chip_slot)
    latency = net.latency_fs + np.where(net.crosses, times[Event.CHIP_HOP], 0)
    latency[: net.n_senders] = max(times[Event.TILE_OUT], 1)
    latency[net.n_senders : net.first_net] = max(times[Event.TILE_IN], 1)
    slots = net.slot_fs.copy()
    slots[: net.first_net] = max(core_slot, 1)
    return net._replace(latency_fs=latency, slot_fs=slots)


class Prepared(NamedTuple):
    """What is the same in every stretch of a run.  times_ns: (E,)."""

    net: Fabric
    times_ns: np.ndarray
    jobs: Jobs


def prepare(wiring: Wiring, ways: Ways, prices: PriceList) -> Prepared:
    """The network, and what senders and receivers do for each message of `ways`."""
    times = prices.times()
    return Prepared(network_of(wiring.mesh, prices), times, jobs(wiring, ways, times))


def schedule(
    wiring: Wiring,
    ways: Ways,
    prepared: Prepared,
    counts: np.ndarray,
    core_steps: np.ndarray,
    row: np.ndarray,
    source: np.ndarray,
    prices: PriceList,
    mode: str = "contended",
    threads: int = 1,
) -> Schedule:
    """Time of every step of a stretch.  counts: (steps, n_parts, Count).  core_steps: (steps, cores in use, E).

    mode: 'contended', or 'flit', cycle by cycle, whose paths tell cores and network apart and nothing finer.
    Raises ChipError where a step takes longer than can be counted.
    """
    net, times, each = prepared
    busy = work(core_steps, times)
    if busy.sum(axis=(0, 2)).max(initial=0.0) * FS >= MOST_FS:
        what = f"a step of this run keeps the cores of {prices.name} busy for more than {MOST_FS / FS / 1e9:.0f} s"
        raise ChipError([Problem(what, remedy="latency: analytic, or a look at the times of the chip")])
    found: Schedule | None = None
    paths, cores, links = [], [], []
    for _, batch in messages(wiring, ways, each, counts, row, source, learning_fs(wiring, core_steps, each.times_fs)):
        if mode == "flit":
            one = _of_flits(flit(net, batch), batch, wiring, prices)
        else:
            one = _schedule(contend(net, batch, threads), wiring, prices)
        found = one if found is None else added(found, one)
        paths.append(one.path_ns)
        cores.append(one.slowest_core)
        links.append(one.slowest_link)
    assert found is not None, "a stretch has at least one step"
    return replace(
        found,
        path_ns=np.concatenate(paths),
        slowest_core=np.concatenate(cores),
        slowest_link=np.concatenate(links),
        busy_ns=busy.sum(axis=1).T,
    )


def learning_fs(wiring: Wiring, core_steps: np.ndarray, times_fs: np.ndarray) -> np.ndarray | None:
    """(steps, senders) fs that cores learn, None where none does: at the end of a step, when its messages have left.

    core_steps: (steps, cores in use, E).
    """
    events = list(LEARNING)
    if not core_steps[:, :, events].any():
        return None
    found = np.zeros((core_steps.shape[0], wiring.mesh.n_cores + 1), np.int64)
    found[:, wiring.cores_in_use()] = core_steps[:, :, events] @ times_fs[events]
    return found


def _of_flits(outcome: FlitOutcome, batch: Messages, wiring: Wiring, prices: PriceList) -> Schedule:
    """The outcome of a batch of steps in ns; what is not the work of the slowest core is called its hops."""
    n_steps, n_senders = outcome.end_fs.size, wiring.mesh.n_cores + 1
    owner = np.repeat(np.arange(n_steps * n_senders), np.diff(batch.first))
    both = np.zeros((2, n_steps * n_senders), np.int64)
    both[0] = batch.tail_fs.reshape(-1)
    np.add.at(both[0], owner, batch.gap_fs)
    np.add.at(both[1], owner // n_senders * n_senders + batch.core, batch.work_fs)
    by_step = both.reshape(2, n_steps, n_senders)
    side, steps = by_step.max(axis=2).argmax(axis=0), np.arange(n_steps)
    core = by_step[side, steps].argmax(axis=1)
    work_fs = by_step[side, steps, core]
    path = np.zeros((n_steps, len(PARTS)))
    path[steps, np.array([SENDER, RECEIVER])[side]] = work_fs / FS
    path[:, HOP] = np.maximum(outcome.end_fs - work_fs, 0) / FS
    by_core = np.zeros((n_senders, 2))
    np.add.at(by_core, (core, side), work_fs / FS)
    path, late = ended(path, barrier_ns(wiring, prices), prices)
    busy = np.zeros((wiring.cores_in_use().size, 2))
    return Schedule(path, core, np.full(n_steps, -1), busy, by_core, None, None, late)


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
