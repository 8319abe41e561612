"""Chip files: YAML in, Chip and PriceList out. The format is chip_schema.py, `extends: NAME` chip_extends.py.

A chip with a `clock` may write times in cycles, one with a `generic` section leaves its prices to scaling.py
(files/chip_derived.py does both).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from .. import library, scaling
from ..chip import (
    UNKNOWN,
    Barrier,
    Chip,
    Constant,
    CoreLimits,
    Mesh,
    PriceList,
    Registers,
    StaticPower,
    SynapseLimits,
)
from ..errors import ChipError, Problem
from ..events import EVENTS, MEANING
from . import chip_derived, marked_yaml
from .checking import (
    Spec,
    check,
)
from .chip_extends import laid_over, placed, with_base
from .chip_schema import (
    AreaSpec,
    BarrierSpec,
    ChipSpec,
    ClockSpec,
    CoreSpec,
    GenericSpec,
    LinkSpec,
    MeshSpec,
    StaticSpec,
    SynapseSpec,
)
from .marked_yaml import Document, Path_


def read(path: Path) -> tuple[Chip, PriceList]:
    """The chip in a file. Raises ChipError with everything wrong in it."""
    return _build(with_base(marked_yaml.read(path, ChipError), path.parent, (path.resolve(),)))


def read_inline(document: Document, at: Path_, beside: Path) -> tuple[Chip, PriceList]:
    """The chip written inside of another file at path `at`: a name, or a mapping that extends a chip."""
    value = document.data
    for step in at:
        value = value[step]
    if isinstance(value, str):
        try:
            return read(library.find("chips", value, beside, ChipError))
        except ChipError as error:
            raise ChipError([placed(problem, document, at) for problem in error.problems]) from None
    if "extends" not in value and not {"core", "registers", "prices", "generic"} & set(
        value
    ):  # surely not a whole chip
        what, remedy = "changes a chip and does not say which", "'extends: NAME' among its keys"
        raise ChipError([document.problem(at, what, remedy=remedy, at_key=True)])
    inner = Document(document.file, at)
    inner.data = {"neuroemu_chip": 1, "name": _variant_name(value), **value}
    inner.values = {path[len(at) :]: mark for path, mark in document.values.items() if path[: len(at)] == at}
    inner.keys = {path[len(at) :]: mark for path, mark in document.keys.items() if path[: len(at)] == at}
    return _build(with_base(inner, beside, ()))


def _variant_name(value: dict[str, Any]) -> str:
    base = re.sub(r"[^A-Za-z0-9_\-]", "_", Path(str(value.get("extends", "chip"))).stem)
    return f"{base if base[:1].isalpha() else f'chip-{base}'}"[:100] + "-variant"


def _build(document: Document) -> tuple[Chip, PriceList]:
    written = document.data
    document, problems = _completed(document)
    spec, more, _ = check(ChipSpec, document)
    if spec is None or problems:
        raise ChipError([*problems, *more])
    unclocked = [name for name, static in spec.static.items() if static.each and spec.clock is None]
    if unclocked:
        raise ChipError([_no_clock(document, ("static", name, "each"), "power for each MHz") for name in unclocked])
    plain = {"source", "provenance"}
    mesh = spec.mesh
    chip = Chip(
        name=spec.name,
        mesh=_mesh(mesh),
        core=CoreLimits(**spec.core.model_dump(exclude=plain)),
        synapse=SynapseLimits(
            **{
                **spec.synapse.model_dump(exclude=plain),
                "weight_bits": tuple(sorted(set(spec.synapse.weight_bits))),
                "lists": tuple(spec.synapse.lists),
                "axon_formats": tuple(spec.synapse.axon_formats),
                "index_widths": tuple(sorted(set(spec.synapse.index_widths))),
            }
        ),
        registers=Registers(**spec.registers.model_dump(exclude=plain)),
        arithmetic=spec.arithmetic.switches(),
        about=spec.about,
        technology=spec.technology,
        estimate=spec.estimate,
        learning=spec.learning,
        written=json.dumps(written),
        sources={
            name: (section.source, section.provenance or "")
            for name in ("mesh", "core", "synapse", "registers", "clock", "barrier", "link", "area")
            if (section := getattr(spec, name)) is not None
        },
    )
    return chip, _prices(spec)


def _completed(document: Document) -> tuple[Document, list[Problem]]:
    """The document with what scaling.py derives laid under it and without cycles; and the cycles of no clock."""
    full = Document(document.file, document.inside)
    full.values, full.keys, full.data = document.values, document.keys, document.data
    if isinstance(document.data, dict) and "generic" in document.data:
        full.data = _with_derived(document)
    full.data, lost = chip_derived.without_cycles(full.data)
    return full, [_no_clock(document, path, "a time in cycles") for path in lost]


def _no_clock(document: Document, path: Path_, what: str) -> Problem:
    remedy = "clock: {frequency: 100 MHz, source: ..., provenance: estimate}"
    return document.problem(path, f"{what}, but the chip has no clock", remedy=remedy)


class _Scaled(Spec):
    """The sections that prices are derived from; what is wrong with the others is told later."""

    model_config = ConfigDict(extra="ignore")

    generic: GenericSpec
    mesh: MeshSpec
    core: CoreSpec
    synapse: SynapseSpec


def _with_derived(document: Document) -> dict[str, Any]:
    """The content laid over the prices that follow from its generic section."""
    found, _, _ = check(_Scaled, document)
    if found is None:  # ChipSpec will say why
        derived = chip_derived.stand_in()
    else:
        g, mesh, core = found.generic, found.mesh, found.core
        design = scaling.Design(
            g.node, g.voltage, g.flavour, g.weight_bits, found.synapse.index_bits, core.compartments, core.axons_in,
            core.axons_out, core.synapse_words, core.word_bits, mesh.width, mesh.height, mesh.cores_per_tile, g.pitch,
            (mesh.chips[0], mesh.chips[1]),
        )  # fmt: skip
        derived = chip_derived.sections(design, g.factor)
    data = dict(document.data)
    for name, section in derived.items():
        own = data.get(name)
        if own is None:
            data[name] = section
        elif isinstance(own, dict):
            data[name] = laid_over(name, own, section, document)
    return data


def _mesh(spec: MeshSpec) -> Mesh:
    columns, rows = spec.chips
    return Mesh(
        spec.width * columns,
        spec.height * rows,
        spec.cores_per_tile,
        spec.routing,
        (spec.host[0], spec.host[1]),
        spec.topology,
        spec.degree,
        (columns, rows),
        spec.buffer,
        spec.multicast,
    )


def _constant(value: float | None, bounds: list[float] | None, source: str, provenance: str) -> Constant:
    low, high = bounds if bounds else (value, value)
    return Constant(value, low, high, source, provenance)


def _prices(spec: ChipSpec) -> PriceList:
    energy, time = {}, {}
    for event in EVENTS:
        price = getattr(spec.prices, MEANING[event].key)
        energy[event] = _constant(price.energy, price.energy_range, price.source, price.provenance)
        time[event] = _constant(
            getattr(price, "time", None), getattr(price, "time_range", None), price.source, price.provenance
        )
    static = tuple(
        StaticPower(name, _constant(*_at_clock(s, spec.clock), s.source, s.provenance), s.per, s.each or "")
        for name, s in spec.static.items()
    )
    slot, chip_slot, core_slot = _slots(spec.link)
    area, bits = _area(spec.area)
    return PriceList(
        spec.name,
        energy,
        time,
        _barrier(spec.barrier),
        slot,
        chip_slot,
        static,
        area,
        bits,
        tuple(spec.not_modelled),
        tuple(spec.estimates),
        _constant(spec.clock.frequency, None, spec.clock.source, spec.clock.provenance) if spec.clock else None,
        core_slot,
    )


def _at_clock(spec: StaticSpec, clock: ClockSpec | None) -> tuple[float | None, list[float] | None]:
    """mW and its range, at the frequency of the clock."""
    times = clock.frequency if spec.each and clock else 1.0
    return (
        None if spec.power is None else spec.power * times,
        None if spec.power_range is None else [bound * times for bound in spec.power_range],
    )


def _barrier(spec: BarrierSpec) -> Barrier:
    tiles, chips = (tuple(sorted((int(n), ns) for n, ns in table.items())) for table in (spec.time, spec.chips))
    return Barrier(
        tiles, spec.interpolate, spec.source, spec.provenance, chips, spec.tick or 0.0, spec.range[0], spec.range[1]
    )


def _slots(spec: LinkSpec | None) -> tuple[Constant, Constant, Constant | None]:
    """Of links within a chip, between chips, and between cores and routers, where that is said apart."""
    if spec is None:
        return UNKNOWN, UNKNOWN, None
    apart = {"core_slot", "core_slot_range"} & spec.model_fields_set
    return (
        _constant(spec.slot, spec.slot_range, spec.source, spec.provenance),
        _constant(spec.chip_slot, spec.chip_slot_range, spec.source, spec.provenance),
        _constant(spec.core_slot, spec.core_slot_range, spec.source, spec.provenance) if apart else None,
    )


def _area(spec: AreaSpec | None) -> tuple[dict[str, Constant], Constant]:
    if spec is None:
        return {}, UNKNOWN

    def known(value: float | None) -> Constant:
        return _constant(value, None, spec.source, spec.provenance)

    found = {name: known(getattr(spec, name)) for name in ("core", "tile", "chip") if getattr(spec, name) is not None}
    return found, known(spec.sram_bits)
