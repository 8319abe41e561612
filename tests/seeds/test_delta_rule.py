"""Rows D38 and D37: the delta rule learns a sine from errors that neurons tell, and few of them are needed."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from tools.seeds import delta_rule, one_shot


@pytest.fixture(scope="module")
def report():
    return neuroemu.run("seeds/delta_rule")


@pytest.mark.parametrize("rule", delta_rule.RULES)
def test_the_sine_is_learned(report, rule):
    """Root of the mean square error below 0.04, in spikes a step, of f(x) from 0.05 to 0.55."""
    assert delta_rule.error(delta_rule.on_chip(report, rule)) <= 0.04


def test_chip_and_floats_answer_alike(report):
    floats = delta_rule.answers(delta_rule.in_floats(report.program)["steady"])
    assert np.abs(floats - delta_rule.answers(delta_rule.on_chip(report, "steady"))).mean() < 0.04


def test_errors_trigger_few_updates_once_they_are_small(report):
    """Row D37: a fifth at most where the error is below 5 % of the range of f(x), of 0.5."""
    # Seeds 1 and 2; 1 to 5 are in the tool, with 3.2 to 4.7 %.
    again = neuroemu.run(program_file.read("seeds/delta_rule", ("seed=2",)))
    for each in (report, again):
        first, last = delta_rule.changes(each, "thrifty")
        assert delta_rule.error(delta_rule.on_chip(each, "thrifty")) < 0.05 * 0.5
        assert 0 < last <= 0.2 * first


def test_weights_are_the_payloads_after_one_showing():
    report = neuroemu.run("seeds/one_shot")
    assert (one_shot.prototypes(report) == one_shot.PATTERNS).all()
    assert one_shot.spikes(report) == [*one_shot.TAUGHT, *one_shot.RECALLED]


def test_floats_learn_the_same_prototypes():
    """The law of the rule, without the factor of two that x1 being half the payload takes back."""
    weights = np.zeros(one_shot.PATTERNS.shape)
    for (_, cell), pattern in zip(one_shot.TAUGHT, one_shot.PATTERNS, strict=True):
        x0 = pattern > 0
        weights[cell] += x0 * (2 * (pattern / 2) - weights[cell])
    assert (weights == one_shot.prototypes(neuroemu.run("seeds/one_shot"))).all()
