"""Row D36: a pattern of three spikes is known after its delays were learned."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from neuroemu.learning.floating import FloatLearning
from tools.seeds import delay_learning


@pytest.fixture(scope="module")
def report():
    return neuroemu.run("seeds/delay_learning")


def test_the_pattern_alone_makes_the_cell_spike_when_it_was_taught_to(report):
    answers = delay_learning.answers(report)
    assert answers[0] is None  # before
    taught = answers[1]
    assert taught is not None
    assert all(answer is not None and abs(answer - taught) <= 1 for answer in answers[5:])


def test_delays_are_what_makes_the_spikes_arrive_at_once(report):
    found = report.traces.synapses["plastic"]
    assert found.delay[-1].tolist() == [14, 10, 5]  # 25 - 1 less 10, 14, 19


def test_floats_learn_the_same_delays(report):
    learning = program_file.read("seeds/delay_learning").network.projections[0].learning
    floats = FloatLearning(learning, np.full((1, 3), 100.0), "excitatory")
    for step in range(1, 41):
        floats.step(step == np.array(delay_learning.PATTERN), np.array([step == 25]), {})
    assert floats.synapses["d"][0].tolist() == report.traces.synapses["plastic"].delay[-1].tolist()
