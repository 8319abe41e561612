"""Row D10: visible GLM neurons learn on line by maximum likelihood (programs/seeds/glm_prediction.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from tools.seeds.glm_prediction import BAR, LAST, entropy, in_floats, on_chip, shown


@pytest.fixture(scope="module")
def spikes():
    return shown()


@pytest.fixture(scope="module")
def learned():
    return on_chip()


def test_the_data_of_the_program_are_those_of_the_tool(spikes):
    from neuroemu.files import program_file

    given = program_file.read("seeds/glm_prediction").inputs["shown"]
    assert np.array_equal(np.stack(np.nonzero(spikes)), np.stack([given.step - 1, given.channel]))


def test_it_predicts_within_the_bar(learned, spikes):
    # 4.39 bits by the rates alone; chip 3.44, floats 3.39.
    assert entropy(spikes.mean(axis=0)) > 4.3
    assert learned[0][-LAST:].mean() <= BAR


def test_the_chip_follows_its_floats(learned, spikes):
    bits, weights = in_floats(spikes)
    assert learned[0][-LAST:].mean() < bits[-LAST:].mean() + 0.1
    assert np.corrcoef(weights.ravel(), learned[1].ravel())[0, 1] > 0.95


def test_what_is_learned_is_the_order_of_the_spikes(spikes):
    """The same spikes with every neuron's train turned by its own time: nothing is left to predict."""
    turned = np.stack([np.roll(train, 997 * k) for k, train in enumerate(spikes.T)], axis=1)
    bits, _ = in_floats(turned)
    assert bits[-LAST:].mean() > in_floats(spikes)[0][-LAST:].mean() + 0.5
