"""Row D13: four compartments learn by their first spikes to walk across the wind (programs/seeds/first_to_spike.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from tools.seeds.first_to_spike import BAR, LAST, SHORTEST, in_floats, on_chip

EPISODES = 300  # of the row's 1500: enough for its bar


@pytest.fixture(scope="module")
def walked():
    return on_chip(1, EPISODES)


def test_it_walks_as_the_row_asks(walked):
    lengths, summary = walked
    assert lengths.size == EPISODES and SHORTEST <= lengths[-LAST:].mean() <= BAR
    assert summary["environment"]["results"]["spikes_a_decision"] < 1.3
    assert lengths[:20].mean() > 3 * lengths[-LAST:].mean()  # it had to be learned


def test_the_chip_follows_its_floats(walked):
    """After 300 episodes the floats of seeds 1 to 4 walk 19.9 to 30.2 steps, the chip 21.4: it lies among them."""
    floats = [in_floats(seed, EPISODES)[-LAST:].mean() for seed in (1, 2, 3, 4)]
    assert min(floats) - 2 < walked[0][-LAST:].mean() < np.mean(floats) + 2


def test_without_the_critics_surprise_nothing_is_learned():
    settings = ("environment.episodes=5", "inputs.surprise={environment: surprise, encode: current, gain: 0}")
    program = program_file.read("seeds/first_to_spike", settings)
    report = neuroemu.run(program)
    assert np.all(report.traces.synapses["policy"].weight[-1] == 0)
    assert np.mean(program.environment.lengths) > 100
