"""From pydantic's findings to Problems that a user can act on, and the field types that files are made of.

A spec is a pydantic model of one mapping in a file. Unknown keys are refused everywhere; for a typo the nearest legal key
is named; numbers that YAML took for text (1e3) are explained.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import replace
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Tag, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from .. import units
from ..errors import Problem
from .marked_yaml import Document, Path_

_NUMBER_AS_TEXT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)[eE][+-]?\d+$")
_LONGEST_QUANTITY = 60  # characters
LARGEST = 1e100  # of any number in a file: far beyond every chip, and its sums and products stay finite


class Spec(BaseModel):
    """Base of every mapping in a file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _quantity(unit: str, may_be_infinite: bool = False) -> Any:
    _, _, example = units.UNITS[unit]

    def parse(text: Any) -> float:
        if isinstance(text, (dict, list)) or (isinstance(text, str) and len(text) > _LONGEST_QUANTITY):
            raise ValueError(f"found {shown(text)}; write a number with its unit, like '{example}'")
        value = units.parse(text, unit)
        if math.isinf(value) and not may_be_infinite:
            raise ValueError(f"{text!r} is not a finite number")
        if LARGEST < abs(value) < math.inf:
            raise ValueError(f"{text!r} is too large")
        return value

    return Annotated[
        float,
        BeforeValidator(parse),
        WithJsonSchema(
            {"type": "string", "description": f"a number with its unit, like '{example}'", "examples": [example]}
        ),
    ]


def _finite(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            raise ValueError(f"{str(value)[:20]}... is too large for a number; at most {LARGEST:g}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    if isinstance(value, float) and abs(value) > LARGEST:
        raise ValueError(f"{value:g} is too large for a number; at most {LARGEST:g}")
    return value


Number = Annotated[float, BeforeValidator(_finite)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Whole = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Natural = Annotated[int, Field(ge=0, le=2**31 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z_][A-Za-z0-9_\-]*$")]


def _is_one(value: Any) -> Any:
    if value is True:
        raise ValueError("found True; write the number 1")
    return value


Version = Annotated[Literal[1], BeforeValidator(_is_one)]  # to Python, true is 1

if TYPE_CHECKING:
    Milliseconds = float
    MillisecondsOrInf = float
    Nanoseconds = float
    Picojoules = float
    Milliwatts = float
    Megahertz = float
    Volts = float
    Nanometres = float
    Millimetres = float
else:
    Milliseconds = _quantity("ms")
    MillisecondsOrInf = _quantity("ms", may_be_infinite=True)
    Nanoseconds = _quantity("ns")
    Picojoules = _quantity("pJ")
    Milliwatts = _quantity("mW")
    Megahertz = _quantity("MHz")
    Volts = _quantity("V")
    Nanometres = _quantity("nm")
    Millimetres = _quantity("mm")

S = TypeVar("S", bound=Spec)


def check(
    spec: type[S], document: Document, data: Any = None, at: Path_ = ()
) -> tuple[S | None, list[Problem], list[Path_]]:
    """`data` (the whole document by default), found at path `at`, as a spec; or None, every Problem in it, and their paths.

    Union members are tagged '<name>' by a discriminator function named after the key that decides ('neuron', 'kind'), so
    that a tag is never taken for a key of the file.
    """
    data = document.data if data is None else data
    try:
        return spec.model_validate(data), [], []
    except ValidationError as error:
        details = _telling(error.errors(), data)
        missing = [detail["loc"] for detail in details if detail["type"] == "missing"]
        near = {detail["loc"]: _meant(spec, detail["loc"], missing) for detail in details if _is_unknown(detail)}
        mistyped = {(*location[:-1], meant) for location, meant in near.items() if meant}  # these are not missing
        found: dict[tuple[str, str], Problem] = {}
        for detail in details:
            if detail["type"] == "missing" and detail["loc"] in mistyped:
                continue
            problem = _problem(spec, detail, near.get(detail["loc"], ""), document, data, at)
            twin = found.get((problem.path, problem.what))  # another member of the same union
            if twin and twin.allowed and twin.allowed != problem.allowed:
                problem = replace(twin, allowed=f"{twin.allowed} or {problem.allowed}")
            found[problem.path, problem.what] = problem
        return None, list(found.values()), [_real_path(detail["loc"], data) for detail in details]


def nearest(keys: Any, given: dict[str, Any]) -> str:
    """The one of `keys` that is in a mapping, mistyped or not, else ''."""
    exact = [key for key in keys if key in given]
    near = [key for key in keys if difflib.get_close_matches(key, given, n=1, cutoff=0.75)]
    return next(iter(exact + near), "")


def _is_unknown(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden"


def _telling(details: list[ErrorDetails], data: Any) -> list[ErrorDetails]:
    """Without 'this is a list, not text' where another member of the union took the list and found fault inside of it."""
    paths = [_real_path(detail["loc"], data) for detail in details]
    return [
        detail
        for detail, path in zip(details, paths, strict=True)
        if not detail["type"].endswith("_type") or not any(len(p) > len(path) and p[: len(path)] == path for p in paths)
    ]


def _meant(spec: type[Spec], location: Path_, missing: list[Path_]) -> str:
    """The key that a mistyped one was meant to be, or '': one that is missing beside it, else any that is legal there."""
    key = str(location[-1])
    lacking = [str(other[-1]) for other in missing if other[:-1] == location[:-1]]
    for candidates in (lacking, _known_keys(spec, location[:-1])):
        if near := difflib.get_close_matches(key, candidates, n=1, cutoff=0.6):
            return near[0]
    return ""


def _problem(spec: type[Spec], detail: ErrorDetails, meant: str, document: Document, data: Any, at: Path_) -> Problem:
    path = (*at, *_real_path(detail["loc"], data))
    kind, found, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if _is_unknown(detail):
        known = _known_keys(spec, detail["loc"][:-1])
        what = f"unknown key '{detail['loc'][-1]}'"
        return document.problem(path, what, ", ".join(known), f"'{meant}'" if meant else "", at_key=True)
    if kind == "missing":
        return document.problem(path, f"the key '{detail['loc'][-1]}' is missing", at_key=True)
    if kind in ("value_error", "assertion_error"):
        return document.problem(path, str(context.get("error", detail["msg"])))
    if kind == "union_tag_invalid":
        deciding = context["discriminator"].strip("'()")
        tags = [tag.strip("' <>") for tag in context["expected_tags"].split(",")]
        found = found.get(deciding) if isinstance(found, dict) else found
        near = difflib.get_close_matches(str(found)[:60], tags, n=1)
        return document.problem(
            (*path, deciding), f"found {shown(found)}", ", ".join(tags), f"'{near[0]}'" if near else ""
        )
    if isinstance(found, str) and _NUMBER_AS_TEXT.match(found) and kind.startswith(("float", "int")):
        return document.problem(
            path,
            f"YAML reads {found} as text, not as a number",
            remedy=f"{_yaml_number(found)}, or all digits written out",
        )
    return document.problem(path, f"found {shown(found)}", _allowed(detail))


def _yaml_number(text: str) -> str:
    mantissa, exponent = re.split("[eE]", text)
    dot = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{dot}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _allowed(detail: ErrorDetails) -> str:
    """What pydantic expected, in the words of someone who writes YAML."""
    context = detail.get("ctx", {})
    plain = {
        "string_type": "text",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "list_type": "a list",
        "tuple_type": "a list",
        "dict_type": "a mapping (key: value)",
        "model_type": "a mapping (key: value)",
        "model_attributes_type": "a mapping (key: value)",
        "union_tag_not_found": "a mapping (key: value)",
        "greater_than_equal": f"at least {context.get('ge')}",
        "greater_than": f"more than {context.get('gt')}",
        "less_than_equal": f"at most {context.get('le')}",
        "less_than": f"less than {context.get('lt')}",
        "literal_error": str(context.get("expected", "")).replace("'", ""),
        "string_pattern_mismatch": "a name of letters, digits, _ and -, starting with a letter or _",
        "string_too_long": f"at most {context.get('max_length')} characters",
        "string_too_short": "some text",
        "too_short": f"at least {context.get('min_length')} of them",
        "too_long": f"at most {context.get('max_length')} of them",
    }
    return plain.get(detail["type"], detail["msg"])


def _real_path(location: tuple[int | str, ...], data: Any) -> Path_:
    """pydantic's location as far as it exists in the data: without union tags and without a missing last key."""
    path: list[str | int] = []
    here: Any = data
    for step in location:
        if (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            here = here[step]  # type: ignore[index]
            path.append(step)
    return tuple(path)


def _known_keys(kind: Any, location: Path_) -> list[str]:
    """The keys that the spec at `location` below `kind` allows."""
    if get_origin(kind) in (Union, UnionType, Annotated):
        members = [_tagged(member) for member in get_args(kind)]
        if location:
            chosen = [member for tag, member in members if tag == location[0]]
            if chosen:
                return _known_keys(chosen[0], location[1:])
        found = [_known_keys(member, location) for _, member in members]
        return next((keys for keys in found if keys), [])
    if get_origin(kind) in (dict, list, tuple) and location:
        return _known_keys(get_args(kind)[1 if get_origin(kind) is dict else 0], location[1:])
    if isinstance(kind, type) and issubclass(kind, Spec):
        fields = {field.alias or name: field for name, field in kind.model_fields.items()}
        if not location:
            return list(fields)
        return _known_keys(fields[str(location[0])].annotation, location[1:]) if location[0] in fields else []
    return []


def _tagged(member: Any) -> tuple[str, Any]:
    """(tag, type) of a union member: its pydantic Tag, or the class name that pydantic uses without one."""
    if get_origin(member) is Annotated:
        inner, *extras = get_args(member)
        tags = [extra.tag for extra in extras if isinstance(extra, Tag)]
        return (tags[0] if tags else "", inner)
    return getattr(member, "__name__", ""), member
