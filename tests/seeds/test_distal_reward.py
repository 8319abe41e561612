"""Row D9: the synapse whose coincidences are rewarded 1 to 3 s later grows most (programs/seeds/distal_reward.yaml)."""

from __future__ import annotations

import numpy as np

from neuroemu.files import program_file
from tools.seeds.distal_reward import TARGET, found, in_floats, on_chip

SEED = 2  # the program itself has 1; of 15, tools/seeds/distal_reward.py tells


def program(seed, *settings):
    return program_file.read("seeds/distal_reward", (f"seed={seed}", *settings))


def test_the_rewarded_synapse_is_found():
    weights, _ = on_chip(program(SEED))
    assert found(weights) and weights[TARGET] > 2 * np.delete(weights, TARGET).mean()


def test_without_reward_no_weight_moves():
    weights, _ = on_chip(program(1, "environment.reward=0", "run.steps=30000"))
    assert np.all(weights == 100)


def test_the_chip_follows_its_floats():
    """A fifth of the run: weights differ by what rounding moves, which is less than by what learning does."""
    given = program(3, "run.steps=60000")
    floats, chip = in_floats(given), on_chip(given)[0]
    assert np.corrcoef(floats, chip)[0, 1] > 0.7 and np.abs(floats - 100).mean() > np.abs(floats - chip).mean()
