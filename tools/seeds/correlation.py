"""Float reference of programs/seeds/correlation.yaml: the same trains, the same rule, no integers.

    python tools/seeds/correlation.py [--seed 1] [--steps 60000]

Prints the area under the curve that tells correlated from other inputs by their weights, and the two mean weights, in floats
and on chip. Weights are bounded to 0..255 in both.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import neuroemu
from neuroemu import host
from neuroemu.files import program_file
from neuroemu.learning.floating import FloatLearning

GROUP = 12
DECAY_V, THRESHOLD = 1 - 400 / 4096, 600.0  # of the detector; its current lasts for one step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60000)
    chosen = parser.parse_args()
    settings = {"seed": chosen.seed, "run.steps": chosen.steps}
    program = program_file.read("seeds/correlation", tuple(f"{key}={value}" for key, value in settings.items()))
    rows = (("floats", in_floats(program)), ("on chip", on_chip(program)))
    for label, weights in rows:
        one, other = weights[:GROUP], weights[GROUP:]
        print(f"{label:8} AUC {auc(one, other):.3f}  correlated {one.mean():6.1f}  others {other.mean():6.1f}")


def on_chip(program) -> np.ndarray:
    """(60,) weights after the run."""
    return neuroemu.run(program).traces.synapses["plastic"].weight[-1]


def in_floats(program) -> np.ndarray:
    """(60,) weights after the run."""
    (projection,) = program.network.projections
    learning = FloatLearning(projection.learning, np.full((1, 60), 128.0), "excitatory")
    row, channel = host.feed(program).inputs["inputs"].events(1, program.steps)
    spikes = np.zeros((program.steps, 60), bool)
    spikes[row, channel] = True
    v = arriving = 0.0
    for pre in spikes:
        v = DECAY_V * v + arriving
        fired = v > THRESHOLD
        v = 0.0 if fired else v
        weights = learning.synapses["w"]
        arriving = float(weights[0, pre].sum())
        learning.step(pre, np.array([fired]), {})
        np.clip(weights, 0, 255, out=weights)
    return learning.synapses["w"][0]


def auc(one: np.ndarray, other: np.ndarray) -> float:
    """How often a member of the one is above a member of the other."""
    above = (one[:, None] > other).mean() + 0.5 * (one[:, None] == other).mean()
    return float(above)


if __name__ == "__main__":
    main()
