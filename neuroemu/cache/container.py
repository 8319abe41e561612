"""Container: nested values with their arrays in one file, written whole, mapped back without copying or running anything.

Layout: MAGIC, length and digest of the head, the head (JSON: the values, and where each array lies), the arrays, aligned.
Only the types in KINDS come back; there is no pickle in it. What is not exactly what was written is refused.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
import zlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..chip import Arithmetic, Mesh
from ..compiler.compile import Compiled, Mapping
from ..compiler.demand import Demand
from ..compiler.image import Blocks, Cells, ChipImage, CountRows, Parts, Plastic, Synapses
from ..compiler.partition import Part
from ..compiler.quantise import Rounding
from ..compiler.registers import PopulationRounding
from ..compiler.rounding import ProjectionRounding
from ..learning.tables import RuleTables

MAGIC = b"neuroemu image 1"
ALIGN = 64
_START = struct.Struct("<Q16s")  # length of the head, digest of the head
KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Arithmetic, Blocks, Cells, ChipImage, Compiled, CountRows, Demand, Mapping, Mesh, Part, Parts, Plastic,
        PopulationRounding, ProjectionRounding, Rounding, RuleTables, Synapses,
    )
}  # fmt: skip


class Foreign(Exception):
    """The file is not what was written under that key."""


def write(stream: IO[bytes], key: str, value: Any) -> None:
    """Writes the value.  Raises TypeError for types that would not come back."""
    arrays: list[np.ndarray] = []
    tree = _plain(value, arrays)
    places, at = [], 0
    for array in arrays:
        places.append([array.dtype.str, list(array.shape), at])
        at += -(-array.nbytes // ALIGN) * ALIGN
    crc = 0
    for array in arrays:
        crc = zlib.crc32(_bytes(array), crc)
    head = json.dumps({"key": key, "value": tree, "arrays": places, "bytes": at, "crc": crc}).encode()
    stream.write(MAGIC + _START.pack(len(head), _digest(head)) + head)
    stream.write(b"\0" * (-stream.tell() % ALIGN))
    for array in arrays:
        stream.write(_bytes(array))
        stream.write(b"\0" * (-array.nbytes % ALIGN))


def read(path: Path, key: str) -> Any:
    """The value in a file; its arrays are read-only and lie in the file.  Raises Foreign, OSError."""
    with open(path, "rb") as stream:
        start = stream.read(len(MAGIC) + _START.size)
        if len(start) < len(MAGIC) + _START.size or not start.startswith(MAGIC):
            raise Foreign("another kind of file")
        length, digest = _START.unpack(start[len(MAGIC) :])
        size = path.stat().st_size
        head = stream.read(length) if length <= size else b""
        if _digest(head) != digest:
            raise Foreign("its head is not whole")
        found = json.loads(head)
        begin = -(-(len(start) + length) // ALIGN) * ALIGN
        if found["key"] != key or size != begin + found["bytes"]:
            raise Foreign("of another key, or cut short")
        if not found["bytes"]:
            return _value(found["value"], [_empty(*place) for place in found["arrays"]])
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    arrays, crc = [], 0
    for kind, shape, at in found["arrays"]:
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(content, kind, count, begin + at).reshape(shape) if count else _empty(kind, shape, at)
        crc = zlib.crc32(_bytes(array), crc)
        arrays.append(array)
    if crc != found["crc"]:
        raise Foreign("its arrays are not what was written")
    return _value(found["value"], arrays)


def _digest(head: bytes) -> bytes:
    return hashlib.blake2b(head, digest_size=16).digest()


def _bytes(array: np.ndarray) -> Any:
    return array.reshape(-1).view(np.uint8).data if array.size else b""


def _empty(kind: str, shape: list[int], at: int) -> np.ndarray:
    array = np.empty(shape, kind)
    array.setflags(write=False)
    return array


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """The value as JSON has it, arrays by their number."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray):
        arrays.append(np.ascontiguousarray(value).reshape(value.shape))
        return {"array": len(arrays) - 1}
    name = type(value).__name__
    if KINDS.get(name) is type(value):
        names = [field.name for field in fields(value)] if is_dataclass(value) else value._fields
        return {"kind": name, "of": {key: _plain(getattr(value, key), arrays) for key in names}}
    if isinstance(value, dict):
        return {"dict": [[_plain(key, arrays), _plain(item, arrays)] for key, item in value.items()]}
    for kind in (tuple, list, frozenset):
        if type(value) is kind:
            return {kind.__name__: [_plain(item, arrays) for item in (sorted(value) if kind is frozenset else value)]}
    raise TypeError(f"{type(value)} is not kept in a cache")


def _value(tree: Any, arrays: list[np.ndarray]) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return arrays[tree["array"]]
    if "kind" in tree:
        return KINDS[tree["kind"]](**{key: _value(item, arrays) for key, item in tree["of"].items()})
    if "dict" in tree:
        return {_value(key, arrays): _value(item, arrays) for key, item in tree["dict"]}
    ((name, items),) = tree.items()
    return {"tuple": tuple, "list": list, "frozenset": frozenset}[name](_value(item, arrays) for item in items)
