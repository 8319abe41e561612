"""Encoders: from values to spikes of the host, or to currents.

An encoder is a value. `events(values, span)` gives (row, channel) of the spikes that fall into a span of steps; every
random draw is a function of (seed, input name, channel, global step) alone, so spans may be cut anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Span:
    """Steps first..first+n-1 (global, from 1) that lie within one sample whose first step is sample_first.

    steps: of the whole sample.  step_ms: length of a step.  seed, stream: of the random draws.
    """

    first: int
    n: int
    sample_first: int
    steps: int
    step_ms: float
    seed: int
    stream: int

    @property
    def offset(self) -> int:
        """Step within the sample of row 0, from 0."""
        return self.first - self.sample_first


Events = tuple[np.ndarray, np.ndarray]
CLOSE = 1e-6  # beyond an end of 0..1, as values in single precision may lie


class Encoder(Protocol):
    """`channels`: spike channels for a sample of n values.  values: (channels,) or (steps, channels) of one sample.

    `takes`: what values there may be; others are refused before a run, none is cut silently.
    """

    def channels(self, n: int) -> int: ...

    def takes(self, values: np.ndarray) -> np.ndarray: ...

    def events(self, values: np.ndarray, span: Span) -> Events: ...


@dataclass(frozen=True)
class Bernoulli:
    """Rate: in each step a channel spikes with probability gain * value, which must lie in 0..1."""

    gain: float = 1.0

    def channels(self, n: int) -> int:
        return n

    def takes(self, values: np.ndarray) -> np.ndarray:
        """(like values) whether each is a probability."""
        return _in_0_to_1(self.gain * values)

    def events(self, values: np.ndarray, span: Span) -> Events:
        from .rng import uniforms

        p = np.clip(self.gain * values, 0.0, 1.0)
        draws = np.stack(
            [uniforms(np.uint64(span.seed), span.stream, 0, p.shape[-1], span.first + k) for k in range(span.n)]
        )
        wanted = p[span.offset : span.offset + span.n] if p.ndim == 2 else p
        return _rows_and_channels(draws < wanted)


@dataclass(frozen=True)
class Correlated:
    """Rates, and the first `group` channels fire together: each takes the spikes of a common train with the probability
    sqrt(correlation), else its own. Any two of the group have that correlation; all channels keep their rates.

    values: the group's channels are alike.  Source: seed S1 (correlation detection); Kuhn, Aertsen & Rotter, Neural
    Computation 15:67-101, 2003.
    """

    correlation: float
    group: int
    gain: float = 1.0

    def channels(self, n: int) -> int:
        return n

    def takes(self, values: np.ndarray) -> np.ndarray:
        """(like values) whether each is a probability."""
        return _in_0_to_1(self.gain * values)

    def events(self, values: np.ndarray, span: Span) -> Events:
        from .rng import uniforms

        n = values.shape[-1]
        draws = np.stack(
            [uniforms(np.uint64(span.seed), span.stream, 0, n + self.group + 1, span.first + k) for k in range(span.n)]
        )
        wanted = values[span.offset : span.offset + span.n] if values.ndim == 2 else values
        p = np.broadcast_to(np.clip(self.gain * wanted, 0.0, 1.0), (span.n, n))
        spikes = draws[:, :n] < p
        follows = draws[:, n : n + self.group] < np.sqrt(self.correlation)
        common = draws[:, -1:] < p[:, : self.group]
        spikes[:, : self.group] = np.where(follows, common, spikes[:, : self.group])
        return _rows_and_channels(spikes)


@dataclass(frozen=True)
class Latency:
    """One spike a sample, the sooner the larger the value.

    Logarithmic: t = tau ln(x / (x - threshold)), the time a leaky integrator driven by x needs to reach the threshold;
    x <= threshold never spikes.  Linear: from the first step (x = 1) to the last (x = threshold).
    A spike at time t falls into step floor(t / step) + 1 of the sample; past its end it is lost.
    Source: S4 eq. 24-26 (facts/seed_rules.md B2).
    """

    tau_ms: float = 5.0
    threshold: float = 0.01
    linear: bool = False

    def channels(self, n: int) -> int:
        return n

    def takes(self, values: np.ndarray) -> np.ndarray:
        """(like values) whether each has a time, or is below the threshold. Linear, nothing is sooner than the first step."""
        return values <= 1 + CLOSE if self.linear else np.isfinite(values)

    def times_ms(self, values: np.ndarray, span: Span) -> np.ndarray:
        """(channels,) spike times from the start of the sample in ms; inf is never."""
        x = np.asarray(values, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.linear:
                last = (span.steps - 1) * span.step_ms
                return np.where(x >= self.threshold, (1 - np.minimum(x, 1)) / (1 - self.threshold) * last, np.inf)
            return np.where(x > self.threshold, self.tau_ms * np.log(x / (x - self.threshold)), np.inf)

    def events(self, values: np.ndarray, span: Span) -> Events:
        times = self.times_ms(values, span)
        # A time on a step's edge belongs to the step that starts there, whatever its last bit says.
        step = np.floor(np.where(np.isfinite(times), times, -1.0) / span.step_ms + 1e-9).astype(np.int64)
        row = np.where(np.isfinite(times), step - span.offset, -1)
        channel = np.flatnonzero((row >= 0) & (row < span.n))
        order = np.argsort(row[channel], kind="stable")
        return row[channel][order], channel[order]


@dataclass(frozen=True)
class Delta:
    """Changes of a signal: an ON spike where it rose by at least the threshold since the last step, OFF where it fell.

    values: (steps, channels).  Channels 0..n-1 are ON, n..2n-1 are OFF (left out with off=False). Step 1 never spikes.
    Source: S4 III-A3, as snnTorch's spikegen.delta with off_spike.
    """

    threshold: float = 0.1
    off: bool = True

    def channels(self, n: int) -> int:
        return 2 * n if self.off else n

    def takes(self, values: np.ndarray) -> np.ndarray:
        """(like values) whether each is a number."""
        return np.isfinite(values)

    def events(self, values: np.ndarray, span: Span) -> Events:
        change = np.diff(values, axis=0, prepend=values[:1])[span.offset : span.offset + span.n]
        # From 0.2 to 0.3 is a change of 0.1, whatever its last bit says.
        least = self.threshold * (1 - 1e-9)
        on, off = change >= least, change <= -least
        return _rows_and_channels(np.concatenate([on, off], axis=1) if self.off else on)


@dataclass(frozen=True)
class Current:
    """No spikes: the value itself is added to the bias of a population, `gain` times, for the whole sample or by step."""

    gain: float = 1.0

    def channels(self, n: int) -> int:
        return n

    def takes(self, values: np.ndarray) -> np.ndarray:
        """(like values) whether each is a number; what the bias register holds is checked where it is written."""
        return np.isfinite(values)

    def events(self, values: np.ndarray, span: Span) -> Events:
        raise TypeError("a current makes no spikes")


def _rows_and_channels(spikes: np.ndarray) -> Events:
    row, channel = np.nonzero(spikes)
    return row, channel


def _in_0_to_1(p: np.ndarray) -> np.ndarray:
    return (p >= -CLOSE) & (p <= 1 + CLOSE)


@dataclass(frozen=True)
class Unfit:
    """Values that an encoder does not take.  at: of the first of them.  what, allowed, remedy: for a Problem."""

    at: tuple[int, ...]
    what: str
    allowed: str
    remedy: str


def unfit(encoder: Encoder, values: np.ndarray) -> Unfit | None:
    """None where the encoder takes all of the values."""
    takes = encoder.takes(values)
    if takes.all():
        return None
    wrong = np.argwhere(~takes)
    at = tuple(int(k) for k in wrong[0])
    where = "".join(f"[{k}]" for k in at)
    which = f"{len(wrong):,} of {values.size:,} values" if values.size > 1 else "the value"
    first = f"{': ' if len(wrong) == 1 else '; the first is '}{values[at]:g}" + (f" at {where}" if where else "")
    verb = "is" if len(wrong) == 1 else "are"
    if not np.isfinite(values).all():
        return Unfit(at, f"{which} {verb} no number to encode{first}", "finite numbers", "")
    if isinstance(encoder, Latency):
        return Unfit(at, f"{which} would spike before the first step{first}", "at most 1", "")
    gain = getattr(encoder, "gain", 1.0)
    scaled = f" times the gain {gain:g}" if gain != 1 else ""
    what = f"{which}{scaled} {verb} no probability{first}"
    most = float(values.max())
    fits = values.min() >= 0 and most * gain > 1  # so that a smaller gain is all it takes
    allowed = "0..1" if gain == 1 else f"0..{1 / gain:.4g} with this gain" if gain > 0 else "a gain of at least 0"
    return Unfit(at, what, allowed, f"gain: {_below(1 / most)}" if fits else "")


def _below(x: float) -> str:
    """A number above 0, rounded down to three digits."""
    unit = 10.0 ** (math.floor(math.log10(x)) - 2)
    return f"{math.floor(x / unit) * unit:.3g}"
