"""The float run of an imported graph: its samples, its steps on the chip, and what it says beside the chip."""

from __future__ import annotations

import nir
import numpy as np
import pytest

import neuroemu
from neuroemu import host
from neuroemu.compiler.expand import expand
from neuroemu.encode import Bernoulli
from neuroemu.prepare import program_of
from neuroemu.program import ValuesInput
from neuroemu.reference import graph, raster, run_float
from tests.nir_io.graphs import graph as graph_of
from tests.nir_io.graphs import imported, io, lif, spikes_of

SAMPLES, STEPS = 5, 12


@pytest.fixture
def network():
    rng = np.random.default_rng(4)
    nodes = {"a": lif(3), "b": lif(2), "back": nir.Linear(-0.3 * np.eye(3)), **io(3, 2)}
    nodes |= {
        "w": nir.Linear(rng.normal(0.6, 0.4, (3, 3))),
        "v": nir.Affine(rng.normal(0.6, 0.4, (2, 3)), np.array([0.1, -0.1])),
    }
    return imported(graph_of("i w a v b o", "a back a", **nodes))


def floats(network, values, fresh=True):
    program = program_of(network, steps=STEPS, inputs={"i": ValuesInput(values, Bernoulli(1.0))}, fresh_samples=fresh)
    return run_float(network, expand(network, 0), host.feed(program), STEPS, fresh)


@pytest.fixture
def values():
    return (np.random.default_rng(0).random((SAMPLES, STEPS, 3)) < 0.5).astype(float)


def test_samples_together_are_what_they_are_one_by_one(network, values, monkeypatch):
    together = floats(network, values)
    monkeypatch.setattr(graph, "MOST_VALUES", 6)  # two samples of three values
    in_pairs = floats(network, values)
    alone = [floats(network, values[k : k + 1]) for k in range(SAMPLES)]
    for name in ("a", "b"):
        expected = [(step + k * STEPS, index) for k in range(SAMPLES) for step, index in spikes_of(alone[k], name)]
        assert spikes_of(together, name) == spikes_of(in_pairs, name) == expected != []


def test_samples_that_go_on_are_one_long_run(network, values):
    going_on = floats(network, values, fresh=False)
    as_one = program_of(
        network, steps=SAMPLES * STEPS, inputs={"i": ValuesInput(values.reshape(1, -1, 3), Bernoulli(1.0))}
    )
    expected = run_float(network, {}, host.feed(as_one), SAMPLES * STEPS, True)
    assert spikes_of(going_on, "b") == spikes_of(expected, "b")
    assert spikes_of(going_on, "b") != spikes_of(floats(network, values), "b")


def test_spikes_are_told_at_the_steps_of_the_chip(network, values):
    found = floats(network, values)
    for name, depth in (("a", 1), ("b", 2)):
        within = (found.step[name] - 1) % STEPS + 1
        assert within.min() > depth and within.max() <= STEPS


def test_a_run_shorter_than_its_layers_has_no_spike(network):
    program = program_of(network, steps=1, inputs={"i": ValuesInput(np.ones((1, 1, 3)), Bernoulli(1.0))})
    assert run_float(network, {}, host.feed(program), 1, True).spikes == 0


def test_on_the_chip_the_network_spikes_as_in_floats_and_the_report_says_so(network, values):
    inputs = {"i": ValuesInput(values, Bernoulli(1.0))}
    report = neuroemu.run(program_of(network, steps=STEPS, inputs=inputs, float_reference=True))
    told = report.summary["quantisation"]["float"]
    assert told["of"] == "nir" and set(told["rasters"]) == {"a", "b"}
    both = floats(network, values)
    assert told["rasters"]["a"]["floats"] == both.step["a"].size
    assert told["rasters"]["a"]["agreement"] > 0.9
    assert "same spikes" in str(report)
    assert "NIR, assumed: forward Euler" in str(report)


def test_a_raster_by_hand():
    chip = (np.array([1, 2, 3]), np.array([0, 1, 0]))
    floats_ = (np.array([2, 3, 4, 5]), np.array([1, 1, 0, 0]))
    found = raster(chip, floats_, 2)
    assert tuple(found) == (3, 4, 1) and found.agreement == pytest.approx(1 / 6)
    assert raster((chip[0][:0],) * 2, (chip[0][:0],) * 2, 2).agreement is None


def test_what_is_added_to_an_imported_network_runs_as_the_twin(network, values):
    more = network.population("c", 2, neuroemu.Lif(tau_mem_ms=5.0)).connect("a", "c", neuroemu.Dense(np.ones((2, 3))))
    found, exact = floats(more, values), floats(network, values)
    assert (found.of, exact.of) == ("twin", "nir")
    assert spikes_of(found, "b") == spikes_of(exact, "b") and found.step["c"].size
