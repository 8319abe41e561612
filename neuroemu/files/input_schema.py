"""Inputs of program files: a data set, values, the labels of one of these, spikes, or what an environment sends."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from .checking import Count, Milliseconds, Name, Natural, Number, Spec, Whole, nearest
from .number_schema import Array


class SplitSpec(Spec):
    """A stratified random split: `side` of it is used, `test` samples are held out, drawn with `seed`."""

    side: Literal["all", "train", "test"] = "all"
    test: Count = 540
    seed: Natural = 0


class Encoded(Spec):
    """encode: bernoulli, correlated, latency, delta, or current; the other keys belong to one of them."""

    encode: Literal["bernoulli", "correlated", "latency", "delta", "current"] = "bernoulli"
    gain: Number = 1.0
    tau: Annotated[Milliseconds, Field(gt=0)] = 5.0
    threshold: Number | None = None
    linear: bool = False
    off_spikes: bool = True
    correlation: Annotated[Number, Field(ge=0, le=1)] = 0.5
    group: Count | None = None


class DataSpec(Encoded):
    """A data set of the library."""

    data: Literal["sklearn:digits"]
    split: SplitSpec = SplitSpec()


class ValuesSpec(Encoded):
    """Your own values: [samples][channels], or [samples][steps][channels] for signals."""

    values: Array
    labels: Array | None = None


class LabelsSpec(Spec):
    """labels_of: an input with labels; the channel of the sample's label spikes, with the probability gain, in none but the
    samples that are learned from.
    """

    labels_of: Name
    gain: Annotated[Number, Field(ge=0, le=1)] = 1.0


class SpikesSpec(Spec):
    """spikes: a list of [step, channel] or [step, channel, payload] (steps from 1), a .csv with these columns, or an (n, 2)
    or (n, 3) array in an .npz.
    """

    spikes: list[Annotated[list[Whole], Field(min_length=2, max_length=3)]] | str


class EnvironmentInputSpec(Spec):
    """environment: the name by which the environment sends it.  encode: 'spikes' takes what is not 0 for a spike with that
    payload; as a reward, for its value.
    """

    environment: Name
    encode: Literal["spikes", "bernoulli", "latency", "current"] = "spikes"
    gain: Number = 1.0
    tau: Annotated[Milliseconds, Field(gt=0)] = 5.0
    threshold: Number | None = None
    linear: bool = False


def input_kind(value: Any) -> str:
    found = nearest(("data", "spikes", "values", "labels_of", "environment"), value) if isinstance(value, dict) else ""
    return f"<{found or 'data'}>"


InputSpec = Annotated[
    Annotated[DataSpec, Tag("<data>")]
    | Annotated[ValuesSpec, Tag("<values>")]
    | Annotated[LabelsSpec, Tag("<labels_of>")]
    | Annotated[SpikesSpec, Tag("<spikes>")]
    | Annotated[EnvironmentInputSpec, Tag("<environment>")],
    Discriminator(input_kind),
]
