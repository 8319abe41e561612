"""What two runs learned, side by side: the synapses of each connection that learns, as probed and after the run."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OutputError
from ..report import synapses
from ..report.reading import reading
from .first import First

ENDS = ("pre", "post")
FIELDS = ("weight", "tag", "delay")  # after the run; with an s, (looks, synapses), where they were probed


class Learned:
    """weights.npz of a run folder, read an array at a time.  names: connections that learned, by summary.json.

    Raises OutputError, when made, where the file is not there although something learned, or cannot be read.
    """

    def __init__(self, folder: Path, summary: dict[str, Any]):
        self.path, self.keys = folder / synapses.FILE, frozenset[str]()
        learned = summary.get("weights")
        self.names = list(learned) if isinstance(learned, dict) else []
        if self.names and not self.path.is_file():
            raise OutputError(
                f"{self.path} is missing, although {folder / 'summary.json'} says that synapses learned. Run it again."
            )
        if not self.path.is_file():
            return
        with reading(self.path), zipfile.ZipFile(self.path) as archive:
            self.keys = frozenset(name.removesuffix(".npy") for name in archive.namelist())
        gone = [
            f"{name}.{what}" for name in self.names for what in (*ENDS, *FIELDS) if f"{name}.{what}" not in self.keys
        ]
        if gone:
            raise OutputError(f"{self.path} lacks '{gone[0]}', which every run that learns writes. Run it again.")

    def __call__(self, key: str, n_dims: int = 1) -> np.ndarray:
        """One of its arrays."""
        with reading(self.path), np.load(self.path, allow_pickle=False) as kept:
            found: np.ndarray = kept[key]
            if found.ndim != n_dims:
                raise ValueError(f"'{key}' has the shape {found.shape}")
            return found

    def looks(self, name: str) -> np.ndarray:
        """Steps at whose ends the synapses of a connection were probed."""
        return self(f"{name}.steps") if f"{name}.steps" in self.keys else np.zeros(0, np.int64)

    def table(self, name: str, what: str) -> np.ndarray:
        """(looks, synapses) of a connection that was probed."""
        key = f"{name}.{what}s"
        found, shape = self(key, 2), (self.looks(name).size, self(f"{name}.pre").size)
        if found.shape != shape:
            raise OutputError(
                f"{self.path} cannot be read ('{key}' has the shape {found.shape}, not {shape}). Run it again."
            )
        return found


def alone(one: Learned, other: Learned) -> list[str]:
    """What the first alone recorded: 'synapses of a->b', or of which steps, and what they are after the run."""
    told = [f"what {name} learned" for name in one.names if name not in other.names]
    for name in (name for name in one.names if name in other.names):
        mine, theirs = one.looks(name), other.looks(name)
        more = np.setdiff1d(mine, theirs).tolist()
        if more and not theirs.size:
            told.append(f"synapses of {name}")
        elif more:
            steps = f"{', '.join(map(str, more[:3]))}{', ...' if len(more) > 3 else ''}"
            told.append(f"synapses of {name} after step {steps}")
    return told


def first_learned(one: Learned, other: Learned, n_steps: int | None) -> Iterator[First]:
    """Of each connection that learned in both, the first difference at steps that both probed; step 0 is before the run.

    n_steps: of both runs; None where they are of different lengths, so that what is after the run is not compared.
    """
    for name in (name for name in one.names if name in other.names):
        sizes = [each(f"{name}.pre").size for each in (one, other)]
        if sizes[0] != sizes[1]:
            yield First(0, "synapses", name, 0, *sizes)
            continue
        apart = [_flat(one, other, name, what, 0) for what in ENDS]
        steps, mine, theirs = np.intersect1d(one.looks(name), other.looks(name), return_indices=True)
        if steps.size:
            for what in FIELDS:
                apart.append(_first(name, steps, what, one.table(name, what)[mine], other.table(name, what)[theirs]))
        if n_steps is not None:
            apart += [_flat(one, other, name, what, n_steps) for what in FIELDS]
        found = [first for first in apart if first is not None]
        if found:
            yield min(found, key=lambda first: first.step)


def _flat(one: Learned, other: Learned, name: str, what: str, step: int) -> First | None:
    """The first difference of what is kept once, (synapses,)."""
    tables = [each(f"{name}.{what}") for each in (one, other)]
    n = one(f"{name}.pre").size
    for each, table in zip((one, other), tables, strict=True):
        if table.size != n:
            raise OutputError(
                f"{each.path} cannot be read ('{name}.{what}' has {table.size} values, not {n}). Run it again."
            )
    return _first(name, np.array([step]), what, tables[0][None], tables[1][None])


def _first(name: str, steps: np.ndarray, what: str, a: np.ndarray, b: np.ndarray) -> First | None:
    """The first difference of two tables (looks, synapses)."""
    row, column = np.nonzero(a != b)
    if not row.size:
        return None
    k, c = int(row[0]), int(column[0])
    return First(int(steps[k]), what, name, c, float(a[k, c]), float(b[k, c]))
