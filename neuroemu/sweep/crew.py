"""Crew: those who do tasks. A task given is a task that comes back: done, or as Lost when whoever had it died too often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .tasks import Result, Task

ATTEMPTS = 3  # deaths of a worker, after which it is taken to be the task's doing


@dataclass(frozen=True)
class Lost:
    """A task whose workers died.  why: for the row of its points."""

    task: Task
    why: str


class Crew(Protocol):
    """Workers.  width: how many tasks they do at once, as far as known."""

    width: int

    def put(self, task: Task) -> None:
        """A task to be done."""

    def take(self) -> list[Result] | Lost:
        """What became of the next task that ended; waits for it. Raises what ends a sweep."""

    def close(self) -> None:
        """Ends the workers, whatever they are doing."""
