"""Specialising: the kernel of a part, compiled for one model and for what a population uses of it.

Takes a Model, gives a C function that `native.call` calls by its address, kept on disk between processes. A model that
cannot be compiled is told as a Problem in the words of someone who wrote it. Knows nothing of steps or threads.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import types
from numba.core.errors import NumbaError

from ..chip import Arithmetic
from ..compartments import Model, fingerprint, is_built_in
from ..errors import Problem, ProgramError
from ..jit import jitted, specialise
from ..widths import LANES
from .kernel import N_SWITCHES, advance_part
from .native import SIGNATURE, int32s, int64s

OURS = Path(__file__).resolve().parents[1]


def never(p, s):
    """The at_rest of a model without one."""
    return False


@cache
def compiled(
    model: Model, uniform: bool, wide: bool, switches: tuple, arithmetic: Arithmetic | None, numbered: bool = False
) -> Any:
    """The C function of a model for what a population uses of it.

    uniform: one row of parameters for all.  wide: the ring holds int64.  switches: (constant, value) of the model's file.
    arithmetic: as constants; None reads the switches while it runs, a little slower.  numbered: compartments have another
    index than their place, which the model may ask for.  What a user's model indexes is checked
    against its bounds.
    """
    # Those that come along are part of the cache folder's digest; what is a user's may change without a new name. numba
    # finds a cached kernel by the name of its module, too.
    own = "" if is_built_in(model) else fingerprint(model) + model.update.__module__
    text = repr((model.name, own, uniform, wide, switches, arithmetic, numbered))
    known = inspect.getmodule(model.update) is not None  # else numba would not find it again
    label = f"{model.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    update = jitted(model.update, dict(switches), boundscheck=bool(own))
    at_rest = jitted(model.at_rest or never, dict(switches), boundscheck=bool(own))
    try:
        return specialise(
            advance_part,
            label if known else "",
            SIGNATURE,
            UNIFORM=int(uniform),
            N_PORTS=len(model.ports),
            N_PARAMETERS=len(model.parameters._fields),
            N_STATES=len(model.state._fields),
            UP=int(model.passes_up),
            update=_strict(model, update) if own else update,
            at_rest=at_rest,
            entity_of=_numbered if numbered else _in_order,
            ring_row=_row_of_int64 if wide else _row_of_int32,
            **_accessors(model, uniform, arithmetic),
        )
    except (NumbaError, TypeError, NotImplementedError) as error:  # numba lets some of its own out unwrapped
        if not own:
            raise
        raise ProgramError([_not_compiled(model, str(error), update, at_rest)]) from None


def defined(model: Model) -> str:
    """Where the update of a model is defined, FILE:LINE."""
    return _line_of(model.update)


def _line_of(function: Any) -> str:
    return f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}"


def _not_compiled(model: Model, said: str, update: Any, at_rest: Any) -> Problem:
    """numba's complaint in the words of someone who wrote a model: what, and the line of their file.

    update, at_rest: as far as they were compiled before the kernel around them could not be.
    """
    answer = f"(payload, State({', '.join(model.state._fields)}), overflow), whole numbers all"
    for function, name, fits, wanted in (
        (update, "update", _is_answer, answer),
        (at_rest, "at_rest", _is_whole, "True or False"),
    ):
        given = [signature.return_type for signature in function.nopython_signatures]
        if given and not fits(given[0], len(model.state._fields)):
            where = _line_of(function.py_func)
            return Problem(f"the model '{model.name}' ({where}): {name} returns {_shown(given[0])}", allowed=wanted)
    told = [line.strip() for line in said.splitlines() if line.strip()]
    what = next((line for line in told if not line.startswith(("Failed in", "During:", "File", "-"))), told[0])
    places = [(Path(file).resolve(), line) for file, line in re.findall(r'File "([^"]+)", line (\d+)', said)]
    theirs = [f"{file}:{line}" for file, line in places if OURS not in file.parents and file.is_file()]
    return Problem(
        f"the model '{model.name}' ({theirs[0] if theirs else defined(model)}) cannot be compiled: {what}",
        allowed="whole numbers, tuples, conditions, and functions of the same kind (numba's nopython mode); "
        f"update returns {answer}",
        remedy="NUMBA_DISABLE_JIT=1 to step through it in plain Python",
    )


def _is_answer(kind: Any, n_states: int) -> bool:
    """Whether a numba type is what update must return: (payload, n_states states, overflow)."""
    if not _is_tuple(kind) or len(kind) != 3 or not _is_tuple(kind[1]) or len(kind[1]) != n_states:
        return False
    return all(_is_whole(each) for each in (kind[0], *kind[1], kind[2]))


def _is_tuple(kind: Any) -> bool:
    return isinstance(kind, types.BaseTuple)


def _is_whole(kind: Any, _: int = 0) -> bool:
    return isinstance(kind, (types.Integer, types.Boolean))


def _shown(kind: Any) -> str:
    """A numba type as it is written in Python: (int64, State(int64, float64))."""
    if not _is_tuple(kind):
        return str(types.unliteral(kind))
    named = getattr(kind, "instance_class", None)
    return f"{named.__name__ if named else ''}({', '.join(_shown(each) for each in kind)})"


def _strict(model: Model, update: Any) -> Any:
    """update, compiled only where it returns as many values as it must, and only whole numbers: a fraction has no `|`."""
    names = ", ".join(f"s{k}" for k in range(len(model.state._fields)))
    source = f"""
def strict(p, s, a, now):
    payload, ({names},), overflow = update(p, s, a, now)
    return payload | 0, ({", ".join(f"s{k} | 0" for k in range(len(model.state._fields)))},), overflow | 0
"""
    made: dict[str, Any] = {"update": update}
    exec(source, made)
    return made["strict"]


def _in_order(number_at, place):
    return place


def _numbered(number_at, place):
    return int64s(number_at + 8 * place, 1)[0]


def _row_of_int64(ring_at, row, width):
    return int64s(ring_at + 8 * row * width, width)


def _row_of_int32(ring_at, row, width):
    return int32s(ring_at + 4 * row * width, width)


def _accessors(model: Model, uniform: bool, arithmetic: Arithmetic | None) -> dict[str, Any]:
    """Functions between a model's rows and memory, written out field by field: a compiler cannot loop over fields.

    parameters_of(table, tile, lane), state_of(table, tile, lane), inputs_of(scratch, lane) -> row; store(table, tile,
    lane, row); arithmetic_of(table).  Field k of a group lies at tile + k * LANES + lane; uniform parameters at k.
    """

    def cell(k: int) -> str:
        return f"table[tile + np.uint64({k * LANES}) + lane]"

    parameters = range(len(model.parameters._fields))
    states = range(len(model.state._fields))
    rows = ", ".join(f"table[{k}]" if uniform else cell(k) for k in parameters)
    source = f"""
def parameters_of(table, tile, lane):
    return Parameters({rows})
def state_of(table, tile, lane):
    return State({", ".join(cell(k) for k in states)})
def store(table, tile, lane, row):
    {"; ".join(f"{cell(k)} = row[{k}]" for k in states)}
def arithmetic_of(table):
    return Arithmetic({", ".join(f"table[{k}]" if arithmetic is None else str(arithmetic[k]) for k in range(N_SWITCHES))})
def inputs_of(scratch, lane):
    return ({"".join(f"scratch[np.uint64({k * LANES}) + lane], " for k in range(len(model.ports)))})
"""
    made: dict[str, Any] = {"np": np, "Parameters": model.parameters, "State": model.state, "Arithmetic": Arithmetic}
    exec(source, made)
    return {name: made[name] for name in ("parameters_of", "state_of", "store", "inputs_of", "arithmetic_of")}
