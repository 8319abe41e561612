"""The stochastic threshold of the GLM (row A7): how often 17 compartments spike, against sigmoid(u) in floats.

    python -m tools.seeds.glm_sigmoid [--seed 1]

    u = -4, -3.5, ... 4 by a constant bias; P(spike) = 1 / (1 + exp(-u)) in each of 10,000 steps

Exact on chip: the draws (Philox, 24 bits) and u. Approximated: the sigmoid is a table with straight lines, within 5e-5.
Largest deviation of 17, bar .02: seeds 1, 2, 3 .0091, .0072, .0044 (a rate of 1/2 has a standard error of .005); 0.5 s.
That S2's log-likelihood equals its floats within 1 % is tests/compartments/test_spike_response.py. Nothing learns: no pJ.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu.files import program_file

POTENTIALS = np.arange(-4, 4.5, 0.5)
BAR = 0.02


def sigmoid() -> np.ndarray:
    """(17,) probabilities in floats."""
    return 1 / (1 + np.exp(-POTENTIALS))


def on_chip(*settings: str) -> np.ndarray:
    """(17,) spikes a step."""
    program = program_file.read("seeds/glm_sigmoid", settings)
    return np.bincount(neuroemu.run(program).traces.source, minlength=POTENTIALS.size) / program.steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    for seed in parser.parse_args().seed:
        began = time.perf_counter()
        deviation = np.abs(on_chip(f"seed={seed}") - sigmoid())
        most, took = deviation.argmax(), time.perf_counter() - began
        print(
            f"seed {seed}: largest deviation {deviation[most]:.4f} at u = {POTENTIALS[most]:g}, bar {BAR}, {took:.1f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
