"""First-to-spike policy gradient on the windy grid, closed loop (row D13): programs/seeds/first_to_spike.yaml, and in floats.

    python -m tools.seeds.first_to_spike [--seed 1 2 3] [--episodes 1500]

    p_i = sigmoid(w_i,state - 2) in every step until one of four spikes (the first decides, an even draw among several)
    e = e + (s_i - p_i) for the state's synapses, in each of these steps;  w = w + eta delta e;  e = 7/8 e after each decision

delta = -1 + V(after) - V(before) of a critic on the host (neuroemu/environments/windy_grid.py), eta = .062. In a phase of 8
steps the state spikes in every step. The spike that decides holds all four back in the next step, a compartment that goes on
spiking by itself in those after it, and a spike of the host in the first step of the next phase, so y1 = s - p is 0 but where
there is something to decide. dw = 2^-2*u0*t*r1, dt = 2^-2*x0*y1 - 2^-3*u3*t: t is e, r1 is delta.

Exact on chip: gates, products, draws by p within 5e-5, silence after the decision. Approximated: delta is in 1/16, s - p has 7
bits, the tag is in 1/32, a weight is an even number of -256..254 (4 nat) in 1/64 nat, decays and changes round by chance; where
no step of a phase brought a spike (about 1 in 200), e decays once more.

Mean steps of the last 200 of 1500 episodes: seeds 1, 2: floats 18.7, 17.5, chip 17.6, 15.6; 1.10 and 1.07 spikes a decision;
27,000 to 31,000 decisions. About 1.0 pJ a synapse read by the rule (120 pJ a change).
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import neuroemu
from neuroemu.environments.windy_grid import COLUMNS, GOAL, MOVES, START, STATES, WindyGrid, move
from neuroemu.files import program_file

BAR, SHORTEST = 24.0, 15  # mean steps of the last 200 episodes; of the shortest way
LAST = 200
BIAS, UNIT, KEEPS = -2.0, 64.0, 7 / 8
ETA = 127 / 4 * 16 / 2**7 / UNIT  # of delta in units of 1 and e in units of 1, in nat


def in_floats(seed: int, episodes: int) -> np.ndarray:
    """(episodes,) steps of each."""
    rng, critic = np.random.default_rng(seed), WindyGrid("actions")
    policy = np.zeros((len(MOVES), STATES))
    value, lengths = np.zeros(STATES), []
    for _ in range(episodes):
        field, steps = START, 0
        eligible, visited = np.zeros_like(policy), np.zeros(STATES)
        while field != GOAL and steps < critic.longest:
            state = field[0] * COLUMNS + field[1]
            p = 1 / (1 + np.exp(-(policy[:, state] + BIAS)))
            spikes = np.zeros(len(MOVES), bool)
            while not spikes.any():
                spikes = rng.random(len(MOVES)) < p
                eligible[:, state] += spikes - p
            field = move(field, int(rng.choice(np.flatnonzero(spikes))))
            steps += 1
            after = 0.0 if field == GOAL else value[field[0] * COLUMNS + field[1]]
            delta = -1.0 + after - value[state]
            visited *= critic.trace
            visited[state] += 1.0
            value += critic.rate * delta * visited
            eligible *= KEEPS
            policy = np.clip(policy + ETA * delta * eligible, -256 / UNIT, 254 / UNIT)
        lengths.append(steps)
    return np.array(lengths)


def on_chip(seed: int, episodes: int) -> tuple[np.ndarray, dict]:
    """(episodes,) steps of each, and the report's summary."""
    program = program_file.read("seeds/first_to_spike", (f"seed={seed}", f"environment.episodes={episodes}"))
    summary = neuroemu.run(program).summary
    return np.array(program.environment.lengths), summary


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--episodes", type=int, default=1500)
    options = parser.parse_args()
    print(f"mean steps of the last {LAST} of {options.episodes} episodes; bar {BAR:g}, shortest way {SHORTEST}")
    for seed in options.seed:
        floats = in_floats(seed, options.episodes)
        began = time.process_time()
        chip, summary = on_chip(seed, options.episodes)
        took, spent, results = time.process_time() - began, summary["learning"], summary["environment"]["results"]
        print(f"seed {seed}: floats {floats[-LAST:].mean():.1f}, chip {chip[-LAST:].mean():.1f}, ", end="")
        print(f"{results['spikes_a_decision']:.2f} spikes a decision, {results['decisions']:,} decisions, ", end="")
        print(
            f"{spent['energy_pj'] / spent['synapses_read']:.2f} pJ a synapse read, {took:.1f} s of processor",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
