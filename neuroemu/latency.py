"""Latency of a run, analytic mode: a step takes as long as its slowest core, its slowest message, and the barrier.

Takes a Tally, Traffic and a PriceList, gives a Schedule that keeps what bounded every step. Our choice: a core does its
work one event after another; cores work side by side; messages do not meet (contention is a mode of its own, to come).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chip import PriceList
from .events import HOPS, Event
from .tally import Tally
from .traffic import Traffic, slowest_by_step

BOUNDS = ("core", "network", "barrier")


@dataclass(frozen=True)
class Schedule:
    """ns by step, (steps,) float64 each: step = core + network + barrier.

    slowest_core: (steps,) the core that took core_ns.  busy: (cores in use,) ns of work over the run.
    bound: (steps,) index into BOUNDS of the largest share.
    """

    step_ns: np.ndarray
    core_ns: np.ndarray
    network_ns: np.ndarray
    barrier_ns: float
    slowest_core: np.ndarray
    busy_ns: np.ndarray
    bound: np.ndarray

    @property
    def total_ns(self) -> float:
        return float(self.step_ns.sum())


def schedule(tally: Tally, traffic: Traffic, prices: PriceList, n_tiles: int) -> Schedule:
    """Time of every step.  n_tiles: in use, for the barrier."""
    times = prices.times()
    n_steps, n_cores, _ = tally.core_steps.shape
    by_core = np.zeros((n_steps, n_cores))
    for event in np.flatnonzero(times):  # event by event: one product would copy the whole table as floats
        by_core += tally.core_steps[:, :, event] * times[event]
    slowest = by_core.argmax(axis=1)
    core_ns = by_core[np.arange(by_core.shape[0]), slowest]
    journey = slowest_by_step(traffic, times[list(HOPS)]) + times[Event.TILE]
    network_ns = np.where(traffic.messages_by_step > 0, journey, 0.0)
    barrier_ns = prices.barrier.time_ns(n_tiles)
    shares = np.stack([core_ns, network_ns, np.full(core_ns.size, barrier_ns)])
    return Schedule(
        core_ns + network_ns + barrier_ns,
        core_ns,
        network_ns,
        barrier_ns,
        tally.cores[slowest],
        by_core.sum(axis=0),
        shares.argmax(axis=0),
    )
