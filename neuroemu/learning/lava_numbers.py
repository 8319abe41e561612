"""Lava's random numbers for learning: one scalar for all axons, one for all compartments, one for all synapses.

Source: facts of 2026, learning engine, section 6 (Lava 0.10): numpy's default_rng, each generator drawn from once when it is
made, then two numbers each for axons and compartments a step, and one for synapses a learning phase, whose seed is fixed.
"""

from __future__ import annotations

import numpy as np

WEIGHT_SEED = 2
COLUMNS = ("x decay", "x impulse", "y decay", "y impulse in between", "y impulse", "weight")


def lava_numbers(seed: int, n_steps: int, epoch: int) -> np.ndarray:
    """(n_steps, 6) float64, the numbers that are in force at each step, by COLUMNS.

    Impulses are whole numbers 0..127, the others lie in [0, 1).
    """
    found = np.empty((n_steps, 6))
    decay_x, impulse_x = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    decay_y, impulse_y = np.random.default_rng(seed + 2), np.random.default_rng(seed + 3)
    weight = np.random.default_rng(WEIGHT_SEED)
    for generator in (decay_x, decay_y, weight):
        generator.random()
    for generator in (impulse_x, impulse_y):
        generator.integers(0, 128)
    last = 0.0
    for step in range(1, n_steps + 1):
        for _ in range(2):
            x, y = decay_x.random(), decay_y.random()
        drawn_x = [int(impulse_x.integers(0, 128)) for _ in range(2)]
        drawn_y = [int(impulse_y.integers(0, 128)) for _ in range(2)]
        if step % epoch == 0:
            last = weight.random()
        found[step - 1] = x, drawn_x[1], y, drawn_y[0], drawn_y[1], last
    return found
