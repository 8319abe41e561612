"""Connections of program files: a spec a kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from .checking import Count, Name, Natural, Number, Spec
from .number_schema import Array, Delay, Weights


class FormatSpec(Spec):
    """Integer weights as the chip stores them."""

    bits: Annotated[int, Field(ge=1, le=8)] = 8
    exponent: Annotated[int, Field(ge=-8, le=7)] = 0
    sign_mode: Literal["mixed", "excitatory", "inhibitory"] = "mixed"
    message_bits: Annotated[int, Field(ge=0, le=32)] = 0


class ConnectionBase(Spec):
    """learn: a rule of the section `learning`."""

    from_: Name = Field(alias="from")
    to: Name
    name: str | None = None
    bits: Annotated[int, Field(ge=1, le=8)] = 8
    format: FormatSpec | None = None
    port: Name | None = None
    learn: Name | None = None


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
