"""What two run folders hold, side by side: spikes, probed states, synapses that learned."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OutputError
from ..report import saved
from ..report.reading import reading
from .first import First
from .learned import Learned, first_learned
from .spiked import Spikes, first_spike
from .summaries import summary_of

ROWS = 1 << 12  # steps of a state that are looked at together


def first_recorded(one: Path, other: Path) -> First | None:
    """The first difference of all that both recorded; of one step spikes come last, as they follow from states.

    Raises OutputError where the populations are not the same, or a folder cannot be read.
    """
    a, b = saved.read(one), saved.read(other)
    shapes = [
        dict(zip((*w.names, *w.source_names), (*w.sizes, *w.source_sizes), strict=True)) for w in (a.wiring, b.wiring)
    ]
    if shapes[0] != shapes[1]:
        odd = sorted(name for name in shapes[0].keys() | shapes[1].keys() if shapes[0].get(name) != shapes[1].get(name))
        raise OutputError(
            f"{one} and {other} are of different networks: {', '.join(odd[:5])}. There is no first difference."
        )
    lengths = a.activity.n_steps, b.activity.n_steps
    learned = [Learned(folder, summary_of(folder)) for folder in (one, other)]
    found = [
        *_first_states(one, other),
        *first_learned(learned[0], learned[1], lengths[0] if lengths[0] == lengths[1] else None),
        *first_spike(list(shapes[0].items()), _spikes(a), _spikes(b)),
    ]
    if lengths[0] != lengths[1]:
        found.append(First(min(lengths) + 1, "steps", "the run", 0, *lengths))
    return min(found, key=lambda first: first.step, default=None)


def _spikes(run: saved.Saved) -> Spikes:
    return run.activity.step, run.activity.source, run.activity.payload


def _first_states(one: Path, other: Path) -> Iterator[First]:
    import h5py

    paths = one / "spikes.h5", other / "spikes.h5"
    with contextlib.ExitStack() as stack:
        files = []
        for path in paths:
            with reading(path):
                files.append(stack.enter_context(h5py.File(path, "r")))
        for name, field in sorted(_probed(files[0], paths[0]) & _probed(files[1], paths[1])):
            tables = [_Table(file, path, name, field) for file, path in zip(files, paths, strict=True)]
            common = np.intersect1d(tables[0].index, tables[1].index, return_indices=True)
            yield from _first_of(name, field, tables, common)


def _probed(file: Any, path: Path) -> set[tuple[str, str]]:
    with reading(path):
        return {
            (name, field) for name, node in file["nodes"].items() for field in node["observables"] if field != "spikes"
        }


class _Table:
    """A probed state, (samples, steps, n).  index: (n,) of its compartments."""

    def __init__(self, file: Any, path: Path, name: str, field: str):
        self._path = path
        with reading(path):
            group = file["nodes"][name]["observables"][field]
            self.index, self._data = np.asarray(group.attrs["index"]), group["data"]
            self.shape: tuple[int, ...] = self._data.shape
            if self._data.ndim != 3 or self.index.ndim != 1 or self.shape[2] != self.index.size:
                raise ValueError(f"'{name}.{field}' has the shape {self.shape}")

    def rows(self, sample: int, begin: int, end: int) -> np.ndarray:
        with reading(self._path):
            found: np.ndarray = self._data[sample, begin:end]
            return found


def _first_of(name: str, field: str, tables: list[_Table], common: tuple[np.ndarray, ...]) -> Iterator[First]:
    """The first difference of two tables (samples, steps, n) in the columns that both have."""
    samples, steps = (min(table.shape[k] for table in tables) for k in (0, 1))
    if tables[0].shape[1] != tables[1].shape[1]:
        samples = min(samples, 1)  # later ones began at other steps
    for sample in range(samples):
        for begin in range(0, steps, ROWS):
            a, b = (
                table.rows(sample, begin, min(begin + ROWS, steps))[:, columns]
                for table, columns in zip(tables, common[1:], strict=True)
            )
            row, column = np.nonzero(a != b)
            if row.size:
                k, c = int(row[0]), int(column[0])
                step = sample * tables[0].shape[1] + begin + k + 1
                yield First(step, field, name, int(common[0][c]), float(a[k, c]), float(b[k, c]))
                return
