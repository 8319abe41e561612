"""The host: what stands outside of the chip and feeds it. Turns a program's inputs into spikes and biases by step."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .chip import Chip
from .compiler.registers import bias_units, spread
from .encode import Current, Encoder, Span
from .errors import DataError, ProgramError
from .loop import Loop, SentCurrent, SentReward, SentSpikes, check_current
from .network import Lif, Spikes
from .program import DataInput, EnvironmentInput, LabelsInput, Program, SpikesInput, ValuesInput
from .samples import one_hot, shown
from .streams import stream
from .widths import STATE_UNIT


@dataclass(frozen=True)
class Encoded:
    """values[sample] through an encoder; sample k uses values[k], and there is no wrapping around."""

    values: np.ndarray
    encoder: Encoder
    steps: int
    step_ms: float
    seed: int
    stream: int

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        """(row, channel) of the spikes in the steps first_step.. (global, from 1), row 0 being first_step."""
        rows, channels = [], []
        done = 0
        while done < n_steps:
            first = first_step + done
            sample = (first - 1) // self.steps
            n = min(n_steps - done, (sample + 1) * self.steps - first + 1)
            span = Span(first, n, sample * self.steps + 1, self.steps, self.step_ms, self.seed, self.stream)
            row, channel = self.encoder.events(self.values[sample], span)
            rows.append(row + done)
            channels.append(channel)
            done += n
        return np.concatenate(rows), np.concatenate(channels)


@dataclass(frozen=True)
class Listed:
    """A list of spikes, the same in every sample.  step: (n,) from 1, ascending; channel: (n,); payload: (n,) or None."""

    step: np.ndarray
    channel: np.ndarray
    payload: np.ndarray | None
    steps: int

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, ...]:
        rows, channels, payloads = [], [], []
        for sample in range((first_step - 1) // self.steps, (first_step + n_steps - 2) // self.steps + 1):
            row = self.step + sample * self.steps - first_step
            mine = (row >= 0) & (row < n_steps) & (self.step <= self.steps)
            rows.append(row[mine])
            channels.append(self.channel[mine])
            payloads.append(self.payload[mine] if self.payload is not None else self.step[:0])
        spikes = (np.concatenate(rows), np.concatenate(channels))
        return spikes if self.payload is None else (*spikes, np.concatenate(payloads))


@dataclass(frozen=True)
class DirectCurrent:
    """A current as the chip gets it: the host writes the bias register.  values[sample] or values[sample, step]."""

    values: np.ndarray
    gain: float
    own_bias: np.ndarray
    scale: float
    chip: Chip
    steps: int

    def bias(self, first_step: int, n_steps: int) -> np.ndarray:
        """(n_steps, n) biases in units of v."""
        at = np.arange(first_step - 1, first_step - 1 + n_steps)
        sample, step = at // self.steps, at % self.steps
        value = self.values[sample, step] if self.values.ndim == 3 else self.values[sample]
        return bias_units((self.own_bias + self.gain * value) * self.scale * STATE_UNIT, self.chip)


@dataclass(frozen=True)
class Reward:
    """What a projection learns from.  values[sample] (1,), or values[sample, step] (1,), times gain."""

    values: np.ndarray
    gain: float
    steps: int

    def bias(self, first_step: int, n_steps: int) -> np.ndarray:
        """(n_steps, 1) int64."""
        at = np.arange(first_step - 1, first_step - 1 + n_steps)
        sample, step = at // self.steps, at % self.steps
        value = self.values[sample, step] if self.values.ndim == 3 else self.values[sample]
        return np.rint(self.gain * value).astype(np.int64)


@dataclass(frozen=True)
class Awarded:
    """The same from a list of spikes, whose payload it is; 0 in steps without one."""

    spikes: Listed

    def bias(self, first_step: int, n_steps: int) -> np.ndarray:
        """(n_steps, 1) int64."""
        row, _, *graded = self.spikes.events(first_step, n_steps)
        found = np.zeros((n_steps, 1), np.int64)
        found[row, 0] = graded[0] if graded else 1
        return found


@dataclass(frozen=True)
class Feed:
    """Everything that the host sends.  samples: how many are run, of which the first `trained` are learned from and not
    answered (0 where a program does not train).  labels: (samples,) or None.

    currents: by population, values and gain.  loop: of the environment; sent_currents: those that it gives, and gain.
    """

    samples: int
    labels: np.ndarray | None
    inputs: dict[str, Encoded | Listed | SentSpikes]
    currents: dict[str, tuple[np.ndarray, float]]
    rewards: dict[str, Reward | Awarded | SentReward] = field(default_factory=dict)
    loop: Loop | None = None
    sent_currents: dict[str, tuple[str, float]] = field(default_factory=dict)
    trained: int = 0


def feed(program: Program) -> Feed:
    """Loads and encodes the inputs of a program. Raises DataError where a data set cannot be had or is too short."""
    sides, trained = shown(program)
    values: dict[str, np.ndarray] = {}
    labels: np.ndarray | None = None
    for name, side in sides.items():
        values[name] = side.values
        labels = side.labels if side.labels is not None else labels
    samples = trained + _samples(program, {name: array[trained:] for name, array in values.items()})
    for name, given in program.inputs.items():
        if isinstance(given, LabelsInput):
            values[name] = one_hot(given, sides[given.labels_of], trained if program.training else None)
    loop = None if program.environment is None else Loop(program.environment)
    inputs: dict[str, Encoded | Listed | SentSpikes] = {}
    for population in program.network.sources:
        assert isinstance(population.model, Spikes)
        name = population.model.source
        given = program.inputs[name]
        if isinstance(given, SpikesInput):
            inputs[population.name] = Listed(given.step, given.channel, given.payload, program.steps)
            continue
        draws = (program.network.step_ms, program.seed, stream("encode", name))
        if isinstance(given, EnvironmentInput):
            assert loop is not None
            inputs[population.name] = SentSpikes(loop, given.sent, given.encoder, *draws)
        else:
            inputs[population.name] = Encoded(values[name], given.encoder, program.steps, *draws)
    currents, sent_currents = {}, {}
    for population in program.network.on_chip:
        if isinstance(population.model, Lif) and population.model.current:
            name = population.model.current
            given = program.inputs[name]
            assert isinstance(given, (DataInput, ValuesInput, EnvironmentInput))
            assert isinstance(given.encoder, Current)
            if isinstance(given, EnvironmentInput):
                sent_currents[population.name] = (given.sent, given.encoder.gain)
            else:
                currents[population.name] = (values[name], given.encoder.gain)
    labels = None if labels is None else labels[:samples]
    return Feed(samples, labels, inputs, currents, _rewards(program, values, loop), loop, sent_currents, trained)


def _rewards(
    program: Program, values: dict[str, np.ndarray], loop: Loop | None
) -> dict[str, Reward | Awarded | SentReward]:
    """By the input's name."""
    found: dict[str, Reward | Awarded | SentReward] = {}
    for projection in program.network.projections:
        name = projection.learning.reward if projection.learning is not None else None
        if name is None:
            continue
        given = program.inputs[name]
        if isinstance(given, SpikesInput):
            found[name] = Awarded(Listed(given.step, given.channel, given.payload, program.steps))
        elif isinstance(given, EnvironmentInput):
            assert loop is not None
            found[name] = SentReward(
                loop, given.sent, given.encoder.gain if isinstance(given.encoder, Current) else 1.0
            )
        else:
            assert not isinstance(given, LabelsInput) and isinstance(given.encoder, Current)
            found[name] = Reward(values[name], given.encoder.gain, program.steps)
    return found


def _samples(program: Program, values: dict[str, np.ndarray]) -> int:
    available = min((array.shape[0] for array in values.values()), default=None)
    if program.samples is None:
        return available or 1
    if available is not None and program.samples > available:
        shortest = min(values, key=lambda name: values[name].shape[0])
        raise DataError(
            f"run.samples is {program.samples}; the input '{shortest}' has {available}. "
            f"Try: samples: all, or at most {available}."
        )
    return program.samples


def drives(program: Program, feed: Feed, scale: dict[str, float]) -> dict[str, DirectCurrent | SentCurrent]:
    """The direct currents in the chip's units, by population.  scale: of each population, from the compiler.

    Raises ProgramError where a current leaves its register.
    """
    found: dict[str, DirectCurrent | SentCurrent] = {}
    for name, (values, gain) in feed.currents.items():
        own = _own_bias(program, name)
        try:
            check_current(name, own + gain * values, scale[name], program.chip)
        except ProgramError as error:
            raise program.located(error) from None
        found[name] = DirectCurrent(values, gain, own, scale[name], program.chip, program.steps)
    for name, (sent, gain) in feed.sent_currents.items():
        assert feed.loop is not None
        found[name] = SentCurrent(feed.loop, sent, gain, _own_bias(program, name), scale[name], program.chip, name)
    return found


def _own_bias(program: Program, name: str) -> np.ndarray:
    model = program.network[name].model
    assert isinstance(model, Lif)
    return spread(model.bias, program.network[name].size)
