"""Arrays from files: 'weights.npz#w1', read without pickle and sized up before anything is allocated."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

MAX_ARRAY_BYTES = 4 << 30


def load(reference: str, beside: Path) -> np.ndarray:
    """The array that 'FILE.npz#NAME' names, FILE relative to `beside`.

    Raises ValueError with what is wrong: no such file or name, not an .npz, truncated, objects inside, too large.
    """
    file, _, name = reference.partition("#")
    if not name or not file.endswith(".npz"):
        raise ValueError(f"'{reference}' does not name an array; write 'FILE.npz#NAME'")
    path = beside / file
    if not path.is_file():
        raise ValueError(f"there is no file '{path}'")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.removesuffix(".npy") for member in archive.namelist()]
            if name not in names:
                raise ValueError(f"'{path}' has no array '{name}'; it has {', '.join(names) or 'none'}")
            _check_header(archive, name, reference)
            with archive.open(f"{name}.npy") as stream:
                array = np.lib.format.read_array(stream, allow_pickle=False)
    except (zipfile.BadZipFile, OSError, EOFError, KeyError, SyntaxError) as error:
        raise ValueError(f"'{path}' cannot be read as .npz ({error}); is it cut short?") from None
    except ValueError as error:
        raise (
            error
            if str(path) in str(error) or reference in str(error)
            else ValueError(f"'{reference}' cannot be read ({error})")
        ) from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"'{reference}' holds {array.dtype} values; numbers are needed")
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        bad = np.argwhere(~np.isfinite(array))
        where = tuple(int(k) for k in bad[0])
        raise ValueError(f"'{reference}' holds {array[where]} at {where} ({len(bad)} such values); all must be finite")
    return array


def _check_header(archive: zipfile.ZipFile, name: str, reference: str) -> None:
    """Refuses objects and sizes that lie: the header's size, what the zip says it unpacks to, and our own limit."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        header = stream.tell()
    if dtype.hasobject:
        raise ValueError(f"'{reference}' holds Python objects; save plain numbers")
    n_bytes = int(np.prod([int(size) for size in shape], dtype=object)) * dtype.itemsize
    if n_bytes > MAX_ARRAY_BYTES:
        raise ValueError(f"'{reference}' would take {n_bytes} bytes; at most {MAX_ARRAY_BYTES} are read")
    if n_bytes != info.file_size - header:
        raise ValueError(f"'{reference}' says it has {n_bytes} bytes and has {info.file_size - header}")
