"""What a compartment model is made of: a table of parameters, a table of states, and one update of plain integers."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..chip import Arithmetic, Chip

INT32 = 2**31 - 1
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


def table(name: str, /, **fields: Field) -> Any:
    """A NamedTuple class with these fields; its `fields` holds what each of them means."""
    made: Any = namedtuple(name, fields)  # type: ignore[misc]
    made.fields = fields  # type: ignore[attr-defined]
    made.__doc__ = "\n".join(f"{key}: {field.about}" for key, field in fields.items())
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
    given: what the user writes, if not the two tables; columns(values, chip) then makes both tables of it.
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
        """Raises ValueError where a model cannot work: no fields, no ports, a bias that is no state, a default left out."""
        faults = []
        for name, made in (("parameters", self.parameters), ("state", self.state)):
            if not getattr(made, "fields", None):
                faults.append(f"'{name}' is not a table(...) with at least one Field")
        if not self.ports or not all(isinstance(port, str) and port for port in self.ports):
            faults.append("'ports' are not names, at least one")
        if not faults and self.bias and self.bias not in self.state.fields:
            faults.append(f"the bias '{self.bias}' is none of its states {', '.join(self.state.fields)}")
        if not faults and self.columns is None:
            faults += [f"'{key}' has no default" for key, field in self.fields.items() if field.default is None]
        if not callable(self.update):
            faults.append("'update' is not a function")
        if faults:
            raise ValueError(f"model '{self.name}': {'; '.join(faults)}")

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
