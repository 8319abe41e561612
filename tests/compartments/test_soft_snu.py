"""soft_snu: the sigmoid from a table, and graded spikes within 1/128 of the float recursion (facts/seed_rules.md A11)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_snu  # noqa: F401
from neuroemu.compartments import find
from neuroemu.compartments.sigmoid import ONE, sigmoid
from tests.compartments.walk import equals_twin, rests_where_it_says, tables, walk

SOFT = find("soft_snu")


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "soft_snu", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "soft_snu", chip)


def test_the_sigmoid_is_within_5e_5():
    x = np.arange(-17 * 65536, 17 * 65536, 997)
    got = np.array([sigmoid(int(k)) for k in x]) / ONE
    assert np.abs(got - 1 / (1 + np.exp(-x / 65536))).max() < 5e-5


def test_the_sigmoid_rises_and_is_symmetric():
    got = [sigmoid(x) for x in range(-(2**20) - 5000, 2**20 + 5000, 333)]
    assert got == sorted(got) and sigmoid(0) == ONE // 2
    assert all(sigmoid(x) + sigmoid(-x) == ONE for x in range(0, 2**21, 4567))


def float_outputs(inputs, keeps, b):
    """y of s = max(x + keeps s (1 - y), 0), y = sigmoid(s + b)."""
    s = y = 0.0
    outputs = []
    for x in inputs:
        s = max(x + keeps * s * (1 - y), 0.0)
        y = 1 / (1 + math.exp(-(s + b)))
        outputs.append(y)
    return np.array(outputs)


@pytest.mark.parametrize("keeps", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("unit", [12, 14])
def test_its_output_is_within_1_128_of_the_float_recursion(chip, unit, keeps):
    one = 2**unit // 64  # the weight that stands for 1.0
    weights = np.random.default_rng(unit).integers(-one, 2 * one, 500)
    sent = walk(SOFT, chip, weights.tolist(), decay=round(4096 * (1 - keeps)), b=-one, unit=unit)
    wanted = float_outputs(weights / one, keeps, -1.0)
    errors = np.abs(np.array([payload for payload, _ in sent]) / 256 - wanted)
    assert errors.max() <= 1 / 256  # half of what is asked for: 8 bits, and 256 that becomes 255


def test_a_graded_input_means_what_a_plain_one_does(chip):
    # 255 / 256 of a weight of 64: 4080; of -1: -63.75, rounded down.
    inputs = [(0, 64 * 255), (0, -255), (64, 0)]
    assert [s.s for _, s in walk(SOFT, chip, inputs, decay=4096)] == [4080, 0, 4096]
    assert [s.s for _, s in walk(SOFT, chip, [(64, -255)], decay=4096)] == [4096 - 64]


def test_two_layers_stay_within_1_128_of_the_float_recursion(chip):
    one, n = 64, 300
    weights = np.random.default_rng(3).integers(-one, 2 * one, n)
    first = [payload for payload, _ in walk(SOFT, chip, weights.tolist(), decay=410, b=-one)]
    second = [payload for payload, _ in walk(SOFT, chip, [(0, 100 * x) for x in first], decay=410, b=-one)]
    hidden = float_outputs(weights / one, 0.9, -1.0)
    assert np.abs(np.array(second) / 256 - float_outputs(hidden * 100 / 64, 0.9, -1.0)).max() <= 1 / 128


def test_a_unit_far_below_its_bias_is_silent_and_rests(chip):
    # sigmoid(-10) = 4.5e-5 is far below 1/512; sigmoid(-6) = 0.0025 is 1/256 to 8 bits.
    for b, silent in ((-640, True), (-384, False)):
        (payload, after), *_ = walk(SOFT, chip, [0], b=b)
        assert (payload == 0) == silent
        assert SOFT.at_rest(tables(SOFT, chip, b=b)[0], after) == silent
