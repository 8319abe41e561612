"""Networks recorded in their frameworks, on the chip: accuracy and rasters beside the float run, over the held-out digits.

    python tools/nir_accuracy.py DIR [--chip NAME] [--encode-seed N]

DIR holds NAME.nir and NAME.json as golden/nir does. The 540 images are those that no network was trained on (the stratified
split of seed 7), encoded as the jsons say (Bernoulli, p = pixel/16) with draws of our own: the accuracy in the json is of other
draws, the float run's of the same as the chip's. Exit 1 if a chip is more than 2 points below either.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import neuroemu
from neuroemu import Bernoulli, DataInput, Decode, Rate, from_nir, program_of
from neuroemu.data import Split
from tools.replay.nir import origin_of

ALLOWED = 0.02


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chip", default="loihi1-davies2018")
    parser.add_argument("--encode-seed", type=int, default=0)
    options = parser.parse_args()
    below = 0
    print(
        f"{'network':28} {'framework':>9} {'json':>7} {'float':>7} {'chip':>7}  same spikes of float and chip, by layer"
    )
    paths = [path for path in sorted(options.folder.glob("*.json")) if path.with_suffix(".nir").is_file()]
    for path in paths:
        recorded = json.loads(path.read_text())
        network = from_nir(path.with_suffix(".nir"), origin_of(recorded, path.stem))
        exact = network.exact
        assert exact is not None
        last = max(exact.depth, key=lambda name: exact.depth[name])
        (source,) = network.sources
        program = program_of(
            network,
            options.chip,
            steps=recorded["T"] + exact.most_depth,
            inputs={source.name: DataInput("sklearn:digits", Split("test", 540, 7), Bernoulli())},
            decode=Decode(last, Rate()),
            float_reference=True,
            seed=options.encode_seed,
        )
        summary = neuroemu.run(program).summary
        told, chip = summary["quantisation"]["float"], summary["accuracy"]
        layers = ", ".join(f"{name} {kept['agreement']:.1%}" for name, kept in told["rasters"].items())
        accuracy = recorded["test_accuracy"]
        print(
            f"{path.stem:28} {exact.origin.framework:>9} {accuracy:7.2%} {told['accuracy']:7.2%} {chip:7.2%}  {layers}"
            + (f"  overflows {summary['overflows']}" if summary["overflows"] else ""),
            flush=True,
        )
        below += chip < max(accuracy, told["accuracy"]) - ALLOWED
    print(f"{len(paths) - below} of {len(paths)} within {ALLOWED * 100:g} points")
    return 0 if paths and not below else 1


if __name__ == "__main__":
    sys.exit(main())
