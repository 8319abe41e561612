"""The host of programs/seeds/vdib_digits.yaml: shows digits as spikes, makes images of the encoder's, tells it its loss.

VDIB (Skatchkovsky et al. 2021) section 6.2, small. A sample is 16 steps. In the first ten every pixel spikes with its value as
probability; the encoder's spikes y of the steps 2 to 11 are the code, 240 bits; then 'hold' holds it back. The decoder tells
the image from them, each pixel by a sigmoid, learns by its slope, and tells all neurons one number in 1/2**LOSS_BITS nat,
    mean l - l,  l = log-loss of the image + beta log p(y)/q(y),  q = Bernoulli(prior)
which is the common signal of eq 13 less its running mean. Decoding is by `time`, of all 240 bits, or by `rate`: the same
decoder is given the sums over the ten steps, as the paper has it. With either the other decoder learns beside it, of which the
encoder hears nothing. After `passes` over the training digits nothing is told any more, and what is decoded from each held-out
digit is taken for that of the nearest of the training digits as they are (the paper: for what LeNet says it is).

With `own` each neuron has a baseline of its own in the place of the mean, as in vdib.py: it is told
    sum over t of E[l | y_it drawn anew] - l.
"""

from __future__ import annotations

import numpy as np

import neuroemu
from neuroemu.data import DATASETS, Split

PIXELS, STEPS, SHOWN, SAMPLE = 64, 10, 12, 16  # steps of the code, until the phase, of a sample
LOG_BITS, LOSS_BITS = 8, 2  # a payload of 2**LOG_BITS is 1 nat of log p, of 2**LOSS_BITS one of what is told
FOLLOW = 0.02  # of the mean loss, a sample
FADED = 0.1  # what is left of both rates at the end


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + e^x)."""
    return np.logaddexp(0, x)


class Decoder:
    """PIXELS sigmoids of n inputs.  weights: (PIXELS, n), threshold: (PIXELS,)."""

    def __init__(self, weights: np.ndarray, threshold: np.ndarray) -> None:
        self.weights, self.threshold = weights, threshold

    def drive(self, code: np.ndarray) -> np.ndarray:
        """(PIXELS,)"""
        return self.weights @ code + self.threshold

    def image(self, code: np.ndarray) -> np.ndarray:
        """(PIXELS,) 0..1."""
        return 1 / (1 + np.exp(-self.drive(code)))

    def loss(self, code: np.ndarray, image: np.ndarray) -> float:
        """The log-loss of the image, in nats."""
        drive = self.drive(code)
        return float((softplus(drive) - image * drive).sum())

    def changed(self, code: np.ndarray, image: np.ndarray, by: np.ndarray) -> np.ndarray:
        """(n,) by how much the log-loss is larger with each input changed by `by`."""
        drive, step = self.drive(code), self.weights * by
        more = (softplus(drive[:, None] + step) - softplus(drive)[:, None]).sum(axis=0)
        return np.asarray(more - image @ step)

    def learn(self, code: np.ndarray, image: np.ndarray, rate: float) -> None:
        """A step down the log-loss."""
        slope = rate * (self.image(code) - image)
        self.threshold -= slope
        self.weights -= np.outer(slope, code)


def worth(decoder: Decoder, bits: np.ndarray, image: np.ndarray, by_time: bool) -> np.ndarray:
    """(STEPS, neurons) by how much the log-loss is larger with each bit set than without."""
    if by_time:
        turn = 1.0 - 2 * bits.ravel()
        return (decoder.changed(bits.ravel(), image, turn) * turn).reshape(bits.shape)
    counts = bits.sum(axis=0)
    more, less = (decoder.changed(counts, image, np.full(counts.size, by)) for by in (1.0, -1.0))
    return np.where(bits > 0, -less, more)


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


class VdibDigits(neuroemu.Environment):
    """encoder: a population of three_factor_glm that sends both.  Sends 'pixels', 'hold' and 'loss' (one a neuron).

    rate, rate_of_sums: of the decoders.  scale: of what is told.  held_out: 0 for the split's test side, else so many of its
    training digits, to choose settings with.
    """

    def __init__(
        self,
        encoder: str,
        neurons: int,
        passes: int,
        beta: float,
        prior: float,
        decoding: str = "time",
        own: bool = False,
        rate: float = 0.02,
        rate_of_sums: float = 0.003,
        scale: float = 1.0,
        trained: int = 0,
        held_out: int = 0,
    ) -> None:
        least = {"neurons": (neurons, 1), "passes": (passes, 0)}
        wrong = [
            f"{name} is {n!r}, allowed is {low} or more"
            for name, (n, low) in least.items()
            if type(n) is not int or n < low
        ]
        wrong += [] if _is_number(prior) and 0 < prior < 1 else [f"prior is {prior!r}, allowed is between 0 and 1"]
        wrong += [] if _is_number(beta) and 0 <= beta < np.inf else [f"beta is {beta!r}, allowed is 0 or more"]
        if wrong:
            raise ValueError("; ".join(wrong))
        self.every, self.encoder, self.neurons, self.passes = SHOWN, encoder, neurons, passes
        self.beta, self.prior, self.by_time, self.scale = beta, prior, decoding == "time", scale
        self.rates, self.own = (rate, rate_of_sums), own
        train, test = (DATASETS["sklearn:digits"].load(Split(side, 540, 0)) for side in ("train", "test"))
        kept = len(train.labels) - held_out
        self.values, self.labels = train.values[:kept][: trained or None], train.labels[:kept][: trained or None]
        self.test_values = train.values[kept:].copy() if held_out else test.values  # a checkpoint has each array once
        self.test_labels = train.labels[kept:].copy() if held_out else test.labels
        self.sends = {"pixels": PIXELS + 1, "hold": 1, "loss": neurons}
        self.watches = {encoder: neurons}
        self.begin()

    def begin(self) -> None:
        self.order = np.arange(len(self.labels))
        self.time_weights = np.zeros((PIXELS, STEPS * self.neurons))
        self.sum_weights = np.zeros((PIXELS, self.neurons))
        self.time_threshold, self.sum_threshold = np.zeros(PIXELS), np.zeros(PIXELS)
        self.mean: float | None = None  # of the loss
        self.right: list[list[float]] = []  # by time, by sums; squared errors of both; spikes a neuron and step

    @property
    def learned(self) -> int:
        """Samples of training."""
        return self.passes * len(self.labels)

    def decoders(self) -> tuple[Decoder, Decoder]:
        """By time and by sums."""
        return Decoder(self.time_weights, self.time_threshold), Decoder(self.sum_weights, self.sum_threshold)

    def manage(self, phase: neuroemu.Phase) -> dict[str, np.ndarray] | None:
        if phase.new_sample:
            return self.show(phase)
        if phase.step - phase.since != SHOWN:  # a sample's end
            return None
        return self.answer(phase)

    def show(self, phase: neuroemu.Phase) -> dict[str, np.ndarray] | None:
        """The next digit."""
        n, now = len(self.labels), phase.sample
        if now < self.learned:
            if now % n == 0:
                self.order = np.argsort(phase.uniforms(n, "order"), kind="stable")
            values = self.values[self.order[now % n]]
        elif now < self.learned + len(self.test_labels):
            values = self.test_values[now - self.learned]
        else:
            phase.end()
            return None
        raster, hold = np.zeros((SHOWN, PIXELS + 1), np.int64), np.zeros((SHOWN, 1), np.int64)
        raster[:STEPS, :PIXELS] = phase.uniforms(STEPS * PIXELS, "pixels").reshape(STEPS, PIXELS) < values
        raster[:STEPS, PIXELS] = 1
        hold[STEPS:] = 1
        return {"pixels": raster, "hold": hold}

    def answer(self, phase: neuroemu.Phase) -> dict[str, np.ndarray] | None:
        """What the code is worth; decoders learn. Of held-out digits, who was right."""
        spikes = phase.spikes(self.encoder)
        at = spikes.step - phase.since - 2
        mine = (at >= 0) & (at < STEPS)
        bits, nats = np.zeros((STEPS, self.neurons)), np.zeros((STEPS, self.neurons))
        bits[at[mine], spikes.index[mine]] = spikes.payload[mine] > 0
        nats[at[mine], spikes.index[mine]] = np.abs(spikes.payload[mine]) / 2**LOG_BITS
        by_time, by_sums = self.decoders()
        codes = bits.ravel(), bits.sum(axis=0)
        now = phase.sample
        if now >= self.learned:
            k = now - self.learned
            images = by_time.image(codes[0]), by_sums.image(codes[1])
            label, wanted = self.test_labels[k], self.test_values[k]
            known = [float(self.nearest(image) == label) for image in images]
            errors = [float(np.mean((image - wanted) ** 2)) for image in images]
            self.right.append([*known, *errors, float(bits.mean())])
            return None
        image = self.values[self.order[now % len(self.labels)]]
        faded = 1 - (1 - FADED) * now / self.learned
        decoder, code = (by_time, codes[0]) if self.by_time else (by_sums, codes[1])
        p = np.where(bits > 0, np.exp(-nats), -np.expm1(-nats))
        told = self.told(decoder, code, bits, p, image)
        by_time.learn(codes[0], image, faded * self.rates[0])
        by_sums.learn(codes[1], image, faded * self.rates[1])
        return {"loss": np.rint(faded * self.scale * told * 2**LOSS_BITS).astype(np.int64)}

    def told(
        self, decoder: Decoder, code: np.ndarray, bits: np.ndarray, p: np.ndarray, image: np.ndarray
    ) -> np.ndarray:
        """(neurons,) a baseline less the loss, in nats.  bits, p: (STEPS, neurons)."""
        clipped = np.clip(p, 1e-3, 1 - 1e-3)
        spike, none = np.log(clipped / self.prior), np.log((1 - clipped) / (1 - self.prior))
        if self.own:
            gain = worth(decoder, bits, image, self.by_time) + self.beta * (spike - none)
            return -(gain * (bits - p)).sum(axis=0)
        loss = decoder.loss(code, image) + self.beta * float(np.where(bits > 0, spike, none).sum())
        self.mean = loss if self.mean is None else self.mean
        less = self.mean - loss
        self.mean += FOLLOW * (loss - self.mean)
        return np.full(self.neurons, less)

    def nearest(self, image: np.ndarray) -> int:
        """The label of the nearest training digit."""
        return int(self.labels[((self.values - image) ** 2).sum(axis=1).argmin()])

    def results(self) -> dict[str, float]:
        """Of held-out digits: known by either decoding, squared errors a pixel, spikes a neuron and step."""
        if not self.right:
            return {}
        found = np.mean(self.right, axis=0).tolist()
        names = ("accuracy_by_time", "accuracy_by_rate", "error_by_time", "error_by_rate", "rate")
        return dict(zip(names, found, strict=True))
