"""The spikes of a run as a page shows them: how many in each cell of a grid, and every single one of a stretch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...units import counted
from .files import RunFiles

PIECE = 1 << 20  # spikes that are read at once
COLUMNS = 240  # of the grid at most, in time
MOST_ROWS = 48  # of the grid, for each population
ALL_ROWS = 200 * MOST_ROWS  # of all populations together, but for one each
SINGLY = 6000  # spikes up to which each is drawn


@dataclass(frozen=True)
class Panel:
    """A population.  size: compartments.  rows: of the grid, each of size / rows compartments.  grid: (rows, columns)."""

    name: str
    size: int
    on_chip: bool
    rows: int
    grid: np.ndarray


@dataclass(frozen=True)
class Spikes:
    """total: of all panels.  step, panel, index: the spikes of the steps 1..until, ascending by step.  n_steps: of the run.

    begun: spikes in those steps; more than are here only where until is 1 and a step has more than SINGLY.
    """

    panels: tuple[Panel, ...]
    total: int
    n_steps: int
    until: int
    step: np.ndarray
    panel: np.ndarray
    index: np.ndarray
    begun: int

    @property
    def shown(self) -> str:
        """Which of the spikes of the steps 1..until are here."""
        here = self.step.size
        return (
            f"every one of its {counted(here, 'spike')}"
            if here == self.begun
            else f"the first {here:,} of its {counted(self.begun, 'spike')}"
        )


def spikes(files: RunFiles) -> Spikes:
    """Read from costs.h5, which has the spikes of every population and of the host, whatever was probed.

    until: the whole run where it has at most SINGLY spikes, else as many whole steps as have no more, at least one; of more
    than SINGLY in that one the first are kept.
    """
    import h5py

    head, n_steps = files.head, int(files.summary["steps"])
    try:
        sizes = np.array([*head["sizes"], *head["source_sizes"]], np.int64)
        if n_steps < 1 or sizes.min(initial=0) < 0 or sizes.astype(float).sum() > 2**40:
            raise ValueError(f"{n_steps:,} steps of populations of {sizes.tolist()[:9]}")
    except (ValueError, TypeError, OverflowError) as error:
        raise files.broken("costs.h5", error) from None
    first = np.concatenate([[0], np.cumsum(sizes)])
    rows = np.minimum(sizes, min(MOST_ROWS, max(ALL_ROWS // max(sizes.size, 1), 1)))
    row_first = np.concatenate([[0], np.cumsum(rows)])
    columns = min(COLUMNS, n_steps)
    grid = np.zeros(int(row_first[-1]) * columns, np.int64)
    head_steps: list[np.ndarray] = []
    head_sources: list[np.ndarray] = []
    kept, total, in_first = 0, 0, 0
    try:
        with h5py.File(files.folder / "costs.h5", "r") as file:
            n = file["step"].shape[0]
            for low in range(0, n, PIECE):
                step = file["step"][low : low + PIECE].astype(np.int64)
                source = file["source"][low : low + PIECE].astype(np.int64)
                if step.size and (
                    step.min() < 1 or step.max() > n_steps or source.max() >= first[-1] or source.min() < 0
                ):
                    raise ValueError("a spike lies outside the run")
                panel = np.searchsorted(first, source, side="right") - 1
                row = row_first[panel] + (source - first[panel]) * rows[panel] // np.maximum(sizes[panel], 1)
                column = (step - 1) * columns // n_steps
                grid += np.bincount(row * columns + column, minlength=grid.size)
                total += step.size
                in_first += int(np.count_nonzero(step == 1))
                if kept <= SINGLY:
                    head_steps.append(step[: SINGLY + 1 - kept])
                    head_sources.append(source[: SINGLY + 1 - kept])
                    kept += head_steps[-1].size
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise files.broken("costs.h5", error) from None
    step = np.concatenate([np.zeros(0, np.int64), *head_steps])
    source = np.concatenate([np.zeros(0, np.int64), *head_sources])
    until = n_steps if total <= SINGLY else max(int(step[-1]) - 1, 1)
    inside = step <= until
    step, source = step[inside][:SINGLY], source[inside][:SINGLY]
    panel = np.searchsorted(first, source, side="right") - 1
    table = grid.reshape(-1, columns)
    names = [*head["names"], *head["source_names"]]
    panels = tuple(
        Panel(str(name), int(sizes[k]), k < len(head["names"]), int(rows[k]), table[row_first[k] : row_first[k + 1]])
        for k, name in enumerate(names)
    )
    begun = in_first if until == 1 else step.size
    return Spikes(panels, total, n_steps, until, step, panel, source - first[panel], begun)
