"""Costs: a run's counts and spikes priced, a stretch of steps at a time: only what has one row a step grows with the run.

The same call prices a run that just ended and one that is read back from its folder, under any price list or placement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from . import contended, latency, modes
from .chip import PriceList
from .counters import N_LEARNED
from .energy import Bill, bill
from .errors import ChipError
from .events import N_EVENTS
from .gain import Sample
from .schedule import PARTS, Schedule, added
from .spool import Spool, budget, forget
from .tally import Tally, nothing, steps_of, tally_of
from .traffic import Traffic, traffic, ways
from .why import Reason, why
from .wiring import Wiring

Progress = Callable[[int, int], None] | None
STRETCH_BYTES = 16 << 20  # of the largest table of a stretch
KEPT_BYTES = 64 << 20  # of what is kept for another price list


@dataclass(frozen=True)
class Activity:
    """What happened in a run: enough to price it again and to map it again.

    counts: (steps, n_parts, Count) integers.  step: (n_spikes,) from 1, ascending.  source: (n_spikes,).
    learned: (steps, n_parts, Learned), of no step where nothing learns.
    payload: (n_spikes,); None where nobody kept them. They cost nothing.
    """

    counts: np.ndarray
    step: np.ndarray
    source: np.ndarray
    learned: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, N_LEARNED), np.int32))
    payload: np.ndarray | None = None

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


class Counted:
    """What was counted of a run in one wiring, kept for other price lists: by stretches, while it takes little."""

    def __init__(self) -> None:
        self._kept: list[tuple[Traffic, np.ndarray, np.ndarray]] = []
        self._room = KEPT_BYTES
        self._journey = np.empty(0)
        self._slowest: dict[int, np.ndarray] = {}
        self._sample: Sample | None = None

    def sample(self, make: Callable[[], Sample]) -> Sample:
        """The first steps, by make() where they are not kept."""
        if self._sample is not None:
            return self._sample
        found = make()
        self._room -= found.nbytes
        if self._kept and self._room >= 0:
            self._sample = found
        return found

    def of(
        self, k: int, count: Callable[[], tuple[Traffic, np.ndarray, np.ndarray]]
    ) -> tuple[Traffic, np.ndarray, np.ndarray]:
        """Of the k-th stretch: its traffic, by_step and core_steps (tally.steps_of), by count() where it is not kept."""
        if k < len(self._kept):
            return self._kept[k]
        found = count()
        self._room -= found[1].nbytes + found[2].nbytes + sum(array.nbytes for array in vars(found[0]).values())
        if self._room >= 0 and k == len(self._kept):
            self._kept.append(found)
        return found

    def slowest_of_steps(self, k: int, journey: np.ndarray, find: Callable[[], np.ndarray]) -> np.ndarray:
        """(steps,) ns of the slowest message of each step of the k-th stretch, by find() where journeys (ns) took otherwise."""
        if not np.array_equal(journey, self._journey):
            self._journey, self._slowest = journey, {}
        if k in self._slowest:
            return self._slowest[k]
        found = find()
        if k < len(self._kept):
            self._slowest[k] = found
        return found


def costs(
    wiring: Wiring,
    activity: Activity,
    prices: PriceList,
    mode: str = "contended",
    threads: int = 1,
    progress: Progress = None,
    counted: Counted | None = None,
) -> Costs:
    """Counts, energy and time of a run.  mode: one of modes.MODES.  progress: told the steps done and in all.

    counted: of this run in this wiring, where it is priced more than once.

    Raises ChipError where the chip cannot be had in that mode.
    """
    unable = modes.problems(wiring.mesh, prices, mode)
    if unable:
        raise ChipError(unable)
    going, sums, rows, done = ways(wiring), nothing(wiring), _Rows(), 0
    prepared = contended.prepare(wiring, going, prices) if mode in modes.NETWORK else None
    journey = latency.journeys(going, prices, mode) if prepared is None else np.empty(0)
    times: Schedule | None = None
    sample: Sample | None = None
    counted = counted or Counted()
    for k, (counts, row, source, learned) in enumerate(stretches(wiring, activity)):

        def count(
            counts: np.ndarray = counts,
            row: np.ndarray = row,
            source: np.ndarray = source,
            learned: np.ndarray = learned,
        ) -> tuple[Traffic, np.ndarray, np.ndarray]:
            found = traffic(wiring, going, row, source, counts.shape[0])
            return found, *steps_of(wiring, counts, found, learned)

        found, by_step, core_steps = counted.of(k, count)
        if prepared is None:
            slowest = counted.slowest_of_steps(
                k, journey, partial(latency.slowest_of_steps, journey, row, source, counts.shape[0])
            )
            took = latency.schedule(wiring, slowest, core_steps, found.host, prices)
        else:
            took = contended.schedule(wiring, going, prepared, counts, core_steps, row, source, prices, mode, threads)
        rows.append(by_step, took)
        sums = sums.and_then(counts, core_steps, found, learned)
        times = added(times, took) if times else took
        sample = sample or counted.sample(
            partial(_sample, core_steps=core_steps, counts=counts, learned=learned, of=activity.n_steps)
        )
        done += counts.shape[0]
        if progress:
            progress(done, activity.n_steps)
    assert times and sample, "a run has at least one step"
    times = rows.put_into(times)
    tallied = tally_of(wiring, going, sums, rows.by_step.array())
    reasons = tuple(why(wiring, tallied, times, prices, sample, mode))
    return Costs(tallied, bill(tallied, prices, times.total_ns, wiring), times, reasons)


def _sample(core_steps: np.ndarray, counts: np.ndarray, learned: np.ndarray, of: int) -> Sample:
    """Of what may lie on disk and be let go of."""
    return Sample(core_steps, np.array(counts), of, np.array(learned))


class _Rows:
    """What has a row a step: on disk where there are many."""

    def __init__(self) -> None:
        room = budget() // 8
        self.by_step, self.path = Spool(np.int64, (N_EVENTS,), room), Spool(np.float64, (len(PARTS),), room)
        self.core, self.link = Spool(np.int32, (), room), Spool(np.int32, (), room)

    def append(self, by_step: np.ndarray, schedule: Schedule) -> None:
        self.by_step.append(by_step)
        self.path.append(schedule.path_ns)
        self.core.append(schedule.slowest_core)
        self.link.append(schedule.slowest_link)

    def put_into(self, schedule: Schedule) -> Schedule:
        path, core, link = (spool.array() for spool in (self.path, self.core, self.link))
        return replace(schedule, path_ns=path, slowest_core=core, slowest_link=link)


def stretches(wiring: Wiring, activity: Activity) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """(counts, row, source, learned) of a stretch of steps; row 0 is its first step."""
    a_step = 8 * N_EVENTS * wiring.cores_in_use().size
    n_steps = max(1, STRETCH_BYTES // a_step)
    for first in range(0, activity.n_steps, n_steps):
        counts = activity.counts[first : first + n_steps]
        low, high = np.searchsorted(activity.step, [first + 1, first + counts.shape[0] + 1])
        learned = activity.learned[first : first + n_steps]
        yield counts, activity.step[low:high] - (first + 1), activity.source[low:high], learned
        forget(activity.counts, activity.step, activity.source, activity.learned)
