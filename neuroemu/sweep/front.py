"""Front: the points that no other point beats in every goal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .goals import Goal
from .table import Row


def front(rows: Sequence[Row], goals: Sequence[Goal]) -> list[Row]:
    """The rows of the Pareto front, best by the first goal first. Rows that failed or lack a figure of a goal are in none.

    A row is beaten by one that is at least as good in all goals and better in one; of equals all stay.
    """
    able = [row for row in rows if row.error is None and all(row.figures[goal.key] is not None for goal in goals)]
    if not able:
        return []
    costs = np.array([[goal.sign * float(row.figures[goal.key] or 0.0) for goal in goals] for row in able])
    order = np.lexsort(costs.T[::-1])  # whoever beats a row comes before it
    kept: list[int] = []
    best = np.empty((0, len(goals)))
    for k in order.tolist():
        if not np.any(np.all(best <= costs[k], axis=1) & np.any(best < costs[k], axis=1)):
            kept.append(k)
            best = costs[kept]
    return [able[k] for k in kept]
