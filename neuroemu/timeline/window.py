"""How much of a run a timeline tells: the steps whose messages fit the budget, and the points of its counters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POINTS = 2000  # of the counters, outside the window
A_MESSAGE = 5  # events at most: its slice, two ends of its arrow, the queue before and after
A_CORE = 3  # in a step: its phases


@dataclass(frozen=True)
class Window:
    """Steps first..last (from 0, last not included) are told core by core.  messages: whether theirs are.

    points: (k,) ascending steps at which counters stand, each for the steps up to the next.
    """

    first: int
    last: int
    messages: bool
    points: np.ndarray

    def told(self, n_steps: int) -> str:
        return f"steps {self.first + 1:,} to {self.last:,} of {n_steps:,}" if self.last - self.first > 1 else (
            f"step {self.first + 1:,} of {n_steps:,}"
        )  # fmt: skip


def window(messages: np.ndarray, n_cores: int, first: int, most_steps: int | None, budget: int) -> Window:
    """messages: (steps,) of each.  first: the first step, from 0.  budget: events.

    At least one step; where its messages alone are more than the budget, its cores without them.
    """
    n_steps = messages.size
    end = n_steps if most_steps is None else min(n_steps, first + most_steps)
    cost = np.cumsum(A_MESSAGE * messages[first:end] + A_CORE * n_cores)
    fits = int(np.searchsorted(cost, budget, side="right"))
    last = first + max(fits, 1)
    edges = np.arange(POINTS + 1) * n_steps // POINTS if n_steps > POINTS else np.arange(n_steps + 1)
    inside = np.arange(first, last + 1)
    points = np.unique(np.concatenate([edges, inside]))
    return Window(first, last, fits > 0, points[points < n_steps])
