"""An ANN of scikit-learn on the digits, made spiking: accuracy of the ANN, in floats and on the chip, by steps a sample.

python tools/ann_accuracy.py [--hidden 64] [--steps 8 16 32] [--percentile 99.9] [--chip NAME]
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import neuroemu
from neuroemu import Bernoulli, Calibration, DataInput, Decode, Rate, from_ann, program_of
from neuroemu.data import DATASETS, Split

SEED = 7  # of the split
CALIBRATED_WITH = 500  # training samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 16, 32])
    parser.add_argument("--percentile", type=float, default=99.9)
    parser.add_argument("--chip", default="loihi1-davies2018")
    options = parser.parse_args()
    from sklearn.neural_network import MLPClassifier

    train, test = (DATASETS["sklearn:digits"].load(Split(side, 540, SEED)) for side in ("train", "test"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it could be trained for longer
        ann = MLPClassifier((options.hidden,), max_iter=120, random_state=0, alpha=1e-3).fit(train.values, train.labels)
    arrays = {f"w{k}": weights.T for k, weights in enumerate(ann.coefs_, 1)}
    arrays |= {f"b{k}": biases for k, biases in enumerate(ann.intercepts_, 1)}
    network = from_ann(arrays, Calibration(train.values[:CALIBRATED_WITH], options.percentile))
    exact = network.exact
    assert exact is not None
    print(f"ANN 64-{options.hidden}-10: {ann.score(test.values, test.labels):.2%}")
    for steps in options.steps:
        program = program_of(
            network,
            options.chip,
            steps=steps + exact.most_depth,
            inputs={"input": DataInput("sklearn:digits", Split("test", 540, SEED), Bernoulli())},
            decode=Decode("layer2_relu", Rate()),
            float_reference=True,
        )
        summary = neuroemu.run(program).summary
        floats = summary["quantisation"]["float"]["accuracy"]
        print(f"{steps} steps: floats {floats:.2%}, {options.chip} {summary['accuracy']:.2%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
