"""The network of a program file: its step, what it is imported from, populations, connections and branches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from .checking import Count, Milliseconds, Name, Number, Spec
from .connection_schema import ConnectionSpec
from .input_schema import SplitSpec
from .number_schema import Array
from .population_schema import PopulationSpec


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
