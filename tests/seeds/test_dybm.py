"""Row D33: a dynamic Boltzmann machine of one layer learns sequences A -> B (programs/seeds/dybm.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.files import program_file
from tools.seeds.dybm import BAR, LAST, in_floats, on_chip, shown
from tools.seeds.glm_prediction import entropy


@pytest.fixture(scope="module")
def learned():
    return on_chip()[0][-LAST:].mean()


def test_the_data_of_the_program_are_those_of_the_tool():
    given = program_file.read("seeds/dybm").inputs["shown"]
    assert np.array_equal(np.stack(np.nonzero(shown())), np.stack([given.step - 1, given.channel]))


def test_it_halves_the_log_loss_of_the_rates(learned):
    # 2.107 bits by rates alone; chip .732, floats .720.
    assert learned < BAR * entropy(shown().mean(axis=0))


def test_the_chip_follows_its_floats(learned):
    assert abs(learned - in_floats(shown())[-LAST:].mean()) < 0.05


def test_the_bar_is_not_met_where_b_is_not_that_of_its_a():
    """The frames' rhythm alone leaves 1.35 bits."""
    assert in_floats(shown(paired=False))[-LAST:].mean() > BAR * entropy(shown().mean(axis=0)) + 0.2


def test_the_bar_is_not_met_without_the_queue():
    """What left the queue a step late is of no use at its lag."""
    late = on_chip("network.connections.0.delay=3")[0][-LAST:].mean()
    assert late > BAR * entropy(shown().mean(axis=0))
