"""Synaptic sampling on the chip and in floats (row D32; programs/seeds/synaptic_sampling.yaml; Kappel et al. 2015).

    dw = 14 x0 - 7 - (w - 128) / 32        x0: a spike, with the probability 1/2

a walk with mean 128 and variance 49 / (2/32 - 1/32^2) = 797, that is 1.5 and 0.254 for (w - 44) / 56. The chip's noise is
that of its input spikes: no random number of the engine is needed, but for rounding. Exact on chip: the equation.
Approximated: whole weights.

Measured, seeds 1, 2, 3 (bars: 1.5 within 0.05, 0.25 within 0.03): mean 1.500, 1.500, 1.502, variance 0.250, 0.256, 0.249;
floats 1.500, 1.500, 1.502 and 0.249, 0.255, 0.249. 120 pJ an update, as nearly each changes a weight; 3 s of one core.

    python -m tools.seeds.synaptic_sampling [--seed 1 2 3]
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu import host
from neuroemu.files import program_file
from neuroemu.program import Program
from neuroemu.report.report import Report
from tools.seeds.update_cost import pj_per_update

AXONS, SETTLED, EVERY, START = 200, 500, 100, 60.0


def parameters(weights: np.ndarray) -> np.ndarray:
    """What weights stand for."""
    return (weights - 44.0) / 56.0


def on_chip(report: Report) -> np.ndarray:
    """(looks, AXONS) parameters from step SETTLED on."""
    found = report.traces.synapses["sampled"]
    return parameters(found.weight[found.step >= SETTLED].astype(float))


def in_floats(program: Program) -> np.ndarray:
    """As on_chip."""
    row, channel = host.feed(program).inputs["noise"].events(1, program.steps)
    x0 = np.zeros((program.steps, AXONS))
    x0[row, channel] = 1.0
    w, found = np.full(AXONS, START), []
    for t, spikes in enumerate(x0, 1):
        w = w + 14 * spikes - 7 - (w - 128) / 32
        if t >= SETTLED and t % EVERY == 0:
            found.append(w)
    return parameters(np.array(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    for seed in parser.parse_args().seed:
        began = time.perf_counter()
        report = neuroemu.run(program_file.read("seeds/synaptic_sampling", seed=seed))
        took = time.perf_counter() - began
        for label, found in (("floats", in_floats(report.program)), ("chip", on_chip(report))):
            print(f"seed {seed} {label}: mean {found.mean():.4f}, variance {found.var():.4f}", end="; ")
        print(f"{pj_per_update(report):.1f} pJ an update, {took:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
