"""BCM with a fast and a slow sliding threshold, on the chip and in floats (row D6; programs/seeds/bcm.yaml).

    dw = eta x y (y - theta)        theta = mean of y^2, over 32 patterns or over 16,384

Four patterns of twelve inputs, 32 steps each. Selectivity is 1 - mean / largest of a unit's rates to the four patterns
(in the last 400), as Bienenstock, Cooper & Munro have it. The float reference has the same trains and moments of change,
no integers, no upper limit. Exact on chip: the form of the equations. Approximated: x1 and y (y - theta) have 7 bits,
products are shifted and rounded by chance, weights whole, 0 to 255; y, whose rate counts here, has 24 bits.

Measured, seeds 1, 2, 3, the worst of eight units. Fast (bars: selectivity 0.6, rates below 5): 0.69, 0.70, 0.69 and at
most 4.6, 4.5, 4.5; floats 0.69, 0.69, 0.69 and 3.0, 4.4, 3.0. Slow (bar: above 50): 147, 143, 156, which is every weight
at 255; floats pass 10,000. 4.3 pJ an update, 9 s of one core.

    python -m tools.seeds.bcm [--seed 1 2 3] [--write]        --write: the patterns' order anew, beside the program
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu import host, library
from neuroemu.files import program_file
from neuroemu.report.report import Report
from tools.seeds.update_cost import pj_per_update

PATTERNS, EACH, UNITS, STEPS = 4, 3, 8, 32
CHANNELS = PATTERNS * EACH
SHOWN, LAST = 2500, 400
ON, OFF = 0.3, 0.02  # probability of a spike a step
KEEP_X, KEEP_V = np.exp(-1 / 10), 1 - 390 / 4096
RATE = 32  # v of a rate of 1: y1 = 16, v shifted right by 1
START = 3.0
ETA = 1.5 * 2.0**-8  # of a whole weight
OVER = {"fast": 32, "slow": 16384}  # patterns in the mean of y^2


def order() -> np.ndarray:
    """(SHOWN,) which pattern is shown."""
    return np.random.default_rng(6).integers(0, PATTERNS, SHOWN)


def patterns() -> np.ndarray:
    """(SHOWN, CHANNELS) probabilities of a spike."""
    return np.where(np.arange(CHANNELS) // EACH == order()[:, None], ON, OFF)


def in_floats(spikes: np.ndarray, name: str) -> np.ndarray:
    """(SHOWN,) rates at the end of each pattern.  spikes: (SHOWN * STEPS, CHANNELS)."""
    w, x, v, sent, theta = np.full(CHANNELS, START), np.zeros(CHANNELS), 0.0, np.zeros(CHANNELS), 1.0
    rates = []
    for t, now in enumerate(spikes, 1):
        v = KEEP_V * v + float(w @ sent)
        x, sent = KEEP_X * x + now, now
        if t % STEPS == 0:
            y = v / RATE
            theta += (y * y - theta) / OVER[name]
            # On the chip x1 = 6 x, y3 = 16 y (16 y - 16 theta) / 64 = 4 y (y - theta), and their product is shifted by 3.
            w = np.maximum(w + ETA * x * 4 * y * (y - theta), 0.0)
            rates.append(y)
            if y > 1e4:  # away
                break
    return np.array(rates)


def on_chip(report: Report, name: str) -> np.ndarray:
    """(SHOWN, UNITS) rates at the end of each pattern."""
    return report.traces.v[name][STEPS - 1 :: STEPS] / RATE


def selectivity(rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(selectivity, rate to the best pattern) in the last LAST patterns.  rates: (SHOWN, ...)."""
    shown, rates = order()[-LAST:], rates[-LAST:]
    means = np.stack([rates[shown == k].mean(axis=0) for k in range(PATTERNS)])
    return 1 - means.mean(axis=0) / means.max(axis=0), means.max(axis=0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.write:
        np.savez_compressed(library.folder("programs") / "seeds" / "bcm.npz", patterns=patterns())
        return 0
    for seed in chosen.seed:
        began = time.perf_counter()
        report = neuroemu.run(program_file.read("seeds/bcm", seed=seed))
        took = time.perf_counter() - began
        row, channel = host.feed(report.program).inputs["inputs"].events(1, SHOWN * STEPS)
        spikes = np.zeros((SHOWN * STEPS, CHANNELS))
        spikes[row, channel] = 1.0
        floats, chip = in_floats(spikes, "fast"), on_chip(report, "fast")
        for label, rates in (("floats", floats), ("chip", chip)):
            found, most = selectivity(rates)
            print(f"seed {seed} fast {label}: selectivity {np.round(found, 2)}, rate of the best {np.round(most, 1)}")
        floats, chip = in_floats(spikes, "slow"), on_chip(report, "slow")
        print(f"seed {seed} slow: largest rate, floats {floats.max():.0f}, chip {np.round(chip.max(axis=0), 0)}")
        print(f"  {pj_per_update(report):.1f} pJ an update, {took:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
