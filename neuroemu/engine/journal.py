"""Journal: a folder in which a run keeps what it has done so far, so that another process can go on from there.

    FOLDER/NAME.rows       what is recorded, a row after the other, as long as it is
    FOLDER/checkpoint.npz  the state at the end of a step, and how many rows of each file belong to the steps up to it

Rows are on the disk before the checkpoint that counts them takes the place of the one before, and rows beyond it are cut off
when a run goes on: whenever a process ends, the folder holds a run up to some step, whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError, OutputError
from ..spool import Spool
from . import checkpoint
from .checkpoint import Checkpoint

if TYPE_CHECKING:
    from .recording import Recording
    from .state import ChipState

CHECKPOINT = "checkpoint.npz"
OVERFLOWS, MEMBRANES, ROWS = "run.overflows", "run.membranes", "run.rows."  # of a checkpoint's arrays


@dataclass(frozen=True)
class Every:
    """How often a checkpoint is taken: by steps, or by seconds."""

    steps: int = 0
    seconds: float = 0.0


class Journal:
    """begin: the checkpoint that the run goes on from, None where there is none yet."""

    def __init__(self, folder: Path, every: Every, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises DataError where the folder holds a checkpoint that cannot be read."""
        self._folder, self._every, self._clock = folder, every, clock
        path = folder / CHECKPOINT
        found = checkpoint.load(path) if path.exists() else None
        self._run: dict[str, np.ndarray] = {}
        self.begin: Checkpoint | None = None
        if found is not None:
            self._run = {name: array for name, array in found.arrays.items() if name.startswith("run.")}
            self.begin = replace(found, arrays={k: a for k, a in found.arrays.items() if k not in self._run})
        self._spools: dict[str, Spool] = {}
        self._last = clock()

    def spool(self, name: str, kind: type, width: tuple[int, ...], memory: int) -> Spool:
        """A spool in the folder, with the rows that belong to the checkpoint. Raises DataError where they are not there."""
        rows = int(self._run.get(f"{ROWS}{name}", np.array(0)))
        path = self._folder / f"{name}.rows"
        if rows and (not path.is_file() or path.stat().st_size < rows * _row_bytes(kind, width)):
            raise DataError(f"{path} is shorter than the checkpoint beside it says. Run it from the start.")
        self._spools[name] = made = Spool(kind, width, 0, path, rows)
        return made

    def until_next(self, done: int) -> int:
        """How many steps may pass before the next checkpoint is due."""
        return self._every.steps - done % self._every.steps if self._every.steps else 2**31

    def due(self, done: int) -> bool:
        """Whether a checkpoint is due after a step."""
        if self._every.steps:
            return done % self._every.steps == 0
        return self._clock() - self._last >= self._every.seconds

    def keep(self, now: Checkpoint, recording: Recording, state: ChipState) -> None:
        """Everything up to the end of a step, for good. Raises OutputError where the disk is full."""
        try:
            self._keep(now, recording, state)
        except OSError as error:
            raise OutputError(f"{self._folder} has no room for a checkpoint ({error.strerror}).") from None
        self._last = self._clock()

    def _keep(self, now: Checkpoint, recording: Recording, state: ChipState) -> None:
        for spool in self._spools.values():
            spool.sync()
        rows = {f"{ROWS}{name}": np.array(spool.n) for name, spool in self._spools.items()}
        counted = {OVERFLOWS: state.overflows.sum(axis=0)}
        if recording.membranes is not None:
            counted[MEMBRANES] = recording.membranes.changed
        checkpoint.save(replace(now, arrays={**now.arrays, **rows, **counted}), self._folder / CHECKPOINT)
        sync_folder(self._folder)

    def put_back(self, recording: Recording, state: ChipState) -> None:
        """What was counted up to the checkpoint."""
        if self.begin is None:
            return
        state.overflows[0] = self._run[OVERFLOWS]
        if recording.membranes is not None:
            recording.membranes.changed[:] = self._run[MEMBRANES]


def _row_bytes(kind: type, width: tuple[int, ...]) -> int:
    return np.dtype(kind).itemsize * int(np.prod(width, dtype=np.int64))


def sync_folder(folder: Path) -> None:
    """Has the names in a folder be on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
