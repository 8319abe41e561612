"""Environments of program files: a spec for each that comes along, and one for those of a user's own file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

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
    Annotated[BanditSpec, Tag("<bandit>")] | Annotated[OwnEnvironmentSpec, Tag("<python>")],
    Discriminator(kind),
]
