"""The format of program files, as specs: `neuroemu schema program` prints it.

Only shapes and ranges stand here; what needs the rest of the file (names, sizes, arrays) is files/program_file.py. Sections
with much to say have a file each: network_schema, population_schema, connection_schema, input_schema, environment_schema,
number_schema.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from .checking import Count, Name, Spec, Version
from .environment_schema import EnvironmentSpec
from .input_schema import InputSpec
from .learning_schema import RuleSpec, SynapseProbeSpec
from .network_schema import NetworkSpec
from .number_schema import Array

# So that '--set mapping.file=' takes away what the program gives.
TextOrNothing = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class TrainingSpec(Spec):
    """Samples to learn from; those that follow are answered with learning frozen.

    passes: over all of them, each in an order of its own.  samples: the first so many; without, the train side of a data set
    whose side is 'test'.
    """

    passes: Annotated[int, Field(ge=1, le=10**6)] = 1
    samples: Annotated[int, Field(ge=1, le=10**9)] | None = None


class RunSpec(Spec):
    """steps: of one sample (or of the run without samples).  samples: how many, 'all' by default; those of training come on
    top.
    """

    steps: Annotated[int, Field(ge=1, le=10**9)]
    samples: Annotated[int, Field(ge=1, le=10**9)] | Literal["all"] = "all"
    training: TrainingSpec | None = None
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
    profile: TextOrNothing = ""
    profile_steps: Count = 100
    file: TextOrNothing = ""
    parts: dict[Name, Count] = {}
    share_cores: bool = True


class QuantiseSpec(Spec):
    """calibrate: run so many samples in floats first; what they show of inputs and rates decides the scales."""

    calibrate: Annotated[int, Field(ge=0, le=10**9)] = 0


class ReportSpec(Spec):
    """float_reference: also run the network in floats on the same input and say what quantisation cost.

    neurobench: also say the metrics of NeuroBench, of the chip and, of a network from NIR, of its framework's floats.
    """

    float_reference: bool = False
    neurobench: bool = False


def probe(value: Any) -> str:
    return "<synapses>" if isinstance(value, dict) else "<text>"


ProbeSpec = Annotated[
    Annotated[str, Field(min_length=1), Tag("<text>")] | Annotated[SynapseProbeSpec, Tag("<synapses>")],
    Discriminator(probe),
]


class ProgramSpec(Spec):
    """A program file."""

    neuroemu: Version
    name: Name
    about: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    chip: str | dict[str, Any]
    network: NetworkSpec
    inputs: dict[Name, InputSpec] = {}
    environment: EnvironmentSpec | None = None
    run: RunSpec
    decode: DecodeSpec | None = None
    quantise: QuantiseSpec = QuantiseSpec()
    mapping: MappingSpec = MappingSpec()
    learning: dict[Name, RuleSpec] = {}
    probes: list[ProbeSpec] = []
    report: ReportSpec = ReportSpec()
