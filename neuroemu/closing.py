"""What a closed loop needs: an environment that is one, that sends what inputs take and watches what there is.

Asked where files are read, with their places, and once more before a Program is compiled, for those built in Python.
"""

from __future__ import annotations

import difflib
from numbers import Integral
from typing import Any, NamedTuple

from .encode import Correlated, Current, Delta
from .environments import Environment
from .errors import Problem
from .network import Network
from .program import EnvironmentInput, Program
from .units import counted

MOST_EVERY = 2**31 - 1


class Told(NamedTuple):
    """What is wrong, what is allowed, what to try."""

    what: str
    allowed: str = ""
    remedy: str = ""


def problems(program: Program) -> list[Problem]:
    """What is wrong with the environment of a program and the rewards that it gives; other inputs are `unfit`."""
    environment = program.environment
    told = [] if environment is None else faults(environment)
    if environment is not None and not told:
        told = [*watched(environment, program.network), *open_only(program.calibrate, program.float_reference)]
    found = [Problem(each.what, path="environment", allowed=each.allowed, remedy=each.remedy) for each in told]
    for projection in program.network.projections:
        name = projection.learning.reward if projection.learning is not None else None
        given = program.inputs.get(name) if name is not None else None
        if isinstance(given, EnvironmentInput):
            found += [Problem(what, path=projection.name) for what in unfit(str(name), given, environment, None, 1)]
    return found


def faults(environment: object) -> list[Told]:
    """Why it is no environment."""
    if not isinstance(environment, Environment):
        kind = "a class" if isinstance(environment, type) else f"a {type(environment).__name__}"
        return [Told(f"found {kind}", "an object of a class made from neuroemu.Environment")]
    found, name = [], type(environment).__qualname__
    every: Any = getattr(environment, "every", None)
    if not _whole(every) or isinstance(every, bool) or not 1 <= every <= MOST_EVERY:
        found.append(Told(f"'{name}' has every = {every!r}", f"a whole number of steps, 1..{MOST_EVERY}"))
    for label, least in (("sends", 1), ("watches", 0)):
        given = getattr(environment, label)
        sizes: list[tuple[Any, Any]] = list(given.items()) if hasattr(given, "items") else [(None, None)]
        if not all(isinstance(key, str) and _whole(n) and n >= least for key, n in sizes):
            found.append(Told(f"'{name}' has {label} = {str(given)[:60]!r}", f"names with whole numbers from {least}"))
    return found


def watched(environment: Environment, network: Network) -> list[Told]:
    """What of the populations that it watches is not there."""
    found, names = [], network.names()
    for name, size in environment.watches.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            remedy = f"'{near[0]}'" if near else ""
            found.append(Told(f"watches the population '{name}', which is not there", ", ".join(names), remedy))
        elif size and network[name].size != size:
            found.append(
                Told(f"watches '{name}', which has {counted(network[name].size, 'compartment')}", f"{size} of them")
            )
    return found


def open_only(calibrate: int, float_reference: bool) -> list[Told]:
    """What a closed loop cannot have: floats would spike otherwise, and get other answers."""
    found = []
    if calibrate:
        found.append(Told("a closed loop cannot be calibrated: its input depends on the chip's spikes", "calibrate: 0"))
    if float_reference:
        what = "a closed loop has no float twin: its input depends on the chip's spikes"
        found.append(Told(what, "no float_reference"))
    return found


def unfit(
    name: str, given: EnvironmentInput, environment: Environment | None, is_source: bool | None, size: int
) -> list[str]:
    """What is wrong with an input that an environment drives.  is_source: of spikes; else a current, None a reward."""
    if environment is None:
        return [f"the input '{name}' is driven by an environment, and the program has none"]
    if faults(environment):
        return []
    if given.sent not in environment.sends:
        known = ", ".join(environment.sends) or "nothing"
        return [f"the environment does not send '{given.sent}', which '{name}' takes; it sends {known}"]
    channels = environment.sends[given.sent]
    if given.encoder is not None:
        if isinstance(given.encoder, (Delta, Correlated)):
            return [f"the input '{name}' is driven by an environment, which the encoder cannot take"]
        channels = given.encoder.channels(channels)
    if is_source is not None and isinstance(given.encoder, Current) == is_source:
        return [f"the input '{name}' {'is a current' if is_source else 'makes spikes'}"]
    if channels != size:
        return [f"the input '{name}' has {counted(channels, 'channel')}, not {size}"]
    return []


def _whole(value: object) -> bool:
    return isinstance(value, Integral)
