"""Rows A10, A12, A13: how often units of the SNU family spike (programs/seeds/snu_activity.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from tools.seeds.snu_activity import TOTALS, in_floats, on_chip


@pytest.fixture(scope="module")
def chip():
    return on_chip()[0]


def times(spikes):
    return np.flatnonzero(spikes[:, 0]).tolist()


def test_the_unit_spikes_every_fourth_step(chip):
    assert times(chip["unit"]) == list(range(3, 200, 4))


def test_inhibition_leaves_the_two_strongest(chip):
    assert chip["free"].sum() == 282
    assert chip["inhibited"].sum(axis=0).tolist() == [0, 0, 0, 0, 0, 0, 50, 50]


def test_adaptation_makes_the_pauses_longer(chip):
    assert times(chip["adaptive"])[:8] == [3, 8, 13, 18, 24, 30, 36, 42]
    assert len(times(chip["adaptive"])) == 34


@pytest.mark.parametrize("name", TOTALS)
def test_every_spike_is_that_of_the_floats(chip, name):
    assert np.array_equal(chip[name], in_floats()[name])
    assert chip[name].sum() == TOTALS[name]
