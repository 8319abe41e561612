"""Arrays from files: 'weights.npz#w1', read without pickle and sized up before anything is allocated."""

from __future__ import annotations

import math
import stat
import tokenize
import zipfile
from pathlib import Path

import numpy as np

from .checking import LARGEST

MAX_ARRAY_BYTES = 4 << 30


class _Refused(ValueError):
    """Our own finding, with its text complete; anything else that a broken file makes numpy or zipfile raise is wrapped."""


def load(reference: str, beside: Path) -> np.ndarray:
    """The array that 'FILE.npz#NAME' names as float64, FILE relative to `beside`.

    Raises ValueError with what is wrong: no such file or name, not an .npz, truncated, objects inside, not finite, too large.
    """
    file, _, name = reference.partition("#")
    if not name or not file.endswith(".npz"):
        raise ValueError(f"'{reference}' does not name an array; write 'FILE.npz#NAME'")
    path = beside / file
    check_file(path, MAX_ARRAY_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.removesuffix(".npy") for member in archive.namelist() if member.endswith(".npy")]
            if name not in names:
                raise _Refused(f"'{path}' has no array '{name}'; it has {', '.join(names) or 'none'}")
            _check_header(archive, name, reference)
            with archive.open(f"{name}.npy") as stream:
                array = np.lib.format.read_array(stream, allow_pickle=False)
    except _Refused:
        raise
    except Exception as error:  # zipfile, zlib, struct, tokenize and numpy each have kinds of their own
        raise ValueError(f"'{path}' cannot be read as .npz ({error}); is it cut short?") from None
    with np.errstate(over="ignore"):  # a long double may exceed float64
        array = array.astype(np.float64, copy=False)
    if not np.all(np.abs(array) <= LARGEST):  # nan is not either
        bad = np.argwhere(~(np.abs(array) <= LARGEST))
        where = tuple(int(k) for k in bad[0])
        count = f"{len(bad)} such values" if len(bad) > 1 else "the only such value"
        raise ValueError(
            f"'{reference}' holds {array[where]} at {list(where)} ({count}); all must be finite, at most {LARGEST:g}"
        )
    return array


def check_file(path: Path, most_bytes: int) -> None:
    """Raises ValueError unless `path` is a regular file of at most so many bytes: a pipe would be waited for, for ever."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        if isinstance(error, FileNotFoundError):
            raise ValueError(f"there is no file '{path}'") from None
        raise ValueError(f"'{path}' cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"'{path}' is {'a folder' if stat.S_ISDIR(status.st_mode) else 'not a regular file'}")
    if status.st_size > most_bytes:
        raise ValueError(f"'{path}' has {status.st_size} bytes; at most {most_bytes} are read")


def _check_header(archive: zipfile.ZipFile, name: str, reference: str) -> None:
    """Refuses what is no number, and sizes that lie: the header's, what the zip says it unpacks to, and our own limit."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(stream)
        except (ValueError, SyntaxError, tokenize.TokenError):
            raise _Refused(f"'{reference}' has no header as numpy writes it; is it cut short?") from None
        header = stream.tell()
    if dtype.hasobject:
        raise _Refused(f"'{reference}' holds Python objects; save plain numbers")
    if dtype.kind not in "biuf":
        raise _Refused(f"'{reference}' holds values of the type {dtype}; numbers are needed")
    n_values = math.prod(int(size) for size in shape)
    if n_values * 8 > MAX_ARRAY_BYTES:
        raise _Refused(f"'{reference}' would take {n_values * 8} bytes; at most {MAX_ARRAY_BYTES} are read")
    if any(not 0 <= size <= MAX_ARRAY_BYTES for size in shape):  # (-1, -2), or (0, 10**30)
        raise _Refused(f"'{reference}' has the shape {list(shape)}")
    says, has = n_values * dtype.itemsize, info.file_size - header
    if says != has:
        raise _Refused(f"'{reference}' says it has {says} bytes and has {has}")
