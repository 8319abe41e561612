"""Crew: the threads of a run, and how many of them a stretch of steps is worth.

A thread more pays where a step is long, and only while its core is free: the crew goes by what steps have cost with one
thread and with all. That changes when a run ends, never what it computes.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any

WORTH = 20_000  # events a step, below which a barrier costs more than it gains
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
        """Calls all of them at once; returns what the first gives, when all are done."""
        others = [threading.Thread(target=each, daemon=True) for each in work[1:]]
        for other in others:
            other.start()
        try:
            return work[0]()
        finally:  # an interrupt while waiting must not free what the others still write to
            while any(other.is_alive() for other in others):
                with contextlib.suppress(KeyboardInterrupt):
                    for other in others:
                        other.join()
