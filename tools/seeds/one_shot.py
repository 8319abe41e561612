"""One-shot learning of payloads (row D38; programs/seeds/one_shot.yaml).

    dw = 2 y0 x0 x1 - y0 x0 w        x1: half the payload of the axon's graded spike

The label's cell spikes together with the pattern, and its weights are the pattern's payloads from then on. Exact on chip:
all of it, for even payloads; an odd one loses its last bit.

Measured (bar: weights are the payloads): all 18 equal; without a label each pattern is answered by its own cell alone.

    python -m tools.seeds.one_shot
"""

from __future__ import annotations

import sys
import time

import numpy as np

import neuroemu
from neuroemu.report.report import Report
from tools.seeds.update_cost import pj_per_update

PATTERNS = np.array([[200, 160, 120, 0, 0, 0], [0, 60, 202, 180, 0, 0], [30, 0, 0, 0, 180, 210]])
TAUGHT = [(10, 0), (20, 1), (30, 2)]  # step and cell
RECALLED = [(51, 1), (61, 0), (71, 2)]


def prototypes(report: Report) -> np.ndarray:
    """(cells, channels) weights after the run."""
    found, weights = report.traces.synapses["prototypes"], np.zeros(PATTERNS.shape, np.int64)
    weights[found.post, found.pre] = found.weight[-1]
    return weights


def spikes(report: Report) -> list[tuple[int, int]]:
    """(step, cell), in order."""
    step, cell = report.spikes("cells")[:2]
    return list(zip(step.tolist(), cell.tolist(), strict=True))


def main() -> int:
    began = time.perf_counter()
    report = neuroemu.run("seeds/one_shot")
    took = time.perf_counter() - began
    print(
        f"{(prototypes(report) == PATTERNS).sum()} of {PATTERNS.size} weights are the payloads; spikes {spikes(report)}"
    )
    print(f"{pj_per_update(report):.1f} pJ an update, {took:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
