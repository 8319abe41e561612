"""programs/seeds/eprop_sine.yaml, eprop_alif.yaml, eprop_random.yaml in integers and floats; and a readout that learns alone.

    python -m tools.seeds.eprop_sine [--no-float] [--seed 0 1 2 3 4]

A recurrent network of 100 LIF compartments is driven by one frozen pattern of spikes and learns a sum of four sines (e-prop,
Bellec et al. 2020; seeds S1, S2 eq. 20-22, S4 V-C). z: its spikes, v: its potentials, x: filtered spikes before a synapse.

    readout   y = kappa y + W_out z, error = target - y
    synapse   t = t - t/8 + psi(v) x (every 2 steps),  dw = eta t L,  L = B error with B = W_out^T / 4: symmetric feedback
    rate      eta falls linearly from trial to trial, by r1 = 127 (1 - k/200), and is 0 in the last one

W_out is fixed and the recurrent network learns; to compare with, the readout learns, by a rate that falls alike, and the
network stays as it was drawn. Exact on the chip: spikes, readout, error (in units of 8), feedback. Approximated: psi is a
triangle of 7 bits, x has 7 and t 9 bits, all stochastically rounded; weights have 8 bits; products are taken at the end of an
epoch of 2 steps. What is measured: the mean square of the error over the variance of the target in the last trial, which
learns nothing.

Measured with seeds 0 to 4. Settings were chosen on seeds 10 to 14 of an emulation of both; then the rate was halved, because
at twice of it floats of seed 2 had gone silent (chip 0.0155, 0.0150, 0.0178, 0.0139, 0.0154, floats 0.0132, 0.0115, 0.986,
0.0150, 0.0146).

    e-prop                chip 0.0212, 0.0228, 0.0218, 0.0213, 0.0254    floats 0.0151, 0.0174, 0.0165, 0.0180, 0.0170
    the readout alone     chip 0.1400, 0.0762, 0.1069, 0.1588, 0.1301    floats 0.0754, 0.0502, 0.0476, 0.0644, 0.0552

12 to 17 pJ an update, 8 s on the chip, 15 s in floats.

eprop_random.yaml has B drawn by chance and W_out learned from 0, at a rate that is low to the network's, whose input weights
alone learn; recurrent ones, which ran off into constant firing, stay. Rates were chosen on seeds 10 to 14 (chip 0.0412, 0.0387,
0.0322, 0.0341, 0.0465). With seeds 0 to 4:

    random feedback       chip 0.0344, 0.0297, 0.0371, 0.0308, 0.0327    floats 0.0394, 0.0441, 0.0491, 0.0469, 0.0501
    the readout alone     chip 0.1171, 0.0468, 0.0712, 0.1053, 0.1057    floats 0.0670, 0.0341, 0.0342, 0.0414, 0.0356

That readout starts from 0, too, with r1 = 127 where the other has 16; in floats it is ahead of random feedback with four seeds
of five, on the chip with none.

eprop_alif.yaml is eprop_sine.yaml with adaptive neurons, nothing else was chosen. The eligibility has only its first part, in
floats too. Emulated in numpy with both parts (seeds 10 and 11) floats had 0.015, 0.016, with the first alone 0.019, 0.021.

    adaptive neurons      chip 0.0178, 0.0204, 0.0262, 0.0261, 0.0261    floats 0.0192, 0.0182, 0.0189, 0.0254, 0.0203
    the readout alone     chip 0.1150, 0.0619, 0.0978, 0.1146, 0.0719    floats 0.0854, 0.0519, 0.0665, 0.0692, 0.0527
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import numpy as np

from neuroemu import library
from neuroemu.learning import Trace, learning
from neuroemu.program import Program, SpikesInput, ValuesInput
from tools.seeds.measure import measured, read

STEPS, CHANNELS, RATE, AMPLITUDE, SIZE = 256, 40, 0.05, 700, 100
TRIALS, TOP, TOP_BY_CHANCE = 201, 127, 16  # the last trial is measured; TOP: of r1
CYCLES = (1, 2, 3, 5)  # of the sines in a trial
READOUT, FEEDBACK = 32.0, 8.0  # magnitudes of weights
BAR = 0.05


def trial(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) spikes [step, channel], and the target (STEPS, 3) [step, 0, value] where it is not 0."""
    rng = np.random.default_rng(seed)
    row, channel = np.nonzero(rng.random((STEPS, CHANNELS)) < RATE)
    t = np.arange(STEPS) / STEPS
    heights, phases = rng.uniform(0.5, 2, len(CYCLES)), rng.uniform(0, 2 * np.pi, len(CYCLES))
    waves = (a * np.sin(2 * np.pi * f * t + p) for f, a, p in zip(CYCLES, heights, phases, strict=True))
    wave = sum(waves, np.zeros(STEPS))
    values = np.rint(AMPLITUDE * wave / np.abs(wave).max()).astype(np.int64)
    step = np.arange(1, STEPS + 1)
    return np.stack([row + 1, channel], axis=1), np.stack([step, 0 * step, values], axis=1)[values != 0]


def arrays() -> dict[str, np.ndarray]:
    """What trial.npz holds: half of the readout's weights are of either sign, and the feedback is their transpose."""
    spikes, target = trial(1)
    signs = np.random.default_rng(2).permutation(np.repeat([-1.0, 1.0], SIZE // 2))
    weights = {"readout": READOUT * signs[None], "feedback": FEEDBACK * signs[:, None]}
    weights["by_chance"] = FEEDBACK * np.random.default_rng(3).permutation(signs)[:, None]
    rates = {"rate": falling(TRIALS), "rate_by_chance": falling(TRIALS, TOP_BY_CHANCE)}
    return {"spikes": spikes, "target": target, **rates, **weights}


def falling(trials: int, top: float = TOP) -> np.ndarray:
    """(trials, 1) of r1: from top to 0, linearly, in whole numbers."""
    return np.rint(np.linspace(top, 0, trials))[:, None]


def shortened(program: Program, trials: int) -> Program:
    """The same in fewer trials: the rate falls as far."""
    rate = program.inputs["rate"]
    assert isinstance(rate, ValuesInput)
    return replace(
        program,
        samples=trials,
        inputs={**program.inputs, "rate": replace(rate, values=falling(trials, rate.values.max()))},
    )


def nmse(v: np.ndarray, program: Program) -> np.ndarray:
    """(trials,) of the readout's potential (steps of the run,). The first step, before any spike could arrive, is left out."""
    given, wanted = program.inputs["target"], np.zeros(program.steps)
    assert isinstance(given, SpikesInput) and given.payload is not None
    wanted[given.step - 1] = given.payload
    # A target of step t arrives at t + 1, with the spikes of step t.
    missed = v.reshape(-1, program.steps)[:, 1:] - wanted[:-1]
    return (missed**2).mean(axis=1) / wanted[:-1].var()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--no-float", action="store_true", help="leave the float twin out")
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    chosen = parser.parse_args()
    np.savez(library.folder("programs") / "seeds" / "eprop_sine" / "trial.npz", **arrays())  # type: ignore[arg-type]
    for seed in chosen.seed:
        program, adaptive = read("eprop_sine", seed=seed), read("eprop_alif", seed=seed)
        from_nothing = read("eprop_sine", seed=seed, network__connections__2__weights=0)
        for label, each in (
            ("e-prop", program),
            ("the readout alone", readout_only(program)),
            ("adaptive", adaptive),
            ("adaptive, the readout alone", readout_only(adaptive)),
            ("random feedback", read("eprop_random", seed=seed)),
            ("the readout alone, from 0", readout_only(from_nothing)),
        ):
            found = measured(each, not chosen.no_float, (("readout", "v"),))
            chip = nmse(found.report.traces.states["readout", "v"][:, 0], each)
            floats = None
            if found.floats is not None:
                floats = float(nmse(found.floats.states["readout", "v"][:, 0], each)[-1])
            print(found.line(f"seed {seed}: {label} (nMSE; bar {BAR})", float(chip[-1]), floats), flush=True)
    return 0


def readout_only(program: Program) -> Program:
    """The same with recurrent synapses that stay as they were drawn, and a readout that learns by the delta rule."""
    traces = {"x1": Trace(7, 20.0)}
    rule = "2^-7*u0*x1*y1*r1"
    delta = learning(rule, traces=traces, epoch=4, third="model", reward="rate", shift="stochastic")
    found = []
    for each in program.network.projections:
        of_readout = (each.source, each.target) == ("recurrent", "readout")
        found.append(replace(each, learning=delta if of_readout else None))
    return replace(program, network=replace(program.network, projections=tuple(found)))


if __name__ == "__main__":
    sys.exit(main())
