"""VDIB predictive coding of drifting blobs (rows F1, D25): programs/seeds/vdib.yaml with its host vdib.py, and floats.

    python -m tools.seeds.vdib [--steps 20000] [--beta 1] [--seed 1] [--summed] [--no-float] [--write]

    encoder, on chip   f_i = r f_i + sum_j w_ij x_j + w_i,  u_i = f_i / 32 - 1.4,  P(y_i) = sigmoid(u_i),  r = .2
                       t_ij = .875 t_ij + 95 (x * r)_j (y_i - p_i),  w_ij += L_i t_ij / 64
    decoder, host      softmax of y in the last 5 steps, learns on line; L_i: see programs/seeds/vdib.py

The loop is closed in every step: what the decoder makes of the spikes of step t is heard by the encoder in t + 2; t_ij
bridges that, and the 5 steps of the window. Exact on chip: gates and products. Approximated: t_ij is the tag, 9 bits, r x
and y - p have 7, L_i is 1/32 nat up to 4 nats, weights are even numbers that change by chance; log p is told in 1/256 nat.
Errors are those of the last 4000 steps with learning on, of vectors of 20 bits whose two likeliest positions are guessed:
.2 is always wrong. Rate decoding is the same softmax of how often each neuron spiked in the 5 steps.

Measured after 20,000 steps, lag -2, seed 1, beta 0, 1, 5, 20: MSE .0256, .0296, .0671, .1294 (floats .0325, .0350, .0750,
.1211), rate decoding .0872, .0865, .0979, .1354, spikes a neuron and step .333, .225, .156, .045 (floats .348, .265, .138,
.059). Seeds 2 and 3, beta 1: MSE .0395, .0364, rate decoding .0892, .0888. Bars, beta 1: .05, and half of rate decoding;
spikes fall with beta. At beta 20 the prior does not win, in floats as on the chip, for two reasons. The mean over neurons asks
only a tenth of the text's beta, while each spike earns in five steps: floats with a quarter of the step come to .169, the
decoder still better than nothing. And the step that suits the decoder throws neurons to p near 0, where p (1 - p) is too
small to bring them back. With the text's sum and a fortieth of the step (--summed) beta 20 is met after 12,000 steps, seeds 1,
2, 3: .193, .189, .191 (floats .191, .195, .193; MSE .147 to .151).
With the sum beta 1 is too dear for the other bar: .146 spikes, MSE .109 (a fifth of the step; floats .163, .115), so that
spikes do not fall with beta then: those of few neurons that are silent but for one place are cheaper than the prior's.
16 to 19 pJ a synapse read; 27 to 44 s on a machine shared by six, .5
ms of one core a step, mostly the host's. With the common signal alone (no baseline of the neuron's own) 100,000 steps come
to .07.
"""

from __future__ import annotations

import argparse
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

from neuroemu import library
from neuroemu.environments import Environment
from neuroemu.files import program_file
from neuroemu.program import Program
from tools.seeds.bare import pj_per_read, run_bare

NEURONS, CHANNELS = 10, 20
KEEPS, UNIT, BIAS = 1 - 3277 / 4096, 32.0, -90 * 32 / 2048
TAG, TAG_OF_THRESHOLD, FORGET, RATE = 2.0**-4 * 96 * 127 / 8, 127 / 8, 1 / 8, 2.0**-1 / 32
TOLD = 2 / 4  # of what the host sends, in y2
SCALE = 0.025  # of the step where beta is summed
PRIOR, NEAR = 0.2, 0.02  # spikes a step where beta is 20
BARS = (0.05, 0.5)  # mean square error; of that of rate decoding


def drawn() -> np.ndarray:
    """(NEURONS, CHANNELS) weights before the first step, even numbers."""
    return 2 * np.rint(np.random.default_rng(0).normal(0, 32, (NEURONS, CHANNELS))).clip(-128, 127)


def program_of(steps: int, beta: float, *settings: str) -> Program:
    """programs/seeds/vdib.yaml."""
    chosen = (f"run.steps={steps}", f"environment.parameters.beta={beta}", *settings)
    return program_file.read("seeds/vdib", chosen, allow_code=True)


def of_the_text(steps: int, *settings: str) -> Program:
    """beta 20 with the text's sum over neurons, whose steps are a fortieth: the prior wins."""
    parameters = ("summed=true", f"scale={SCALE}")
    return program_of(steps, 20, *(f"environment.parameters.{given}" for given in parameters), *settings)


def on_chip(program: Program) -> tuple[dict[str, float], float]:
    """What the host measured, and pJ a synapse that was read."""
    _, counters = run_bare(program)
    assert program.environment is not None
    return program.environment.results(), pj_per_read(counters, program.prices)


def in_floats(host: Environment, steps: int, seed: int) -> dict[str, float]:
    """What the same host measures of an encoder in floats.  seed: of its spikes."""
    rng = np.random.default_rng(seed)
    weights, threshold = drawn(), np.zeros(NEURONS)
    tag, tag_threshold = np.zeros((NEURONS, CHANNELS)), np.zeros(NEURONS)
    f, trace, arriving = np.zeros(NEURONS), np.zeros(CHANNELS), np.zeros(CHANNELS)
    told = np.zeros(NEURONS)  # in this step, as y2
    host.begin()
    phase: Any = SimpleNamespace(step=0, since=0, n_steps=1, sample=0, new_sample=True)
    answer = host.manage(phase) or {}
    for step in range(1, steps + 1):
        sent, signal = np.asarray(answer["blobs"], float), np.asarray(answer.get("loss", np.zeros(NEURONS)), float)
        f = KEEPS * f + weights @ arriving + threshold
        p = 1 / (1 + np.exp(-(f / UNIT + BIAS)))
        y = rng.random(NEURONS) < p
        weights = np.clip(weights + RATE * told[:, None] * tag, -256, 254)
        threshold = np.clip(threshold + RATE * told * tag_threshold, -256, 254)
        tag = (1 - FORGET) * tag + TAG * np.outer(y - p, KEEPS * trace)
        tag_threshold = (1 - FORGET) * tag_threshold + TAG_OF_THRESHOLD * (y - p)
        trace = KEEPS * trace + sent
        arriving, told = sent, np.clip(TOLD * signal, -127, 127)
        nats = -np.log(np.where(y, p, 1 - p))
        payload = np.where(y, np.maximum(np.rint(256 * nats), 1), -np.rint(256 * nats))
        spikes = SimpleNamespace(index=np.flatnonzero(payload), payload=payload[payload != 0])
        phase.step, phase.since, phase.spikes = step, step - 1, lambda _, now=spikes: now
        answer = host.manage(phase) or {}
    return host.results()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--beta", type=float, nargs="+", default=[0.0, 1.0, 5.0, 20.0])
    parser.add_argument("--lag", type=int, default=-2)
    parser.add_argument("--seed", type=int, default=1, help="of the chip's draws; the blobs have theirs in the program")
    parser.add_argument("--summed", action="store_true", help="beta 20, summed over neurons, and nothing else")
    parser.add_argument("--no-float", action="store_true")
    parser.add_argument("--write", action="store_true", help="the first weights beside the program, anew")
    options = parser.parse_args()
    if options.write:
        path = library.folder("programs") / "seeds" / "vdib.npz"
        np.savez_compressed(path, blobs_encoder=drawn().astype(np.int16))
        print(path)
    lag, seed = f"environment.parameters.lag={options.lag}", f"seed={options.seed}"
    for beta in [20.0] if options.summed else options.beta:
        program = (
            of_the_text(options.steps, lag, seed) if options.summed else program_of(options.steps, beta, lag, seed)
        )
        began = time.perf_counter()
        found, pj = on_chip(program)
        took = time.perf_counter() - began
        _print(f"beta {beta:2g} chip  ", found, f"; {pj:.1f} pJ a synapse read, {took:.0f} s")
        if not options.no_float:
            assert program.environment is not None
            _print(f"beta {beta:2g} floats", in_floats(program.environment, options.steps, options.seed), "")
    return 0


def _print(label: str, found: dict[str, float], more: str) -> None:
    told = f"MSE {found['mse']:.4f}, rate decoding {found['mse_rate_decoding']:.4f}, {found['rate']:.3f} spikes a step"
    print(f"{label}: {told}{more}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
