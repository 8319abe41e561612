"""Populations of program files: a spec a model, made of the fields of its tables where it comes along."""

from __future__ import annotations

import inspect
import math
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from .. import compartments
from .checking import Count, Milliseconds, MillisecondsOrInf, Name, Natural, Spec, nearest
from .number_schema import Delay, Values

MOST_COMPARTMENTS = 2**24  # of one population; as many as a chip file may give a chip cores


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


INSTALLED = tuple(name for name in compartments.names() if name not in compartments.BUILT_IN)
_OWN = "|".join([r"\.py:", *(f"^{re.escape(name)}$" for name in INSTALLED)])  # what else than those that come along


class OwnSpec(Sized):
    """A model of your own ('FILE.py:NAME') or of an installed package.  parameters: by the names of its fields."""

    neuron: Annotated[str, Field(min_length=1, max_length=300, json_schema_extra={"pattern": _OWN})]
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


def neuron(value: Any) -> str:
    if isinstance(value, dict) and "neuron" not in value:
        return "<source>" if nearest(("neuron", "source"), value) == "source" else "<lif>"
    if isinstance(value, dict) and (".py:" in str(value["neuron"]) or value["neuron"] in INSTALLED):
        return "<FILE.py:NAME>"
    return f"<{value['neuron']}>" if isinstance(value, dict) else "<lif>"


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
