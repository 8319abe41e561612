"""HDF5's heaps of strings, walked before the library does: at an object of size 0 libhdf5 2.0 never ends.

A collection is 'GCOL', a version, three bytes, its size; then objects of 16 bytes (index, references, size) and their
data up to the next multiple of 8, the rest under index 0, whose size counts its own 16 bytes
(HDF5 File Format Specification 3.0, III.E).
"""

from __future__ import annotations

import mmap
from pathlib import Path

MARK = b"GCOL\x01"
HEADER = 16  # bytes, of a collection and of each object in it


def damaged_heap(path: Path) -> int | None:
    """Where in the file a heap lies whose objects do not follow one another; None where all do."""
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(MARK)
        while at >= 0:
            if at % 8 == 0 and not _sound(content, at):
                return at
            at = content.find(MARK, at + 1)
    return None


def _sound(content: mmap.mmap, at: int) -> bool:
    size = _number(content, at + 8)
    end = at + size
    if end > len(content):  # the library says so itself, or it is no heap
        return True
    here = at + HEADER
    while here + HEADER <= end:
        index, held = int.from_bytes(content[here : here + 2], "little"), _number(content, here + 8)
        taken = HEADER + -(-held // 8) * 8 if index else held
        if taken < HEADER or here + taken > end:
            return False
        here += taken
    return True


def _number(content: mmap.mmap, at: int) -> int:
    return int.from_bytes(content[at : at + 8], "little")
