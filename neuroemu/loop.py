"""The host's side of a closed loop: it asks an environment, checks what it answers, and sends that as inputs of the program.

The engine calls a Loop in every management phase (engine/management.py); until the next one, the inputs that the environment
drives read what it answered. An error in the environment's own Python is told with its file and line.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import encode
from .chip import Chip
from .compiler.registers import bias_units
from .encode import Encoder, Latency, Span
from .environments import Environment, Phase
from .environments.registry import name_of
from .errors import Problem, ProgramError
from .learnable import REWARD
from .widths import STATE_UNIT

_PAYLOAD = 2**31  # of 32 bits, signed


class Loop:
    """An environment in one run.  phases: how many there were.  sent: a digest of all that it answered."""

    def __init__(self, environment: Environment) -> None:
        self.environment, self.every = environment, int(environment.every)
        self.kind = name_of(environment)
        self.phases = 0
        self.first, self.n_steps = 1, 0  # what the answers are for
        self._answers: dict[str, np.ndarray] = {}
        self._sent = b""

    @property
    def sent(self) -> str:
        return self._sent.hex()

    def begin(self) -> None:
        with self._told("at its start"):
            self.environment.begin()

    def manage(self, phase: Phase) -> None:
        with self._told(f"after step {phase.step}"):
            answers = self.environment.manage(phase)
        self.phases += 1
        self.first, self.n_steps = phase.step + 1, phase.n_steps
        if phase.n_steps:
            self._answers = self._checked(answers, phase)

    def answer(self, name: str) -> np.ndarray:
        """(1 or n_steps, channels) numbers of this phase."""
        found = self._answers.get(name)
        return np.zeros((1, self.environment.sends[name]), np.int64) if found is None else found

    def rows(self, name: str, first: int, n: int) -> np.ndarray:
        """(1 or n, channels) those of the steps first.. of this phase."""
        found = self.answer(name)
        return found if found.shape[0] == 1 else found[first - self.first : first - self.first + n]

    def results(self) -> dict[str, float]:
        """Raises ProgramError where they are not numbers by name."""
        with self._told("when asked for its results"):
            given = self.environment.results()
        if not isinstance(given, dict):
            raise self.wrong(f"has results of the type {type(given).__name__}", "a dict of named numbers")
        for name, value in given.items():
            if not isinstance(name, str) or not isinstance(value, (bool, int, float, np.number, np.bool_)):
                raise self.wrong(f"has the result {name!r}: {str(value)[:40]!r}", "numbers by name")
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in given.items()}

    def keep(self) -> dict[str, np.ndarray]:
        """The environment's state, and what it answered last."""
        with self._told("when asked for what it keeps"):
            own = {f"own.{name}": array for name, array in self.environment.keep().items()}
        answers = {f"answer.{name}": array for name, array in self._answers.items()}
        sent = np.frombuffer(self._sent, np.uint8)
        return {"at": np.array([self.first, self.n_steps, self.phases]), "sent": sent, **answers, **own}

    def put_back(self, kept: dict[str, np.ndarray]) -> None:
        self.first, self.n_steps, self.phases = kept["at"].tolist()
        self._sent = kept["sent"].tobytes()
        self._answers = {name[7:]: array for name, array in kept.items() if name.startswith("answer.")}
        with self._told("when what it kept was put back"):
            self.environment.put_back({name[4:]: array for name, array in kept.items() if name.startswith("own.")})

    def wrong(self, what: str, allowed: str) -> ProgramError:
        """An error of what the environment gave."""
        return ProgramError([Problem(f"the environment '{self.kind}' {what}", path="environment", allowed=allowed)])

    def _checked(self, answers: Any, phase: Phase) -> dict[str, np.ndarray]:
        """By name of what is sent, (1 or n_steps, channels) finite numbers."""
        found = {}
        if answers is not None and not hasattr(answers, "items"):
            raise self.wrong(f"answers a {type(answers).__name__} after step {phase.step}", "arrays by name, or None")
        for name, given in sorted(answers.items()) if answers else ():
            if name not in self.environment.sends:
                raise self.wrong(f"answers '{name}' after step {phase.step}", ", ".join(self.environment.sends) or "{}")
            channels = self.environment.sends[name]
            values = np.asarray(given)
            if values.ndim == 0:
                values = np.broadcast_to(values, (channels,))
            if values.shape not in ((channels,), (phase.n_steps, channels)) or values.dtype.kind not in "biuf":
                what = f"answers '{name}' with the shape {list(values.shape)} of {values.dtype} after step {phase.step}"
                raise self.wrong(what, f"numbers [{channels}] or [{phase.n_steps}][{channels}], or one for all")
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise self.wrong(
                    f"answers '{name}' with a number that is not finite after step {phase.step}", "numbers"
                )
            values = np.array(values, np.float64 if values.dtype.kind == "f" else np.int64, ndmin=2)
            # A digest of the digest before: 32 bytes, which a checkpoint keeps.
            told = f"{phase.step} {name} {values.shape}".encode() + values.tobytes()
            self._sent = hashlib.sha256(self._sent + told).digest()
            found[name] = values
        return found

    @contextlib.contextmanager
    def _told(self, when: str) -> Any:
        """What the environment's Python raises becomes a ProgramError with its file and line; its prints go to stderr."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        except (Exception, SystemExit) as error:  # whatever the user's code raises
            own = getattr(sys.modules.get(type(self.environment).__module__), "__file__", None)
            frames = traceback.extract_tb(error.__traceback__)[1:]
            mine = [frame for frame in frames if frame.filename == own] or frames
            file, line = (mine[-1].filename, mine[-1].lineno) if mine else (None, None)
            if isinstance(error, ProgramError):
                problems = [
                    Problem(
                        f"the environment '{self.kind}' {when}: {p.what}", file, line, None, "", p.allowed, p.remedy
                    )
                    for p in error.problems
                ]
            else:
                what = f"the environment '{self.kind}' raised {type(error).__name__} {when}: {error}"
                problems = [Problem(what.removesuffix(": "), file, line)]
            raise ProgramError(problems) from error


@dataclass(frozen=True)
class SentSpikes:
    """What an environment sends, as spikes.  encoder: None takes what is not 0 for a spike with that payload.

    To the encoder a phase is what a sample is elsewhere; its draws are those of the step.
    """

    loop: Loop
    name: str
    encoder: Encoder | None
    step_ms: float
    seed: int
    stream: int

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, ...]:
        """(row, channel), and payloads without an encoder; the steps lie within the phase."""
        loop = self.loop
        if self.encoder is None:
            values = loop.rows(self.name, first_step, n_steps)
            if values.dtype.kind == "f":
                values = self._whole(values)
            if values.size and (values.min() < -_PAYLOAD or values.max() >= _PAYLOAD):
                raise loop.wrong(f"sends '{self.name}' with a payload of more than 32 bits", "32 bits")
            row, channel = np.nonzero(values)
            if values.shape[0] == 1 and n_steps > 1:
                row, channel = np.repeat(np.arange(n_steps), channel.size), np.tile(channel, n_steps)
                return row, channel, values[0, channel]
            return row, channel, values[row, channel]
        values = loop.answer(self.name)
        if values.shape[0] > 1 and isinstance(self.encoder, Latency):
            raise loop.wrong(f"sends '{self.name}' by step, which the encoder 'latency' cannot take", "[channels]")
        values = values if values.shape[0] > 1 else values[0]
        unfit = encode.unfit(self.encoder, values)
        if unfit is not None:
            raise loop.wrong(f"sends '{self.name}' after step {loop.first - 1}: {unfit.what}", unfit.allowed)
        span = Span(first_step, n_steps, loop.first, loop.n_steps, self.step_ms, self.seed, self.stream)
        return self.encoder.events(values, span)

    def _whole(self, values: np.ndarray) -> np.ndarray:
        odd = values[values % 1 != 0]
        if odd.size:
            raise self.loop.wrong(f"sends '{self.name}' with the payload {odd[0]:g}", "whole numbers, or an encoder")
        return np.clip(values, -2.0 * _PAYLOAD, 2.0 * _PAYLOAD).astype(np.int64)


@dataclass(frozen=True)
class SentReward:
    """The same as a reward, times gain."""

    loop: Loop
    name: str
    gain: float

    def bias(self, first_step: int, n_steps: int) -> np.ndarray:
        """(1 or n_steps, 1) int64."""
        values = self.gain * self.loop.rows(self.name, first_step, n_steps)
        low, high = REWARD
        odd = values[(values < low) | (values > high) | (values % 1 != 0)]
        if odd.size:
            raise self.loop.wrong(f"sends the reward '{self.name}' of {odd[0]:g}", f"whole numbers {low}..{high}")
        return values.astype(np.int64)


@dataclass(frozen=True)
class SentCurrent:
    """The same as a direct current: the host writes the bias register."""

    loop: Loop
    name: str
    gain: float
    own_bias: np.ndarray
    scale: float
    chip: Chip
    population: str

    def bias(self, first_step: int, n_steps: int) -> np.ndarray:
        """(1 or n_steps, n) biases in units of v. Raises ProgramError where they leave the register."""
        value = self.own_bias + self.gain * self.loop.rows(self.name, first_step, n_steps)
        check_current(self.population, value, self.scale, self.chip)
        return bias_units(value * self.scale * STATE_UNIT, self.chip)


def check_current(name: str, current: np.ndarray, scale: float, chip: Chip) -> None:
    """Raises ProgramError where a current, with the population's own bias, leaves the register: it would be cut silently."""
    most = (chip.registers.bias_max << chip.registers.bias_exponent_max) / STATE_UNIT / scale
    largest = float(np.max(np.abs(current)))
    if largest > most * (1 + 1e-9):
        what = (
            f"its direct current and bias reach {largest:.4g}; the bias register of {chip.name} "
            f"holds {most:.4g} at this population's scale"
        )
        raise ProgramError([Problem(what, path=name, remedy="a smaller gain, or a larger threshold and weights")])
