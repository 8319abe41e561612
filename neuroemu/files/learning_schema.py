"""Learning rules of program files: a spec a rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from .. import units
from ..learning import DIALECTS
from ..learning.settings import MOST_EPOCH, PAYLOADS, SHIFTS, THIRD
from .checking import Name, Number, Spec, _finite, shown
from .number_schema import Array

if TYPE_CHECKING:
    DialectName = str
    Payload = str
    Shift = str
    Third = str
else:  # what the engine knows
    DialectName = Literal.__getitem__(tuple(DIALECTS))
    Payload = Literal.__getitem__(PAYLOADS)
    Shift = Literal.__getitem__(SHIFTS)
    Third = Literal.__getitem__(THIRD)


def _steps(value: Any) -> Any:
    """A number of steps as it is, a time as text in ms: how long a step is stands elsewhere in the file."""
    if isinstance(value, str):
        if len(value) > 60:
            raise ValueError(f"{shown(value)} is no time; write a number of steps, or a time like '20 ms'")
        return f"{units.parse(value, 'ms')!r} ms"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"found {shown(value)}; write a number of steps, or a time like '20 ms'")
    return value if value == math.inf else _finite(value)


_STEPS_SCHEMA = WithJsonSchema(
    {"type": ["number", "string"], "description": "a number of steps, or a time", "examples": ["20 ms", 20]}
)
Steps = Annotated[Any, BeforeValidator(_steps), _STEPS_SCHEMA]


def _rule(value: Any) -> Any:
    """YAML reads the rule `7` as a number: the parser says what is wrong with it."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


RuleText = Annotated[str, BeforeValidator(_rule), Field(min_length=1, max_length=4000)]


class TraceSpec(Spec):
    """impulse: 0..127 that a spike adds.  tau: 0 forgets at once, inf never."""

    impulse: Number = 0.0
    tau: Steps = 0.0


class RuleSpec(Spec):
    """dw, dd, dt: what an epoch adds to weight, delay and tag, sums of products like 2^-2*y0*x1 - 2^-2*x0*y1 (see
    `neuroemu rule`).  traces: x1, x2 of the axon, y1, y2, y3 of the compartment.  epoch: in steps.

    third: where y1..y3 come from, spikes or the model of the target.  reward: an input of one value a step, read as r0, r1.
    shift: how products are rounded.  payload: what a graded spike does to x1.  tag: before step 1, one or [to][from].
    """

    dw: RuleText | None = None
    dd: RuleText | None = None
    dt: RuleText | None = None
    traces: dict[str, TraceSpec] = {}
    epoch: Annotated[int, Field(ge=1, le=MOST_EPOCH)] = 1
    third: Third = "spikes"
    reward: Name | None = None
    shift: Shift = "floor"
    payload: Payload = "binary"
    dialect: DialectName = "neuroemu"
    tag: Array = 0

    @model_validator(mode="after")
    def _one(self) -> RuleSpec:
        if self.dw is None and self.dd is None and self.dt is None:
            raise ValueError("a rule needs 'dw', 'dd' or 'dt'")
        return self


class SynapseProbeSpec(Spec):
    """weights, tags, delays: of a connection that learns.  every: steps between two looks; without, only before and after
    the run.
    """

    weights: str | None = None
    tags: str | None = None
    delays: str | None = None
    every: Steps | None = None

    @model_validator(mode="after")
    def _one(self) -> SynapseProbeSpec:
        if len(self.named()) != 1:
            raise ValueError(
                "a probe of synapses has one of 'weights', 'tags' and 'delays', with the name of a connection"
            )
        return self

    def named(self) -> dict[str, str]:
        """What is probed, and of which connection."""
        given = {"weights": self.weights, "tags": self.tags, "delays": self.delays}
        return {key: name for key, name in given.items() if name is not None}
