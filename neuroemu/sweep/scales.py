"""Scales: from figures to places on a drawing, and how figures are written at an axis."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..units import figure_text
from .axes import Axis, Listed

__all__ = ["Names", "Scale", "axis_text", "figure_text", "scale_of", "value_text"]

DECADES = 2.0  # that positive numbers span, from which on an axis is logarithmic
TICKS = 5
MOST_NAMES = 24  # values of a list that an axis names


@dataclass(frozen=True)
class Scale:
    """Numbers between 0 and 1, the low end at 0.  log: by their logarithms."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        if self.high <= self.low:
            return 0.5
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round numbers within the ends, ascending; the ends themselves where there are none."""
        if self.high <= self.low:
            return [self.low]
        if self.log:
            found = [10.0**k for k in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)]
            every = -(-len(found) // (TICKS + 1)) if found else 1
            return found[::every] if len(found) > 1 else [self.low, self.high]
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / TICKS))
        step *= next(m for m in (1, 2, 5, 10) if (self.high - self.low) / (step * m) <= TICKS)
        first = math.ceil(self.low / step - 1e-9)
        found = [(first + k) * step for k in range(TICKS + 2)]
        return [float(f"{x:.12g}") for x in found if x <= self.high + step * 1e-9]


def scale_of(values: Sequence[float]) -> Scale:
    """A scale that holds them all."""
    low, high = min(values), max(values)
    return Scale(low, high, low > 0 and high / low >= 10**DECADES)


@dataclass(frozen=True)
class Names:
    """Values of a list, evenly apart in the order in which they were given."""

    values: tuple[Any, ...]

    def at(self, value: Any) -> float:
        return self.values.index(value) / max(len(self.values) - 1, 1) if len(self.values) > 1 else 0.5

    def ticks(self) -> list[Any]:
        every = -(-len(self.values) // MOST_NAMES)
        return list(self.values[::every])


def value_text(value: Any) -> str:
    """A value of a point as people read it."""
    return value if isinstance(value, str) else json.dumps(value)


def axis_text(axis: Axis) -> str:
    """What is varied, as --vary has it."""
    return ", ".join(map(value_text, axis.values)) if isinstance(axis, Listed) else str(axis.told())
