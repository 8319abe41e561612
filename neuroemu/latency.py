"""Latency of a run: how long each step took, and what it waited for.

Three modes without contention stand here; messages that meet are in contended.py.
  analytic  slowest core + slowest message on the links + barrier
  simple    slowest core + barrier, SANA-FE's rule of that name (facts/sanafe_model.md, section 6)
Our choice, as SANA-FE's: a core sends and receives at once. Its sender goes through its compartments and hands over their
messages one after another, its receiver takes messages and reads their synapses one after another; a step of the core takes
as long as the longer of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .chip import PriceList
from .events import HOPS, RECEIVING, SENDING, Event
from .traffic import Ways, slowest_of_sources
from .wiring import Wiring

BOUNDS = ("core", "network", "barrier")
MODES = ("analytic", "simple")


@dataclass(frozen=True)
class Schedule:
    """ns by step, (steps,) float64 each: core + network + barrier, or up to the next tick of the clock.

    slowest_core: (steps,) the core that took core_ns.  busy_ns: (cores in use,) ns of work over the run.
    bound: (steps,) index into BOUNDS of the largest share.  late: steps that took longer than one tick of the clock.
    """

    step_ns: np.ndarray
    core_ns: np.ndarray
    network_ns: np.ndarray
    barrier_ns: float
    slowest_core: np.ndarray
    busy_ns: np.ndarray
    bound: np.ndarray
    late: int

    @property
    def total_ns(self) -> float:
        return float(self.step_ns.sum())


def work(core_steps: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(send_ns, receive_ns), (steps, cores) float64 each.  core_steps: (steps, cores, E).  times: (E,) ns an event."""
    send, receive = np.zeros(core_steps.shape[:2]), np.zeros(core_steps.shape[:2])
    for events, total in ((SENDING, send), (RECEIVING, receive)):
        for event in events:  # one by one: a product would copy the whole table as floats
            if times[event]:
                total += core_steps[:, :, event] * times[event]
    return send, receive


def hop_times(times: np.ndarray) -> np.ndarray:
    """(5,) ns east, west, north, south, and of a border between chips."""
    return times[[*HOPS, Event.CHIP_HOP]]


def schedule(
    wiring: Wiring,
    ways: Ways,
    core_steps: np.ndarray,
    row: np.ndarray,
    source: np.ndarray,
    prices: PriceList,
    mode: str,
) -> Schedule:
    """Time of every step of a stretch.  core_steps: (steps, cores in use, E).  row, source: (n_spikes,) of the stretch."""
    times = prices.times()
    send, receive = work(core_steps, times)
    busy = np.maximum(send, receive)
    slowest = busy.argmax(axis=1)
    core_ns = busy[np.arange(busy.shape[0]), slowest]
    network_ns = np.zeros(core_ns.size)
    if mode == "analytic":
        journey = slowest_of_sources(ways, hop_times(times)) + times[Event.TILE_OUT] + times[Event.TILE_IN]
        sends = ways.messages[source] > 0
        np.maximum.at(network_ns, row[sends], journey[source[sends]])
    barrier_ns = prices.barrier.time_ns(wiring.tiles_in_use().size, wiring.chips_in_use().size)
    return made(core_ns, network_ns, barrier_ns, wiring.cores_in_use()[slowest], busy.sum(axis=0), prices)


def made(
    core_ns: np.ndarray,
    network_ns: np.ndarray,
    barrier_ns: float,
    slowest: np.ndarray,
    busy: np.ndarray,
    prices: PriceList,
) -> Schedule:
    """The Schedule of these shares of every step."""
    busy_ns = core_ns + network_ns + barrier_ns
    shares = np.stack([core_ns, network_ns, np.full(core_ns.size, barrier_ns)])
    late = int(np.sum(busy_ns > prices.barrier.tick_ns)) if prices.barrier.tick_ns else 0
    step_ns = prices.barrier.step_ns(busy_ns)
    return Schedule(step_ns, core_ns, network_ns, barrier_ns, slowest, busy, shares.argmax(axis=0), late)


def joined(schedules: Sequence[Schedule]) -> Schedule:
    """The Schedule of stretches that follow each other."""

    def steps(name: str) -> np.ndarray:
        return np.concatenate([getattr(schedule, name) for schedule in schedules])

    return Schedule(
        steps("step_ns"),
        steps("core_ns"),
        steps("network_ns"),
        schedules[0].barrier_ns,
        steps("slowest_core"),
        sum((schedule.busy_ns for schedule in schedules), np.zeros_like(schedules[0].busy_ns)),
        steps("bound"),
        sum(schedule.late for schedule in schedules),
    )
