"""What a compartment model is made of: a table of parameters, a table of states, and one update of plain integers."""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from numbers import Integral
from types import FunctionType
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from ..chip import Arithmetic, Chip, Registers
from ..errors import Problem, ProgramError

INT32, INT64 = 2**31 - 1, 2**63 - 1
REGISTERS = tuple(limit.name for limit in fields(Registers))
Columns = dict[str, np.ndarray]


class Field(NamedTuple):
    """One column: what it means, its default, and the whole numbers that it may hold (both ends allowed).

    low and high may name a register limit of the chip, like 'decay_max' or '-threshold_max'.
    default: None is left out of the values where the user says nothing.
    """

    about: str
    default: int | None = 0
    low: int | str = -INT32
    high: int | str = INT32

    def limits(self, chip: Chip) -> tuple[int, int]:
        """The range on a chip."""

        def number(limit: int | str) -> int:
            if isinstance(limit, int):
                return limit
            value = getattr(chip.registers, limit.removeprefix("-"))
            return -value if limit.startswith("-") else value

        return number(self.low), number(self.high)


def _field_faults(field: Any) -> Iterator[tuple[str, str]]:
    """(what is wrong with a Field, what is allowed)."""
    if not isinstance(field, Field):
        yield f"is {field!r}", 'Field("what it is", default, low, high)'
        return
    low, high, default = field.low, field.high, field.default
    of_the_chip = {sign + name for name in REGISTERS for sign in ("", "-")}
    if default is not None and not _is_whole(default):
        yield f"has default={default!r}", "whole numbers of 64 bits"
    for label, limit in (("low", low), ("high", high)):
        if not _is_whole(limit) and (not isinstance(limit, str) or limit not in of_the_chip):
            yield f"has {label}={limit!r}", f"whole numbers of 64 bits, or limits of the chip: {', '.join(REGISTERS)}"
    if not _is_whole(low) or not _is_whole(high):
        return
    if low > high:
        yield f"goes from {low} down to {high}", "Field(about, default, low, high)"
    elif _is_whole(default) and not low <= default <= high:
        yield f"has the default {default}", f"its own range, {low}..{high}"


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) <= INT64


def _takes(function: Any, n: int) -> bool:
    """Whether it is a function (or one that the user compiles) that can be called with n values in their order."""
    if not isinstance(getattr(function, "py_func", function), FunctionType):
        return False
    try:
        inspect.signature(function).bind(*range(n))
    except (TypeError, ValueError):
        return False
    return True


def table(name: str, /, **fields: Field) -> Any:
    """A NamedTuple class with these fields; its `fields` holds what each of them means.

    Raises ProgramError where a name is none that Python takes.
    """
    try:
        made: Any = namedtuple(name, fields)  # type: ignore[misc]
    except ValueError as error:
        allowed = "letters, digits and _, a letter first, no word of Python"
        raise ProgramError([Problem(f"table('{name}', ...): {error}", allowed=allowed)]) from None
    made.fields = fields  # type: ignore[attr-defined]
    made.__doc__ = "\n".join(f"{key}: {getattr(field, 'about', field)}" for key, field in fields.items())
    return made


class Now(NamedTuple):
    """What an update may know besides its own compartment.

    step: of the run, from 1, for random draws.  sample_step: since the state was fresh, from 1.
    entity: index of the compartment in its population.  seed (uint64), stream: of the generator (rng.py).
    recorded: (steps, compartments) int64 draws to use in place of the generator, or (0, 0).
    arithmetic: the chip's switches, constants to the compiler.
    """

    step: int
    sample_step: int
    entity: int
    seed: int
    stream: int
    recorded: np.ndarray
    arithmetic: Arithmetic


@dataclass(frozen=True)
class Model:
    """A compartment model.

    update(p, s, a, now) -> (payload, state, overflow): p and s are rows of the two tables (int64 each), a is a tuple with
    the input of each port (sum of weight x payload, before any shift by 2**6); payload has 32 bits, 0 is no spike; overflow
    is a sum of 1 (input wrapped), 2 (u wrapped), 4 (u + bias wrapped), 8 (v clipped), for the run's warnings.
    at_rest(p, s) -> bool: true only where update without input leaves s as it is and does not spike: such a compartment
    is not visited, counts as inactive, and its overflows are not counted. None: never at rest.
    ports: names of the inputs, the first is the one that connections lead to unless they say otherwise.
    given: what the user writes, if not the two tables; columns(values, chip) then makes both tables of it, or raises
    ProgramError where values do not go together.
    switches(values) -> {module constant: value}: constants of the model's file that a population fixes, so that the
    compiler can leave out what it does not use.
    bias: the state that a direct current of the host is written to.
    draws(parameters) -> (n,) random numbers that each compartment draws a step; one that draws is never at rest.
    passes_up: the payload is not a spike but a value for the parent compartment (dendrite.py).
    origin: where it was loaded from, '' for models that come along or were made in Python.
    """

    name: str
    parameters: Any
    state: Any
    update: Callable[..., Any]
    at_rest: Callable[..., Any] | None = None
    ports: tuple[str, ...] = ("in",)
    given: Any = None
    columns: Callable[[Columns, Chip], tuple[Columns, Columns]] | None = None
    switches: Callable[[Columns], dict[str, int]] | None = None
    bias: str = ""
    draws: Callable[[Columns], np.ndarray] | None = None
    passes_up: bool = False
    origin: str = ""

    def __post_init__(self) -> None:
        """Raises ProgramError with everything for which a model cannot work: its tables, fields, ports, bias and functions."""
        if problems := [Problem(f"model '{self.name}': {what}", allowed=allowed) for what, allowed in self._faults()]:
            raise ProgramError(problems)

    def _faults(self) -> Iterator[tuple[str, str]]:
        """(what is wrong, what is allowed)."""
        for name, arguments in (("update", "(p, s, a, now)"), ("at_rest", "(p, s)")):
            function = getattr(self, name)
            if not (function is None and name == "at_rest") and not _takes(function, arguments.count(",") + 1):
                yield f"'{name}' is not a function of {arguments}", f"def {name}{arguments}"
        names = self.ports if isinstance(self.ports, (tuple, list)) else ()
        if not names or not all(isinstance(port, str) and port for port in names) or len(set(names)) < len(names):
            yield "'ports' are not names, at least one and each of its own", "like ('in',)"
        tables = [("parameters", self.parameters), ("state", self.state)]
        tables += [("given", self.given)] if self.given is not None else []
        lacking = [name for name, made in tables if not getattr(made, "fields", None)]
        yield from ((f"'{name}' is not a table(...) with at least one Field", "") for name in lacking)
        if lacking:
            return
        if self.bias and self.bias not in self.state.fields:
            yield f"the bias '{self.bias}' is none of its states", ", ".join(self.state.fields)
        if self.given is None:
            for key in self.parameters.fields.keys() & self.state.fields.keys():
                yield f"'{key}' is a parameter and a state", "a name of its own for every field"
        for key, field in self.fields.items():
            yield from ((f"'{key}' {what}", allowed) for what, allowed in _field_faults(field))
            if self.columns is None and isinstance(field, Field) and field.default is None:
                yield f"'{key}' has no default", "a whole number"

    @property
    def fields(self) -> dict[str, Field]:
        """What a user may set, by name."""
        if self.given is not None:
            return self.given.fields
        return {**self.parameters.fields, **self.state.fields}

    def tables(self, values: Columns, chip: Chip) -> tuple[Columns, Columns]:
        """Both tables, a column a field, from values that were checked against the ranges of `fields`."""
        if self.columns is not None:
            return self.columns(values, chip)
        return ({key: values[key] for key in self.parameters._fields}, {key: values[key] for key in self.state._fields})
