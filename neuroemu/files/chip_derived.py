"""What a chip file leaves to be worked out: prices of a generic chip, and times in cycles of a clock.

Takes and gives the content of a chip file, before it is checked, in the words of a chip file.
"""

from __future__ import annotations

import re
from typing import Any

from .. import scaling, units
from ..events import BY_KEY, Event
from ..scaling import Derived, Design
from .marked_yaml import Path_

_CYCLES = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*cycles?\s*")


def sections(design: Design, factor: float) -> dict[str, dict[str, Any]]:
    """The sections that follow from a design.  factor: each energy, time and area lies within it of its value."""
    origin = {"provenance": "estimate"}
    times = f"{scaling.CLOCK_MHZ:g} MHz at {scaling.CLOCK_NODE:g} nm and {scaling.CLOCK_V:g} V, by the delay of a gate"
    cycles = scaling.barrier_cycles(design)
    leak = scaling.leakage_mw(design)
    return {
        "clock": {"frequency": f"{design.clock_mhz:.6g} MHz", "source": times, **origin},
        "prices": {
            key: _price(key, derived, factor) | {"source": f"scaling.py, {derived.formula}", **origin}
            for key, derived in scaling.energies(design).items()
        }
        | {"chip_hop": _unknown("no rule for links between chips"), "host_in": _unknown("no rule for a host")},
        "barrier": {
            "time": {str(tiles): f"{n:g} cycles" for tiles, n in cycles.items()},
            "range": [1 / factor, factor],
            "source": "scaling.py, four times across the mesh and back, 2 cycles a hop",
            **origin,
        },
        "link": {"slot": "1 cycles", "source": "a message a cycle; Our choice", **origin},
        "static": {
            "leakage": {
                "power": f"{leak.value:.6g} mW",
                "power_range": [f"{leak.value / 3:.6g} mW", f"{leak.value * 3:.6g} mW"],
                "per": "core",
                "source": f"scaling.py, {leak.formula}, within a factor of 3",
                **origin,
            }
        },
        "area": {
            "core": design.core_mm2,
            "tile": design.core_mm2 * design.cores_per_tile,
            "chip": design.core_mm2 * design.cores_per_tile * design.width * design.height,
            "sram_bits": float(design.sram_bits),
            "source": "scaling.py, bits of SRAM with all around them as on Loihi, ODIN and TrueNorth, by node",
            **origin,
        },
    }


def _price(key: str, derived: Derived, factor: float) -> dict[str, Any]:
    pj, free = derived.value, derived.value == 0
    price: dict[str, Any] = {"energy": f"{pj:.6g} pJ"}
    if not free:
        price["energy_range"] = [f"{pj / factor:.6g} pJ", f"{pj * factor:.6g} pJ"]
    if BY_KEY[key] is Event.BARRIER:
        return price
    n = scaling.CYCLES[key]
    price["time"] = f"{n} cycles"
    if n:
        price["time_range"] = [f"{n / factor:g} cycles", f"{n * factor:g} cycles"]
    return price


def _unknown(why: str) -> dict[str, Any]:
    return {"energy": None, "time": None, "source": why, "provenance": "estimate"}


def stand_in() -> dict[str, dict[str, Any]]:
    """Sections that are right and mean nothing, for a file whose mistakes are elsewhere."""
    free = {"energy": "0 pJ", "source": "-", "provenance": "estimate"}
    prices = {key: dict(free) if event is Event.BARRIER else {**free, "time": "0 ns"} for key, event in BY_KEY.items()}
    return {"prices": prices, "barrier": {"tick": "1 ns", "source": "-", "provenance": "estimate"}}


def without_cycles(data: Any) -> tuple[Any, list[Path_]]:
    """The content with cycles turned into ns; and where cycles stand in a chip without a clock."""
    if not isinstance(data, dict):
        return data, []
    clock, lost = data.get("clock"), []
    period = _period_ns(clock.get("frequency")) if isinstance(clock, dict) else 0.0

    def turned(value: Any, path: Path_) -> Any:
        if isinstance(value, dict):
            return {key: turned(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [turned(item, (*path, k)) for k, item in enumerate(value)]
        found = _CYCLES.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        if not isinstance(clock, dict):
            lost.append(path)
        return f"{float(found[1]) * period!r} ns"

    timed = ("prices", "barrier", "link")
    return {key: turned(value, (key,)) if key in timed else value for key, value in data.items()}, lost


def _period_ns(frequency: Any) -> float:
    """Of one cycle; 0 where the frequency is none, which is told where it stands."""
    try:
        mhz = units.parse(frequency, "MHz")
    except ValueError:
        return 0.0
    return 1e3 / mhz if mhz > 0 else 0.0
