"""The format of program files, as specs: `neuroemu schema program` prints it.

Only shapes and ranges stand here; what needs the rest of the file (names, sizes, arrays) is files/program_file.py.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    create_model,
    model_validator,
)

from .. import compartments, units
from .checking import (
    _NUMBER_AS_TEXT,
    Count,
    Milliseconds,
    MillisecondsOrInf,
    Name,
    Natural,
    Number,
    Spec,
    Version,
    Whole,
    _finite,
    _yaml_number,
    shown,
)

REFERENCE = re.compile(r"^[^#]+\.npz#[^#]+$")
PROBE = re.compile(r"^([A-Za-z_][\w\-]*)\.([A-Za-z_]\w*)(?:\[(.+)\])?$")
MOST_COMPARTMENTS = 2**24  # of one population; as many as a chip file may give a chip cores


def _numbers(value: Any, what: str) -> Any:
    """A number, a list (of lists) of numbers, or the name of an array in a file."""
    if isinstance(value, str):
        if _NUMBER_AS_TEXT.match(value):
            raise ValueError(f"YAML reads {value} as text, not as a number; write {_yaml_number(value)}")
        if not REFERENCE.match(value):
            raise ValueError(f"{shown(value)} is neither a number nor an array; write {what} or 'FILE.npz#NAME'")
        return value
    if isinstance(value, list):
        return [_numbers(item, what) if not isinstance(item, str) else _refuse(item, what) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"found {shown(value)}; write {what} or 'FILE.npz#NAME'")
    return _finite(value)


def _refuse(item: str, what: str) -> Any:
    if _NUMBER_AS_TEXT.match(item):
        raise ValueError(f"YAML reads {item} as text, not as a number; write {_yaml_number(item)}")
    raise ValueError(f"{shown(item)} in a list of numbers")


_NUMBERS_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number"}, {"type": "array"}, {"type": "string", "pattern": r"\.npz#"}]}
)
Values = Annotated[
    Any, BeforeValidator(lambda v: _numbers(v, "a number, a list with one a compartment")), _NUMBERS_SCHEMA
]
Array = Annotated[Any, BeforeValidator(lambda v: _numbers(v, "a list of numbers")), _NUMBERS_SCHEMA]


class UniformSpec(Spec):
    uniform: Annotated[list[Number], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _ordered(self) -> UniformSpec:
        if self.uniform[0] > self.uniform[1]:
            raise ValueError(f"uniform goes from {self.uniform[0]:g} down to {self.uniform[1]:g}")
        return self


class NormalSpec(Spec):
    normal: Annotated[list[Number], Field(min_length=2, max_length=2)]


def weights(value: Any) -> str:
    if isinstance(value, dict):
        return "<normal>" if "normal" in value else "<uniform>"
    return "<numbers>"


Weights = Annotated[
    Annotated[UniformSpec, Tag("<uniform>")]
    | Annotated[NormalSpec, Tag("<normal>")]
    | Annotated[Array, Tag("<numbers>")],
    Discriminator(weights),
]


def _delay(value: Any) -> Any:
    if isinstance(value, str) and not REFERENCE.match(value):
        if len(value) > 60 or not math.isfinite(time := units.parse(value, "ms")):
            raise ValueError(f"{shown(value)} is no delay; write a number of steps, or a time like '3 ms'")
        return f"{time} ms"
    return _numbers(value, "a number of steps, a time like '3 ms'")


Delay = Annotated[
    Annotated[UniformSpec, Tag("<uniform>")]
    | Annotated[NormalSpec, Tag("<normal>")]
    | Annotated[
        Any, BeforeValidator(_delay), WithJsonSchema({"type": ["number", "string", "array"]}), Tag("<numbers>")
    ],
    Discriminator(weights),
]

# ---- populations ---------------------------------------------------------------------------------------------------


class Sized(Spec):
    """size, or shape [channel, height, width] for convolutions.  axon_delay: what its spikes wait before they leave."""

    size: Count | None = None
    shape: Annotated[list[Count], Field(min_length=1, max_length=4)] | None = None
    axon_delay: Delay = 0

    @model_validator(mode="after")
    def _one(self) -> Sized:
        if (self.size is None) == (self.shape is None):
            raise ValueError("a population needs either 'size' or 'shape'")
        if math.prod(self.dimensions()) > MOST_COMPARTMENTS:
            raise ValueError(
                f"a population of {math.prod(self.dimensions())} compartments; at most {MOST_COMPARTMENTS}"
            )
        return self

    def dimensions(self) -> tuple[int, ...]:
        return tuple(self.shape) if self.shape else (self.size or 1,)


class SourceSpec(Sized):
    """Not on the chip: spikes of the host."""

    source: Name


class LifSpec(Sized):
    """Leaky integrate-and-fire in physical units; the compiler finds the registers.

    reset: 'subtract' takes the threshold from the potential.  spikes: false makes a readout that only integrates.
    """

    neuron: Literal["lif"]
    tau_mem: Annotated[MillisecondsOrInf, Field(ge=0)] = float("inf")
    tau_syn: Annotated[MillisecondsOrInf, Field(ge=0)] = 0.0
    threshold: Values = 1.0
    bias: Values = 0.0
    refractory: Annotated[Milliseconds, Field(ge=0)] = 0.0
    reset: Literal["zero", "subtract"] = "zero"
    spikes: bool = True
    current: Name | None = None


class NoiseSpec(Spec):
    exponent: Annotated[int, Field(ge=1, le=23)]
    mantissa: Annotated[int, Field(ge=-128, le=127)] = 0
    at_membrane: bool = False


def _meaning(field: compartments.Field) -> dict[str, Any]:
    """What the JSON Schema says of a model's field; limits of the chip by their names, as they differ from chip to chip."""
    named = [f"{label} {limit}" for label, limit in (("from", field.low), ("to", field.high)) if isinstance(limit, str)]
    told: dict[str, Any] = {"description": f"{field.about} ({', '.join(named)} of the chip)" if named else field.about}
    numbers = (("minimum", field.low), ("maximum", field.high), ("default", field.default))
    return told | {key: number for key, number in numbers if isinstance(number, int)}


def _tell_lif(shape: dict[str, Any]) -> None:
    """Adds the meanings of the fields of lif to a JSON Schema."""
    for key, field in compartments.find("lif").fields.items():
        if key in shape["properties"]:
            shape["properties"][key] |= _meaning(field)


class LifRegistersSpec(Sized):
    """The same by the chip's own registers."""

    model_config = ConfigDict(json_schema_extra=_tell_lif)

    neuron: Literal["lif_registers"]
    decay_u: Values = 4095
    decay_v: Values = 0
    threshold: Values = 1
    threshold_low: Values | None = None
    bias: Values = 0
    bias_exponent: Values = 0
    refractory: Values = 1
    u: Values = 0
    v: Values = 0
    v_min: Values | None = None
    v_max: Values | None = None
    reset_interval: Natural = 0
    reset_offset: Natural = 0
    reset: Literal["zero", "subtract"] = "zero"
    noise: NoiseSpec | None = None


class OwnSpec(Sized):
    """A model of your own ('FILE.py:NAME') or of an installed package.  parameters: by the names of its fields."""

    neuron: Annotated[str, Field(min_length=1, max_length=300)]
    parameters: dict[Name, Values] = {}


def _by_registers(name: str) -> Any:
    """The spec of a model that comes along: a key a field of its tables."""
    model = compartments.find(name)
    fields: dict[str, Any] = {
        key: (Annotated[Values | None, Field(json_schema_extra=_meaning(field))], None)
        for key, field in model.fields.items()
    }
    doc = (inspect.getdoc(inspect.getmodule(model.update)) or name).split("\n\n")[0]
    fields["neuron"] = (Literal[name], ...)
    made: Any = create_model(f"{name}_registers", __base__=Sized, __doc__=doc, **fields)
    return Annotated[made, Tag(f"<{name}>")]


def _nearest(keys: Any, given: dict[str, Any]) -> str:
    """The one of `keys` that is in a mapping, mistyped or not, else ''."""
    exact = [key for key in keys if key in given]
    near = [key for key in keys if difflib.get_close_matches(key, given, n=1, cutoff=0.75)]
    return next(iter(exact + near), "")


def neuron(value: Any) -> str:
    if isinstance(value, dict) and "neuron" not in value:
        return "<source>" if _nearest(("neuron", "source"), value) == "source" else "<lif>"
    if isinstance(value, dict) and (".py:" in str(value["neuron"]) or value["neuron"] in INSTALLED):
        return "<FILE.py:NAME>"
    return f"<{value['neuron']}>" if isinstance(value, dict) else "<lif>"


INSTALLED = tuple(name for name in compartments.names() if name not in compartments.BUILT_IN)
if TYPE_CHECKING:
    PopulationSpec = Any
else:
    _SPECS = (
        Annotated[SourceSpec, Tag("<source>")],
        Annotated[LifSpec, Tag("<lif>")],
        Annotated[LifRegistersSpec, Tag("<lif_registers>")],
        *(_by_registers(model_name) for model_name in compartments.BUILT_IN if model_name != "lif"),
        Annotated[OwnSpec, Tag("<FILE.py:NAME>")],
    )
    PopulationSpec = Annotated[Union.__getitem__(_SPECS), Discriminator(neuron)]

# ---- connections ---------------------------------------------------------------------------------------------------


class FormatSpec(Spec):
    """Integer weights as the chip stores them."""

    bits: Annotated[int, Field(ge=1, le=8)] = 8
    exponent: Annotated[int, Field(ge=-8, le=7)] = 0
    sign_mode: Literal["mixed", "excitatory", "inhibitory"] = "mixed"
    message_bits: Annotated[int, Field(ge=0, le=32)] = 0


class ConnectionBase(Spec):
    from_: Name = Field(alias="from")
    to: Name
    name: str | None = None
    bits: Annotated[int, Field(ge=1, le=8)] = 8
    format: FormatSpec | None = None
    port: Name | None = None


class DenseSpec(ConnectionBase):
    """weights: a matrix [to][from], or one number for all."""

    kind: Literal["dense"] = "dense"
    weights: Weights
    delay: Delay = 0


class SparseSpec(ConnectionBase):
    """pre, post, weights: lists of one length."""

    kind: Literal["sparse"]
    pre: Array
    post: Array
    weights: Weights
    delay: Delay = 0


class OneToOneSpec(ConnectionBase):
    kind: Literal["one_to_one"]
    weights: Weights
    delay: Delay = 0


class RandomSpec(ConnectionBase):
    """probability: of each pair; or fan_in: sources of each target."""

    kind: Literal["random"]
    weights: Weights
    probability: Annotated[Number, Field(ge=0, le=1)] | None = None
    fan_in: Natural | None = None
    delay: Delay = 0

    @model_validator(mode="after")
    def _one(self) -> RandomSpec:
        if (self.probability is None) == (self.fan_in is None):
            raise ValueError("a random connection needs either 'probability' or 'fan_in'")
        return self


class Conv2dSpec(ConnectionBase):
    """weights: a kernel [out][in][height][width]."""

    kind: Literal["conv2d"]
    weights: Array
    stride: Count = 1
    padding: Natural = 0
    delay: Natural = 0


def kind(value: Any) -> str:
    return f"<{value.get('kind', 'dense')}>" if isinstance(value, dict) else "<dense>"


ConnectionSpec = Annotated[
    Annotated[DenseSpec, Tag("<dense>")]
    | Annotated[SparseSpec, Tag("<sparse>")]
    | Annotated[OneToOneSpec, Tag("<one_to_one>")]
    | Annotated[RandomSpec, Tag("<random>")]
    | Annotated[Conv2dSpec, Tag("<conv2d>")],
    Discriminator(kind),
]

# ---- inputs --------------------------------------------------------------------------------------------------------


class SplitSpec(Spec):
    """A stratified random split: `side` of it is used, `test` samples are held out, drawn with `seed`."""

    side: Literal["all", "train", "test"] = "all"
    test: Count = 540
    seed: Natural = 0


class Encoded(Spec):
    """encode: bernoulli, latency, delta, or current; the other keys belong to one of them."""

    encode: Literal["bernoulli", "latency", "delta", "current"] = "bernoulli"
    gain: Number = 1.0
    tau: Annotated[Milliseconds, Field(gt=0)] = 5.0
    threshold: Number | None = None
    linear: bool = False
    off_spikes: bool = True


class DataSpec(Encoded):
    """A data set of the library."""

    data: Literal["sklearn:digits"]
    split: SplitSpec = SplitSpec()


class ValuesSpec(Encoded):
    """Your own values: [samples][channels], or [samples][steps][channels] for signals."""

    values: Array
    labels: Array | None = None


class SpikesSpec(Spec):
    """spikes: a list of [step, channel] or [step, channel, payload] (steps from 1), a .csv with these columns, or an (n, 2)
    or (n, 3) array in an .npz.
    """

    spikes: list[Annotated[list[Whole], Field(min_length=2, max_length=3)]] | str


def input_kind(value: Any) -> str:
    found = _nearest(("data", "spikes", "values"), value) if isinstance(value, dict) else ""
    return f"<{found or 'data'}>"


InputSpec = Annotated[
    Annotated[DataSpec, Tag("<data>")]
    | Annotated[ValuesSpec, Tag("<values>")]
    | Annotated[SpikesSpec, Tag("<spikes>")],
    Discriminator(input_kind),
]

# ---- the rest ------------------------------------------------------------------------------------------------------


class BranchSpec(Spec):
    """A dendrite passes its value to its parent in the same step."""

    from_: Name = Field(alias="from")
    to: Name
    join: Literal["add", "max", "min", "or"] = "add"


class OriginSpec(Spec):
    """What a NIR file does not carry.  dt: time step.  reset: what a spike does to v.  reset_delay: a step later.

    current_first: the potential uses the current of its own step.  tau_scale: times every time constant of the file.
    batched: its inputs have a first dimension of 1 that is a batch.
    """

    framework: Literal["snntorch", "norse", "nir"] | None = None
    version: str | None = None
    dt: Annotated[Milliseconds, Field(gt=0)] | None = None
    reset: Literal["zero", "subtract"] | None = None
    reset_delay: bool | None = None
    current_first: bool | None = None
    tau_scale: Annotated[Number, Field(gt=0)] | None = None
    batched: bool | None = None

    def facts(self) -> dict[str, Any]:
        """What was given, as nir_io.from_nir takes it."""
        given = {key: value for key, value in self.model_dump().items() if value is not None}
        return given | {"dt_s": given.pop("dt") / 1e3} if "dt" in given else given


class CalibrationSpec(Spec):
    """What the activations of an ANN are measured with: a data set, or values [samples][channels], as the input gives them.

    samples: so many of them.  percentile: of the activations above 0 of a layer, which a spike stands for.
    """

    data: Literal["sklearn:digits"] | None = None
    split: SplitSpec = SplitSpec(side="train")
    values: Array | None = None
    samples: Count | None = None
    percentile: Annotated[Number, Field(gt=0, le=100)] = 99.9

    @model_validator(mode="after")
    def _one(self) -> CalibrationSpec:
        if (self.data is None) == (self.values is None):
            raise ValueError("a calibration needs either 'data' or 'values'")
        return self


class NetworkSpec(Spec):
    """nir: a .nir file beside the program, its populations named as its nodes; its Inputs take the inputs of their names.

    ann: weights of an ANN with ReLUs (.npz or .nir), made spiking with the activations that `calibration` causes.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in ("populations", "nir", "ann")]}
    )

    step: Annotated[Milliseconds, Field(gt=0)] = 1.0
    nir: Annotated[str, Field(min_length=1)] | None = None
    origin: OriginSpec | None = None
    ann: Annotated[str, Field(min_length=1)] | None = None
    calibration: CalibrationSpec | None = None
    populations: Annotated[dict[Name, PopulationSpec], Field(min_length=1)] = {}
    connections: list[ConnectionSpec] = []
    branches: list[BranchSpec] = []

    @model_validator(mode="after")
    def _one(self) -> NetworkSpec:
        if self.nir is not None and self.ann is not None:
            raise ValueError("a network is imported from one file, 'nir' or 'ann'")
        if self.nir is None and self.ann is None and not self.populations:
            raise ValueError("a network needs 'populations', or a file under 'nir' or 'ann'")
        if (self.ann is None) != (self.calibration is None):
            raise ValueError("'ann' and 'calibration' go together: what a spike stands for is measured")
        if self.nir is None and self.origin is not None:
            raise ValueError("'origin' says where a NIR file comes from, and there is none under 'nir'")
        return self


class RunSpec(Spec):
    """steps: of one sample (or of the run without samples).  samples: how many, 'all' by default."""

    steps: Annotated[int, Field(ge=1, le=10**9)]
    samples: Annotated[int, Field(ge=1, le=10**9)] | Literal["all"] = "all"
    reset: bool = True
    latency: Literal["contended", "flit", "analytic", "simple"] = "contended"


class DecodeSpec(Spec):
    from_: Name = Field(alias="from")
    method: Literal["rate", "first_spike", "population"] = "rate"
    values: Array | None = None


class MappingSpec(Spec):
    """method: a partition and a placement at once; either may be named besides.  file: a mapping.json, beside the program."""

    method: Literal["plain", "fast", "best"] = "plain"
    partition: Literal["equal", "layer", "hypergraph", "metis", "grow"] | None = None
    placement: Literal["sequential", "hilbert", "force", "anneal"] | None = None
    weigh_by: Literal["synapses", "spikes"] = "synapses"
    profile: str = ""
    profile_steps: Count = 100
    file: str = ""
    parts: dict[Name, Count] = {}
    share_cores: bool = True


class QuantiseSpec(Spec):
    """calibrate: run so many samples in floats first; what they show of inputs and rates decides the scales."""

    calibrate: Annotated[int, Field(ge=0, le=10**9)] = 0


class ReportSpec(Spec):
    """float_reference: also run the network in floats on the same input and say what quantisation cost."""

    float_reference: bool = False


class ProgramSpec(Spec):
    """A program file."""

    neuroemu: Version
    name: Name
    about: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    chip: str | dict[str, Any]
    network: NetworkSpec
    inputs: dict[Name, InputSpec] = {}
    run: RunSpec
    decode: DecodeSpec | None = None
    quantise: QuantiseSpec = QuantiseSpec()
    mapping: MappingSpec = MappingSpec()
    probes: list[Annotated[str, Field(min_length=1)]] = []
    report: ReportSpec = ReportSpec()
