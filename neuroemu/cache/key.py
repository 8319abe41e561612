"""Key: a digest of everything that decides a compiled image, and of nothing else.

The network with its arrays, models of the user's by what they compute, the structure of the chip, the mapping options, the
seed, and the sources of neuroemu themselves, so that no other version's image is ever taken.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from ..chip import Chip
from ..compartments import Model, is_built_in
from ..compartments.fingerprint import fingerprint
from ..mapping import MappingOptions
from ..network import Network
from ..pieces import different, pieces


class Unknown(Exception):
    """Something of the user's own decides the image, and nobody can say whether it is the same as before."""


def key_of(network: Network, chip: Chip, options: MappingOptions, seed: int, *more: Any) -> str:
    """Hexadecimal.  more: what else decides the image.  Raises Unknown, for connectors that do not come from here."""
    state = hashlib.blake2b(digest_size=20)
    state.update(f"{sources()};numpy {np.__version__};{sys.byteorder};{_packages()};".encode())
    decides = (network.step_ms, network.populations, network.projections, network.branches)
    structure = (chip.mesh, chip.core, chip.synapse, chip.registers, chip.arithmetic)
    _feed(state, (decides, structure, replace(options, file="", profile=""), int(seed), more))
    return state.hexdigest()


@functools.cache
def _packages() -> str:
    """The versions of what cuts networks."""
    found = []
    for name in ("scipy", "mtkahypar", "pymetis"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


@functools.cache
def sources() -> str:
    """Of every source file of neuroemu; a few milliseconds."""
    package, state = Path(__file__).resolve().parents[1], hashlib.blake2b(digest_size=16)
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        state.update(f"{path.relative_to(package).as_posix()} {len(content)};".encode() + content)
    return state.hexdigest()


def _feed(state: Any, item: Any) -> None:
    """Adds one value, whatever it is made of, with its type and length, so that no two values add the same."""
    if item is None or isinstance(item, (bool, int, float, str, bytes)):
        text = repr(item).encode()
        state.update(f"{type(item).__name__} {len(text)}:".encode() + text)
    elif isinstance(item, np.ndarray):
        _feed_array(state, item)
    elif isinstance(item, np.generic):
        _feed_array(state, np.asarray(item))
    elif isinstance(item, Enum):
        _feed(state, (type(item).__name__, item.value))
    elif isinstance(item, Mapping):
        _feed(state, ("mapping", *sorted(item.items(), key=lambda pair: repr(pair[0]))))
    elif isinstance(item, (tuple, list)):
        state.update(f"{type(item).__name__} {len(item)}(".encode())
        for part in item:
            _feed(state, part)
    elif isinstance(item, Model):
        # What the user's functions do counts, and what they reach; ours are among the sources.
        own = "" if is_built_in(item) else fingerprint(item, tables=True)
        _feed(state, ("model", item.name, own))
    elif is_dataclass(item) and not isinstance(item, type) and _ours(type(item)):
        named = [(field.name, getattr(item, field.name)) for field in fields(item)]
        _feed(state, (type(item).__module__, type(item).__qualname__, *named))
    else:
        raise Unknown(f"{type(item).__module__}.{type(item).__qualname__}")


def _ours(kind: type) -> bool:
    return kind.__module__.split(".")[0] == __name__.split(".")[0]


def _feed_array(state: Any, array: np.ndarray) -> None:
    """An array by its values; one value seen many times is fed once."""
    if array.dtype.hasobject:
        raise Unknown("an array of objects")
    values = different(array) if array.ndim == 1 else array
    state.update(f"array {array.dtype.str} {array.shape} {values.shape}:".encode())
    if values.ndim == 1 and not values.flags.c_contiguous:
        for piece in pieces(values.size):
            state.update(np.ascontiguousarray(values[piece]).data)
    elif values.size:
        state.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
