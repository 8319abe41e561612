"""Encoders: from values to spikes of the host, or to currents.

An encoder is a value. `events(values, span)` gives (row, channel) of the spikes that fall into a span of steps; every
random draw is a function of (seed, input name, channel, global step) alone, so spans may be cut anywhere.
"""

from __future__ import annotations

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


class Encoder(Protocol):
    """`channels`: spike channels for a sample of n values.  values: (channels,) or (steps, channels) of one sample."""

    def channels(self, n: int) -> int: ...

    def events(self, values: np.ndarray, span: Span) -> Events: ...


@dataclass(frozen=True)
class Bernoulli:
    """Rate: in each step a channel spikes with probability gain * value, limited to 0..1."""

    gain: float = 1.0

    def channels(self, n: int) -> int:
        return n

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

    def events(self, values: np.ndarray, span: Span) -> Events:
        raise TypeError("a current makes no spikes")


def _rows_and_channels(spikes: np.ndarray) -> Events:
    row, channel = np.nonzero(spikes)
    return row, channel
