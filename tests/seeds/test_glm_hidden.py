"""Rows D11 and C6: hidden GLM neurons learn by variational inference (programs/seeds/glm_hidden.yaml); 24,000 of its steps."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.connect import Dense
from neuroemu.files import program_file
from neuroemu.program import ValuesInput
from tools.seeds.glm_hidden import FROZEN, MARGIN, SILENT, drawn, in_floats, last, on_chip, shown

SHORT = 24000
STEPS = f"run.steps={SHORT}"


@pytest.fixture(scope="module")
def learned():
    return on_chip(STEPS)


def test_the_data_of_the_program_are_those_of_the_tool():
    program = program_file.read("seeds/glm_hidden")
    given = program.inputs["shown"]
    assert isinstance(given, ValuesInput) and np.array_equal(given.values[0], shown())
    (hidden,) = [each for each in program.network.projections if each.name == "echo_hidden"]
    assert isinstance(hidden.connector, Dense) and np.array_equal(np.asarray(hidden.connector.weights), drawn())


def test_what_hidden_neurons_learn_is_worth_02_bits(learned):
    # D11. At 24,000 steps: learned 2.3, frozen 3.5, without hidden neurons 3.4.
    bits = last(learned[0])
    assert bits <= last(on_chip(STEPS, FROZEN)[0]) - MARGIN
    assert bits <= last(on_chip(STEPS, SILENT)[0]) - MARGIN


def test_the_learning_signal_is_within_2_percent_of_floats(learned):
    # C6. Below .1 nat what counts is the unit of the messages, 1/4096 nat for each of ten neurons.
    heard, exact = learned[1]
    large = np.abs(exact) >= 0.1
    assert large.mean() > 0.5
    assert np.abs(heard / exact - 1)[large].max() <= 0.02
    assert np.abs(heard - exact).max() <= 0.002


def test_the_chip_follows_its_floats(learned):
    # 2.3 and 2.1 at 24,000 steps; frozen floats 3.4.
    floats = last(in_floats(shown(SHORT)))
    assert abs(last(learned[0]) - floats) < 0.5
    assert last(in_floats(shown(SHORT), learns=False)) > floats + MARGIN
