"""Crew: the threads of a run, and how many of them a stretch of steps is worth.

A thread more pays where a step is long, and only while its core is free: the crew goes by what steps have cost with one
thread and with all. That changes when a run ends, never what it computes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

# Events a step, below which a barrier costs more than it gains. tools/bench.py engine, 2 shared cores: two threads do 0.6 of
# what one does at 2,000 events a step, 0.8 to 0.9 at 11,000, 1.0 to 1.2 at 16,000, 1.05 to 1.2 at 90,000.
WORTH = 20_000
LOOK_AGAIN = 16  # stretches after which the slower way is tried once more


def available() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class Crew:
    """n threads at most; `choose` says how many, `together` runs them, `learn` takes what it cost."""

    def __init__(self, n: int, fixed: bool) -> None:
        self.n, self._fixed = n, fixed
        self._work = 0.0
        self._cost: dict[int, float] = {}
        self._seen: set[int] = set()
        self._stretches = 0

    def choose(self) -> int:
        """How many threads the next stretch gets: 1 or all."""
        if self._fixed or self.n == 1:
            return self.n
        if self._work < WORTH:
            return 1
        self._stretches += 1
        unknown = [n for n in (self.n, 1) if n not in self._cost]
        best = unknown[0] if unknown else min(self._cost, key=lambda n: self._cost[n])
        if not unknown and self._stretches % LOOK_AGAIN == 0:
            return self.n if best == 1 else 1
        return best

    def learn(self, n_threads: int, steps: int, events: int, seconds: float) -> None:
        """A stretch of so many steps and events took so long."""
        self._work = events / max(steps, 1)
        first = n_threads not in self._seen  # may have compiled
        self._seen.add(n_threads)
        if self._work >= WORTH and not first:
            self._cost[n_threads] = seconds / events

    @staticmethod
    def together(work: list[Callable[[], Any]]) -> Any:
        """Calls all of them at once; returns what the first gives, when all are done.

        They wait for each other inside, so either all of them run or none, and an interrupt is raised only when all are done:
        until then they write to memory that must not be freed.
        """
        if len(work) == 1:
            return work[0]()
        go, runs, results = threading.Event(), [False], {}
        done = [threading.Event() for _ in work]

        def wait_and_work(k: int) -> None:
            go.wait()
            try:
                if runs[0]:
                    results[k] = work[k]()
            finally:
                done[k].set()

        interrupted: BaseException | None = None
        try:
            for k in range(len(work)):
                threading.Thread(target=wait_and_work, args=(k,), daemon=True).start()
            runs[0] = True
        except BaseException as error:
            interrupted = error
        while True:
            try:
                go.set()  # after this nobody changes whether they run
                for each in done if runs[0] else ():
                    each.wait()  # a join that is interrupted takes its thread for ended (Python 3.10 and 3.11)
                break
            except KeyboardInterrupt as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted
        return results[0]
