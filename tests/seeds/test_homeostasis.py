"""Rows C5 and D4: learning keeps rates, and keeps STDP from running away (half of the program's steps)."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from tools.seeds import homeostasis


@pytest.fixture(scope="module")
def report():
    return neuroemu.run(program_file.read("seeds/homeostasis", ("run.steps=15000",)))


def test_every_rate_is_within_a_tenth_of_its_target(report):
    assert np.abs(homeostasis.rates(report, "regular") / homeostasis.TARGET - 1).max() <= 0.1


def test_stdp_runs_away_by_itself_and_not_with_the_regulariser(report):
    free = homeostasis.weights(report, "free")  # at the limit, of which depression takes a unit now and then
    assert free.max() == homeostasis.LIMIT and free.mean() > homeostasis.LIMIT - 1
    assert homeostasis.weights(report, "kept").max() < homeostasis.LIMIT


def test_a_threshold_keeps_the_rate_and_not_the_weights(report):
    assert np.abs(homeostasis.rates(report, "raised") / homeostasis.TARGET - 1).max() <= 0.1
    assert homeostasis.weights(report, "raised").mean() > 0.9 * homeostasis.LIMIT


def test_chip_and_floats_keep_the_same_rates(report):
    rates, weights = homeostasis.in_floats(report.program, "regular")
    assert np.abs(homeostasis.rates(report, "regular") / rates - 1).max() < 0.05
    assert abs(homeostasis.weights(report, "regular").mean() / weights.mean() - 1) < 0.05
