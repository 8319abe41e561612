"""Quantities on a page: one by itself as people read it, and columns of them in one unit with aligned digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...units import show as _show

PREFIXES = {-5: "f", -4: "p", -3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T"}
UNITS = {"pJ": ("J", 1e-12), "ns": ("s", 1e-9)}
DIGITS = 4  # of the largest of a column
ABSENT = "–"
NOT_MODELLED = "not modelled"


def show(value: float | None, unit: str) -> str:
    """As units.show, with the sign for micro."""
    return _show(value, unit).replace(" u", " µ")


def count(value: float) -> str:
    return f"{value:,.0f}"


def brief(value: float) -> str:
    """A whole number that may be long, for an axis."""
    return f"{value / 1e6:,.2f} M" if abs(value) >= 1e6 else f"{value:,.0f}"


def share(value: float) -> str:
    """A share in percent: three digits, or less than what they can say."""
    if 0 < value < 0.0005:
        return "< 0.1 %"
    return f"{value * 100:.1f} %"


def column(values: Sequence[float | None], unit: str) -> tuple[str, list[str]]:
    """(unit, texts) of a column in one unit, with as many decimals as its largest has room for.

    None is 'not modelled'; what is too small for the digits is told as less than the smallest that they show.
    """
    si, factor = UNITS[unit]
    known = [abs(value) for value in values if value]
    largest = max(known, default=0.0) * factor
    power = min(max(math.floor(math.log10(largest) / 3), min(PREFIXES)), max(PREFIXES)) if largest > 0 else 0
    scale = factor / 1000.0**power
    decimals = max(DIGITS - 1 - math.floor(math.log10(max(known) * scale)), 0) if known else 0
    texts = []
    for value in values:
        if value is None:
            texts.append(NOT_MODELLED)
        elif value and abs(value) * scale < 0.5 * 10.0**-decimals:
            texts.append(f"< {10.0**-decimals:.{decimals}f}")
        else:
            texts.append(f"{value * scale:,.{decimals}f}" if value else "0")
    return PREFIXES[power] + si, texts
