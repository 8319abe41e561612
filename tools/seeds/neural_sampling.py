"""Neural sampling on the chip, against the distribution and the same process in floats (row D31; Buesing et al. 2011).

    p(z) ~ exp(b z + z W z / 2); a neuron that is off spikes with sigmoid(u - log tau), and is on for tau steps

programs/seeds/neural_sampling.yaml. The reference is the sum over all 32 states; the float process draws with numpy.
Exact on chip: rectangular responses, by two synapses each. Approximated: the sigmoid is a table of 24 bits; all neurons
act at once.

Measured, seed 1: total variation from the distribution 0.023 on the chip, 0.020 in floats (bar 0.03), of which most is
chance at this length; 13 s of one core.

    python -m tools.seeds.neural_sampling [--seed 1 2 3]
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu.files import program_file
from neuroemu.report.report import Report

N, TAU = 5, 20
W = (
    np.array(
        [[0, 64, -32, 0, 32], [64, 0, 16, -48, 0], [-32, 16, 0, 80, -64], [0, -48, 80, 0, 48], [32, 0, -64, 48, 0]]
    )
    / 64
)
BIAS = np.array([-223, -160, -191, -255, -128]) / 64  # b - log tau
STATES = (np.arange(2**N)[:, None] >> np.arange(N)) & 1


def exact() -> np.ndarray:
    """(32,) probabilities of the states."""
    b = BIAS + np.log(TAU)
    weight = np.exp(STATES @ b + 0.5 * np.einsum("si,ij,sj->s", STATES, W, STATES))
    return weight / weight.sum()


def frequencies(spikes: np.ndarray) -> np.ndarray:
    """(32,) of the states.  spikes: (steps, N) 0 or 1."""
    total = np.cumsum(spikes, axis=0)
    on = total - np.concatenate([np.zeros((TAU, N)), total[:-TAU]])
    states = (on.astype(int) << np.arange(N)).sum(axis=1)[TAU:]
    return np.bincount(states, minlength=2**N) / states.size


def on_chip(report: Report) -> np.ndarray:
    """(steps, N) spikes."""
    step, index = report.spikes("z")[:2]
    spikes = np.zeros((report.program.steps, N))
    spikes[step - 1, index] = 1.0
    return spikes


def in_floats(steps: int, seed: int) -> np.ndarray:
    """(steps, N) spikes."""
    draws = np.random.default_rng(seed).random((steps, N))
    left, spikes = np.zeros(N, int), np.zeros((steps, N))  # left: steps that a neuron is still on
    for t in range(steps):
        chance = 1 / (1 + np.exp(-(BIAS + W @ (left > 0))))
        left = np.maximum(left - 1, 0)
        fires = (left == 0) & (draws[t] < chance)
        left[fires] = TAU
        spikes[t] = fires
    return spikes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    for seed in parser.parse_args().seed:
        began = time.perf_counter()
        report = neuroemu.run(program_file.read("seeds/neural_sampling", seed=seed))
        took = time.perf_counter() - began
        chip, floats = frequencies(on_chip(report)), frequencies(in_floats(report.program.steps, seed))
        far = [0.5 * np.abs(found - exact()).sum() for found in (floats, chip)]
        print(f"seed {seed}: total variation, floats {far[0]:.4f}, chip {far[1]:.4f}; {took:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
