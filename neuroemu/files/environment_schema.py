"""Environments of program files: a spec for each that comes along, and one for those of a user's own file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from .checking import Count, Name, Natural, Number, Spec, nearest

Chance = Annotated[Number, Field(ge=0, le=1)]
Byte = Annotated[int, Field(ge=-128, le=127)]


class BanditSpec(Spec):
    """Arms that pay with a chance each; the population `actions` chooses by its spikes. Sends 'reward' and 'go'."""

    kind: Literal["bandit"]
    every: Count = 20
    actions: Name
    chances: Annotated[list[Chance], Field(min_length=1, max_length=10**6)]
    win: Byte = 1
    loss: Byte = 0
    swap: Natural = 0


class DistalRewardSpec(Spec):
    """A spike of compartment pre_index of `pre` up to `window` steps before one of `post` is rewarded, `delay` steps later.

    Sends 'reward', for `lasts` steps.
    """

    kind: Literal["distal_reward"]
    every: Count = 100
    pre: Name
    post: Name
    pre_index: Natural = 0
    post_index: Natural = 0
    window: Count = 10
    delay: Annotated[list[Count], Field(min_length=2, max_length=2)] = [1000, 3000]
    reward: Byte = 16
    lasts: Count = 1

    @model_validator(mode="after")
    def _later(self) -> DistalRewardSpec:
        if not self.every < self.delay[0] <= self.delay[1]:
            raise ValueError(f"'delay' is {self.delay}; write [least, most], more than every = {self.every}")
        return self


class WindyGridSpec(Spec):
    """A walk to a goal across a wind; four compartments `actions` (up, right, down, left) decide by their first spike.

    Sends 'state', 'hold' and 'surprise', which is what its critic did not expect, in 1/16.  rate, trace: of the critic.
    """

    kind: Literal["windy_grid"]
    every: Annotated[int, Field(ge=3, le=2**31 - 1)] = 8
    actions: Name
    episodes: Count = 1500
    longest: Count = 1000
    last: Count = 200
    rate: Chance = 0.1
    trace: Chance = 0.8


class OwnEnvironmentSpec(Spec):
    """python: 'FILE.py:NAME', a class made from neuroemu.Environment.  parameters, every: what it is made with."""

    python: Annotated[str, Field(min_length=1, max_length=300)]
    every: Count | None = None
    parameters: dict[Name, Any] = {}


def kind(value: Any) -> str:
    if not isinstance(value, dict):
        return "<python>"
    found = nearest(("kind", "python"), value)
    return f"<{value['kind']}>" if "kind" in value else f"<{'bandit' if found == 'kind' else 'python'}>"


EnvironmentSpec = Annotated[
    Annotated[BanditSpec, Tag("<bandit>")]
    | Annotated[DistalRewardSpec, Tag("<distal_reward>")]
    | Annotated[WindyGridSpec, Tag("<windy_grid>")]
    | Annotated[OwnEnvironmentSpec, Tag("<python>")],
    Discriminator(kind),
]
