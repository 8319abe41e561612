"""A pattern of spikes is known by learned delays (row D36; programs/seeds/delay_learning.yaml).

    dt = 1 - x0 t        dd = y0 (t - 1 - d)

The tag counts the steps since the input's spike, so that the cell's spike tells the delay that was lacking; the engine
makes spikes wait for what was learned. Exact on chip: all of it, as in floats.

Measured: before, the pattern does nothing; four samples with a teacher, whose spike makes the cell spike in step 25,
learn the delays 14, 10 and 5; after that the pattern alone makes it spike in step 25 of each of five samples (bar: within
a step).

    python -m tools.seeds.delay_learning
"""

from __future__ import annotations

import sys
import time

import neuroemu
from neuroemu.report.report import Report
from tools.seeds.update_cost import pj_per_update

PATTERN, STEPS, SAMPLES = (10, 14, 19), 40, 10


def answers(report: Report) -> list[int | None]:
    """The step of the cell's spike in each sample, None for no spike. Raises ValueError where it spiked more than once."""
    found: list[int | None] = [None] * SAMPLES
    for step in report.spikes("cell")[0].tolist():
        sample, at = divmod(step - 1, STEPS)
        if found[sample] is not None:
            raise ValueError(f"sample {sample} has two spikes")
        found[sample] = at + 1
    return found


def main() -> int:
    began = time.perf_counter()
    report = neuroemu.run("seeds/delay_learning")
    took = time.perf_counter() - began
    print(f"spikes by sample {answers(report)}, delays {report.traces.synapses['plastic'].delay[-1]}")
    print(f"{pj_per_update(report):.1f} pJ an update, {took:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
