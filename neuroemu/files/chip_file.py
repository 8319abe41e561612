"""Chip files: YAML in, Chip and PriceList out.

The specs below are the format: `neuroemu schema chip` prints them. Every constant carries a source and a provenance; a
missing price is an error, a free event says 0 pJ, an unknown one says null. `extends: NAME` starts from another chip.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from .. import library
from ..chip import (
    EXPONENT_STAGE,
    OVERFLOW,
    PROFILES,
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
from ..events import BY_KEY, EVENTS, MEANING
from . import marked_yaml
from .checking import Count, Milliwatts, Name, Nanoseconds, Natural, Picojoules, Spec, Version, check, shown
from .marked_yaml import Document, Path_

Provenance = Literal["PF", "SV", "SN", "AB", "RD", "DV", "DG", "MU", "estimate"]
NonNegativePj = Annotated[Picojoules, Field(ge=0)]
NonNegativeNs = Annotated[Nanoseconds, Field(ge=0)]
NonNegativeMw = Annotated[Milliwatts, Field(ge=0)]


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
    routing: Literal["xy"] = "xy"
    host: Annotated[list[Natural], Field(min_length=2, max_length=2)] = [0, 0]

    @model_validator(mode="after")
    def _fits(self) -> MeshSpec:
        if self.host[0] >= self.width or self.host[1] >= self.height:
            raise ValueError(f"the host's tile {self.host} lies outside of the {self.width}x{self.height} mesh")
        if self.width * self.height * self.cores_per_tile > 2**24:
            raise ValueError("the mesh has more than 2**24 cores")
        return self


class CoreSpec(Sourced):
    compartments: Count
    axons_in: Count
    axons_out: Count
    synapse_words: Count
    word_bits: Count = 64


class SynapseSpec(Sourced):
    weight_bits: Annotated[list[Annotated[int, Field(ge=1, le=8)]], Field(min_length=1)]
    exponent_min: Annotated[int, Field(ge=-8, le=0)] = -8
    exponent_max: Annotated[int, Field(ge=0, le=7)] = 7
    delay_max: Annotated[int, Field(ge=0, le=254)]
    delay_bits: Natural
    index_bits: Natural
    group: Count
    header_bits: Natural


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


class PricesSpec(Section):
    """One entry for every event of events.py; none may be missing."""

    synapse_read: PriceSpec
    compartment_active: PriceSpec
    compartment_inactive: PriceSpec
    spike_out: PriceSpec
    synapse_write: PriceSpec
    axon_out: PriceSpec
    axon_in: PriceSpec
    tile: PriceSpec
    hop_east: PriceSpec
    hop_west: PriceSpec
    hop_north: PriceSpec
    hop_south: PriceSpec
    barrier: BarrierPriceSpec


class BarrierSpec(Section):
    """time: by number of tiles in use, {1: 113 ns, 32: 465 ns}."""

    time: Annotated[dict[str, NonNegativeNs], Field(min_length=1)]
    interpolate: Literal["log", "step"] = "log"
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance

    @model_validator(mode="after")
    def _tiles(self) -> BarrierSpec:
        for tiles in self.time:
            if not (tiles.isascii() and tiles.isdigit() and 1 <= int(tiles) <= 2**24):
                raise ValueError(f"'{tiles}' is not a number of tiles")
        return self


class StaticSpec(Section):
    """Power that is always drawn. per: chip, core, or core_in_use."""

    power: NonNegativeMw | None
    power_range: Annotated[list[NonNegativeMw], Field(min_length=2, max_length=2)] | None = None
    per: Literal["chip", "core", "core_in_use"]
    source: Annotated[str, Field(min_length=1)]
    provenance: Provenance

    @model_validator(mode="after")
    def _ranges(self) -> StaticSpec:
        _check_range(self.power, self.power_range, "power")
        return self


def _sections_or_extends(schema: dict[str, Any]) -> None:
    """In the JSON Schema: every section is required, or only those that change a chip."""
    named = ["neuroemu_chip", "name"]
    schema["anyOf"] = [{"required": ["extends"]}, {"required": [key for key in schema["required"] if key not in named]}]
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
    prices: PricesSpec
    barrier: BarrierSpec
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
    if "extends" not in value and not {"core", "registers", "prices"} & set(value):  # surely not a whole chip
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
        merged.data[key] = _laid_over(key, value, under, document) if _both_dicts(value, under) else value
    merged.data.pop("extends", None)
    return merged


def _both_dicts(a: Any, b: Any) -> bool:
    return isinstance(a, dict) and isinstance(b, dict)


def _laid_over(section: str, new: dict[str, Any], old: dict[str, Any], document: Document) -> dict[str, Any]:
    """A section over its base, key by key. A changed price loses its old range, and its source says who changed it."""
    result = dict(old)
    for key, value in new.items():
        if section in ("prices", "static") and _both_dicts(value, old.get(key)):
            kept = {name: item for name, item in old[key].items() if name.removesuffix("_range") not in value}
            who = " and ".join(sorted({document.mark((section, key, name)).file for name in value}))
            origin = {"source": f"changed in {who}, before: {old[key].get('source')}", "provenance": "estimate"}
            result[key] = {**kept, **origin, **value}
        elif section == "barrier" and key == "time":
            who = document.mark((section, key)).file
            origin = {"source": f"changed in {who}", "provenance": "estimate"}
            result = {**result, **{name: new.get(name, said) for name, said in origin.items()}, "time": value}
        else:
            result[key] = value
    return result


def _build(document: Document) -> tuple[Chip, PriceList]:
    spec, problems, _ = check(ChipSpec, document)
    if spec is None:
        raise ChipError(problems)
    plain = {"source", "provenance"}
    mesh = spec.mesh
    chip = Chip(
        name=spec.name,
        mesh=Mesh(mesh.width, mesh.height, mesh.cores_per_tile, mesh.routing, (mesh.host[0], mesh.host[1])),
        core=CoreLimits(**spec.core.model_dump(exclude=plain)),
        synapse=SynapseLimits(
            **{**spec.synapse.model_dump(exclude=plain), "weight_bits": tuple(sorted(set(spec.synapse.weight_bits)))}
        ),
        registers=Registers(**spec.registers.model_dump(exclude=plain)),
        arithmetic=spec.arithmetic.switches(),
        about=spec.about,
        technology=spec.technology,
        estimate=spec.estimate,
    )
    return chip, _prices(spec)


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
    points = tuple(sorted((int(tiles), ns) for tiles, ns in spec.barrier.time.items()))
    static = tuple(
        StaticPower(name, _constant(s.power, s.power_range, s.source, s.provenance), s.per)
        for name, s in spec.static.items()
    )
    barrier = Barrier(points, spec.barrier.interpolate, spec.barrier.source, spec.barrier.provenance)
    return PriceList(spec.name, energy, time, barrier, static, tuple(spec.not_modelled), tuple(spec.estimates))


assert set(PricesSpec.model_fields) == set(BY_KEY), "every event has a price entry"
