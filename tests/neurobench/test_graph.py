"""NeuroBench's metrics of a graph in its framework's floats: those that its harness recorded (tests/vectors/neurobench)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import neuroemu
from neuroemu import Rate, ValuesInput, from_nir, program_of
from neuroemu.encode import Bernoulli
from neuroemu.neurobench import of_graph
from neuroemu.program import Decode

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "neurobench"
ORIGIN = {"framework": "snntorch", "version": "1.0.0", "reset": "zero", "reset_delay": False, "dt_s": 1e-4}
EQUAL = (
    "ConnectionSparsity", "ParameterCount", "ActivationSparsity", "ActivationSparsityByLayer", "MembraneUpdates",
    "SynapticOperations", "NeuronOperations",
)  # fmt: skip


@pytest.fixture(scope="module")
def recorded():
    return json.loads((VECTORS / "harness_results.json").read_text())


@pytest.fixture(scope="module")
def digits():
    """(540, 25, 64) spikes and (540,) labels."""
    stored = np.load(VECTORS / "digits_test_spikes_T25.npz")
    return np.unpackbits(stored["spikes"], axis=-1), stored["labels"]


def pruned(exact):
    """The smaller half of the weights of each layer set to 0, in place."""
    for node in exact.graph.nodes.values():
        if "weight" in node.given:
            weight = np.array(node.given["weight"])
            weight.flat[np.argsort(np.abs(weight), axis=None, kind="stable")[: weight.size // 2]] = 0
            node.given["weight"] = weight
    return exact


@pytest.mark.parametrize("name", ["snntorch_leaky_mlp_zero", "snntorch_synaptic_mlp_zero"])
@pytest.mark.parametrize("half", ["", "_pruned50"])
def test_the_harness_says_the_same(recorded, digits, name, half):
    exact = from_nir(VECTORS / f"{name}.nir", ORIGIN).exact
    spikes, labels = digits
    found, expected = of_graph(pruned(exact) if half else exact, {"input": spikes}, labels), recorded[name + half]
    for key in EQUAL:
        assert found[key] == pytest.approx(expected[key], rel=1e-12), key
    assert found["ClassificationAccuracy"] == pytest.approx(expected["ClassificationAccuracy"], abs=1e-7)
    # A network that ran has its potentials besides (facts/neurobench.md), which ours does not count.
    assert found["Footprint"] == recorded[name]["Footprint"] <= expected["Footprint"]


def test_a_run_says_them_of_the_chip_and_of_the_framework(digits):
    values = np.repeat(digits[0][:20].astype(float), 1, axis=1)
    values = np.concatenate([values, np.zeros((20, 2, 64))], axis=1)  # the chip's layers lag behind
    network = from_nir(VECTORS / "snntorch_leaky_mlp_zero.nir", ORIGIN)
    program = program_of(
        network,
        "loihi1-davies2018",
        steps=25 + network.exact.most_depth,
        inputs={"input": ValuesInput(values, Bernoulli(), digits[1][:20])},
        decode=Decode("lif2", Rate()),
        neurobench=True,
    )
    report = neuroemu.run(program)
    told = report.summary["neurobench"]
    assert told["framework"] == of_graph(network.exact, {"input": digits[0][:20]}, digits[1][:20])
    assert set(told["chip"]) == set(told["framework"]) - {"NeuronOperations"}
    chip, floats = (told[key]["SynapticOperations"]["Effective_ACs"] for key in ("chip", "framework"))
    assert chip == pytest.approx(floats, rel=0.1) and chip == report.summary["synaptic_events"] / 20
    assert "Effective_ACs" in str(report) and "of                      chip, framework" in str(report)
    (line,) = (line for line in str(report).splitlines() if "Neuron Dense Ops" in line)
    assert line.split()[-2:] == ["-", "4,200"]  # no price on the chip
