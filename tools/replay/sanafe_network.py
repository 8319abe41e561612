"""The messages of a golden/sanafe case, and what becomes of them: in neuroemu's contended network, and in SANA-FE's `detailed`.

SANA-FE's rule stands here as plain Python (facts/sanafe_model.md, sections 5 and 6), so that a difference can be laid to one of
its choices. It is driven by what a case says, by no recorded time.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from neuroemu.chip import Mesh
from neuroemu.noc.fabric import Fabric, fabric
from neuroemu.noc.steps import Messages, Outcome, contend

from .sanafe_case import HOPS, SanafeCase

FS = 1e15  # in a second


@dataclass(frozen=True)
class Sent:
    """Messages of all steps, step by step, in each by core, in each in the order they are sent; s.

    first: (steps * n_cores + 1,) int64, core c of step t sends first[t * n_cores + c] up to the next.
    core: (n,) where to.  gen: (n,) work of the sender before it.  proc: (n,) work of the receiver on it.
    tail: (steps, n_cores) work of the sender after its last.
    """

    first: np.ndarray
    core: np.ndarray
    gen: np.ndarray
    proc: np.ndarray
    tail: np.ndarray


def sent(case: SanafeCase) -> Sent:
    """The messages of a case, those of a neuron in the recorded order where there is one, else by core."""
    costs, wiring = case.chip["costs"], case.wiring
    n_cores, steps = wiring.mesh.n_cores, case.fired.shape[0]
    soma = [costs["input_soma"] if is_input else costs["soma"] for is_input in case.is_input]
    access, update, spike = (
        np.array([cost[key]["latency"] for cost in soma]) for key in ("access", "update", "spike_out")
    )
    busy = access + case.soma.updated * update + case.fired * spike  # (steps, n)
    targets = [_targets(case, neuron) for neuron in range(len(soma))]
    out = costs["axon_out"]["latency"]
    home = wiring.core_of_source()
    first, core, gen, proc, tail = [0], [], [], [], np.zeros((steps, n_cores))
    neurons_of = [case.order[home[case.order] == c].tolist() for c in range(n_cores)]
    for step in range(steps):
        for c in range(n_cores):
            pending = 0.0
            for neuron in neurons_of[c]:
                pending += busy[step, neuron]
                if not case.fired[step, neuron]:
                    continue
                for target, work in targets[neuron]:
                    core.append(target)
                    gen.append(pending + out)
                    proc.append(work)
                    pending = 0.0
            tail[step, c] = pending
            first.append(len(core))
    return Sent(np.array(first), np.array(core, np.int32), np.array(gen), np.array(proc), tail)


def _targets(case: SanafeCase, neuron: int) -> list[tuple[int, float]]:
    """(core, s of work there) of each message of a neuron's spike, in order."""
    costs, work = case.chip["costs"], dict[int, float]()
    times = case.prices.times() / 1e9
    for part in np.flatnonzero(case.reads[neuron]):
        core = int(case.wiring.parts.core[part])
        each = times[case.kind_of_part[part]] + costs["dendrite"]["latency"]
        work[core] = work.get(core, costs["axon_in"]["latency"]) + int(case.reads[neuron, part]) * each
    order = case.recorded.get("dest_core_order", {}).get(case.names[neuron], sorted(work))
    return [(core, work[core]) for core in order]


def sync(case: SanafeCase) -> float:
    """s that the barrier adds to every step."""
    return case.prices.barrier.time_ns(case.wiring.tiles_in_use().size) / 1e9


# ---- neuroemu's contended network ----------------------------------------------------------------------------------


def fabric_of(case: SanafeCase, slot_ns: float, receive_buffer: int | None = None, buffer: int | None = None) -> Fabric:
    """The case's mesh. It says nothing of the time from a core to its router (0 here) nor of a link's slot."""
    hop, mesh = case.chip["costs"]["hop"], case.wiring.mesh
    east, west, north, south = (round(hop[way]["latency"] * FS) for way in HOPS)
    return fabric(
        mesh.width,
        mesh.height,
        mesh.cores_per_tile,
        hop_fs=(east, west, north, south),
        tile_fs=0,
        slot_fs=round(slot_ns * 1e6),
        buffer=mesh.buffer if buffer is None else buffer,
        receive_buffer=receive_buffer,
    )


def contended(case: SanafeCase, messages: Sent, network: Fabric) -> tuple[np.ndarray, Outcome]:
    """(steps,) s, barrier included, and all that is known of it."""
    gap, work, tail = (np.rint(times * FS).astype(np.int64) for times in (messages.gen, messages.proc, messages.tail))
    outcome = contend(network, Messages(messages.first, messages.core, gap, work, tail), 1)
    return outcome.end_fs / FS + sync(case), outcome


# ---- what SANA-FE's cycle mode adds --------------------------------------------------------------------------------

CYCLE_QUEUE = 8  # messages that wait at a core, in its BookSim
CYCLE_HOP, CYCLE_ENDS = 4e-9, 5e-9  # s of a hop and of entering and leaving, fitted to its idle network


def halts(case: SanafeCase, messages: Sent) -> np.ndarray:
    """(steps,) s that receivers stand still in SANA-FE's `cycle`, estimated with an idle network.

    Its BookSim does not advance receivers in cycles in which no flit travels, none waits to be sent, and a core still works on
    its neurons (booksim2-sanafe, trafficmanager_spike.cpp, _Step). So what is left to receive when the last message has
    reached its core's queue comes after the work of the slowest sender, not beside it.
    """
    steps, n_cores = messages.tail.shape
    cores = np.arange(n_cores)
    still = np.zeros(steps)
    for step in range(steps):
        first = messages.first[step * n_cores : (step + 1) * n_cores + 1]
        mine = slice(first[0], first[-1])
        if first[0] == first[-1]:
            continue
        sender = np.repeat(cores, np.diff(first))
        before = np.concatenate([[0.0], np.cumsum(messages.gen[mine])])
        left = before[1:] - before[first[sender] - first[0]]
        send_end = (before[first[1:] - first[0]] - before[first[:-1] - first[0]] + messages.tail[step]).max()
        hops = np.abs(np.subtract(*(_xy(case.wiring.mesh, core) for core in (sender, messages.core[mine])))).sum(axis=0)
        arrives = left + hops * CYCLE_HOP + CYCLE_ENDS
        landed = end = 0.0
        for core in np.unique(messages.core[mine]):
            to_it = np.flatnonzero(messages.core[mine] == core)
            to_it = to_it[np.argsort(arrives[to_it], kind="stable")]
            free, begins = 0.0, []
            for m in to_it:
                begins.append(max(free, arrives[m]))
                free = begins[-1] + messages.proc[mine][m]
            queued = begins[-1 - CYCLE_QUEUE] if len(begins) > CYCLE_QUEUE else 0.0
            landed, end = max(landed, arrives[to_it[-1]], queued), max(end, free)
        if end > landed:
            still[step] = max(end + max(send_end - landed, 0.0), send_end) - max(end, send_end)
    return still


def _xy(mesh: Mesh, core: np.ndarray) -> np.ndarray:
    """(2, n) x and y of the tiles of cores."""
    return np.array(np.divmod(core // mesh.cores_per_tile, mesh.height))


# ---- SANA-FE's detailed --------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Flying:
    """A message, or the work after a core's last one (to: -1)."""

    sender: int
    to: int
    gen: float
    proc: float
    leaves: float = 0.0
    received: float = 0.0
    route: tuple[int, ...] = ()

    def __lt__(self, other: _Flying) -> bool:  # ties are the heap's, as in SANA-FE: heapq moves as libstdc++ does
        return self.leaves < other.leaves


@dataclass
class _Network:
    """What a step's messages see of each other: how many are on each link, and how long one is worked on, on average."""

    density: dict[int, float] = field(default_factory=dict)
    flying: dict[int, deque[_Flying]] = field(default_factory=dict)
    free: dict[int, float] = field(default_factory=dict)
    mean: float = 0.0
    n: int = 0


def detailed(case: SanafeCase, messages: Sent) -> np.ndarray:
    """(steps,) s, barrier included, of SANA-FE's rule."""
    steps, n_cores = messages.tail.shape
    latencies = [case.chip["costs"]["hop"][way]["latency"] for way in HOPS]
    routes: dict[tuple[int, int], tuple[int, ...]] = {}
    times = np.zeros(steps)
    for step in range(steps):
        queues = []
        for core in range(n_cores):
            row = step * n_cores + core
            mine = range(messages.first[row], messages.first[row + 1])
            queue = deque(_Flying(core, int(messages.core[m]), messages.gen[m], messages.proc[m]) for m in mine)
            if messages.tail[step, core]:
                queue.append(_Flying(core, -1, messages.tail[step, core], 0.0))
            queues.append(queue)
        times[step] = _detailed_step(case, queues, routes, latencies)
    return times + sync(case)


def _detailed_step(
    case: SanafeCase,
    queues: list[deque[_Flying]],
    routes: dict[tuple[int, int], tuple[int, ...]],
    latencies: list[float],
) -> float:
    mesh, network, last, heap = case.wiring.mesh, _Network(), 0.0, list[_Flying]()
    for queue in queues:
        if queue:
            queue[0].leaves = queue[0].gen
            heapq.heappush(heap, queue.popleft())
    while heap:
        m = heapq.heappop(heap)
        last = max(last, m.leaves)
        _land(network, m.leaves)
        if m.to >= 0:
            if (m.sender, m.to) not in routes:
                routes[m.sender, m.to] = _route(mesh, m.sender, m.to)
            m.route = routes[m.sender, m.to]
            tiles, cap = len(m.route), len(m.route) * mesh.buffer
            ahead = sum(network.density.get(link, 0.0) for link in m.route)
            if ahead > cap:
                m.leaves += (ahead - cap) * network.mean
            shortest = sum(latencies[link % 4] for link in m.route[1:])
            arrives = m.leaves + max(shortest, ahead * network.mean / tiles)
            m.received = max(network.free.get(m.to, 0.0), arrives)
            network.free[m.to] = m.received + m.proc
            last = max(last, network.free[m.to])
            network.flying.setdefault(m.to, deque()).append(m)
            for link in m.route:
                network.density[link] = network.density.get(link, 0.0) + 1 / (tiles + 1)
            network.mean += (m.proc - network.mean) / (network.n + 1)
            network.n += 1
        queue = queues[m.sender]
        if queue:
            queue[0].leaves = m.leaves + queue[0].gen
            last = max(last, queue[0].leaves)
            heapq.heappush(heap, queue.popleft())
    return last


def _land(network: _Network, now: float) -> None:
    """Messages that their cores have begun with are no longer on the way."""
    for core in sorted(network.flying):
        queue = network.flying[core]
        while queue and queue[0].received <= now:  # ascending: a core begins with one after another
            f = queue.popleft()
            for link in f.route:
                network.density[link] -= 1 / (len(f.route) + 1)
            network.mean = network.mean + (network.mean - f.proc) / (network.n - 1) if network.n > 1 else 0.0
            network.n -= 1


def _route(mesh: Mesh, sender: int, to: int) -> tuple[int, ...]:
    """The core's own link, -1 - core, then at every later tile the link by which it is entered, 4 * tile + way, X first."""
    x, y = mesh.tile_xy(sender // mesh.cores_per_tile)
    to_x, to_y = mesh.tile_xy(to // mesh.cores_per_tile)
    links = [-1 - sender]
    while (x, y) != (to_x, to_y):
        if x != to_x:
            way = 0 if to_x > x else 1
            x += 1 if to_x > x else -1
        else:
            way = 2 if to_y > y else 3
            y += 1 if to_y > y else -1
        links.append(4 * mesh.tile_at(x, y) + way)
    return tuple(links)
