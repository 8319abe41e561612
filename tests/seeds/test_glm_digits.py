"""Rows D14 and D15: digits by the first spike of GLM neurons that learned on the chip (seeds/glm_digits, glm_first_spike)."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.files import program_file
from neuroemu.program import ValuesInput
from tools.seeds import glm_digits
from tools.seeds.glm_digits import BARS, SPANS, STEPS, scores, spikes_in_floats, spikes_on_chip

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def read():
    return {steps: scores(spikes_on_chip(steps)) for steps in SPANS}


def test_the_teacher_of_the_program_is_that_of_the_tool():
    given = program_file.read("seeds/glm_digits").inputs["teacher"]
    assert isinstance(given, ValuesInput) and np.array_equal(given.values, glm_digits.taught())


def test_the_first_spike_tells_1_from_7_and_all_ten(read):
    # D14. 95.4 and 84.4 %.
    assert read[STEPS].pair >= BARS[0] and read[STEPS].first >= BARS[1]


def test_who_waits_longer_is_right_more_often(read):
    # D15. .4, 29.6, 83.0, 89.8 %.
    rates = [read[steps].rate for steps in SPANS]
    assert rates == sorted(rates) and rates[-1] > rates[0]


def test_the_weights_beside_the_program_are_what_the_chip_learns():
    learned = glm_digits.train_on_chip()
    (pixels, one) = program_file.read("seeds/glm_first_spike").network.projections
    assert np.array_equal(np.asarray(pixels.connector.weights), learned.pixels)  # type: ignore[attr-defined]
    assert np.array_equal(np.asarray(one.connector.weights), learned.one)  # type: ignore[attr-defined]


def test_the_chip_follows_its_floats(read):
    floats = glm_digits.train_in_floats(glm_digits.pixels_of("train", 1))
    told = scores(spikes_in_floats(floats, glm_digits.pixels_of("test", 1), 1))
    assert abs(told.first - read[STEPS].first) < 0.04 and abs(told.rate - read[STEPS].rate) < 0.04
