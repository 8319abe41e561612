"""The window of pair STDP, measured on the chip and against its law (row D2; programs/seeds/stdp_window.yaml).

    dw = A+ exp(-dt / 20 ms) for a pre spike dt before a post spike, -A- exp(dt / 40 ms) for one after it, both at dt = 0

with A+ = 120/128 and A- = 60/128. The float reference sums the law over all meetings in the run, those with the clocks'
earlier and later spikes included. Exact on chip: gates, impulses, scales. Approximated: 7-bit traces with stochastic
decay, whole weights with stochastic rounding; neither has a bias, so that the mean over 3200 meetings is the law within
its own error.

Measured, seeds 1, 2, 3: root of the mean square error 0.80, 0.84, 0.97 % of A+, no distance further off than 2.2 % (bar
1.5 %, what chance leaves at this length); 21 pJ an update; 3 s of one core.

    python -m tools.seeds.stdp_window [--seed 1 2 3]
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu.files import program_file
from tools.seeds.update_cost import pj_per_update

PERIOD, AXONS = 400, 32
DISTANCES = np.arange(-40, 41, 2)  # steps from the pre to the post spike
A_PLUS, A_MINUS, TAU_PLUS, TAU_MINUS = 120 / 128, 60 / 128, 20.0, 40.0


def law(distance: np.ndarray) -> np.ndarray:
    """What a meeting adds to a weight.  distance: post less pre, in steps."""
    plus = np.where(distance >= 0, A_PLUS * np.exp(-np.maximum(distance, 0) / TAU_PLUS), 0.0)
    return plus - np.where(distance <= 0, A_MINUS * np.exp(np.minimum(distance, 0) / TAU_MINUS), 0.0)


def in_floats(steps: int) -> np.ndarray:
    """(distances,) what a run adds to the weights, over its number of pre spikes."""
    pres = np.arange(PERIOD, steps + 1, PERIOD)
    added = []
    for distance in DISTANCES:
        first = (distance - 1) % PERIOD + 1
        posts = np.arange(first, steps + 1, PERIOD)
        added.append(law(posts[:, None] - pres[None, :]).sum() / pres.size)
    return np.array(added)


def on_chip(report) -> np.ndarray:
    """As in_floats: the mean over all axons."""
    found = report.traces.synapses["window"]
    matrix = np.empty((DISTANCES.size, AXONS))
    matrix[found.post, found.pre] = found.weight[-1].astype(float) - found.weight[0]
    return matrix.mean(axis=1) / (report.program.steps // PERIOD)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    for seed in parser.parse_args().seed:
        began = time.perf_counter()
        report = neuroemu.run(program_file.read("seeds/stdp_window", seed=seed))
        floats, chip = in_floats(report.program.steps), on_chip(report)
        error = np.sqrt(np.mean((chip - floats) ** 2)) / A_PLUS
        print(f"seed {seed}: rms error {error:.2%} of A+, largest {np.abs(chip - floats).max() / A_PLUS:.2%}", end="; ")
        print(f"{pj_per_update(report):.1f} pJ an update, {time.perf_counter() - began:.1f} s")
    for row in zip(DISTANCES, floats, chip, strict=True):
        print("{:4d} ms  floats {:+.4f}  chip {:+.4f}".format(*row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
