"""Rows D31, D32 and A17: neurons and weights that sample, assemblies that hold (shorter runs than the programs')."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from tools.seeds import latching, neural_sampling, synaptic_sampling


@pytest.fixture(scope="module")
def synapses():
    return neuroemu.run(program_file.read("seeds/synaptic_sampling"))


@pytest.fixture(scope="module")
def states():
    return neural_sampling.frequencies(neural_sampling.on_chip(neuroemu.run("seeds/neural_sampling")))


def test_neurons_sample_the_distribution(states):
    assert 0.5 * np.abs(states - neural_sampling.exact()).sum() <= 0.03


def test_chip_and_floats_sample_alike(states):
    floats = neural_sampling.frequencies(neural_sampling.in_floats(100_000, 1))
    assert 0.5 * np.abs(states - floats).sum() <= 0.06


def test_weights_sample_the_distribution(synapses):
    found = synaptic_sampling.on_chip(synapses)
    assert abs(found.mean() - 1.5) <= 0.05
    assert abs(found.var() - 0.25) <= 0.03


def test_weights_follow_those_of_floats(synapses):
    """The same noise: what is left between them is rounding, with a variance of at most 1/4 a step."""
    away = 56 * (synaptic_sampling.on_chip(synapses) - synaptic_sampling.in_floats(synapses.program))
    assert np.sqrt(np.mean(away**2)) <= np.sqrt(0.25 / (2 / 32 - 1 / 32**2))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_assembly_holds_its_cue_until_the_other_ones(seed):
    report = neuroemu.run(program_file.read("seeds/latching", seed=seed))
    assert latching.latched(latching.on_chip(report))


def test_assemblies_are_as_active_as_in_floats():
    chip = latching.on_chip(neuroemu.run("seeds/latching"))[0, latching.CUE_A + 2 : latching.CUE_B]
    floats = latching.in_floats(1)[0, latching.CUE_A + 2 : latching.CUE_B]
    assert abs(chip.mean() / floats.mean() - 1) < 0.1


def test_without_own_excitation_nothing_is_held():
    free = ("network.connections.0.weights=1", "network.connections.1.weights=1")
    counts = latching.on_chip(neuroemu.run(program_file.read("seeds/latching", free)))
    assert counts[0, latching.CUE_A] > 100
    assert counts[0, latching.CUE_A + 2 : latching.CUE_B].sum() == 0
