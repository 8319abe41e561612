"""Activity of the SNU family (rows A10, A12, A13, seeds: IBM's slides): programs/seeds/snu_activity.yaml, and the same in floats.

    python -m tools.seeds.snu_activity

Equations and what is exact stand in the program. The row prints what came of eight weights, not the weights; those of the program
were found so that the floats give its numbers.

Measured, 200 steps: every spike at the floats' step. The unit 50 spikes, at 3, 7, 11, ...; the eight 282, inhibited 100, of the two
strongest alone; the adaptive one 34, at 3, 8, 13, 18, 24, 30, 36, 42, ... No learning; the report prices the spikes.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import neuroemu

STEPS = 200
W, EIGHT = np.array([0.3]), np.array([70, 90, 100, 110, 125, 135, 150, 160]) / 500
TOTALS = {"unit": 50, "free": 282, "inhibited": 100, "adaptive": 34}  # of the row


def in_floats() -> dict[str, np.ndarray]:
    """(STEPS, n) bool spikes, by population."""
    return {
        "unit": units(W),
        "free": units(EIGHT),
        "inhibited": units(EIGHT, lateral=True),
        "adaptive": units(W, beta=2.0),
    }


def units(
    w: np.ndarray, keeps: float = 0.9, b: float = -1.0, lateral: bool = False, beta: float = 0.0, rho: float = 0.95
) -> np.ndarray:
    """(STEPS, n) bool spikes of units with the input weights w (n,)."""
    s = y = a = np.zeros(w.size)
    spikes = np.zeros((STEPS, w.size), bool)
    for t in range(STEPS):
        s = np.maximum(w + keeps * s * (1 - (y.max() if lateral else y)), 0)
        a = rho * a + (1 - rho) * y
        y = (s - beta * a + b > 0) * 1.0
        spikes[t] = y > 0
    return spikes


def on_chip() -> tuple[dict[str, np.ndarray], dict]:
    """The same spikes, the step that the input travels left out; and the report's summary."""
    report = neuroemu.run("seeds/snu_activity")
    found = {}
    for name, n in (("unit", 1), ("free", 8), ("inhibited", 8), ("adaptive", 1)):
        step, index = report.spikes(name)
        found[name] = np.zeros((STEPS + 1, n), bool)
        found[name][step - 1, index] = True
        found[name] = found[name][1:]
    return found, report.summary


def main() -> int:
    began = time.perf_counter()
    (chip, summary), floats = on_chip(), in_floats()
    for name, total in TOTALS.items():
        same = "at the same steps" if np.array_equal(chip[name], floats[name]) else "NOT at the same steps"
        counts = chip[name].sum(axis=0).tolist()
        print(f"{name:9}  bar {total:3}  floats {floats[name].sum():3}  chip {chip[name].sum():3}, {same}: {counts}")
    print(f"{summary['pj_per_spike']:.1f} pJ a spike, {time.perf_counter() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
