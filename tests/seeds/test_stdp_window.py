"""Pair STDP changes weights by its window, triplet STDP by its frequency (beside row D2; tools/seeds/stdp_window,
stdp_triplet)."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from neuroemu.learning.floating import FloatLearning
from tools.seeds import stdp_triplet, stdp_window


@pytest.fixture(scope="module")
def window():
    return neuroemu.run("seeds/stdp_window")


@pytest.fixture(scope="module")
def triplet():
    return neuroemu.run("seeds/stdp_triplet")


def test_the_window_on_the_chip_is_the_law(window):
    floats, chip = stdp_window.in_floats(window.program.steps), stdp_window.on_chip(window)
    error = np.sqrt(np.mean((chip - floats) ** 2)) / stdp_window.A_PLUS
    assert error <= 0.015
    assert np.all(np.sign(chip) == np.sign(floats))


def test_floats_of_the_rule_are_the_law():
    """One pre spike, and a post spike at each of the distances."""
    learning = program_file.read("seeds/stdp_window").network.projections[0].learning
    distances = stdp_window.DISTANCES
    floats = FloatLearning(learning, np.full((distances.size, 1), 128.0), "excitatory")
    for step in range(-40, 41):
        floats.step(np.array([step == 0]), distances == step, {})
    assert np.allclose(floats.synapses["w"][:, 0] - 128, stdp_window.law(distances))


@pytest.mark.parametrize("rate", stdp_triplet.RATES)
def test_triplets_on_the_chip_do_what_the_published_model_does(triplet, rate):
    chip = stdp_triplet.on_chip(triplet, rate)
    for distance, moved in zip((-10, 10), chip, strict=True):
        assert abs(moved - stdp_triplet.in_floats(rate, distance)) <= 0.05


def test_high_frequency_turns_depression_into_potentiation(triplet):
    assert stdp_triplet.on_chip(triplet, 10)[0] < -0.2
    assert stdp_triplet.on_chip(triplet, 50)[0] > 0.5
