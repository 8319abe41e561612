"""Latency without contention: what a step takes when messages do not meet.

  analytic  slowest core + slowest message on the links + barrier
  simple    slowest core + barrier, SANA-FE's rule of that name (facts/sanafe_model.md, section 6)
Our choice, as SANA-FE's: a core sends and receives at once. Its sender goes through its compartments and hands over their
messages one after another, its receiver takes messages and reads their synapses one after another; a step of the core takes
as long as the longer of the two.
"""

from __future__ import annotations

import numpy as np

from .chip import PriceList
from .events import HOPS, RECEIVING, SENDING, Event
from .schedule import HOP, PARTS, RECEIVER, SENDER, Schedule, ended
from .traffic import Ways, slowest_of_sources
from .wiring import Wiring


def work(core_steps: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(2, steps, cores) float64 ns that cores send and receive.  core_steps: (steps, cores, E).  times: (E,) ns an event."""
    both = np.zeros((2, *core_steps.shape[:2]))
    for events, total in zip((SENDING, RECEIVING), both, strict=True):
        for event in events:  # one by one: a product would copy the whole table as floats
            if times[event]:
                total += core_steps[:, :, event] * times[event]
    return both


def hop_times(times: np.ndarray) -> np.ndarray:
    """(5,) ns east, west, north, south, and of a border between chips."""
    return times[[*HOPS, Event.CHIP_HOP]]


def barrier_ns(wiring: Wiring, prices: PriceList) -> float:
    """Time of one barrier of the tiles and chips in use."""
    return prices.barrier.time_ns(wiring.tiles_in_use().size, wiring.chips_in_use().size)


def journeys(ways: Ways, prices: PriceList, mode: str) -> np.ndarray:
    """(n_sources,) ns of the slowest message of each source's spike; 0 where none is sent, and all in mode 'simple'."""
    times = prices.times()
    if mode == "simple":
        return np.zeros(ways.sender.size)
    slowest = slowest_of_sources(ways, hop_times(times)) + times[Event.TILE_OUT] + times[Event.TILE_IN]
    return np.where(ways.messages > 0, slowest, 0.0)


def slowest_of_steps(journey: np.ndarray, row: np.ndarray, source: np.ndarray, n_steps: int) -> np.ndarray:
    """(n_steps,) ns of the slowest message of each step.  journey: (n_sources,) of `journeys`.

    row, source: (n_spikes,) of each spike, row ascending from 0.
    """
    slowest = np.zeros(n_steps)
    if row.size:
        start = np.flatnonzero(np.diff(row, prepend=-1))
        slowest[row[start]] = np.maximum.reduceat(journey[source], start)
    return slowest


def schedule(
    wiring: Wiring, slowest_message: np.ndarray, core_steps: np.ndarray, host: np.ndarray, prices: PriceList
) -> Schedule:
    """Time of every step of a stretch.  slowest_message: (steps,) of `slowest_of_steps`.  core_steps: (steps, cores in use, E).

    host: (steps,) spikes handed over by the host.
    """
    times, cores = prices.times(), np.append(wiring.cores_in_use(), wiring.mesh.n_cores)  # the host sends, too
    both = work(core_steps, times)
    hosts = np.stack([host * times[Event.HOST_IN], np.zeros(core_steps.shape[0])])
    both = np.concatenate([both, hosts[:, :, None]], axis=2)
    busy = both.max(axis=0)
    slowest = busy.argmax(axis=1)
    steps = np.arange(slowest.size)
    side = both[:, steps, slowest].argmax(axis=0)
    path = np.zeros((slowest.size, len(PARTS)))
    path[steps, np.array([SENDER, RECEIVER])[side]] = busy[steps, slowest]
    path[:, HOP] = slowest_message
    by_core = np.zeros((wiring.mesh.n_cores + 1, 2))
    np.add.at(by_core, (cores[slowest], side), busy[steps, slowest])
    path, late = ended(path, barrier_ns(wiring, prices), prices)
    return Schedule(
        path, cores[slowest], np.full(slowest.size, -1), both[:, :, :-1].sum(axis=1).T, by_core, None, None, late
    )
