"""NeuroBench's metrics of graphs that are no plain chain (skips, loops, pools, delays, potentials), and of silence."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import nir
import numpy as np
import pytest

import neuroemu
from neuroemu import ValuesInput, from_nir, program_of
from neuroemu.decode import Population
from neuroemu.encode import Bernoulli
from neuroemu.errors import ProgramError
from neuroemu.neurobench import graph as metrics
from neuroemu.neurobench import of_graph
from neuroemu.program import Decode
from tests.naive_neurobench import of_neurons, synaptic_operations

NORSE = {"framework": "norse"}


def lif(*shape, threshold=1.0):
    full = np.full(shape, 1.0, np.float32)
    return nir.LIF(tau=full * 0.002, r=full, v_leak=full * 0, v_threshold=full * threshold, v_reset=full * 0)


def li(n):
    full = np.full(n, 1.0, np.float32)
    return nir.LI(tau=full * 0.002, r=full, v_leak=full * 0)


def linear(rng, out, n):
    """Weights of which some are 0."""
    return nir.Linear(weight=(rng.normal(1, 2, (out, n)) * (rng.random((out, n)) < 0.7)).astype(np.float32))


def exact_of(nodes, edges, shape, out):
    ends = {"input": nir.Input({"input": np.array(shape)}), "output": nir.Output({"output": np.array(out)})}
    return from_nir(nir.NIRGraph(nodes={**ends, **nodes}, edges=edges), NORSE).exact


def skip(rng):
    nodes = {"fc1": linear(rng, 4, 4), "a": lif(4), "fc2": linear(rng, 3, 4), "b": lif(3)}
    edges = [("input", "fc1"), ("fc1", "a"), ("a", "fc2"), ("input", "fc2"), ("fc2", "b"), ("b", "output")]
    return exact_of(nodes, edges, [4], [3])


def loop(rng):
    nodes = {"fc1": linear(rng, 4, 4), "a": lif(4), "back": linear(rng, 4, 4), "fc2": linear(rng, 3, 4), "b": lif(3)}
    edges = [("input", "fc1"), ("fc1", "a"), ("a", "back"), ("back", "a"), ("a", "fc2"), ("fc2", "b"), ("b", "output")]
    return exact_of(nodes, edges, [4], [3])


def pooled(rng):
    """A convolution without a bias and with a stride, sums over spikes, read out by potentials."""
    kernel = rng.normal(1, 2, (2, 1, 2, 2)).astype(np.float32)
    two = np.array([2, 2])
    nodes = {
        "conv": nir.Conv2d((5, 5), kernel, 1, (1, 1), (1, 1), 1, np.zeros(2, np.float32)),
        "a": lif(2, 6, 6),
        "pool": nir.SumPool2d(kernel_size=two, stride=two, padding=np.array([0, 0])),
        "flat": nir.Flatten({"input": np.array([2, 3, 3])}, start_dim=0, end_dim=-1),
        "fc": linear(rng, 3, 18),
        "read": li(3),
    }
    names = ["input", *nodes, "output"]
    return exact_of(nodes, list(pairwise(names)), [1, 5, 5], [3])


def delayed(rng):
    delay = nir.Delay(np.array([0.001, 0.003, 0.0, 0.002], np.float32))
    nodes = {"delay": delay, "fc": linear(rng, 3, 4), "a": lif(3)}
    edges = [("input", "delay"), ("delay", "fc"), ("fc", "a"), ("a", "output")]
    return exact_of(nodes, edges, [4], [3])


def potentials(rng):
    nodes = {"fc": linear(rng, 3, 4), "read": li(3)}
    return exact_of(nodes, [("input", "fc"), ("fc", "read"), ("read", "output")], [4], [3])


def given(exact, rng, samples, steps, graded=False):
    """A sample of silence, others of spikes; graded: with payloads in some steps of some samples."""
    n = exact.graph.nodes["input"].size
    x = (rng.random((samples, steps, n)) < 0.5) * rng.choice([-1.0, 1.0], (samples, steps, n))
    if graded:
        x *= np.where(rng.random((samples, steps, 1)) < 0.3, 2.5, 1.0)
    x[0] = 0
    return {"input": x}


GRAPHS = [skip, loop, pooled, delayed, potentials]


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("make", GRAPHS)
def test_a_count_over_single_calls_says_the_same(make, graded):
    rng = np.random.default_rng(7)
    exact = make(rng)
    fed = given(exact, rng, 3, 6, graded)
    found = of_graph(exact, fed)
    assert found["SynapticOperations"] == pytest.approx(synaptic_operations(exact, fed))
    sparsity, by_layer, updates = of_neurons(exact, fed)
    assert found["ActivationSparsity"] == pytest.approx(sparsity)
    assert found["ActivationSparsityByLayer"] == pytest.approx(by_layer)
    assert found["MembraneUpdates"] == pytest.approx(updates)


@pytest.mark.parametrize("make", GRAPHS)
def test_batches_change_no_figure(make, monkeypatch):
    rng = np.random.default_rng(11)
    exact = make(rng)
    fed, labels = given(exact, rng, 5, 6, graded=True), np.array([0, 1, 2, 0, 1])
    whole = of_graph(exact, fed, labels)
    monkeypatch.setattr(metrics, "MOST_VALUES", 1)  # a sample a batch
    assert of_graph(exact, fed, labels) == whole


def test_a_sum_is_one_input():
    # 2 channels, 10 steps of ones; fc1: 2 weights, from spikes.  `a` always spikes, so fc2 meets 2 and 2: 6 weights a step.
    nodes = {
        "fc1": nir.Linear(weight=(np.eye(2) * 50).astype(np.float32)),
        "a": lif(2),
        "fc2": nir.Linear(weight=np.ones((3, 2), np.float32)),
        "b": lif(3),
    }
    edges = [("input", "fc1"), ("fc1", "a"), ("a", "fc2"), ("input", "fc2"), ("fc2", "b"), ("b", "output")]
    found = of_graph(exact_of(nodes, edges, [2], [3]), {"input": np.ones((2, 10, 2))})
    assert found["SynapticOperations"] == {"Effective_MACs": 60.0, "Effective_ACs": 20.0, "Dense": 100.0}


def test_potentials_that_go_out_are_no_answer():
    rng = np.random.default_rng(3)
    for make in (pooled, potentials):  # the first has a hidden layer that spikes
        exact = make(rng)
        assert of_graph(exact, given(exact, rng, 2, 4), np.array([0, 1]))["ClassificationAccuracy"] is None


def test_silence_one_step_and_no_sample_have_figures():
    rng = np.random.default_rng(5)
    exact = skip(rng)
    silent = of_graph(exact, {"input": np.zeros((2, 1, 4))}, np.array([0, 1]))
    assert silent["ActivationSparsity"] == 1.0 and silent["ClassificationAccuracy"] == 0.5
    assert silent["SynapticOperations"]["Effective_ACs"] == 0 and silent["MembraneUpdates"] == 7
    none = of_graph(exact, {"input": np.zeros((0, 5, 4))}, np.zeros(0))
    assert none["ActivationSparsity"] == none["MembraneUpdates"] == 0.0 and none["ClassificationAccuracy"] is None


def program(make, steps):
    rng = np.random.default_rng(2)
    network = from_nir(
        nir.NIRGraph(
            nodes={
                "input": nir.Input({"input": np.array([4])}),
                "fc": linear(rng, 3, 4),
                "out": make(3),
                "output": nir.Output({"output": np.array([3])}),
            },
            edges=[("input", "fc"), ("fc", "out"), ("out", "output")],
        ),
        NORSE,
    )
    values = ValuesInput(np.full((2, 4), 0.5), Bernoulli(), np.array([0, 1]))
    return program_of(network, "loihi1-davies2018", steps=steps, inputs={"input": values}, neurobench=True)


def test_a_run_without_a_spiking_neuron_has_figures():
    told = neuroemu.run(program(li, 6)).summary["neurobench"]
    for side in ("chip", "framework"):
        assert told[side]["ActivationSparsity"] == 0.0 and told[side]["SynapticOperations"]["Effective_ACs"] > 0
        assert told[side]["ClassificationAccuracy"] is None


def test_too_few_steps_are_refused_before_the_run():
    with pytest.raises(ProgramError, match=r"steps is 1.*NeuroBench"):
        neuroemu.run(program(lif, 1))


def test_labels_that_are_values_are_no_classes():
    asked = program(lif, 4)
    (name,) = (population.name for population in asked.network.on_chip)
    given = replace(asked.inputs["input"], labels=np.array([0.2, 0.6]))
    decode = Decode(name, Population(np.array([0.1, 0.5, 0.9])))
    told = neuroemu.run(replace(asked, inputs={"input": given}, decode=decode)).summary["neurobench"]
    assert told["chip"]["ClassificationAccuracy"] is told["framework"]["ClassificationAccuracy"] is None
