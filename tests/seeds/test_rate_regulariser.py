"""Row C5: neurons learn the rate that they are to have (programs/seeds/rate_regulariser.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from tools.seeds.rate_regulariser import BAR, BIASES, TARGET, in_floats, on_chip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_neuron_comes_within_10_percent_of_its_target(seed):
    # They would fire with .02 to .88; with .198 to .207 they do, floats with .199 to .202.
    without = 1 / (1 + np.exp(-BIASES))
    assert without.min() < TARGET / 5 and without.max() > 4 * TARGET
    assert np.abs(on_chip(f"seed={seed}")[0] / TARGET - 1).max() <= BAR


def test_the_chip_follows_its_floats():
    assert np.abs(on_chip()[0] - in_floats(1)).max() < 0.01
