"""Axes: the fields of a program that a sweep varies, each a list of values or a range.

A list holds anything that YAML can write. A range has two numbers, maybe with a unit (`1 pJ..10 pJ`), and is even or
logarithmic; where both ends are whole numbers without a unit, so are the values. Drawn numbers have six digits: what is
written into a program is what was run.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Problem, ProgramError
from ..files import marked_yaml

DIGITS = 6
MOST_WHOLE = 1000  # values of a whole range that a grid takes without being told how many
MOST_POINTS = 10**6
KEY = re.compile(r"[^.=\s]+(\.[^.=\s]+)*")
_END = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s:.,\d][^\s:.,]*)?"
_RANGE = re.compile(rf"\s*{_END}\s*\.\.\s*{_END}\s*(:log)?(?::(\d+))?\s*")


@dataclass(frozen=True)
class Listed:
    """values: at least one, no two alike."""

    values: tuple[Any, ...]

    def all(self) -> tuple[Any, ...]:
        """What a grid takes."""
        return self.values

    @property
    def size(self) -> float:
        """How many values there are."""
        return len(self.values)

    def at(self, share: float) -> Any:
        """The value at a share 0 <= share < 1 of the axis."""
        return self.values[int(share * len(self.values))]

    def told(self) -> Any:
        """As a sweep file writes it."""
        return list(self.values)


@dataclass(frozen=True)
class Ranged:
    """low..high, both included.  unit: '' or what stands behind every number.  whole: only whole numbers.

    points: how many a grid takes, None for all whole ones.
    """

    low: float
    high: float
    unit: str = ""
    whole: bool = False
    log: bool = False
    points: int | None = None

    def all(self) -> tuple[Any, ...]:
        """What a grid takes, ascending, no two alike."""
        if self.points is None:
            return tuple(range(int(self.low), int(self.high) + 1))
        last = max(self.points - 1, 1)
        return tuple(dict.fromkeys(self.written(self._between(k / last)) for k in range(self.points)))

    @property
    def size(self) -> float:
        """How many values there are."""
        return self.high - self.low + 1 if self.whole else math.inf if self.high > self.low else 1

    def at(self, share: float) -> Any:
        """The value at a share 0 <= share < 1 of the axis; every whole number has the same part of it, or of its logarithm."""
        if not self.whole:
            return self.written(self._between(share))
        if not self.log:
            return int(self.low) + int(share * (int(self.high) - int(self.low) + 1))
        low, high = math.log(self.low), math.log(self.high + 1)
        return min(max(int(math.exp(low + share * (high - low))), int(self.low)), int(self.high))

    def written(self, value: float) -> Any:
        """A number as the program gets it: rounded, with its unit."""
        if self.whole:
            return round(value)
        rounded = min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)
        return f"{_plain(rounded)} {self.unit}" if self.unit else rounded

    def told(self) -> Any:
        """As a sweep file writes it."""
        unit = f" {self.unit}" if self.unit else ""
        text = f"{_plain(self.low)}{unit}..{_plain(self.high)}{unit}" + (":log" if self.log else "")
        return text if self.points is None else f"{text}:{self.points}"

    def _between(self, share: float) -> float:
        if share in (0.0, 1.0):
            return self.high if share else self.low
        if self.log:
            return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


Axis = Listed | Ranged


def _plain(number: float) -> str:
    """Without the exponent of 1e-05, which some units would swallow."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    text = repr(number)
    return f"{number:.20f}".rstrip("0") if "e-" in text else text


def of_option(option: str) -> tuple[str, Axis]:
    """--vary KEY=a,b,c or KEY=low..high[:log][:points]. Raises ProgramError."""
    key, equals, text = option.partition("=")
    source = marked_yaml.printable(f"--vary {option}")
    if not equals or not KEY.fullmatch(key):
        raise _wrong("not of the form KEY=VALUES", source, "--vary chip.mesh.width=2,4,8")
    found = _ranged(text, source)
    if found is not None:
        return key, found
    values = marked_yaml.value(f"[{text}]", source, ProgramError).data
    if not isinstance(values, list):
        raise _wrong("the values are no list", source, "--vary chip.mesh.width=2,4,8")
    return key, _listed(values, source)


def of_value(value: Any, source: str) -> Axis:
    """What stands behind a key of `vary` in a sweep file: a list, or a range as text. Raises ProgramError."""
    if isinstance(value, list):
        return _listed(value, source)
    found = _ranged(value, source) if isinstance(value, str) else None
    if found is None:
        raise _wrong(f"{marked_yaml.printable(repr(value))} is neither a list nor a range", source, "[a, b, c] or 1..8")
    return found


def _listed(values: list[Any], source: str) -> Listed:
    seen: dict[str, Any] = {}
    for value in values:
        seen.setdefault(json.dumps(value, sort_keys=True), value)
    if not seen:
        raise _wrong("there is no value", source, "--vary chip.mesh.width=2,4,8")
    return Listed(tuple(seen.values()))


def _ranged(text: str, source: str) -> Ranged | None:
    """None where the text is no range."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    first, unit, last, other, log, points = match.groups()
    low, high = float(first), float(last)
    if unit and other and unit != other:
        raise _wrong(f"one end is in {unit}, the other in {other}", source, f"both ends in {other}")
    unit = other or unit or ""
    whole = not unit and all(re.fullmatch(r"[+-]?\d+", end) for end in (first, last))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise _wrong("an end is too large for a number", source, "finite ends")
    if low > high:
        raise _wrong(f"the range is empty, {first} is above {last}", source, "the lower end first")
    if log and low <= 0:
        raise _wrong("a logarithmic range begins above 0", source, "a range without ':log', or another lower end")
    if points is not None and not 1 <= int(points) <= MOST_POINTS:
        raise _wrong(f"{points} points of a range", source, f"1 to {MOST_POINTS}")
    return Ranged(low, high, unit, whole, bool(log), int(points) if points else None)


def grid_problems(vary: dict[str, Axis]) -> list[Problem]:
    """Why a grid cannot be made of these axes."""
    found = []
    for key, axis in vary.items():
        if not isinstance(axis, Ranged) or axis.points is not None:
            continue
        if not axis.whole:
            what = "a grid does not know how many values of the range to take"
            found.append(Problem(what, path=key, remedy=f"{key}={axis.told()}:5, or --search random"))
        elif axis.high - axis.low >= MOST_WHOLE:
            what = f"the range has {int(axis.high - axis.low) + 1} whole numbers"
            found.append(Problem(what, path=key, remedy=f"{key}={axis.told()}:10, or --search random"))
    size = math.prod(len(axis.all()) for axis in vary.values()) if not found else 0
    if size > MOST_POINTS:
        found.append(Problem(f"the grid has {size:,} points", allowed=f"{MOST_POINTS:,}", remedy="--search random"))
    return found


def override(key: str, value: Any) -> str:
    """KEY=VALUE as --set takes it; YAML reads the same value back."""
    if isinstance(value, str):
        plain = value and value == value.strip() and "\n" not in value and _reads_as(value, value)
        return f"{key}={value if plain else json.dumps(value)}"
    if isinstance(value, float) and "e" in repr(value):  # YAML wants a dot in front of it
        mantissa, _, exponent = repr(value).partition("e")
        return f"{key}={mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent}"
    return f"{key}={json.dumps(value)}"


def _reads_as(text: str, value: Any) -> bool:
    try:
        return bool(marked_yaml.value(text, "").data == value)
    except Exception:  # whatever YAML makes of it, quotes help
        return False


def in_order(keys: Sequence[str]) -> list[str]:
    """The keys with what stands above first, so that `chip` does not undo `chip.mesh.width`."""
    return sorted(keys, key=lambda key: (key.count("."), list(keys).index(key)))


def _wrong(what: str, source: str, remedy: str) -> ProgramError:
    return ProgramError([Problem(what, file=source, remedy=remedy)])
