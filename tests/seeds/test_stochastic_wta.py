"""Row A18: a winner-take-all circuit chooses by the softmax of its potentials (programs/seeds/stochastic_wta.yaml)."""

from __future__ import annotations

import numpy as np

from tools.seeds import stochastic_wta as wta


def test_choices_are_those_of_the_softmax_and_silence_the_others():
    step, source = wta.on_chip("seed=2")
    found = wta.shares(wta.winners(step, source))
    assert np.abs(found - wta.softmax()).max() <= wta.BAR
    # Without inhibition there would be a spike in 1 - prod(1 - p), some 17 %, of the steps.
    steps = np.unique(step)
    assert np.median(np.diff(steps)) > 12 and np.mean(np.diff(steps) < 5) < 0.01


def test_the_chip_chooses_as_its_floats_do():
    chip, floats = (wta.shares(wta.winners(*found)) for found in (wta.on_chip(), wta.in_floats(50_000, 1)))
    assert np.abs(chip - floats).max() <= wta.BAR


def test_who_spikes_together_has_not_won():
    assert wta.winners(np.array([1, 3, 3, 9]), np.array([4, 0, 1, 2])).tolist() == [4, 2]
