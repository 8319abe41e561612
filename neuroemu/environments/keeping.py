"""Keeping: values of every kind that an environment has, as text for a checkpoint and back, of the same types.

What JSON would turn into something else carries its kind: {"tuple": [...]}, {"dict": [[key, value], ...]},
{"scalar": [dtype, value]}, {"array": [dtype, shape, base64]}, {"generator": [kind, state]}.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

KINDS = "biufU"  # of arrays, as numpy names them
CURSORS = {
    "pos": 624,
    "buffer_pos": 4,
    "has_uint32": 1,
    "uinteger": 2**32 - 1,
}  # the most of each in a generator's state
MOST = 2**128 - 1  # of other whole numbers there


class Unkept(ValueError):
    """A value that cannot be kept: where it stands, and what is wrong with it."""


def encoded(value: Any, where: str, seen: dict[int, str]) -> Any:
    """As JSON can hold it. where: its name.  seen: by id, where lists and the like were met: twice, and they would come back
    as two. Raises Unkept.
    """
    if value is None or (isinstance(value, (bool, int, float, str)) and type(value).__module__ == "builtins"):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in KINDS:
        return {"scalar": [value.dtype.str, value.item()]}
    if type(value) is tuple:
        return {"tuple": [encoded(each, f"{where}[{k}]", seen) for k, each in enumerate(value)]}
    once(value, where, seen)
    if type(value) is list:
        return [encoded(each, f"{where}[{k}]", seen) for k, each in enumerate(value)]
    if type(value) is dict:
        keys = [encoded(key, f"{where}'s key {key!r}", seen) for key in value]
        values = [encoded(each, f"{where}[{key!r}]", seen) for key, each in value.items()]
        return {"dict": [list(pair) for pair in zip(keys, values, strict=True)]}
    if type(value) is np.ndarray and value.dtype.kind in KINDS:
        return {"array": [value.dtype.str, list(value.shape), base64.b64encode(value.tobytes()).decode()]}
    if type(value) is np.random.Generator:
        state = value.bit_generator.state
        return {"generator": [state["bit_generator"], encoded(state, where, seen)]}
    raise Unkept(f"'{where}' is a {type(value).__name__}")


def once(value: Any, where: str, seen: dict[int, str]) -> None:
    """Notes what was met. Raises Unkept where it was met before, or another part of the same array."""
    while isinstance(value, np.ndarray) and value.base is not None:
        value = value.base
    if id(value) in seen:
        raise Unkept(f"'{where}' and '{seen[id(value)]}' are the same {type(value).__name__}")
    seen[id(value)] = where


def decoded(text: Any) -> Any:
    """What was encoded. Raises ValueError where a generator is none of numpy's, or in no state of it: a checkpoint may
    come from a stranger."""
    if isinstance(text, list):
        return [decoded(each) for each in text]
    if not isinstance(text, dict):
        return text
    ((kind, given),) = text.items()
    if kind == "tuple":
        return tuple(decoded(each) for each in given)
    if kind == "dict":
        return {decoded(key): decoded(value) for key, value in given}
    if kind == "scalar":
        return np.dtype(given[0]).type(given[1])
    if kind == "array":
        return np.frombuffer(base64.b64decode(given[2]), np.dtype(given[0])).reshape(given[1]).copy()
    kind_of_bits = getattr(np.random, str(given[0]), None)
    if not (isinstance(kind_of_bits, type) and issubclass(kind_of_bits, np.random.BitGenerator)):
        raise ValueError(f"'{given[0]}' is no generator of numpy")
    made, state = kind_of_bits(), decoded(given[1])
    if not _alike(state, made.state):
        raise ValueError(f"what is kept of a generator is no state of {given[0]}")
    made.state = state
    return np.random.Generator(made)


def _alike(state: Any, usual: Any, key: str = "") -> bool:
    """Whether a generator can be in this state: numpy takes any, and draws from where its cursors say, in the array or not."""
    if isinstance(usual, dict):
        return (
            isinstance(state, dict)
            and state.keys() == usual.keys()
            and all(_alike(state[name], usual[name], name) for name in usual)
        )
    if isinstance(usual, np.ndarray):
        return isinstance(state, np.ndarray) and state.shape == usual.shape and state.dtype == usual.dtype
    if isinstance(usual, str):
        return bool(state == usual)
    return type(state) is int and 0 <= state <= CURSORS.get(key, MOST)
