"""What a chip file may say: a spec a section. `neuroemu schema chip` prints them; chip_file.py makes a Chip of them.

Every constant carries a source and a provenance; a missing price is an error, a free event says 0 pJ, an unknown one says null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, create_model, field_validator, model_validator

from .. import scaling
from ..chip import (
    EXPONENT_STAGE,
    MOST_CORES,
    OVERFLOW,
    PROFILES,
    WEIGHT_ROUNDING,
    Arithmetic,
)
from ..events import BY_KEY, Event
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
)

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
        if width * height * self.cores_per_tile > MOST_CORES:
            raise ValueError("the mesh has more than 2**24 cores")
        if self.topology != "mesh" and self.routing == "west_first":
            raise ValueError(f"west_first is for a mesh, not for a {self.topology}; xy and yx are allowed")
        if self.topology == "tree" and self.chips != [1, 1]:
            raise ValueError("a tree of several chips is not modelled; chips: [1, 1], or topology: mesh")
        return self


class CoreSpec(Sourced):
    """What a core holds.  fan_in: synapses into one compartment.  fan_out: cores that one compartment may send to.

    compartment_configs, threshold_configs, synapse_formats: different ones that a core has registers for.  stdp_profiles: the
    same of pre-traces, for projections that learn.  What is not given, or null, is not checked.
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
    stdp_profiles: Count | None = None


class SynapseSpec(Sourced):
    """What a synapse can say, and how it is stored.  lists: kinds that a core can keep.  base_max: of shared lists, the largest
    number that an axon adds to their indices.  index_widths: bits that an index may have, the fewest that do are taken; not
    given, every index has index_bits.  tag_bits: of a synapse that learns, beside delay_bits.  learning_axons: axons in that a
    source with such synapses takes.

    axon_formats: discrete (a source each), and where the chip has them pop16 and pop32: one axon in for several sources, told
    apart by the atom of their spikes; a pop32 takes two output slots.  pop16_atoms: the most sources of a pop16.  atom_bits: of
    the atom of a pop32.  pop16_step: bases of pop16 axons are multiples of it.
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
    index_widths: list[Annotated[int, Field(ge=0, le=32)]] = []
    tag_bits: Natural = 0
    learning_axons: Count = 1
    axon_formats: list[Literal["discrete", "pop16", "pop32"]] = ["discrete"]
    atom_bits: Annotated[int, Field(ge=0, le=9)] = 9
    pop16_atoms: Annotated[int, Field(ge=1, le=32)] = 32
    pop16_step: Count = 4

    @model_validator(mode="after")
    def _alone(self) -> SynapseSpec:
        if set(self.lists) == {"shared"}:
            raise ValueError("lists that are shared only; what repeats nothing needs dense or sparse ones")
        if "shared" in self.lists and "sparse" not in self.lists:
            raise ValueError("a shared list has indices, as sparse ones have; name 'sparse', too")
        if "discrete" not in self.axon_formats:
            raise ValueError("axon_formats without 'discrete'; a source that shares its axon with nobody needs it")
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
    """A chip file.  learning: whether its synapses can learn; by which rules is the emulator's, their prices are the chip's."""

    model_config = ConfigDict(json_schema_extra=_sections_or_extends)

    neuroemu_chip: Version
    name: Name
    extends: str | None = None
    about: str = ""
    technology: str = ""
    estimate: bool = False
    learning: bool = True
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
