"""A regulariser of the firing rate (row C5): programs/seeds/rate_regulariser.yaml, and the same in floats.

    python -m tools.seeds.rate_regulariser [--seed 1]

    n_i = .99 n_i - 254 y_i[t-1],  u_i = b_i + w_i / 64,  P(y_i) = sigmoid(u_i),  every fourth step  w_i += (n_i + 5075) / 4096

The losses of the row themselves (L1 6, upper 2, lower 1/3 of its example) are the host's and hold by definition.
Exact on chip: the gate and the product. Approximated: the third factor has 7 bits, a weight is an even number that changes by
chance, n is rounded toward 0.

Spikes a step in the second half of 20,000 steps, target .2, bar 10 % of it: seeds 1, 2, 3 chip .1999 to .2051, .1986 to .2067,
.1979 to .2041; floats .1986 to .2008, .1994 to .2008, .1991 to .2022. 9.4 pJ a synapse read, .8 s.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from neuroemu.files import program_file
from tools.seeds.bare import pj_per_read, run_bare

NEURONS, TARGET, STEPS = 10, 0.2, 20000
BIASES = np.array([-256, -213, -170, -128, -85, -43, 0, 43, 85, 128]) / 64
DECAY, JUMP, MEAN = 41 / 4096, 254.0, 5075.0
BAR = 0.1  # of the target


def in_floats(seed: int, steps: int = STEPS) -> np.ndarray:
    """(NEURONS,) spikes a step in the second half."""
    rng = np.random.default_rng(seed)
    n, w, before = np.full(NEURONS, -MEAN), np.zeros(NEURONS), np.zeros(NEURONS)
    counts = np.zeros(NEURONS)
    for step in range(1, steps + 1):
        n = (1 - DECAY) * n - JUMP * before
        before = (rng.random(NEURONS) < 1 / (1 + np.exp(-(BIASES + w / 64)))).astype(float)
        if step % 4 == 0:
            w = np.clip(w + np.clip((n + MEAN) / 32, -127, 127) / 128, -256, 254)
        counts += before * (step > steps // 2)
    return counts / (steps - steps // 2)


def on_chip(*settings: str) -> tuple[np.ndarray, float]:
    """(NEURONS,) spikes a step in the second half, and pJ a synapse that was read."""
    program = program_file.read("seeds/rate_regulariser", settings)
    traces, counters = run_bare(program)
    half = program.steps // 2
    late = (traces.step > half) & (traces.source < NEURONS)
    spikes = np.bincount(traces.source[late], minlength=NEURONS)
    return spikes / (program.steps - half), pj_per_read(counters, program.prices)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    print(f"without: {np.round(1 / (1 + np.exp(-BIASES)), 3)}, target {TARGET}")
    for seed in parser.parse_args().seed:
        began = time.perf_counter()
        chip, pj = on_chip(f"seed={seed}")
        took, floats = time.perf_counter() - began, in_floats(seed)
        print(f"seed {seed}: chip {chip.min():.4f} to {chip.max():.4f}, ", end="")
        print(f"floats {floats.min():.4f} to {floats.max():.4f}, {pj:.1f} pJ a synapse read, {took:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
