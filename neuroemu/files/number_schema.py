"""Numbers in program files: one, a list, an array in a file, or drawn at random; of weights, delays and parameters.

Shapes are not checked here: how many there must be is files/arrays.py.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from .. import units
from .checking import _NUMBER_AS_TEXT, Number, Spec, _finite, _yaml_number, shown

REFERENCE = re.compile(r"^[^#]+\.npz#.+$")


def _numbers(value: Any, what: str) -> Any:
    """A number, a list (of lists) of numbers, or the name of an array in a file."""
    if isinstance(value, str):
        if _NUMBER_AS_TEXT.match(value):
            raise ValueError(f"YAML reads {value} as text, not as a number; write {_yaml_number(value)}")
        if not REFERENCE.match(value):
            raise ValueError(f"{shown(value)} is neither a number nor an array; write {what} or 'FILE.npz#NAME'")
        return value
    if isinstance(value, list):
        return [_numbers(item, what) if not isinstance(item, str) else _refuse(item, what) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"found {shown(value)}; write {what} or 'FILE.npz#NAME'")
    return _finite(value)


def _refuse(item: str, what: str) -> Any:
    if _NUMBER_AS_TEXT.match(item):
        raise ValueError(f"YAML reads {item} as text, not as a number; write {_yaml_number(item)}")
    raise ValueError(f"{shown(item)} in a list of numbers")


_NUMBERS_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number"}, {"type": "array"}, {"type": "string", "pattern": r"\.npz#"}]}
)
Values = Annotated[
    Any, BeforeValidator(lambda v: _numbers(v, "a number, a list with one a compartment")), _NUMBERS_SCHEMA
]
Array = Annotated[Any, BeforeValidator(lambda v: _numbers(v, "a list of numbers")), _NUMBERS_SCHEMA]


class UniformSpec(Spec):
    uniform: Annotated[list[Number], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _ordered(self) -> UniformSpec:
        if self.uniform[0] > self.uniform[1]:
            raise ValueError(f"uniform goes from {self.uniform[0]:g} down to {self.uniform[1]:g}")
        return self


class NormalSpec(Spec):
    """normal: [mean, standard deviation]."""

    normal: Annotated[list[Number], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _spread(self) -> NormalSpec:
        if self.normal[1] < 0:
            raise ValueError(
                f"the standard deviation of normal is {self.normal[1]:g}; write [mean, sd] with sd at least 0"
            )
        return self


def weights(value: Any) -> str:
    if isinstance(value, dict):
        return "<normal>" if "normal" in value else "<uniform>"
    return "<numbers>"


Weights = Annotated[
    Annotated[UniformSpec, Tag("<uniform>")]
    | Annotated[NormalSpec, Tag("<normal>")]
    | Annotated[Array, Tag("<numbers>")],
    Discriminator(weights),
]


def _delay(value: Any) -> Any:
    if isinstance(value, str) and not REFERENCE.match(value):
        if len(value) > 60 or not math.isfinite(time := units.parse(value, "ms")):
            raise ValueError(f"{shown(value)} is no delay; write a number of steps, or a time like '3 ms'")
        return f"{time} ms"
    return _numbers(value, "a number of steps, a time like '3 ms'")


Delay = Annotated[
    Annotated[UniformSpec, Tag("<uniform>")]
    | Annotated[NormalSpec, Tag("<normal>")]
    | Annotated[
        Any, BeforeValidator(_delay), WithJsonSchema({"type": ["number", "string", "array"]}), Tag("<numbers>")
    ],
    Discriminator(weights),
]
