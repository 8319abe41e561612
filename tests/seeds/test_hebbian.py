"""Rows D5, D6 and D7: Hebbian plasticity is kept in bounds by rapid compensation, and not by slow one."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu import host
from tools.seeds import bcm, hebbian_compensation


@pytest.fixture(scope="module")
def compensated():
    return neuroemu.run("seeds/hebbian_compensation")


@pytest.fixture(scope="module")
def directed(compensated):
    spikes = hebbian_compensation.trains(compensated.program)
    return spikes, hebbian_compensation.principal(spikes)


@pytest.fixture(scope="module")
def sliding():
    return neuroemu.run("seeds/bcm")


def test_ojas_rule_finds_the_principal_component_at_norm_one(compensated, directed):
    found = hebbian_compensation.course(hebbian_compensation.on_chip(compensated, "rapid"), directed[1])
    assert found.cosine[-1].min() >= 0.97
    assert abs(found.norm[len(found.norm) // 2 :].mean() - 1) <= 0.05
    assert found.largest < 1


def test_with_a_slow_compensation_weights_run_away(compensated, directed):
    found = hebbian_compensation.course(hebbian_compensation.on_chip(compensated, "slow"), directed[1])
    assert found.largest > 20


def test_ojas_weights_on_the_chip_are_those_of_floats(compensated, directed):
    floats = hebbian_compensation.in_floats(directed[0], "rapid")[-200:].mean(axis=0)
    chip = hebbian_compensation.on_chip(compensated, "rapid")[-20:].mean(axis=(0, 1))
    assert np.abs(chip - floats).max() < 0.05


def test_a_fast_threshold_makes_every_unit_selective(sliding):
    selectivity, most = bcm.selectivity(bcm.on_chip(sliding, "fast"))
    assert selectivity.min() >= 0.6
    assert most.max() < 5


def test_a_slow_threshold_lets_them_run_away(sliding):
    assert bcm.on_chip(sliding, "slow").max(axis=0).min() > 50


def test_a_unit_of_floats_is_as_selective(sliding):
    row, channel = host.feed(sliding.program).inputs["inputs"].events(1, bcm.SHOWN * bcm.STEPS)
    spikes = np.zeros((bcm.SHOWN * bcm.STEPS, bcm.CHANNELS))
    spikes[row, channel] = 1.0
    floats, _ = bcm.selectivity(bcm.in_floats(spikes, "fast"))
    chip, _ = bcm.selectivity(bcm.on_chip(sliding, "fast"))
    assert abs(chip.mean() - floats) < 0.05
