"""The host of programs/seeds/vdib.yaml: two drifting blobs, and a softmax decoder that tells the encoder on chip its loss.

VDIB (Skatchkovsky et al. 2021) section 6.1. A blob's angle drifts, v = a v - b noise, theta = theta + v; its position is
theta + sigma noise, rounded down, of 20 in a ring. In each phase, which is a step, the host takes the spikes y of the step and
decodes, by y of `window` steps, the positions `lag` steps from those that y answers; it learns, and tells each neuron i
    sum over the window of E[l | y_i drawn anew] - l,  l = log-loss of the decoder + beta mean log p(y)/q(y),  q = Bernoulli(.2)
in 1/2**LOSS_BITS nat, which it hears in the second step after. That is the common signal -l of eq 13 less a baseline of the
neuron's own, which leaves the expected update as it is and takes much of the chance out. The second part of l counts y_i of
this step alone, and its mean is over neurons, as in the authors' script; the text has their sum (`summed`). `scale` times the
sum is what is told: where beta is large the steps of the encoder must be smaller.
"""

from __future__ import annotations

import numpy as np

import neuroemu

CHANNELS, BLOBS = 20, 2
A, B, SIGMA = 0.9, 0.14, 0.45
PRIOR = 0.2
LOG_BITS, LOSS_BITS = (
    8,
    6,
)  # a payload of 2**LOG_BITS is 1 nat of the encoder's log p, of 2**LOSS_BITS one of what is told
BLOCK = 4096  # steps that are drawn at once


def regress(weights: np.ndarray, threshold: np.ndarray, code: np.ndarray, wanted: np.ndarray, rate: float) -> float:
    """Mean square error of the two likeliest of a softmax, which then learns.

    weights: (CHANNELS, n), threshold: (CHANNELS,).  wanted: (CHANNELS,) 0 or 1.
    """
    drive = weights @ code + threshold
    drive -= drive.max()
    raised = np.exp(drive)
    total = raised.sum()
    guess = np.zeros(CHANNELS)
    guess[np.argpartition(drive, -BLOBS)[-BLOBS:]] = 1
    slope = rate * (wanted.sum() / total * raised - wanted)
    threshold -= slope
    weights -= np.outer(slope, code)
    return float(np.mean((guess - wanted) ** 2))


def worth(weights: np.ndarray, drive: np.ndarray, code: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(n,) by how much the log-loss is larger with each bit of the code set than without.  drive: (CHANNELS,) of the code."""
    drive = drive - drive.max()
    sign = 1 - 2 * code
    turned = np.exp(drive) @ np.exp(weights * sign)  # sum of exp(drive) with that bit turned
    loss = np.log(turned / np.exp(drive).sum()) * wanted.sum() - (wanted @ weights) * sign
    return loss * sign


def drift(angle: np.ndarray, speed: np.ndarray, push: np.ndarray, jitter: np.ndarray) -> np.ndarray:
    """(n, BLOBS) positions of the next n steps; angle and speed (BLOBS,) go on.  push, jitter: (n, BLOBS) normal numbers."""
    angles = np.empty(push.shape)
    for k in range(len(push)):
        speed[:] = A * speed - B * push[k]
        angle += speed
        angles[k] = angle
    return np.floor(angles + SIGMA * jitter).astype(np.int64) % CHANNELS


class Vdib(neuroemu.Environment):
    """encoder: a population of three_factor_glm that sends both.  lag, window: steps.  rate: of the decoder.

    Sends 'blobs' (20 channels) and 'loss' (one a neuron). Its results are of the last `last` steps.
    """

    def __init__(
        self,
        encoder: str,
        neurons: int,
        lag: int,
        beta: float,
        window: int = 5,
        rate: float = 0.1,
        seed: int = 1,
        last: int = 4000,
        summed: bool = False,
        scale: float = 1.0,
    ) -> None:
        self.every, self.encoder, self.neurons = 1, encoder, neurons
        self.lag, self.window, self.rate, self.seed, self.last = lag, window, rate, seed, last
        self.dear, self.scale = beta if summed else beta / neurons, scale  # of log p/q of one neuron; of what is told
        self.sends = {"blobs": CHANNELS, "loss": neurons}
        self.watches = {encoder: neurons}
        self.begin()

    def begin(self) -> None:
        n = self.neurons * self.window
        self.weights, self.threshold = np.zeros((CHANNELS, n)), np.zeros(CHANNELS)
        self.count_weights, self.count_threshold = np.zeros((CHANNELS, self.neurons)), np.zeros(CHANNELS)
        self.code, self.missed, self.blocks = np.zeros(n), np.zeros(n), 0
        self.angle, self.speed = np.random.default_rng((self.seed, 0)).random(BLOBS) * CHANNELS, np.zeros(BLOBS)
        self.positions = np.empty((0, BLOBS), np.int64)
        self.measured: list[list[float]] = []  # errors of the decoder and of counting, spikes a neuron

    def where(self, step: int) -> np.ndarray:
        """(at least step + 1, BLOBS) positions from step 0 on, a function of the seed alone."""
        while len(self.positions) <= step:
            self.blocks += 1
            drawn = np.random.default_rng((self.seed, self.blocks)).normal(size=(2, BLOCK, BLOBS))
            self.positions = np.concatenate([self.positions, drift(self.angle, self.speed, *drawn)])
        return self.positions

    def manage(self, phase: neuroemu.Phase) -> dict[str, np.ndarray]:
        now = phase.step
        positions = self.where(now + max(self.lag, 0))
        shown = np.zeros(CHANNELS, np.int64)
        shown[positions[now]] = 1
        answered = (
            now - 2 + self.lag
        )  # the spikes of step `now` are of what was sent in the step before, which is row now - 2
        if now < 2 or answered < 0:
            return {"blobs": shown}
        spikes = phase.spikes(self.encoder)
        fired, nats = np.zeros(self.neurons), np.zeros(self.neurons)
        fired[spikes.index] = spikes.payload > 0
        nats[spikes.index] = np.abs(spikes.payload) / 2**LOG_BITS  # what is not sent is 0
        p = np.where(fired > 0, np.exp(-nats), -np.expm1(-nats))
        self.code = np.concatenate([fired, self.code[: -self.neurons]])
        self.missed = np.concatenate([fired - p, self.missed[: -self.neurons]])
        wanted = np.zeros(CHANNELS)
        wanted[positions[answered]] = 1
        gain = worth(self.weights, self.weights @ self.code + self.threshold, self.code, wanted)
        error = regress(self.weights, self.threshold, self.code, wanted, self.rate)
        counts = self.code.reshape(self.window, self.neurons).sum(axis=0)
        by_count = regress(self.count_weights, self.count_threshold, counts, wanted, self.rate / self.window)
        self.measured.append([error, by_count, float(fired.mean())])
        p = np.clip(p, 1e-3, 1 - 1e-3)
        ratio = np.log(p / PRIOR) - np.log(
            (1 - p) / (1 - PRIOR)
        )  # by how much log p/q is larger of a spike than of none
        told = -(gain * self.missed).reshape(self.window, self.neurons).sum(axis=0)
        told -= self.dear * ratio * self.missed[: self.neurons]
        return {"blobs": shown, "loss": np.rint(self.scale * told * 2**LOSS_BITS).astype(np.int64)}

    def results(self) -> dict[str, float]:
        """Errors of the decoder and of rate decoding, spikes a neuron and step."""
        if not self.measured:
            return {}
        error, by_count, rate = np.mean(self.measured[-self.last :], axis=0)
        return {"mse": float(error), "mse_rate_decoding": float(by_count), "rate": float(rate)}
