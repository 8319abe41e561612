"""steps.csv in as many stretches as a strip has room for: sums and extremes, read a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ...schedule import PARTS
from .files import RunFiles

STRETCHES = 240
PIECE = 1 << 16  # rows that are read at once
COLUMNS = ("spikes", "input_spikes", "dynamic_pj", "step_ns", *(f"{part}_ns" for part in PARTS), "slowest_core")


@dataclass(frozen=True)
class Stretches:
    """bounds: (k + 1,) rows of the table, stretch i being bounds[i]..bounds[i + 1] - 1.  All else by stretch.

    path_ns: (k, parts) sums.  longest_ns, longest_step (from 1), longest_core: of its longest step.
    bound: (k, parts) steps in which each part was the largest.  spikes, input_spikes, dynamic_pj: sums.
    """

    bounds: np.ndarray
    path_ns: np.ndarray
    longest_ns: np.ndarray
    longest_step: np.ndarray
    longest_core: np.ndarray
    bound: np.ndarray
    spikes: np.ndarray
    input_spikes: np.ndarray
    dynamic_pj: np.ndarray

    @property
    def n(self) -> int:
        return self.bounds.size - 1

    @property
    def steps(self) -> np.ndarray:
        return np.diff(self.bounds)

    def named(self, k: int) -> str:
        """'step 3' or 'steps 1 to 57'."""
        low, high = int(self.bounds[k]) + 1, int(self.bounds[k + 1])
        return f"step {low:,}" if low == high else f"steps {low:,} to {high:,}"


def stretches(files: RunFiles) -> Stretches:
    """The time steps of a run. Raises OutputError where the table is not one that a run writes."""
    n_steps = int(files.summary["steps"])
    k = max(min(STRETCHES, n_steps), 1)
    bounds = (np.arange(k + 1) * n_steps) // k
    n_parts = len(PARTS)
    path, bound = np.zeros((k, n_parts)), np.zeros((k, n_parts), np.int64)
    longest = np.full(k, -1.0)
    longest_step, longest_core = np.zeros(k, np.int64), np.full(k, -1)
    sums = np.zeros((3, k))
    done = 0
    for rows in _pieces(files):
        at = np.searchsorted(bounds, np.arange(done, done + len(rows)), side="right") - 1
        if at.size and at[-1] >= k:
            raise files.broken("steps.csv", f"it has more than the {n_steps} steps of summary.json")
        parts = rows[:, 4 : 4 + n_parts]
        for column in range(n_parts):
            path[:, column] += np.bincount(at, parts[:, column], k)
        np.add.at(bound, (at, parts.argmax(axis=1)), 1)
        for row in range(3):
            sums[row] += np.bincount(at, rows[:, row], k)
        order = np.lexsort(
            (-np.arange(at.size), rows[:, 3], at)
        )  # the last of a stretch is its longest, the first of equals
        last = order[np.flatnonzero(np.append(np.diff(at[order]), 1))]
        longer = last[rows[last, 3] > longest[at[last]]]
        longest[at[longer]] = rows[longer, 3]
        longest_step[at[longer]] = done + longer + 1
        longest_core[at[longer]] = rows[longer, -1]
        done += len(rows)
    if done != n_steps:
        raise files.broken("steps.csv", f"it has {done} of the {n_steps} steps of summary.json")
    return Stretches(bounds, path, longest, longest_step, longest_core, bound, *sums)


def _pieces(files: RunFiles) -> Iterator[np.ndarray]:
    """(rows, len(COLUMNS)) float64, a piece after the other."""
    try:
        with open(files.folder / "steps.csv", encoding="utf-8") as stream:
            header = stream.readline().rstrip("\n").split(",")
            missing = [name for name in COLUMNS if name not in header]
            if missing:
                raise files.broken("steps.csv", f"{', '.join(missing)} is missing, which older versions did not write")
            wanted = [header.index(name) for name in COLUMNS]
            while lines := list(islice(stream, PIECE)):
                yield np.loadtxt(lines, delimiter=",", usecols=wanted, ndmin=2, comments=None)
    except (OSError, ValueError) as error:
        raise files.broken("steps.csv", error) from None
