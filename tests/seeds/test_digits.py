"""Digits learned on the chip, row by row; one pass over the training samples, where the tables' figures take three or more.

A pass is 1257 samples of 32 steps. What random weights answer stands in each test; classes are balanced, chance is 10 %.
"""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.decode import spike_counts
from tools.seeds import digits_decolle, digits_etlp
from tools.seeds.floats import Twin
from tools.seeds.measure import read

pytest.importorskip("sklearn")
NAMES = ("digits_three_factor", "digits_etlp", "digits_decolle", "digits_erbp")


def after_one_pass(name, **settings):
    """The report of the test side after one pass."""
    return neuroemu.run(read(name, run__training__passes=1, **settings))


# name: the bar here, the row's own bar is reached in three passes (programs/seeds/README.md).
ONE_PASS = {"digits_three_factor": 0.80, "digits_etlp": 0.80, "digits_decolle": 0.84, "digits_erbp": 0.80}


@pytest.mark.parametrize("name", NAMES)
def test_a_pass_over_the_digits_teaches_most_of_them(name):
    report = after_one_pass(name)
    assert report.trained == 1257 and report.answers.answers.size == 540
    assert report.summary["accuracy"] >= ONE_PASS[name]
    step, _ = report.spikes("teacher")
    assert step.max() <= 1257 * 32  # nobody tells the answer in the test
    if name == "digits_decolle":  # whose first layer answers, too
        sums = spike_counts(*report.traces.of(*report.range_of("readout1")), 10, 32, report.samples)[1257:]
        assert np.mean(sums.argmax(axis=1) == report.answers.labels) >= 0.86


# Measured on 60 samples, pixels->hidden: 0.82, 0.53 and 0.85, of decolle's first layer 0.71; independent moves would have 0.
@pytest.mark.parametrize(
    ("name", "least"),
    [("digits_three_factor", 0.7), ("digits_etlp", 0.4), ("digits_decolle", 0.4), ("digits_erbp", 0.7)],
)
def test_the_weights_of_the_chip_move_as_in_floats(name, least):
    program = read(name, run__training__passes=1, run__training__samples=60, run__samples=20)
    report, floats = neuroemu.run(program), Twin(program).run()
    for projection, weights in floats.weights.items():
        if projection.startswith("one->"):
            continue
        found = report.traces.synapses[projection]
        chip, start = np.zeros_like(weights), np.zeros_like(weights)
        chip[found.post, found.pre], start[found.post, found.pre] = found.weight[-1], found.weight[0]
        moved, meant = (chip - start).ravel(), (weights - start).ravel()
        assert np.corrcoef(moved, meant)[0, 1] > least, projection


def test_the_fixed_matrices_are_those_of_the_tools():
    etlp, decolle = read("digits_etlp"), read("digits_decolle")
    (projection,) = (p for p in etlp.network.projections if p.source == "teacher" and p.target == "hidden")
    assert np.array_equal(projection.connector.weights, digits_etlp.projection())
    found = {(p.source, p.target): p.connector.weights for p in decolle.network.projections}
    for key, (layer, k) in {"first": ("first", 1), "second": ("second", 2)}.items():
        assert np.array_equal(found[layer, f"readout{k}"], digits_decolle.readouts()[key])
        assert np.array_equal(found[f"error{k}", layer], digits_decolle.readouts()[key].T)
