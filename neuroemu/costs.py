"""Costs: a run's counts and spikes priced, a stretch of steps at a time: only what has one row a step grows with the run.

The same call prices a run that just ended and one that is read back from its folder, under any price list or placement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import latency
from .chip import PriceList
from .energy import Bill, bill
from .events import N_EVENTS
from .latency import Schedule
from .tally import Tally, joined, tally
from .traffic import traffic, ways
from .wiring import Wiring

STRETCH_BYTES = 64 << 20  # of the largest table of a stretch


@dataclass(frozen=True)
class Activity:
    """What happened in a run: enough to price it again and to map it again.

    counts: (steps, n_parts, Count) integers.  step: (n_spikes,) from 1, ascending.  source: (n_spikes,).
    """

    counts: np.ndarray
    step: np.ndarray
    source: np.ndarray

    @property
    def n_steps(self) -> int:
        return self.counts.shape[0]


@dataclass(frozen=True)
class Costs:
    """A priced run."""

    tally: Tally
    bill: Bill
    schedule: Schedule


def costs(wiring: Wiring, activity: Activity, prices: PriceList, mode: str = "analytic") -> Costs:
    """Counts, energy and time of a run.  mode: one of latency.MODES."""
    going = ways(wiring)
    tallies, schedules = [], []
    for counts, row, source in stretches(wiring, activity):
        found = traffic(wiring, going, row, source, counts.shape[0])
        counted, core_steps = tally(wiring, going, counts, found)
        tallies.append(counted)
        schedules.append(latency.schedule(wiring, going, core_steps, row, source, prices, mode))
    counted, times = joined(tallies), latency.joined(schedules)
    return Costs(counted, bill(counted, prices, times.total_ns, wiring), times)


def stretches(wiring: Wiring, activity: Activity) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(counts, row, source) of a stretch of steps; row 0 is its first step."""
    a_step = 8 * N_EVENTS * wiring.cores_in_use().size
    n_steps = max(1, STRETCH_BYTES // a_step)
    for first in range(0, activity.n_steps, n_steps):
        counts = activity.counts[first : first + n_steps]
        low, high = np.searchsorted(activity.step, [first + 1, first + counts.shape[0] + 1])
        yield counts, activity.step[low:high] - (first + 1), activity.source[low:high]
