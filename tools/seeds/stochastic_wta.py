"""Stochastic winner-take-all (row A18): how often each of five competing compartments wins, on the chip and in floats.

    python -m tools.seeds.stochastic_wta [--seed 1 2 3]

    p_i = sigmoid(u_i - h),  h = 0.819 h + 8 for each spike of the step before,  u = -4.5, -4, ... -2.5

All are held back alike, so that of steps in which just one spikes the winner is i with the softmax of u, whatever h is.
Largest deviation of five, bar .02, seeds 1, 2, 3, some 5,400 choices each: floats .0047, .0113, .0053, chip .0052, .0082, .0084
(one standard error is at most .007). Nothing learns: no pJ. 5 s on a busy machine.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu.files import program_file

POTENTIALS = np.arange(-4.5, -2, 0.5)
KEPT, HELD_BACK = 1 - 742 / 4096, 2 * 255 * 64 / 4096  # of h in a step; by a spike
BAR = 0.02


def softmax() -> np.ndarray:
    """(5,) probabilities."""
    odds = np.exp(POTENTIALS)
    return odds / odds.sum()


def on_chip(*settings: str) -> tuple[np.ndarray, np.ndarray]:
    """(n_spikes,) steps and compartments."""
    program = program_file.read("seeds/stochastic_wta", settings)
    traces = neuroemu.run(program).traces
    return traces.step, traces.source


def in_floats(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same, by draws of its own."""
    rng, held, found = np.random.default_rng(seed), 0.0, []
    for step, draws in enumerate(rng.random((steps, POTENTIALS.size)), start=1):
        spikes = np.flatnonzero(draws < 1 / (1 + np.exp(held - POTENTIALS)))
        found += [(step, int(spike)) for spike in spikes]
        held = KEPT * held + HELD_BACK * spikes.size
    step, source = np.array(found).T
    return step, source


def winners(step: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Compartments that spiked alone."""
    _, first, n = np.unique(step, return_index=True, return_counts=True)
    return np.asarray(source[first[n == 1]])


def shares(winner: np.ndarray) -> np.ndarray:
    """(5,) how often each won."""
    return np.bincount(winner, minlength=POTENTIALS.size) / winner.size


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    for seed in parser.parse_args().seed:
        began = time.perf_counter()
        chip, took = winners(*on_chip(f"seed={seed}")), time.perf_counter() - began
        floats = winners(*in_floats(100_000, seed))
        off = [float(np.abs(shares(each) - softmax()).max()) for each in (floats, chip)]
        print(
            f"seed {seed}: {chip.size:,} choices, largest deviation from the softmax: floats {off[0]:.4f}, chip {off[1]:.4f}"
            f" (bar {BAR}); {took:.1f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
