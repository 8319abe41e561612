"""On-line prediction by two winner-take-all circuits (row D35): programs/seeds/vowel.yaml, and the same in floats.

    python -m tools.seeds.vowel [--seed 1 2 3] [--write]

The row says "as D10 with softmax": the signal of tools/seeds/glm_prediction.py and its ten receptive fields; the even ones are
one circuit, the odd ones the other. Of neurons of a circuit that would spike in one step the one whose field is nearest does.
The bar is D10's in relation: 3.75 of the 4.37 bits a step that rates alone need, .858; rates alone are now those of the six
outcomes of a circuit, none included.

    f_c = r f_c + sum_j w_cj s_j[t-1] + w_c,  u_c = f_c / 64 - 2,  p_c = exp(u_c) / (1 + sum over the circuit of exp(u))
    w_cj += 3.97 r x_j[t-1] (s_c - p_c),  w_c += .99 (s_c - p_c),  x_j = r x_j + s_j,  r = 9/16

Exact on chip: gates, products, the sum of a circuit. Approximated: exp and log from tables, within 6e-4; x has 7 bits and
decays by chance, s - p has 7 bits, a weight is an even number of -256..254 that changes by chance. Circuits that have to
draw, hidden ones, are not there: their neurons would need one random number in common.

Bits a step in the last 8000 of 30,000 steps, learning on: rates alone 4.027, bar 3.455, floats 3.138; chip, seeds 1, 2, 3,
3.203, 3.219, 3.217. 3.3 pJ a synapse read; 5 to 10 s on a machine shared by four.
"""

from __future__ import annotations

import sys

import numpy as np

import neuroemu
from neuroemu import library
from neuroemu.files import program_file
from tools.seeds.glm_prediction import LAST, SAMPLE, fields, tell
from tools.seeds.measure import seeds_or_write

CIRCUITS, NEURONS, STEPS = 2, 5, 30000  # steps of the circuits, each two of the chip
BAR = 3.75 / 4.37
KEEPS, UNIT, BIAS = 9 / 16, 64.0, -2.0
RATE, RATE_OF_THRESHOLD = 2.0**-7 * 32 * 127 / 8, 2.0**-7 * 127
LOW, HIGH = -8.0, 5.0  # of u


def shown(steps: int = STEPS, seed: int = 1) -> np.ndarray:
    """(steps, CIRCUITS, NEURONS) bool: one a circuit at most."""
    sample, neuron, late, near = fields(steps, seed)
    spikes = np.zeros((-(-steps // SAMPLE) * SAMPLE, CIRCUITS, NEURONS), bool)
    step = sample * SAMPLE + late
    for one in np.argsort(near, kind="stable"):
        t, k = step[one], neuron[one]
        spikes[t, k % CIRCUITS] = False
        spikes[t, k % CIRCUITS, k // CIRCUITS] = True
    return spikes[:steps]


def entropy(spikes: np.ndarray) -> float:
    """Bits a step of circuits whose outcomes come by their rates alone."""
    rates = spikes.mean(axis=0)
    p = np.concatenate([rates, 1 - rates.sum(axis=1, keepdims=True)], axis=1)
    return float(-(p * np.log2(np.maximum(p, 1e-12))).sum())


def in_floats(spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(steps,) bits of each step, and (neurons, neurons) weights after the last, in units of the chip."""
    n = CIRCUITS * NEURONS
    weights, thresholds = np.zeros((n, n)), np.zeros(n)
    f, x, before = np.zeros(n), np.zeros(n), np.zeros(n)
    bits = np.empty(len(spikes))
    for t, s in enumerate(spikes.reshape(-1, n).astype(float)):
        f = KEEPS * f + weights @ before + thresholds * (t > 0)
        u = np.clip(f / UNIT + BIAS, LOW, HIGH).reshape(CIRCUITS, NEURONS)
        total = 1 + np.exp(u).sum(axis=1)
        p = (np.exp(u) / total[:, None]).ravel()
        happened = np.append(np.exp(u) / total[:, None], 1 / total[:, None], axis=1)
        winner = s.reshape(CIRCUITS, NEURONS)
        which = np.where(winner.any(axis=1), winner.argmax(axis=1), NEURONS)
        bits[t] = -np.log2(happened[np.arange(CIRCUITS), which]).sum()
        weights += RATE * np.outer(s - p, KEEPS * x)
        thresholds += RATE_OF_THRESHOLD * (s - p)
        np.clip(weights, -256, 254, out=weights)
        np.clip(thresholds, -256, 254, out=thresholds)
        x, before = KEEPS * x + s, s
    return bits, weights


def bits_of(log_p: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """(steps,) bits of a step.  log_p: (chip's steps, neurons) in 1/2**16 nat; spikes: (steps, CIRCUITS, NEURONS)."""
    told = log_p[1::2].reshape(-1, CIRCUITS, NEURONS)[: len(spikes)]
    which = spikes[: len(told)].argmax(axis=2)  # without a spike all say the same
    chosen = np.take_along_axis(told, which[:, :, None], axis=2)[:, :, 0]
    return -chosen.sum(axis=1) / 2**16 / np.log(2)


def on_chip(*settings: str) -> tuple[np.ndarray, np.ndarray, dict]:
    """(steps,) bits of each step, weights after the last, and the report's summary."""
    report = neuroemu.run(program_file.read("seeds/vowel", settings, allow_code=True))
    bits = bits_of(report.traces.states["visible", "log_p"], shown())
    learned, n = report.traces.synapses["past"], CIRCUITS * NEURONS
    weights = np.zeros((n, n))
    weights[learned.post, learned.pre] = learned.weight[-1]
    return bits, weights, report.summary


def write() -> None:
    """The data and the circuits beside the program."""
    spikes = shown()
    step, channel = np.nonzero(spikes.reshape(len(spikes), -1))
    every = 2 * np.arange(len(spikes)) + 1
    circuit = np.kron(np.eye(CIRCUITS), np.ones((NEURONS, NEURONS)))
    np.savez_compressed(
        library.folder("programs") / "seeds" / "vowel.npz",
        shown=np.stack([2 * step + 1, channel], axis=1).astype(np.int32),
        one=np.stack([every, np.zeros_like(every)], axis=1).astype(np.int32),
        circuit=circuit.astype(np.int16),
    )


def main() -> int:
    options = seeds_or_write(__doc__)
    if options.write:
        write()
    spikes = shown()
    bits, exact = in_floats(spikes)
    rates = entropy(spikes)
    print(f"rates alone {rates:.3f} bits a step, bar {BAR * rates:.3f}, floats {bits[-LAST:].mean():.3f}")
    tell(options.seed, on_chip, exact, LAST)
    return 0


if __name__ == "__main__":
    sys.exit(main())
