"""An ANN made spiking and run on the chip (row E6; programs/seeds/ann_digits.yaml).

An MLP 64-64-10 with ReLUs, trained off the chip by scikit-learn on the digits' training side, is converted by the
importer: weights scaled by the activations that 500 training samples cause (99.9 percentile), an integrator with soft
reset for every ReLU. Rates of its spikes stand for activations; the answer is the output that spiked most in 32 steps,
after two of delay. Approximated: weights of 8 bits, rates of 32 steps, inputs by chance.

Bar: the chip within 1 point of the ANN, on the 540 held-out digits. Measured: ANN 97.59 %, its
spiking form in floats 97.04 %, chip 97.22 %; 10 s with the float run.

    python -m tools.seeds.ann_digits [--steps 8 16 32] [--write]        --write: trains the ANN anew, beside the program
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings

import numpy as np

import neuroemu
from neuroemu import library
from neuroemu.data import DATASETS, Split
from neuroemu.files import program_file

SPLIT_SEED, HELD_OUT, DELAY = 7, 540, 2
NPZ = library.folder("programs") / "seeds" / "ann_digits.npz"


def train() -> dict[str, np.ndarray]:
    """Weights and biases by layer, in 16 bits."""
    from sklearn.neural_network import MLPClassifier

    given = DATASETS["sklearn:digits"].load(Split("train", HELD_OUT, SPLIT_SEED))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it could be trained for longer
        ann = MLPClassifier((64,), max_iter=120, random_state=0, alpha=1e-3).fit(given.values, given.labels)
    arrays = {f"w{k}": weights.T for k, weights in enumerate(ann.coefs_, 1)}
    arrays |= {f"b{k}": biases for k, biases in enumerate(ann.intercepts_, 1)}
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def accuracy_of_ann() -> float:
    """Of the arrays beside the program, on the held-out digits."""
    given = DATASETS["sklearn:digits"].load(Split("test", HELD_OUT, SPLIT_SEED))
    with np.load(NPZ) as arrays:
        hidden = np.maximum(given.values @ arrays["w1"].astype(float).T + arrays["b1"], 0)
        answers = (hidden @ arrays["w2"].astype(float).T + arrays["b2"]).argmax(axis=1)
    return float(np.mean(answers == given.labels))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 16, 32])
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.write:
        np.savez_compressed(NPZ, **train())  # type: ignore[arg-type]
    print(f"ANN {accuracy_of_ann():.2%}")
    for steps in chosen.steps:
        began = time.perf_counter()
        settings = (f"run.steps={steps + DELAY}", "report.float_reference=true")
        summary = neuroemu.run(program_file.read("seeds/ann_digits", settings)).summary
        floats = summary["quantisation"]["float"]["accuracy"]
        print(f"{steps} steps: spiking floats {floats:.2%}, chip {summary['accuracy']:.2%}, ", end="")
        print(
            f"{summary['energy_pj']['total'] if 'energy_pj' in summary else 0:.3g} pJ, {time.perf_counter() - began:.1f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
