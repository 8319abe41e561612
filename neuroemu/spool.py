"""Spools: rows that a run leaves behind, step after step; in memory up to a budget, beyond it in a file without a name.

What is read back is one array either way (numpy.memmap looks like one), so nothing else needs to know.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from .errors import OutputError


def budget() -> int:
    """Bytes of a run's records that stay in memory: 1 GiB, or NEUROEMU_MEMORY_MB megabytes. Raises OutputError."""
    given = os.environ.get("NEUROEMU_MEMORY_MB", "1024")
    if not (given.isascii() and given.isdigit()):
        raise OutputError(f"NEUROEMU_MEMORY_MB is {given!r}. Allowed: a whole number of megabytes.")
    return int(given) << 20


def forget(*arrays: np.ndarray) -> None:
    """Lets go of the memory of what lies on disk; it is read again where it is looked at again."""
    for array in arrays:
        if isinstance(array, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
            array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


class Spool:
    """Rows of one type.  width: shape of a row, () for numbers.  budget: bytes that may stay in memory.

    path: a file of its own, from the start.  n: rows that it has already; what lies behind them is cut off.
    crc: CRC-32 of all bytes of a file of its own, at first that of its n rows; each row is looked at once.
    """

    def __init__(
        self, dtype: Any, width: tuple[int, ...], budget: int, path: Path | None = None, n: int = 0, crc: int = 0
    ) -> None:
        self._dtype, self._width, self._left = np.dtype(dtype), width, budget
        self._pieces: list[np.ndarray] = []
        self._file: IO[bytes] | None = None
        self._where = Path(tempfile.gettempdir()) if path is None else path.parent
        self.n, self.crc, self._own = n, crc, path is not None
        if path is not None:
            self._file = path.open("r+b" if n else "w+b")  # lives as long as its array
            self._file.truncate(self.size)
            self._file.seek(0, os.SEEK_END)

    def append(self, rows: np.ndarray) -> None:
        """Adds rows; they are copied. Raises OutputError where the disk is full."""
        rows = np.array(rows, self._dtype, order="C")
        self.n += rows.shape[0]
        self._left -= rows.nbytes
        if self._left >= 0 and self._file is None:
            self._pieces.append(rows)
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="neuroemu-")  # noqa: SIM115 - lives as long as its array
                for piece in self._pieces:
                    self._file.write(piece.data)
                self._pieces = []
            self._file.write(rows.data)
            if self._own:
                self.crc = zlib.crc32(rows.data, self.crc)
        except OSError as error:
            raise OutputError(
                f"{self._where} has no room for what the run records ({error.strerror}). "
                "Try a larger disk (TMPDIR, -o), fewer steps, samples or probes."
            ) from None

    def sync(self) -> None:
        """Has all rows be on the disk, where they lie in a file. Raises OSError where it is full."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return self.n * self._dtype.itemsize * int(np.prod(self._width, dtype=np.int64))

    @property
    def spilled(self) -> bool:
        """Whether it lies on disk."""
        return self._file is not None

    def array(self) -> np.ndarray:
        """All rows so far, (n, *width)."""
        shape = (self.n, *self._width)
        if self._file is not None:
            self._file.flush()
            if not int(np.prod(shape)):
                return np.empty(shape, self._dtype)
            return np.memmap(self._file, self._dtype, "r", shape=shape)
        if not self._pieces:
            return np.empty(shape, self._dtype)
        return self._pieces[0] if len(self._pieces) == 1 else np.concatenate(self._pieces)
