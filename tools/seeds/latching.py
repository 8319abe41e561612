"""Two assemblies that hold what they were cued with, on the chip and in floats (row A17; programs/seeds/latching.yaml).

Forty LIF neurons each, half of all pairs connected: 12 within an assembly, -16 between the two. Cue a in the third 50
steps, cue b 750 steps later. The float reference is the same LIF with its own random graph and normal noise of the same
variance, so that it is compared by rates. Exact on chip: the LIF in whole numbers; noise is that of the chip's model,
uniform in whole numbers.

Measured: 10 of 10 seeds latch, in floats and on the chip (bar: 9 of 10, more than 500 steps; here 700), 0.114 and 0.112
spikes a step and neuron; a second a run.

    python -m tools.seeds.latching [--seeds 10]
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu.files import program_file
from neuroemu.report.report import Report

SIZE, BLOCK, BLOCKS, CUE_A, CUE_B = 40, 50, 32, 2, 17
WITHIN, BETWEEN, CUE, THRESHOLD, PAUSE = 12.0, -16.0, 100.0, 1000.0, 5
KEEP_U, KEEP_V = 1 - 401 / 4096, 1 - 401 / 4096 + 1 / 4096  # u decays by the register and one, v by the register
NOISE = 4 * 127 / 64 / np.sqrt(3)  # standard deviation of x 2**(9 - 7), x uniform in -127..127, in units of a weight


def on_chip(report: Report) -> np.ndarray:
    """(2, BLOCKS) spikes of either assembly."""
    steps = [report.spikes(name)[0] for name in "ab"]
    return np.array([np.bincount((step - 1) // BLOCK, minlength=BLOCKS) for step in steps])


def in_floats(seed: int) -> np.ndarray:
    """As on_chip."""
    rng = np.random.default_rng(seed)
    linked = rng.random((2 * SIZE, 2 * SIZE)) < 0.5
    own = np.arange(2 * SIZE) // SIZE
    weights = np.where(own[:, None] == own, WITHIN, BETWEEN) * linked
    u, v, held = np.zeros(2 * SIZE), np.zeros(2 * SIZE), np.zeros(2 * SIZE, int)
    sent, cued, counts = np.zeros(2 * SIZE), np.zeros(2 * SIZE), np.zeros((2, BLOCKS), int)
    for t in range(BLOCK * BLOCKS):
        u = KEEP_U * u + weights @ sent + CUE * cued + rng.normal(0, NOISE, u.size)
        v = np.where(held > 0, 0.0, KEEP_V * v + u)
        fired = v > THRESHOLD
        v[fired] = 0.0
        held = np.where(fired, PAUSE - 1, np.maximum(held - 1, 0))
        sent = fired.astype(float)
        cued = ((own == 0) & (t // BLOCK == CUE_A)) | ((own == 1) & (t // BLOCK == CUE_B))
        counts[:, t // BLOCK] += fired.reshape(2, SIZE).sum(axis=1)
    return counts


def latched(counts: np.ndarray) -> bool:
    """Silent at first; a alone from its cue to b's, more than 500 steps; b alone from its cue on."""
    a, b = counts
    before = a[:CUE_A].sum() + b[:CUE_B].sum() == 0
    held = a[CUE_A:CUE_B].min() > 100 and b[CUE_B:].min() > 100
    return bool(before and held and a[CUE_B + 1 :].sum() == 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    n = parser.parse_args().seeds
    began = time.perf_counter()
    chip = [on_chip(neuroemu.run(program_file.read("seeds/latching", seed=seed))) for seed in range(1, n + 1)]
    took = time.perf_counter() - began
    floats = [in_floats(seed) for seed in range(1, n + 1)]
    for label, found in (("floats", floats), ("chip", chip)):
        rate = np.mean([counts[0, CUE_A + 2 : CUE_B] for counts in found]) / SIZE / BLOCK
        print(f"{label}: {sum(map(latched, found))} of {n} latch, {rate:.4f} spikes a step and neuron")
    print(f"{took / n:.1f} s a run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
