"""Chip files: YAML in, Chip and PriceList out.

The specs below are the format: `neuroemu schema chip` prints them. Every constant carries a source and a provenance; a
missing price is an error, a free event says 0 pJ, an unknown one says null. `extends: NAME` starts from another chip.
A chip with a `clock` may write times in cycles, one with a `generic` section leaves its prices to scaling.py
(files/chip_derived.py does both).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, create_model, field_validator, model_validator

from .. import library, scaling
from ..chip import (
    EXPONENT_STAGE,
    OVERFLOW,
    PROFILES,
    UNKNOWN,
    WEIGHT_ROUNDING,
    Arithmetic,
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
from ..events import BY_KEY, EVENTS, MEANING, Event
from . import chip_derived, marked_yaml
from .checking import (
    Count,
    Megahertz,
    Millimetres,
    Milliwatts,
    Name,
    Nanometres,
    Nanoseconds,
    Natural,
    Picojoules,
    Spec,
    Version,
    Volts,
    check,
    shown,
)
from .marked_yaml import Document, Path_

Provenance = Literal["PF", "SV", "SN", "AB", "RD", "DV", "DG", "MU", "estimate"]
NonNegativePj = Annotated[Picojoules, Field(ge=0)]
NonNegativeNs = Annotated[Nanoseconds, Field(ge=0)]
NonNegativeMw = Annotated[Milliwatts, Field(ge=0)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(Spec):
    """What a chip that extends another may give in part: the JSON Schema requires nothing of it, `check` does."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None))


class Sourced(Section):
    """A section whose figures share one source."""

    source: str = ""
    provenance: Provenance | None = None


class MeshSpec(Sourced):
    width: Count
    height: Count
    cores_per_tile: Count
    topology: Literal["mesh", "torus", "tree"] = "mesh"
    routing: Literal["xy", "yx", "west_first"] = "xy"
    degree: Annotated[int, Field(ge=2, le=64)] = 4
    chips: Annotated[list[Count], Field(min_length=2, max_length=2)] = [1, 1]
    host: Annotated[list[Natural], Field(min_length=2, max_length=2)] = [0, 0]
    buffer: Count = 16
    multicast: Literal["source", "tree"] = "source"

    @model_validator(mode="after")
    def _fits(self) -> MeshSpec:
        width, height = self.width * self.chips[0], self.height * self.chips[1]
        if self.host[0] >= width or self.host[1] >= height:
            raise ValueError(f"the host's tile {self.host} lies outside of the {width}x{height} mesh")
        if width * height * self.cores_per_tile > 2**24:
            raise ValueError("the mesh has more than 2**24 cores")
        if self.topology != "mesh" and self.routing == "west_first":
            raise ValueError(f"west_first is for a mesh, not for a {self.topology}; xy and yx are allowed")
        if self.topology == "tree" and self.chips != [1, 1]:
            raise ValueError("a tree of several chips is not modelled; chips: [1, 1], or topology: mesh")
        return self


class CoreSpec(Sourced):
    """What a core holds.  fan_in: synapses into one compartment.  fan_out: cores that one compartment may send to.

    compartment_configs, threshold_configs, synapse_formats: different ones that a core has registers for.  What is not given,
    or null, is not checked.
    """

    compartments: Count
    axons_in: Count
    axons_out: Count
    synapse_words: Count
    word_bits: Count = 64
    fan_in: Count | None = None
    fan_out: Count | None = None
    compartment_configs: Count | None = None
    threshold_configs: Count | None = None
    synapse_formats: Count | None = None


class SynapseSpec(Sourced):
    """What a synapse can say, and how it is stored.  lists: kinds that a core can keep.  base_max: of shared lists, the largest
    number that an axon adds to their indices.
    """

    weight_bits: Annotated[list[Annotated[int, Field(ge=1, le=8)]], Field(min_length=1)]
    exponent_min: Annotated[int, Field(ge=-8, le=0)] = -8
    exponent_max: Annotated[int, Field(ge=0, le=7)] = 7
    delay_max: Annotated[int, Field(ge=0, le=254)]
    delay_bits: Natural
    index_bits: Natural
    group: Count
    header_bits: Natural
    lists: Annotated[list[Literal["dense", "sparse", "shared"]], Field(min_length=1)] = ["dense", "sparse"]
    base_max: Natural = 0

    @model_validator(mode="after")
    def _alone(self) -> SynapseSpec:
        if set(self.lists) == {"shared"}:
            raise ValueError("lists that are shared only; what repeats nothing needs dense or sparse ones")
        if "shared" in self.lists and "sparse" not in self.lists:
            raise ValueError("a shared list has indices, as sparse ones have; name 'sparse', too")
        return self


class RegistersSpec(Sourced):
    decay_max: Annotated[int, Field(ge=1, le=4096)]
    threshold_max: Annotated[int, Field(ge=1, le=2**24)]
    bias_min: Annotated[int, Field(ge=-(2**20), le=0)]
    bias_max: Annotated[int, Field(ge=1, le=2**20)]
    bias_exponent_min: Annotated[int, Field(ge=-16, le=0)] = 0
    bias_exponent_max: Annotated[int, Field(ge=0, le=16)]
    refractory_max: Annotated[int, Field(ge=1, le=2**16)]


def _profile(value: Any) -> Any:
    """`arithmetic: lava` is short for `arithmetic: {profile: lava}`."""
    return {"profile": value} if isinstance(value, str) else value


class ArithmeticSpec(Spec):
    """Starts from a profile; every switch may be set apart."""

    profile: Literal["loihi1", "lava", "nengo_loihi", "brian2_loihi"] = "loihi1"
    q_overflow: Literal["wrap", "none"] | None = None
    q_bits: Annotated[int, Field(ge=2, le=32)] | None = None
    state_bits: Annotated[int, Field(ge=2, le=32)] | None = None
    u_overflow: Literal["wrap", "lava", "none"] | None = None
    bias_overflow: Literal["wrap", "none"] | None = None
    v_limit: Literal["clip", "none"] | None = None
    weight_rounding: Literal["floor", "toward_zero", "nearest", "exact"] | None = None
    exponent_stage: Literal["synapse", "sum"] | None = None

    def switches(self) -> Arithmetic:
        a = PROFILES[self.profile]
        if self.q_bits is not None:
            a = a._replace(q_bits=self.q_bits)
        if self.q_overflow is not None:
            a = a._replace(q_bits=0 if self.q_overflow == "none" else a.q_bits or 22)
        if self.state_bits is not None:
            a = a._replace(state_bits=self.state_bits)
        if self.u_overflow is not None:
            a = a._replace(u_overflow=OVERFLOW[self.u_overflow])
        if self.bias_overflow is not None:
            a = a._replace(bias_overflow=OVERFLOW[self.bias_overflow])
        if self.v_limit is not None:
            a = a._replace(v_clip=int(self.v_limit == "clip"))
        if self.weight_rounding is not None:
            a = a._replace(weight_rounding=WEIGHT_ROUNDING[self.weight_rounding])
        if self.exponent_stage is not None:
            a = a._replace(exponent_stage=EXPONENT_STAGE[self.exponent_stage])
        return a


def _check_range(value: float | None, bounds: list[float] | None, what: str) -> None:
    if bounds is None:
        return
    if bounds[0] > bounds[1]:
        raise ValueError(f"{what}_range goes from {bounds[0]:g} down to {bounds[1]:g}; write the lower end first")
    if value is not None and not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{what}_range {bounds[0]:g}..{bounds[1]:g} excludes the value {value:g}")


class PriceSpec(Section):
    """energy, time: 0 pJ is free, null is unknown (then it is reported as not modelled)."""

    energy: NonNegativePj | None
    energy_range: Annotated[list[NonNegativePj], Field(min_length=2, max_length=2)] | None = None
    time: NonNegativeNs | None
    time_range: Annotated[list[NonNegativeNs], Field(min_length=2, max_length=2)] | None = None
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance

    @model_validator(mode="after")
    def _ranges(self) -> PriceSpec:
        _check_range(self.energy, self.energy_range, "energy")
        _check_range(self.time, self.time_range, "time")
        return self


class BarrierPriceSpec(Section):
    """The energy of a barrier; its time stands under `barrier`."""

    energy: NonNegativePj | None
    energy_range: Annotated[list[NonNegativePj], Field(min_length=2, max_length=2)] | None = None
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance

    @model_validator(mode="after")
    def _ranges(self) -> BarrierPriceSpec:
        _check_range(self.energy, self.energy_range, "energy")
        return self


# One entry for every event of events.py; none may be missing.
_ENTRIES: dict[str, Any] = {
    key: (BarrierPriceSpec if event is Event.BARRIER else PriceSpec, ...) for key, event in BY_KEY.items()
}
PricesSpec: Any = create_model("PricesSpec", __base__=Section, **_ENTRIES)


class BarrierSpec(Section):
    """time: by number of tiles in use, {1: 113 ns, 32: 465 ns}.  chips: by number of chips, where there are more than one.

    tick: the period of a chip whose steps follow a clock.
    range: factors between which `chips` may lie, or `time` where there is no `chips`.
    """

    time: dict[str, NonNegativeNs] = {}
    chips: dict[str, NonNegativeNs] = {}
    interpolate: Literal["log", "step"] = "log"
    tick: NonNegativeNs | None = None
    range: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=2, max_length=2)] = [1.0, 1.0]
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance

    @model_validator(mode="after")
    def _tiles(self) -> BarrierSpec:
        for what, table in (("tiles", self.time), ("chips", self.chips)):
            for number in table:
                if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 2**24):
                    raise ValueError(f"'{number}' is not a number of {what}")
        if not self.time and self.tick is None:
            raise ValueError("neither `time` nor `tick`; {1: 0 ns} is a barrier that takes no time")
        if any(ns == 0 for ns in self.chips.values()):
            raise ValueError("a time of 0 ns between chips has no logarithm")
        if not self.range[0] <= 1 <= self.range[1]:
            raise ValueError(f"range {self.range[0]:g}..{self.range[1]:g} are factors and exclude 1")
        return self


class LinkSpec(Section):
    """slot: how long a message holds a link, so that the next one waits.  chip_slot: of a link between chips.

    core_slot: of the link between a core and its router; not given, it is slot.
    """

    slot: NonNegativeNs | None
    slot_range: Annotated[list[NonNegativeNs], Field(min_length=2, max_length=2)] | None = None
    chip_slot: NonNegativeNs | None = None
    chip_slot_range: Annotated[list[NonNegativeNs], Field(min_length=2, max_length=2)] | None = None
    core_slot: NonNegativeNs | None = None
    core_slot_range: Annotated[list[NonNegativeNs], Field(min_length=2, max_length=2)] | None = None
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance

    @model_validator(mode="after")
    def _ranges(self) -> LinkSpec:
        _check_range(self.slot, self.slot_range, "slot")
        _check_range(self.chip_slot, self.chip_slot_range, "chip_slot")
        _check_range(self.core_slot, self.core_slot_range, "core_slot")
        return self


class AreaSpec(Section):
    """Of one core, tile and chip in mm2, and the bits of memory in a core, as far as they are known."""

    core: NonNegative | None = None
    tile: NonNegative | None = None
    chip: NonNegative | None = None
    sram_bits: NonNegative | None = None
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance


class ClockSpec(Section):
    """Of a chip that has one: times may then be written in cycles, and static power for each MHz."""

    frequency: Annotated[Megahertz, Field(gt=0)]
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance


class GenericSpec(Section):
    """A chip that nobody has built: its prices follow from these, its core and its mesh by the formulas of scaling.py.

    flavour: of transistors, high performance or low power.  weight_bits: of a weight that is read.  pitch: between routers.
    factor: every derived energy and time lies within the value divided and multiplied by it.
    """

    node: Annotated[Nanometres, Field(ge=scaling.NODES[0], le=scaling.NODES[1])]
    voltage: Volts
    flavour: Literal["HP", "LP"] = "HP"
    weight_bits: Annotated[int, Field(ge=1, le=8)] = 8
    pitch: Annotated[Millimetres, Field(gt=0, le=100)] | None = None
    factor: Annotated[float, Field(ge=1, le=100)] = 2.0

    @field_validator("voltage")
    @classmethod
    def _stands(cls, volts: float, info: ValidationInfo) -> float:
        if "node" in info.data:  # else the node is wrong, which is told
            low, high = scaling.limits_v(info.data["node"])
            if not low <= volts <= high:
                raise ValueError(f"{volts:g} V at {info.data['node']:g} nm: the fits hold from {low:g} to {high:g} V")
        return volts


class StaticSpec(Section):
    """Power that is always drawn, by so many boards, chips, tiles or cores.  each: MHz, where it is given for 1 MHz."""

    power: NonNegativeMw | None
    power_range: Annotated[list[NonNegativeMw], Field(min_length=2, max_length=2)] | None = None
    per: Literal["board", "chip", "chip_in_use", "tile", "core", "core_in_use"]
    each: Literal["MHz"] | None = None
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance

    @model_validator(mode="after")
    def _ranges(self) -> StaticSpec:
        _check_range(self.power, self.power_range, "power")
        return self


def _sections_or_extends(schema: dict[str, Any]) -> None:
    """In the JSON Schema: every section is required, or only those that change a chip, or those that prices follow from."""
    named = ["neuroemu_chip", "name"]
    sections = [key for key in schema["required"] if key not in named]
    generic = ["generic", *(key for key in sections if key not in ("prices", "barrier"))]
    schema["anyOf"] = [{"required": ["extends"]}, {"required": sections}, {"required": generic}]
    schema["required"] = named


class ChipSpec(Spec):
    """A chip file."""

    model_config = ConfigDict(json_schema_extra=_sections_or_extends)

    neuroemu_chip: Version
    name: Name
    extends: str | None = None
    about: str = ""
    technology: str = ""
    estimate: bool = False
    mesh: MeshSpec
    core: CoreSpec
    synapse: SynapseSpec
    registers: RegistersSpec
    arithmetic: Annotated[ArithmeticSpec, BeforeValidator(_profile)] = ArithmeticSpec()
    generic: GenericSpec | None = None
    clock: ClockSpec | None = None
    prices: PricesSpec
    barrier: BarrierSpec
    link: LinkSpec | None = None
    area: AreaSpec | None = None
    static: dict[Name, StaticSpec] = {}
    not_modelled: list[str] = []
    estimates: list[str] = []


def read(path: Path) -> tuple[Chip, PriceList]:
    """The chip in a file. Raises ChipError with everything wrong in it."""
    return _build(_with_base(marked_yaml.read(path, ChipError), path.parent, (path.resolve(),)))


def read_inline(document: Document, at: Path_, beside: Path) -> tuple[Chip, PriceList]:
    """The chip written inside of another file at path `at`: a name, or a mapping that extends a chip."""
    value = document.data
    for step in at:
        value = value[step]
    if isinstance(value, str):
        try:
            return read(library.find("chips", value, beside, ChipError))
        except ChipError as error:
            raise ChipError([_placed(problem, document, at) for problem in error.problems]) from None
    if "extends" not in value and not {"core", "registers", "prices", "generic"} & set(
        value
    ):  # surely not a whole chip
        what, remedy = "changes a chip and does not say which", "'extends: NAME' among its keys"
        raise ChipError([document.problem(at, what, remedy=remedy, at_key=True)])
    inner = Document(document.file, at)
    inner.data = {"neuroemu_chip": 1, "name": _variant_name(value), **value}
    inner.values = {path[len(at) :]: mark for path, mark in document.values.items() if path[: len(at)] == at}
    inner.keys = {path[len(at) :]: mark for path, mark in document.keys.items() if path[: len(at)] == at}
    return _build(_with_base(inner, beside, ()))


def _variant_name(value: dict[str, Any]) -> str:
    base = re.sub(r"[^A-Za-z0-9_\-]", "_", Path(str(value.get("extends", "chip"))).stem)
    return f"{base if base[:1].isalpha() else f'chip-{base}'}"[:100] + "-variant"


def _placed(problem: Problem, document: Document, at: Path_) -> Problem:
    return problem if problem.file else document.problem(at, problem.what, problem.allowed, problem.remedy)


def _with_base(document: Document, beside: Path, seen: tuple[Path, ...]) -> Document:
    """The document laid over the chip that it extends, marks included."""
    base_name = document.data.get("extends")
    if base_name is None:
        return document
    if not isinstance(base_name, str):
        raise ChipError([document.problem(("extends",), f"found {shown(base_name)}", "the name or the path of a chip")])
    try:
        base_path = library.find("chips", base_name, beside, ChipError)
    except ChipError as error:
        raise ChipError([_placed(problem, document, ("extends",)) for problem in error.problems]) from None
    if base_path.resolve() in seen:
        raise ChipError(
            [document.problem(("extends",), f"'{base_name}' extends itself in the end", "a chain that ends")]
        )
    base = _with_base(marked_yaml.read(base_path, ChipError), base_path.parent, (*seen, base_path.resolve()))
    merged = Document(document.file, document.inside)
    merged.values, merged.keys = {**base.values, **document.values}, {**base.keys, **document.keys}
    merged.data = dict(base.data)
    for key, value in document.data.items():
        under = base.data.get(key)
        merged.data[key] = laid_over(key, value, under, document) if _both_dicts(value, under) else value
    merged.data.pop("extends", None)
    return merged


def _both_dicts(a: Any, b: Any) -> bool:
    return isinstance(a, dict) and isinstance(b, dict)


# Sections whose figures share one source; prices and static have one for each entry.
_SOURCED = ("mesh", "core", "synapse", "registers", "clock", "barrier", "link", "area")


def laid_over(section: str, new: dict[str, Any], old: dict[str, Any], document: Document) -> dict[str, Any]:
    """A section over its base, key by key. What was changed loses its old range, and its source says who changed it."""
    if section in _SOURCED:
        return _changed(new, old, document, (section,))
    result = dict(old)
    for key, value in new.items():
        entry = section in ("prices", "static") and _both_dicts(value, old.get(key))
        result[key] = _changed(value, old[key], document, (section, key)) if entry else value
    return result


def _changed(new: dict[str, Any], old: dict[str, Any], document: Document, at: Path_) -> dict[str, Any]:
    """Sourced figures over others. A source and a provenance of their own come before `changed in` and 'estimate'."""
    figures = [key for key in new if key not in ("source", "provenance")]
    stale = {f"{key}_range" for key in figures} | ({"range"} if _ranged_times(old) & set(figures) else set())
    kept = {key: value for key, value in old.items() if key not in stale}
    if not figures:
        return {**kept, **new}
    who = " and ".join(sorted({document.mark((*at, key)).file for key in figures}))
    what = f"{', '.join(map(str, figures))} " if len(at) == 1 else ""  # of a section with many figures
    before = f", before: {old['source']}" if old.get("source") else ""
    return {**kept, "source": f"{what}changed in {who}{before}", "provenance": "estimate", **new}


def _ranged_times(barrier: dict[str, Any]) -> set[str]:
    """The key that the factors of a barrier's range belong to."""
    return set() if "range" not in barrier else {"chips"} if barrier.get("chips") else {"time", "chips"}


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
            }
        ),
        registers=Registers(**spec.registers.model_dump(exclude=plain)),
        arithmetic=spec.arithmetic.switches(),
        about=spec.about,
        technology=spec.technology,
        estimate=spec.estimate,
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
