"""NeuroBench's metrics of a run on the chip, counted anew from its spikes and potentials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neuroemu
from neuroemu import Bernoulli, Dense, LifRegisters, Network, Registers, Spikes, ValuesInput, program_of
from neuroemu.network import WeightFormat

WEIGHTS = np.array([[90, 0, 0, 60], [0, 40, 70, 0], [90, 90, 0, 0]])


def program(**more):
    network = (
        Network()
        .population("eye", 4, Spikes("light"))
        .population("cell", 3, LifRegisters(4095, 512, 100))
        .population("next", 2, LifRegisters(2048, 1024, 60))
        .connect("eye", "cell", Dense(WEIGHTS), WeightFormat(8, 0, "excitatory"))
        .connect("cell", "next", Dense(np.array([[64, 64, 0], [0, 64, 64]])), WeightFormat(8, 0, "excitatory"))
        .probe("cell", "v")
        .probe("next", "v")
    )
    values = np.random.default_rng(3).random((3, 4))
    inputs = {"light": ValuesInput(values, Bernoulli())}
    return program_of(network, "loihi1-davies2018", steps=30, inputs=inputs, neurobench=True, **more)


def told(report):
    return report.summary["neurobench"]["chip"]


def fired(report, name, index):
    return np.count_nonzero(report.spikes(name)[1] == index)


def updates(report, fresh):
    """Potentials that changed from step to step, all in the first step of a fresh sample."""
    n = 0
    for name in ("cell", "next"):
        v = report.traces.states[name, "v"]
        changed = np.concatenate([np.ones((1, v.shape[1]), bool), v[1:] != v[:-1]])
        if fresh:
            changed[::30] = True
        n += changed.sum()
    return n / 3


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_updates_are_changes_of_the_potential(fresh, threads):
    report = neuroemu.run(program(fresh_samples=fresh), threads=threads)
    assert told(report)["MembraneUpdates"] == updates(report, fresh)


def test_operations_are_weights_that_spikes_meet():
    report = neuroemu.run(program())
    fan_out = {"eye": (WEIGHTS != 0).sum(axis=0), "cell": [1, 2, 1]}
    acs = sum(fired(report, name, k) * n for name, each in fan_out.items() for k, n in enumerate(each))
    operations = told(report)["SynapticOperations"]
    assert operations == {"Effective_MACs": 0, "Effective_ACs": acs / 3, "Dense": 30 * (12 + 6)}
    assert told(report)["ConnectionSparsity"] == round(1 - 10 / 18, 4) and told(report)["ParameterCount"] == 18


def test_sparsity_is_the_share_of_silence():
    report = neuroemu.run(program())
    by_layer = told(report)["ActivationSparsityByLayer"]
    for name, size in (("cell", 3), ("next", 2)):
        assert by_layer[name] == pytest.approx(1 - report.spikes(name)[0].size / (size * 90))
    assert told(report)["ActivationSparsity"] == pytest.approx((3 * by_layer["cell"] + 2 * by_layer["next"]) / 5)


def test_graded_spikes_are_multiplied():
    network = (
        Network()
        .population("in", 2, Spikes("x"))
        .population("sum", 2, Registers("graded_vec"))
        .connect("in", "sum", Dense(np.array([[2, 4], [0, 6]])), WeightFormat(8, 0, "mixed", message_bits=8))
    )
    spikes = neuroemu.SpikesInput(np.array([1, 2, 3]), np.array([0, 1, 1]), np.array([1, 5, -1]))
    report = neuroemu.run(program_of(network, "loihi2", steps=5, inputs={"x": spikes}, neurobench=True))
    assert told(report)["SynapticOperations"] == {"Effective_MACs": 2, "Effective_ACs": 1 + 2, "Dense": 20}


def test_nobody_asks_and_nothing_is_counted():
    report = neuroemu.run(replace(program(), neurobench=False))
    assert (
        report.summary["neurobench"] is None and report.counters.membranes is None and "NeuroBench" not in str(report)
    )


def test_it_moves_nothing_else():
    one, other = neuroemu.run(program()), neuroemu.run(replace(program(), neurobench=False))
    assert np.array_equal(one.traces.step, other.traces.step) and np.array_equal(one.traces.source, other.traces.source)
    assert (one.counters.counts == other.counters.counts).all() and one.summary["run_hash"] == other.summary["run_hash"]
