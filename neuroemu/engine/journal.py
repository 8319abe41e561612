"""Journal: a folder in which a run keeps what it has done so far, so that another process can go on from there.

    FOLDER/NAME.rows       what is recorded, a row after the other, as long as it is
    FOLDER/checkpoint.npz  the state at the end of a step, and of each file how many rows belong to the steps up to it, their
                           bytes and the CRC-32 of those

Rows are on the disk before the checkpoint that counts them takes the place of the one before, and rows beyond it are cut off
when a run goes on: whenever a process ends, the folder holds a run up to some step, whole. What was changed since is told.
"""

from __future__ import annotations

import os
import time
import zlib
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
PIECE = 1 << 20  # bytes that are read at once


@dataclass(frozen=True)
class Every:
    """How often a checkpoint is taken: by steps, or by seconds."""

    steps: int = 0
    seconds: float = 0.0


class Journal:
    """begin: the checkpoint that the run goes on from, None where there is none yet."""

    def __init__(self, folder: Path, every: Every, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises DataError where the folder holds a checkpoint, and not all is as it was written."""
        self._folder, self._every, self._clock = folder, every, clock
        path = folder / CHECKPOINT
        found = _loaded(path) if path.exists() else None
        self._run: dict[str, np.ndarray] = {}
        self.begin: Checkpoint | None = None
        if found is not None:
            self._run = {name: array for name, array in found.arrays.items() if name.startswith("run.")}
            self.begin = replace(found, arrays={k: a for k, a in found.arrays.items() if k not in self._run})
        for name, (_, size, crc) in self._rows().items():
            _check_rows(folder / f"{name}.rows", size, crc)
        self._spools: dict[str, Spool] = {}
        self._last = clock()

    def _rows(self) -> dict[str, tuple[int, int, int]]:
        """Of each file with rows that belong to the checkpoint: how many, their bytes, the CRC-32 of those."""
        named = {key.removeprefix(ROWS): array for key, array in self._run.items() if key.startswith(ROWS)}
        return {name: (n, size, crc) for name, array in named.items() for n, size, crc in [array.tolist()] if n}

    def spool(self, name: str, kind: type, width: tuple[int, ...], memory: int) -> Spool:
        """A spool in the folder, with the rows that belong to the checkpoint. Raises OutputError where it cannot be opened."""
        path = self._folder / f"{name}.rows"
        n, _, crc = self._rows().get(name, (0, 0, 0))
        try:
            self._spools[name] = made = Spool(kind, width, 0, path, n, crc)
        except OSError as error:
            raise OutputError(f"{path} cannot be opened ({error.strerror}).") from None
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
        rows = {f"{ROWS}{name}": np.array([spool.n, spool.size, spool.crc]) for name, spool in self._spools.items()}
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


def unusable(path: Path, what: str) -> DataError:
    """Of a file that the run cannot go on without: what is wrong with it, and what can be done."""
    return DataError(
        f"{path} cannot be used: {what}. The run cannot go on. "
        f"Try a copy of the file that is whole; or delete {path.parent} and run it from the start."
    )


def _loaded(path: Path) -> Checkpoint:
    try:
        return checkpoint.load(path)
    except DataError as error:
        raise unusable(path, str(error).partition(": ")[2]) from None


def _check_rows(path: Path, size: int, crc: int) -> None:
    """Raises DataError where the file does not begin with those bytes."""
    left, found = size, 0
    try:
        with path.open("rb") as file:
            while left and (piece := file.read(min(left, PIECE))):
                left, found = left - len(piece), zlib.crc32(piece, found)
    except OSError as error:
        raise unusable(path, f"it cannot be read ({error.strerror})") from None
    if left:
        raise unusable(path, f"it has {size - left:,} bytes, and had {size:,} when the checkpoint beside it was taken")
    if found != crc:
        raise unusable(path, "its rows are not what was written")


def sync_folder(folder: Path) -> None:
    """Has the names in a folder be on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
