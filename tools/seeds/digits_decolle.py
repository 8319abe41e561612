"""programs/seeds/digits_decolle.yaml on the chip and in floats: what the readout of each layer answers.

    python -m tools.seeds.digits_decolle --seed 0 1 2

Each layer has a fixed random readout G (10, 100), normal with a deviation of 8 and even; its local loss is the distance of
G s from 60 times the teacher's spikes, its learning signal G^T (60 teacher - G s) in every step, low-passed by the compartment.
Exact on the chip: G s, errors, G^T. Approximated: 7-bit psi and traces, 8-bit weights with stochastic rounding.
"""

from __future__ import annotations

import sys

import numpy as np

from neuroemu import library
from tools.seeds.measure import measured, options, read

CLASSES, HIDDEN, DEVIATION = 10, 100, 8.0
BARS = {"readout1": 0.90, "readout2": 0.88}


def readouts() -> dict[str, np.ndarray]:
    """G of each layer (CLASSES, HIDDEN), and its transpose, whole even numbers."""
    rng = np.random.default_rng(0)
    found = {}
    for name in ("first", "second"):
        found[name] = 2 * np.rint(rng.normal(0, DEVIATION, (CLASSES, HIDDEN)) / 2)
        found[f"{name}_transposed"] = found[name].T
    return found


def main() -> int:
    chosen = options(__doc__, 3)
    np.savez(library.folder("programs") / "seeds" / "digits_decolle" / "readouts.npz", **readouts())  # type: ignore[arg-type]
    for seed in chosen.seed:
        for readout, bar in BARS.items():
            program = read("digits_decolle", seed=seed, run__training__passes=chosen.passes, decode__from=readout)
            found = measured(program, not chosen.no_float)
            floats = found.floats.accuracy if found.floats else None
            label = f"seed {seed}, {readout} (bar {bar})"
            print(found.line(label, found.report.summary["accuracy"], floats), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
