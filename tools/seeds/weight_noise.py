"""Noise in the stored weights of programs/seeds/ann_digits.yaml (row E9): what analog memories would cost.

    python -m tools.seeds.weight_noise [--sigma 0 1 2 4 8] [--seed 1 2 3 4 5]

Phase-change memories hold a weight with an error (S1, Pantazi: in-memory computing). Here each stored weight of the
compiled network is moved once by a normal number of deviation sigma, in units of the last bit that the chip stores (of
8 bits with a sign: 1/127 of the largest weight at most), rounded to such units and kept within 8 bits. Inputs, biases
and thresholds stay as they are; weights that are stored as no synapse at all (zero, 7 % of the matrices) stay zero, and
nothing drifts with time.

Bar: with sigma = 2 the mean accuracy is at most 1 point below that without noise, on the 540 held-out digits of row E6.

Measured, five sets of noise each: without 97.22 %; sigma 1, 2, 4, 8: 96.93, 96.81, 96.78, 96.26 % in the mean, with 2
between 96.67 and 97.04 %. A set is a run of ann_digits, 1.5 to 3 s.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from neuroemu.compiler import Compiled
from neuroemu.compiler.weights import lost_bits
from neuroemu.files import program_file
from neuroemu.network import Network
from neuroemu.pipeline import execute
from neuroemu.profile import compiled as compiled_for

PROGRAM, BAR = "seeds/ann_digits", 0.01


def last_bits(made: Compiled, network: Network) -> Iterator[tuple[slice, int, int]]:
    """(synapses of the image, their last bit in the image's unit, stored bits) by projection, the only one of its source."""
    image, names = made.image, [*made.image.names, *made.image.source_names]
    starts = [*image.blocks.first.tolist(), *image.source_first.tolist()]
    assert len({projection.source for projection in network.projections}) == len(network.projections)
    assert not image.graded.packed.size and not image.plastic
    for projection, rounding in zip(network.projections, made.quantised.projections, strict=True):
        assert projection.name == rounding.name
        at = names.index(projection.source)
        first, end = image.plain.first[[starts[at], starts[at + 1]]]
        exponent = lost_bits(rounding.bits, rounding.sign_mode) + rounding.exponent - image.weight_shift
        assert exponent >= 0  # else a stored bit does not reach the sum
        yield slice(int(first), int(end)), 1 << exponent, rounding.bits


def noisy(made: Compiled, network: Network, sigma: float, seed: int) -> Compiled:
    """The same with each stored weight moved.  sigma: in last bits."""
    plain, rng = made.image.plain, np.random.default_rng(seed)
    weight = plain.weight().astype(np.int64)
    for synapses, unit, bits in last_bits(made, network):
        stored = weight[synapses] // unit
        assert np.array_equal(stored * unit, weight[synapses])
        top = 1 << (bits - 1)
        moved = stored + np.rint(rng.normal(0, sigma, stored.size)).astype(np.int64)
        weight[synapses] = np.clip(moved, -top, top - 1) * unit
    packed = plain.target().astype(np.int64) + (weight << plain.slot_bits)
    image = replace(made.image, plain=plain._replace(packed=packed.astype(plain.packed.dtype)))
    return replace(made, image=image)


def accuracies(sigma: float, seeds: list[int]) -> np.ndarray:
    """(seeds,) of the chip, one set of noisy weights a seed; inputs are the same in all."""
    program = program_file.read(PROGRAM)
    made = compiled_for(program)
    runs = (execute(program, noisy(made, program.network, sigma, seed), threads=1, spread=False) for seed in seeds)
    return np.array([report.summary["accuracy"] for report in runs])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sigma", type=float, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    chosen = parser.parse_args()
    (without,) = accuracies(0, [0])
    print(f"without noise {without:.2%}; bar with sigma 2: {without - BAR:.2%}")
    for sigma in chosen.sigma:
        began = time.perf_counter()
        found = accuracies(sigma, chosen.seed)
        each = ", ".join(f"{accuracy:.2%}" for accuracy in found)
        print(f"sigma {sigma:g}: {found.mean():.2%} ({each}); {time.perf_counter() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
