"""Costs: a run's counts and spikes priced, a stretch of steps at a time: only what has one row a step grows with the run.

The same call prices a run that just ended and one that is read back from its folder, under any price list or placement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from . import contended, latency
from .chip import PriceList
from .energy import Bill, bill
from .events import N_EVENTS
from .schedule import Schedule
from .schedule import joined as joined_schedules
from .tally import Tally, joined, tally
from .traffic import traffic, ways
from .why import Reason, Sample, why
from .wiring import Wiring

Progress = Callable[[int, int], None] | None
MODES = ("contended", "analytic", "simple")
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
    """A priced run.  reasons: what took its time, largest share first."""

    tally: Tally
    bill: Bill
    schedule: Schedule
    reasons: tuple[Reason, ...]


def costs(
    wiring: Wiring,
    activity: Activity,
    prices: PriceList,
    mode: str = "contended",
    threads: int = 1,
    progress: Progress = None,
) -> Costs:
    """Counts, energy and time of a run.  mode: one of MODES.  progress: told the steps done and in all."""
    going = ways(wiring)
    tallies, schedules, done = [], [], 0
    sample: Sample | None = None
    for counts, row, source in stretches(wiring, activity):
        found = traffic(wiring, going, row, source, counts.shape[0])
        counted, core_steps = tally(wiring, going, counts, found)
        tallies.append(counted)
        if mode == "contended":
            made = contended.schedule(wiring, going, counts, core_steps, row, source, prices, threads)
        else:
            made = latency.schedule(wiring, going, core_steps, row, source, prices, mode)
        schedules.append(made)
        sample = sample or Sample(core_steps, counts, made.step_ns, activity.n_steps)
        done += counts.shape[0]
        if progress:
            progress(done, activity.n_steps)
    counted, times = joined(tallies), joined_schedules(schedules)
    assert sample is not None, "a run has at least one step"
    reasons = tuple(why(wiring, counted, times, prices, sample))
    return Costs(counted, bill(counted, prices, times.total_ns, wiring), times, reasons)


def stretches(wiring: Wiring, activity: Activity) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(counts, row, source) of a stretch of steps; row 0 is its first step."""
    a_step = 8 * N_EVENTS * wiring.cores_in_use().size
    n_steps = max(1, STRETCH_BYTES // a_step)
    for first in range(0, activity.n_steps, n_steps):
        counts = activity.counts[first : first + n_steps]
        low, high = np.searchsorted(activity.step, [first + 1, first + counts.shape[0] + 1])
        yield counts, activity.step[low:high] - (first + 1), activity.source[low:high]
