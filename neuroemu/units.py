"""Quantities with units: '23.6 pJ' in files, plain floats with the unit in their name inside.

Parsing and SI prefixes are quantiphy's; this file fixes the one unit each kind of quantity has inside neuroemu.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from quantiphy import InvalidNumber, Quantity

KINDS = {"J": "an energy", "s": "a time", "W": "a power", "V": "a voltage", "Hz": "a frequency", "m": "a length"}

# unit inside neuroemu -> (SI unit a user must name, factor from SI, example)
UNITS = {
    "pJ": ("J", 1e12, "23.6 pJ"),
    "ns": ("s", 1e9, "3.5 ns"),
    "ms": ("s", 1e3, "10 ms"),
    "mW": ("W", 1e3, "0.8 mW"),
    "V": ("V", 1.0, "0.75 V"),
    "Hz": ("Hz", 1.0, "100 Hz"),
    "MHz": ("Hz", 1e-6, "75 MHz"),
    "nm": ("m", 1e9, "28 nm"),
    "mm": ("m", 1e3, "0.5 mm"),
}

# What in a key of summary.json tells its unit.
_MARKS = (("_pj", "pJ"), ("pj_", "pJ"), ("_ns", "ns"))

_METRES = re.compile(r"\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*m\s*")
_INFINITE = re.compile(r"\s*inf(?=\s|$)\s*")
_EXPONENT = re.compile(r"[\d.][eE][+-]?\d")


def parse(text: object, unit: str) -> float:
    """A quantity written by a user, as a float in `unit` (a key of UNITS).

    text: like '23.6 pJ', 'inf' or '0 pJ'.  Raises ValueError with what is allowed: no unit, another unit, not a number.
    """
    example = UNITS[unit][2]
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise ValueError(f"{text!r} is not a quantity; write a number with its unit, like '{example}'")
    if not isinstance(text, str):
        raise ValueError(f"{text!r} has no unit; write it with one, like '{example}'")
    return _parsed(text, unit)


@lru_cache(1 << 12)  # a chip file has seventy, and a sweep reads it for every point
def _parsed(text: str, unit: str) -> float:
    si, factor, example = UNITS[unit]
    if _INFINITE.match(text):
        rest = _INFINITE.sub("1 ", text, count=1)
        return math.inf if rest.strip() == "1" or parse(rest, unit) else math.nan
    if text.split()[:1] == ["nan"]:
        raise ValueError(f"{text!r} is not a number")
    try:
        metres = _METRES.fullmatch(text) if si == "m" else None  # to quantiphy a lone m is milli
        quantity = Quantity(metres[1], units="m") if metres else Quantity(text)
        if _EXPONENT.search(text) and quantity.units not in ("", si):
            # quantiphy takes either an exponent or a prefix: it reads '1e3 pJ' as 1000 of a unit 'pJ'.
            prefixed = Quantity(f"1 {quantity.units}")
            quantity = Quantity(quantity.real * prefixed.real, prefixed.units)
    except InvalidNumber:
        raise ValueError(f"{text!r} is not a quantity; write a number with its unit, like '{example}'") from None
    if quantity.units != si:
        found = f"the unit '{quantity.units}'" if quantity.units else "no unit"
        raise ValueError(f"{text!r} has {found}; write {KINDS[si]}, like '{example}'")
    if math.isnan(quantity.real):
        raise ValueError(f"{text!r} is not a number")
    return float(f"{quantity.real * factor:.15g}")  # 23.6 pJ is 23.6, not 23.599999999999998


def show(value: float | None, unit: str) -> str:
    """A float in `unit` as people read it: show(2.36e6, 'pJ') is '2.36 uJ'; None is 'not modelled'."""
    if value is None:
        return "not modelled"
    si, factor, _ = UNITS[unit]
    return Quantity(value / factor, si).render(prec=3)


def figure_text(key: str, value: float | None) -> str:
    """A figure of summary.json as people read it: with the unit that its dotted key tells."""
    if value is None:
        return "-"
    if key.startswith("accuracy") or key.endswith((".accuracy", ".agreement")):
        return f"{100 * value:.2f} %"
    unit = next((unit for mark, unit in _MARKS if mark in key.split(".")[0] or mark in f"{key}."), "")
    if unit:
        return show(float(value), unit)
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def counted(n: int, noun: str, more: str = "") -> str:
    """'1 core', '1,024 cores'.  more: the plural where it is not the noun with an s."""
    return f"{n:,} {noun if n == 1 else more or noun + 's'}"


def ratio(one: float, other: float, digits: int = 4) -> str:
    """What `other` is to `one`, which is not 0: '1.5 times', or '+0.0021 %' where that would read as once."""
    times = other / one
    if other == one or float(f"{times:.{digits}g}") != 1:
        return f"{times:.{digits}g} times"
    return f"{100 * (other - one) / abs(one):+.2g} %"
