"""Data sheets of chips: everything that a chip file says, for `neuroemu chips`; and what differs between two chips.

Takes a Chip and its PriceList, gives plain values (for --json) or text that fits a width.
"""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import Any

from .chip import EXPONENT_STAGE, OVERFLOW, WEIGHT_ROUNDING, Arithmetic, Chip, Constant, PriceList
from .events import EVENTS, MEANING, Event
from .units import show

CODES = {
    "PF": "a file of a public repository",
    "SV": "a public document that quotes the paper",
    "SN": "a note or survey that cites the paper",
    "AB": "abstract, vendor's or publisher's page",
    "RD": "raw log of a measurement",
    "DV": "arithmetic on other entries",
    "DG": "read off a plot",
    "MU": "from memory, unverified",
    "estimate": "a guess or a formula",
}
_UNITS = {"area": "mm2", "sram_bits": "bits"}


def sheet(chip: Chip, prices: PriceList) -> dict[str, Any]:
    """Plain values.  constants: name, value, low, high, unit, source, provenance each; value null where none is known."""
    constants = {}
    for event in EVENTS:
        key = MEANING[event].key
        constants[f"{key}.energy"] = _plain(prices.energy_pj[event], "pJ")
        if event is not Event.BARRIER:
            constants[f"{key}.time"] = _plain(prices.time_ns[event], "ns")
    for power in prices.static:
        constants[f"static.{power.name}"] = {**_plain(power.mw, "mW"), "per": power.per, "each": power.each}
    if prices.clock_mhz is not None:
        constants["clock.frequency"] = _plain(prices.clock_mhz, "MHz")
    slots = {"slot": prices.slot_ns, "chip_slot": prices.chip_slot_ns, "core_slot": prices.own_core_slot_ns}
    for name, slot in slots.items():
        if slot and slot.source != "not given":
            constants[f"link.{name}"] = _plain(slot, "ns")
    for name, area in prices.area_mm2.items():
        constants[f"area.{name}"] = _plain(area, "mm2")
    if prices.sram_bits.value is not None:
        constants["area.sram_bits"] = _plain(prices.sram_bits, "bits")
    barrier = prices.barrier
    structure = {
        "mesh": {**asdict(chip.mesh), "cores": chip.mesh.n_cores},
        "core": asdict(chip.core),
        "synapse": asdict(chip.synapse),
        "registers": asdict(chip.registers),
        "arithmetic": {**chip.arithmetic._asdict(), **_switches(chip.arithmetic)},
        "barrier": {
            "time_ns_by_tiles": {str(n): ns for n, ns in barrier.points},
            "time_ns_by_chips": {str(n): ns for n, ns in barrier.chip_points},
            "interpolate": barrier.interpolate,
            "tick_ns": barrier.tick_ns or None,
            "range": [barrier.low, barrier.high],
        },
    }
    return {
        "name": chip.name,
        "about": chip.about,
        "technology": chip.technology,
        "estimate": chip.estimate,
        "learning": chip.learning,
        "structure": structure,
        "sources": {name: {"source": s, "provenance": p} for name, (s, p) in chip.sources.items()},
        "constants": constants,
        "not_modelled": prices.not_modelled(n_chips=chip.mesh.n_chips),
        "estimates": prices.estimates(chip.mesh.n_chips),
    }


def _switches(arithmetic: Arithmetic) -> dict[str, str]:
    """The switches that stand for words in chip files, as those words."""
    words = {
        "u_overflow": OVERFLOW,
        "bias_overflow": OVERFLOW,
        "weight_rounding": WEIGHT_ROUNDING,
        "exponent_stage": EXPONENT_STAGE,
    }
    return {
        switch: next(word for word, number in table.items() if number == getattr(arithmetic, switch))
        for switch, table in words.items()
    }


def _plain(constant: Constant, unit: str) -> dict[str, Any]:
    return {**asdict(constant), "unit": unit}


# ---- as text -------------------------------------------------------------------------------------------------------


def as_text(found: dict[str, Any], width: int = 110) -> str:
    """The sheet: structure, constants, static power, area; numbers in brackets are the sources at the end."""
    sources: dict[tuple[str, str], int] = {}

    def cite(source: str, provenance: str) -> str:
        number = sources.setdefault((source, provenance), len(sources) + 1)
        return f"[{number}]"

    lines = [found["name"] + ("   ESTIMATE" if found["estimate"] else "")]
    lines += _wrapped(found["about"], width, "  ") + _wrapped(found["technology"], width, "  ")
    lines += ["", "structure"]
    for section, values in found["structure"].items():
        said = found["sources"].get(section)
        pairs = [f"{key} {_value(value)}" for key, value in values.items() if value not in (None, {}, [1.0, 1.0])]
        mark = f" {said['provenance']} {cite(said['source'], said['provenance'])}" if said and said["source"] else ""
        lines += _wrapped(", ".join(pairs) + mark, width, f"  {section:12}", 14)
        unlimited = [key for key, value in values.items() if value is None] if section == "core" else []
        if unlimited:
            lines += _wrapped(f"not known or no limit, so not checked: {', '.join(unlimited)}", width, " " * 14)
    if not found["learning"]:
        lines.append(f"  {'learning':12}none: a program with rules is refused")
    lines += ["", *_event_table(found["constants"], cite)]
    others = {
        name: c for name, c in found["constants"].items() if name.split(".")[0] in ("static", "clock", "link", "area")
    }
    if others:
        lines += ["", f"{'other constants':20} {'value':14} {'range':15} {'from':4} src"]
    for name, c in others.items():
        per = f" a {c['per'].replace('_', ' ')}" if c.get("per") else ""
        clock = " (by MHz)" if c.get("each") else ""
        text = f"{name:20} {_quantity(c['value'], c['unit']):14} {_range(c):15} {_code(c)} {cite(c['source'], c['provenance'])}"
        lines += [text + per + clock]
    for title, items in (("not modelled", found["not_modelled"]), ("estimates", found["estimates"])):
        if items:
            lines += ["", *_wrapped("; ".join(items), width, f"{title:14}", 14)]
    lines += ["", "sources"]
    for (source, provenance), number in sources.items():
        lines += _wrapped(f"{provenance}: {source}", width, f"{f'[{number}]':>6} ", 7)
    used = {provenance for _, provenance in sources}
    lines += ["", *_wrapped("; ".join(f"{code} {text}" for code, text in CODES.items() if code in used), width, "")]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _event_table(constants: dict[str, Any], cite: Any) -> list[str]:
    lines = [f"{'event':20} {'energy':>8} {'range':15} {'time':>8} {'range':14} {'from':4} src"]
    for event in EVENTS:
        key = MEANING[event].key
        energy, time = constants[f"{key}.energy"], constants.get(f"{key}.time")
        when = f"{_quantity(time['value'], 'ns'):>8} {_range(time):14}" if time else f"{'':8} {'':14}"
        lines.append(
            f"{key:20} {_quantity(energy['value'], 'pJ'):>8} {_range(energy):15} {when} {_code(energy)} "
            f"{cite(energy['source'], energy['provenance'])}"
        )
    return lines


def _code(constant: dict[str, Any]) -> str:
    return f"{constant['provenance'][:3]:4}"


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return "unknown"
    if unit in _UNITS.values():
        return f"{value:,.0f} {unit}" if unit == "bits" else f"{value:.4g} {unit}"
    return show(value, unit)


def _range(constant: dict[str, Any]) -> str:
    low, high = constant["low"], constant["high"]
    if low is None or high is None or low == high == constant["value"]:
        return ""
    first, last = (_quantity(float(f"{end:.3g}"), constant["unit"]) for end in (low, high))
    number, _, unit = first.partition(" ")
    return f"{number if unit == last.partition(' ')[2] or low == 0 else first}..{last}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _wrapped(text: str, width: int, first: str, indent: int | None = None) -> list[str]:
    if not text:
        return []
    rest = " " * (len(first) if indent is None else indent)
    return textwrap.wrap(" ".join(text.split()), width, initial_indent=first, subsequent_indent=rest)


# ---- two chips -----------------------------------------------------------------------------------------------------


def diff(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, of one, of the other) of every value that differs, ranges included and sources not."""
    a, b = _flat(one), _flat(other)
    return [(key, a.get(key, "-"), b.get(key, "-")) for key in {**a, **b} if a.get(key) != b.get(key)]


def _flat(found: dict[str, Any]) -> dict[str, str]:
    flat = {key: str(found[key]) for key in ("technology", "estimate", "learning")}
    for section, values in found["structure"].items():
        flat |= {f"{section}.{key}": _value(value) for key, value in values.items()}
    for name, constant in found["constants"].items():
        shown = _quantity(constant["value"], constant["unit"])
        within = _range(constant)
        per = f" a {constant['per'].replace('_', ' ')}" if constant.get("per") else ""
        flat[name] = shown + (f" ({within})" if within else "") + per
    return flat


def diff_text(one: dict[str, Any], other: dict[str, Any], width: int = 110) -> str:
    """The differences in three columns that fit a width."""
    rows = [("", one["name"], other["name"]), *diff(one, other)]
    if len(rows) == 1:
        return f"{one['name']} and {other['name']} do not differ.\n"
    name = max(len(row[0]) for row in rows)
    column = (width - name - 4) // 2
    lines = []
    for key, a, b in rows:
        cells = [textwrap.wrap(text, column) or [""] for text in (a, b)]
        for k in range(max(map(len, cells))):
            left, right = (cell[k] if k < len(cell) else "" for cell in cells)
            lines.append(f"{key if k == 0 else '':{name}}  {left:{column}}  {right}".rstrip())
    return "\n".join(lines) + "\n"


def list_text(sheets: list[dict[str, Any]], width: int = 110) -> str:
    """A line each: name, cores, whether it is an estimate, the first sentence about it."""
    name = max(len(found["name"]) for found in sheets)
    lines = []
    for found in sheets:
        cores, flag = found["structure"]["mesh"]["cores"], "ESTIMATE" if found["estimate"] else ""
        head = f"{found['name']:{name}} {cores:>6,} core{'s' if cores > 1 else ' '} {flag:8} "
        sentence = found["about"].split(". ")[0].removesuffix(".") + "."
        lines += _wrapped(sentence.replace(", ESTIMATE:", ":"), width, head)
    return "\n".join(lines) + "\n"
