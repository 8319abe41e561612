"""Two assemblies that come about from cues by plasticity, and hold them, on the chip and in floats (row D8;
programs/seeds/latching_plastic.yaml).

    python -m tools.seeds.latching_plastic [--seeds 10] [--write]        --write: the cues anew, beside the program

Eighty LIF neurons, half of all pairs connected by weights of 4 that learn, half by fixed inhibition of -16; nothing but the
cues tells which forty belong together. Terms of the rule are those of Zenke et al. 2015, each made of what the engine has:

    potentiation    2^-10 y0 x1 y2               triplet: x1 20 ms, y2 50 ms
    depression      -2^-7 x0 y3                  pair; y3 20 ms, a seventh of y1
    heterosynaptic  -2^-15 y0 y1 y2 (w - 2)      y1 before the spike; theirs goes with y^3 (w - w~)
    transmitter     2^-7 x0

Potentiation and the heterosynaptic term balance at w = 2 + 2^5 x1 / y1, whatever the rate: with y1 in it an assembly's weights
neither run away with its rate nor fade with it. Without, an impulse of x1 of 12 let the second fade within 600 steps, and
one of 16 made one assembly of both (seeds 101 to 103).
Here w~ is a constant where theirs is a slow variable (consolidation, 20 minutes), and no metaplasticity of A- keeps rates,
as a synapse of the engine has no second variable that is as slow. Their 4096 neurons and inhibitory plasticity are left out.
A run: a recall before anything was shown, six samples of cues of 150 steps, the two in turn, and a
recall, all with learning on. The float reference has its own graph and normal noise, and the rule without rounding or limits.

Measured, seeds 1 to 10 (impulses chosen on seeds 101 to 103):
10 of 10 latch, in floats and on the chip, and none before anything was shown (bar: 9 of 10, more than 500 steps; here 700).
Weights on the chip 36.3 to 36.7 within an assembly, 2.6 to 2.8 between; 9.3 to 10.1 pJ an update; 2 s a run.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu import library
from neuroemu.files import program_file
from neuroemu.report.report import Report
from tools.seeds.latching import BLOCK, BLOCKS, CUE_A, CUE_B, KEEP_U, KEEP_V, NOISE, PAUSE, THRESHOLD, latched
from tools.seeds.update_cost import pj_per_update

SIZE, TAUGHT, STEPS = 80, 6, BLOCK * BLOCKS
START, INHIBITION, CUE, ON, TURN = 4.0, -16.0, 100.0, 150, 200
OWN = np.arange(SIZE) // (SIZE // 2)  # which cue drives a neuron


def cues() -> np.ndarray:
    """(samples, STEPS, 2) of 0 or 1: a recall, TAUGHT samples of cues in turn, a recall."""
    found: np.ndarray = np.zeros((TAUGHT + 2, STEPS, 2), np.uint8)
    for sample in (0, -1):
        for cue, block in enumerate((CUE_A, CUE_B)):
            found[sample, block * BLOCK : (block + 1) * BLOCK, cue] = 1
    for sample in range(1, TAUGHT + 1):
        for turn in range(STEPS // TURN):
            found[sample, (turn + 1) * TURN - ON : (turn + 1) * TURN, (turn + sample + 1) % 2] = 1
    return found


def drive() -> np.ndarray:
    """(SIZE, 2) weights of the cues."""
    return CUE * (OWN[:, None] == np.arange(2))


def on_chip(report: Report) -> np.ndarray:
    """(samples, 2, BLOCKS) spikes of the neurons of either cue."""
    step, channel = report.spikes("net")
    found = np.zeros((report.samples, 2, BLOCKS), int)
    np.add.at(found, ((step - 1) // STEPS, OWN[channel], (step - 1) % STEPS // BLOCK), 1)
    return found


def weights(report: Report) -> tuple[float, float]:
    """Means of those that learned, of pairs of one cue and of two."""
    found = report.traces.synapses["plastic"]
    same = OWN[found.pre] == OWN[found.post]
    return float(found.weight[-1][same].mean()), float(found.weight[-1][~same].mean())


def in_floats(seed: int) -> np.ndarray:
    """As on_chip."""
    rng, given, driven = np.random.default_rng(seed), cues(), drive()
    linked = rng.random((SIZE, SIZE)) < 0.5  # [post, pre], as w
    inhibition = INHIBITION * (rng.random((SIZE, SIZE)) < 0.5)
    w = START * linked
    found = np.zeros((len(given), 2, BLOCKS), int)
    fades, slow = np.exp(-1 / 20), np.exp(-1 / 50)
    for sample, rows in enumerate(given):
        u, v, held, sent, cued = (np.zeros(SIZE) for _ in range(5))
        x1, y1, y2, y3 = (np.zeros(SIZE) for _ in range(4))
        for t, row in enumerate(rows):
            u = KEEP_U * u + (w + inhibition) @ sent + cued + rng.normal(0, NOISE, SIZE)
            v = np.where(held > 0, 0.0, KEEP_V * v + u)
            fired = v > THRESHOLD
            v[fired] = 0.0
            held = np.where(fired, PAUSE - 1, np.maximum(held - 1, 0))
            sent, cued = fired.astype(float), driven @ row
            before = fades * y1
            x1, y1 = fades * x1 + 13 * sent, before + 14 * sent
            y2, y3 = slow * y2 + 4 * sent, fades * y3 + 2 * sent
            if fired.any():
                own = np.outer(y2, x1) / 8 * 2.0**-7 - 2.0**-3 * (before * y2)[:, None] * (w - 2) / 4096
                w = w + linked * (sent[:, None] * own + 2.0**-7 * np.outer(1 - y3, sent))
                w = np.clip(w, 0, 255)
            found[sample, :, t // BLOCK] += np.bincount(OWN[fired], minlength=2)
    return found


def program(seed: int) -> neuroemu.program.Program:
    return program_file.read("seeds/latching_plastic", (f"seed={seed}",))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.write:
        file = library.folder("programs") / "seeds" / "latching_plastic.npz"
        np.savez_compressed(file, cues=cues(), drive=drive())
        return 0
    chip, floats = [], []
    for seed in range(1, chosen.seeds + 1):
        began = time.perf_counter()
        report = neuroemu.run(program(seed))
        took = time.perf_counter() - began
        chip.append(on_chip(report))
        floats.append(in_floats(seed))
        within, between = weights(report)
        print(f"seed {seed}: weights {within:.1f} within, {between:.1f} between", end="; ")
        print(f"latches: chip {latched(chip[-1][-1])}, floats {latched(floats[-1][-1])}", end="; ")
        print(f"{pj_per_update(report):.1f} pJ an update, {took:.1f} s", flush=True)
    for label, counts in (("chip", chip), ("floats", floats)):
        before, after = (sum(latched(each[sample]) for each in counts) for sample in (0, -1))
        print(f"{label}: {after} of {chosen.seeds} latch, {before} before anything was shown")
    return 0


if __name__ == "__main__":
    sys.exit(main())
