"""Digits by first-to-spike decoding of GLM neurons that learned on the chip (rows D14, D15): seeds/glm_digits, glm_first_spike.

    python -m tools.seeds.glm_digits [--seed 1] [--write]

    f_i = r f_i + sum_j w_ij s_j[t-1] + w_i,  u_i = f_i / 256 - 9.4,  p_i = sigmoid(u_i),  x_j = r x_j + s_j,  r = exp(-1/5)
    every other step  w_ij += .99 r x_j[t-1] (s_i - p_i),  w_i += .99 (s_i - p_i)

The paper's gradient weighs a step by the posterior probability that the first spike comes then, which needs the future. In
its place the host's teacher has the label's neuron silent for 6 steps of 20 and spiking from then on; the offset of u (-9.4)
and the 6 were chosen by the training digits (86 %). One pass over the 1257 digits; tested on the 540 that are held out, by free
draws. Who spikes first decides, the lowest on a tie; none at all is wrong. 1 against 7 are the 109 digits of these two by their
two neurons.
Exact on chip: gates, products. Approximated: x and s - p have 7 bits, weights are even numbers that change by chance.

Measured, learned with seed 1, draws 1, 2, 3: all ten by the first spike 84.4, 84.8, 85.0 % (floats 85.4, 84.6, 85.9; bar 83) at
step 6.6 of 20 (6.8); 1 against 7 95.4, 97.2, 98.2 % (97.2, 96.3, 93.6; bar 95); by count 89.8, 89.6, 90.9 % (90.6, 90.9, 90.6).
D15, by count, read for 2, 5, 10, 20 steps: .4, 29.6, 83.0, 89.8 %: it has learned to wait. 2.2 pJ a synapse read, 7 s to learn.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np

from neuroemu import host, library
from neuroemu.data import DATASETS, Split
from neuroemu.files import program_file
from tools.seeds.bare import pj_per_read, run_bare

CLASSES, PIXELS, STEPS, WAIT = 10, 64, 20, 6
KEEPS, UNIT, BIAS = np.exp(-1 / 5), 256.0, -1200 / 128
RATE, RATE_OF_THRESHOLD = 2.0**-7 * 8 * 127 / 8, 2.0**-7 * 127
BARS = (0.95, 0.83)  # 1 against 7, all ten
SPANS = (2, 5, 10, 20)  # steps, D15


@dataclass(frozen=True)
class Learned:
    """pixels: (CLASSES, PIXELS), one: (CLASSES, 1), even numbers on the chip.  pj: a synapse that was read."""

    pixels: np.ndarray
    one: np.ndarray
    pj: float = 0.0


@dataclass(frozen=True)
class Scores:
    """Parts of the held-out digits: by the first spike, 1 against 7 by it, by the count.  step: of the first spike, from 1."""

    first: float
    pair: float
    rate: float
    step: float


def labels(side: str) -> np.ndarray:
    """(n,) of the training or the held-out digits."""
    return DATASETS["sklearn:digits"].load(Split(side)).labels


def taught() -> np.ndarray:
    """(n, STEPS, CLASSES) uint8: what the teacher sends."""
    wanted = labels("train")
    spikes = np.zeros((wanted.size, STEPS, CLASSES), np.uint8)
    spikes[np.arange(wanted.size), WAIT:, wanted] = 1
    return spikes


def train_on_chip(*settings: str) -> Learned:
    """Runs seeds/glm_digits."""
    program = program_file.read("seeds/glm_digits", settings)
    traces, counters = run_bare(program)
    weights = {"pixels_digit": np.zeros((CLASSES, PIXELS)), "one_digit": np.zeros((CLASSES, 1))}
    for name, matrix in weights.items():
        found = traces.synapses[name]
        matrix[found.post, found.pre] = found.weight[-1]
    return Learned(weights["pixels_digit"], weights["one_digit"], pj_per_read(counters, program.prices))


def pixels_of(side: str, seed: int) -> np.ndarray:
    """(n, STEPS, PIXELS) spikes, those that the chip is sent."""
    program = program_file.read("seeds/glm_first_spike", (f"inputs.pixels.split.side={side}", f"seed={seed}"))
    n = labels(side).size
    row, channel, *_ = host.feed(program).inputs["pixels"].events(1, n * STEPS)
    spikes = np.zeros((n * STEPS, PIXELS))
    spikes[row, channel] = 1
    return spikes.reshape(n, STEPS, PIXELS)


def train_in_floats(pixels: np.ndarray) -> Learned:
    """The same pass in floats.  pixels: (n, STEPS, PIXELS)."""
    w, b = np.zeros((CLASSES, PIXELS)), np.zeros(CLASSES)
    for shown, teacher in zip(pixels, taught().astype(float), strict=True):
        f, x = np.zeros(CLASSES), np.zeros(PIXELS)
        for t in range(1, STEPS):  # what is sent in the last step arrives with the next sample, whose state is fresh
            f = KEEPS * f + w @ shown[t - 1] + b
            x = KEEPS * x + shown[t - 1]
            if t % 2:  # steps count from 1: t + 1 is even
                missed = teacher[t - 1] - 1 / (1 + np.exp(-(f / UNIT + BIAS)))
                w += RATE * np.outer(missed, KEEPS * x)
                b += RATE_OF_THRESHOLD * missed
    return Learned(w, b[:, None])


def spikes_in_floats(learned: Learned, pixels: np.ndarray, seed: int) -> np.ndarray:
    """(n, STEPS, CLASSES) bool: free draws."""
    rng, n = np.random.default_rng(seed), len(pixels)
    f, fired = np.zeros((n, CLASSES)), np.zeros((n, STEPS, CLASSES), bool)
    for t in range(1, STEPS):
        f = KEEPS * f + pixels[:, t - 1] @ learned.pixels.T + learned.one[:, 0]
        fired[:, t] = rng.random((n, CLASSES)) < 1 / (1 + np.exp(-(f / UNIT + BIAS)))
    return fired


def spikes_on_chip(steps: int, *settings: str) -> np.ndarray:
    """(540, steps, CLASSES) bool: seeds/glm_first_spike with the weights beside it, or others by the settings."""
    program = program_file.read("seeds/glm_first_spike", (f"run.steps={steps}", *settings))
    traces, _ = run_bare(program)
    fired = np.zeros((labels("test").size * steps, CLASSES), bool)
    mine = traces.source < CLASSES
    fired[traces.step[mine] - 1, traces.source[mine]] = True
    return fired.reshape(-1, steps, CLASSES)


def scores(fired: np.ndarray) -> Scores:
    """fired: (540, steps, CLASSES)."""
    wanted, steps = labels("test"), fired.shape[1]
    when = np.where(fired.any(axis=1), fired.argmax(axis=1), steps)
    first, decided = when.argmin(axis=1), when.min(axis=1) < steps
    two = (wanted == 1) | (wanted == 7)
    pair, both = when[two][:, [1, 7]], np.array([1, 7])
    right = (both[pair.argmin(axis=1)] == wanted[two]) & (pair.min(axis=1) < steps)
    rate = fired.sum(axis=1).argmax(axis=1) == wanted
    return Scores(
        float(np.mean((first == wanted) & decided)),
        float(np.mean(right)),
        float(np.mean(rate & fired.any(axis=(1, 2)))),
        float(when.min(axis=1)[decided].mean() + 1) if decided.any() else np.nan,
    )


def write(learned: Learned, teacher: bool) -> None:
    """The arrays beside both programs."""
    folder = library.folder("programs") / "seeds"
    if teacher:
        one = np.ones((labels("train").size, 1), np.uint8)
        np.savez_compressed(folder / "glm_digits.npz", teacher=taught(), one=one)
    one = np.ones((labels("test").size, 1), np.uint8)
    pixels, threshold = learned.pixels.astype(np.int16), learned.one.astype(np.int16)
    np.savez_compressed(folder / "glm_first_spike.npz", one=one, pixels_digit=pixels, one_digit=threshold)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the learning")
    parser.add_argument("--write", action="store_true", help="what is learned beside the programs, anew")
    options = parser.parse_args()
    if options.write:
        write(Learned(np.zeros((CLASSES, PIXELS)), np.zeros((CLASSES, 1))), True)
        began = time.perf_counter()
        learned = train_on_chip(f"seed={options.seed}")
        write(learned, False)
        print(f"learned in {time.perf_counter() - began:.1f} s, {learned.pj:.1f} pJ a synapse read")
    exact = train_in_floats(pixels_of("train", options.seed))
    for seed in (1, 2, 3):
        for label, fired in (
            ("chip", spikes_on_chip(STEPS, f"seed={seed}")),
            ("floats", spikes_in_floats(exact, pixels_of("test", seed), seed)),
        ):
            told = scores(fired)
            print(f"draws {seed}, {label:6}: first spike {told.first:.3f} at step {told.step:.1f}, ", end="")
            print(f"1 against 7 {told.pair:.3f}, by count {told.rate:.3f}")
    for steps in SPANS:
        told = scores(spikes_on_chip(steps))
        print(f"read for {steps:2} steps: by count {told.rate:.3f}, first spike {told.first:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
