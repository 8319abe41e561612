"""On-line prediction by ten visible GLM neurons (row D10): programs/seeds/glm_prediction.yaml, and the same in floats.

    python -m tools.seeds.glm_prediction [--seed 1] [--write]

The row gives no data, so they are made here (--write stores them beside the program): a sine of 16 samples a turn whose phase
jitters by .15 rad a sample, seen by ten Gaussian receptive fields (width .2); a sample lasts 5 steps and a neuron spikes once
in it where its field is above .3, the sooner the nearer. The baseline, which is the entropy of the rates alone, is then 4.39
bits a step and the floats come to 3.39, as in the row (4.37 and 3.37): its bar of 3.75 holds as it stands.

    f_i = r f_i + sum_j w_ij s_j[t-1] + w_i,  u_i = f_i / 64 - 2.56,  p_i = sigmoid(u_i),  x_j = r x_j + s_j,  r = exp(-1/2)
    w_ij += 3.97 r x_j[t-1] (s_i - p_i),  w_i += .99 (s_i - p_i)

Exact on chip: gates, products, p within 5e-5. Approximated: x has 7 bits and decays by chance, s - p has 7 bits, a weight is an
even number of -256..254 that changes by chance, u's decay is in 1/4096.

Bits a step in the last 8000 of 30,000 steps, learning on: floats 3.388; chip, seeds 1, 2, 3, 3.442, 3.438,
3.465. 4.9 pJ a synapse read by the rule (120 pJ a change), 3.3 s.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np

import neuroemu
from neuroemu import library
from neuroemu.files import program_file

VISIBLE, SAMPLE = 10, 5  # neurons; steps of a sample
LAST = 8000  # steps in which bits are counted
BAR = 3.75
KEEPS, UNIT, BIAS = np.exp(-1 / 2), 64.0, -164 / 64
RATE, RATE_OF_THRESHOLD = 2.0**-7 * 32 * 127 / 8, 2.0**-7 * 127


def fields(steps: int, seed: int) -> tuple[np.ndarray, ...]:
    """(n,) each of the spikes: sample, neuron, step within the sample, how near its field is (to 1)."""
    rng = np.random.default_rng(seed)
    n = -(-steps // SAMPLE)
    signal = 0.5 + 0.5 * np.sin(np.cumsum(2 * np.pi / 16 + 0.15 * rng.normal(size=n)))
    field = np.exp(-((signal[:, None] - np.linspace(0, 1, VISIBLE)) ** 2) / (2 * 0.2**2))
    sample, neuron = np.nonzero(field > 0.3)
    late = np.minimum(SAMPLE * (1 - field[sample, neuron]) / 0.7, SAMPLE - 1).astype(int)
    return sample, neuron, late, field[sample, neuron]


def shown(steps: int = 30000, seed: int = 1) -> np.ndarray:
    """(steps, VISIBLE) bool: the signal in time coding."""
    sample, neuron, late, _ = fields(steps, seed)
    spikes = np.zeros((-(-steps // SAMPLE), SAMPLE, VISIBLE), bool)
    spikes[sample, late, neuron] = True
    return spikes.reshape(-1, VISIBLE)[:steps]


def entropy(rates: np.ndarray) -> float:
    """Bits a step of neurons that spike by their rates alone."""
    p = np.clip(rates, 1e-12, 1 - 1e-12)
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)).sum())


def in_floats(spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(steps,) bits of each step, and (VISIBLE, VISIBLE) weights after the last, in units of the chip."""
    weights, thresholds = np.zeros((VISIBLE, VISIBLE)), np.zeros(VISIBLE)
    f, x, before = np.zeros(VISIBLE), np.zeros(VISIBLE), np.zeros(VISIBLE)
    bits = np.empty(len(spikes))
    for t, s in enumerate(spikes.astype(float)):
        f = KEEPS * f + weights @ before + thresholds
        p = 1 / (1 + np.exp(-(f / UNIT + BIAS)))
        bits[t] = -np.log2(np.where(s > 0, p, 1 - p)).sum()
        weights += RATE * np.outer(s - p, KEEPS * x)
        thresholds += RATE_OF_THRESHOLD * (s - p)
        np.clip(weights, -256, 254, out=weights)
        x, before = KEEPS * x + s, s
    return bits, weights


def on_chip(*settings: str) -> tuple[np.ndarray, np.ndarray, dict]:
    """(steps,) bits of each step, weights after the last, and the report's summary."""
    report = neuroemu.run(program_file.read("seeds/glm_prediction", settings))
    nats = report.traces.states["visible", "log_p"].sum(axis=1) / 2**16
    learned = report.traces.synapses["past"]
    weights = np.zeros((VISIBLE, VISIBLE))
    weights[learned.post, learned.pre] = learned.weight[-1]
    return -nats / np.log(2), weights, report.summary


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--write", action="store_true", help="the data beside the program, anew")
    options = parser.parse_args()
    spikes = shown()
    if options.write:
        step, channel = np.nonzero(spikes)
        path = library.folder("programs") / "seeds" / "glm_prediction.npz"
        np.savez_compressed(path, shown=np.stack([step + 1, channel], axis=1).astype(np.int32))
        print(path)
    bits, exact = in_floats(spikes)
    print(f"rates alone {entropy(spikes.mean(axis=0)):.3f} bits a step, bar {BAR}, floats {bits[-LAST:].mean():.3f}")
    tell(options.seed, on_chip, exact, LAST)
    return 0


def tell(
    seeds: list[int], on_chip: Callable[[str], tuple[np.ndarray, np.ndarray, dict]], exact: np.ndarray, last: int
) -> None:
    """Prints a line a seed.  exact: weights of the floats.  last: steps that are averaged."""
    for seed in seeds:
        began = time.perf_counter()
        bits, weights, summary = on_chip(f"seed={seed}")
        took, spent = time.perf_counter() - began, summary["learning"]
        alike = np.corrcoef(weights.ravel(), exact.ravel())[0, 1]
        print(f"seed {seed}: chip {bits[-last:].mean():.3f}, weights as the floats' by {alike:.3f}, ", end="")
        print(f"{spent['energy_pj'] / spent['synapses_read']:.1f} pJ a synapse read, {took:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
