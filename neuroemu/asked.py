"""Asked: what a run was asked for on the command line, so that it can be asked for again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """What a run was asked for on the command line.  every: (steps, seconds) between checkpoints, one of them 0.

    out: where it lands, absolute.  numbered: another run may take that name first.  folder: where it was asked in.
    """

    program: str
    overrides: tuple[str, ...]
    seed: int | None
    steps: int | None
    latency: str | None
    in_floats: bool
    neurobench: bool
    timeline: bool
    mapping: str | None
    allow_code: bool
    overwrite: bool
    command: tuple[str, ...]
    folder: str
    every: tuple[int, float] = (0, 0.0)
    out: str = ""
    numbered: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))


def asked_of(written: dict[str, Any]) -> Asked:
    """What was written as JSON. Raises TypeError, AttributeError where it is none."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in written.items()}
    return Asked(**values)
