"""ANN to SNN: rates are activations, thresholds are percentiles of them, and on the chip the answers stay."""

from __future__ import annotations

import nir
import numpy as np
import pytest

import neuroemu
from neuroemu import Bernoulli, Calibration, DataInput, Decode, Rate, ValuesInput, from_ann, host
from neuroemu.data import DATASETS, Split
from neuroemu.errors import ProgramError
from neuroemu.files import program_file
from neuroemu.prepare import program_of
from neuroemu.reference import run_float
from tests.naive_nir import convolution, pooled
from tests.nir_io.graphs import graph


def rates(network, values, steps):
    """{population: (samples, n)} spikes a step of the framework, every channel of value 1 spiking in every step."""
    whole = steps + network.exact.most_depth
    (source,) = network.sources
    program = program_of(network, steps=whole, inputs={source.name: ValuesInput(values, Bernoulli(1.0))})
    found = run_float(network, {}, host.feed(program), whole, True)
    answers = {}
    for population in network.on_chip:
        sample, within = np.divmod(found.step[population.name] - 1, whole)
        kept = within + 1 <= steps + network.exact.depth[population.name]
        flat = sample[kept] * population.size + found.index[population.name][kept]
        counts = np.bincount(flat, minlength=len(values) * population.size)
        answers[population.name] = counts.reshape(len(values), population.size) / steps
    return answers


@pytest.fixture
def mlp():
    rng = np.random.default_rng(2)
    shapes = {"w1": (6, 4), "b1": (6,), "w2": (3, 6), "b2": (3,)}
    return {name: rng.normal(0, 0.7, shape) for name, shape in shapes.items()}


def binary(samples, channels):
    return (np.random.default_rng(1).random((samples, channels)) < 0.5).astype(float)


def test_a_spike_stands_for_the_percentile_of_the_activations(mlp):
    values = binary(40, 4)
    active = np.maximum(values @ mlp["w1"].T + mlp["b1"], 0)
    for percentile in (50.0, 99.9, 100.0):
        network = from_ann(mlp, Calibration(values, percentile))
        expected = np.percentile(active[active > 0], percentile)
        assert network["layer1_relu"].model.threshold == pytest.approx(expected)
        assert network.projections[1].connector.weights.max() == pytest.approx(mlp["w2"].max() * expected)


@pytest.mark.parametrize("steps", [5, 50])
def test_the_first_layer_counts_its_activation_to_half_a_spike(mlp, steps):
    values = binary(20, 4)
    network = from_ann(mlp, Calibration(values, 100.0))
    top = network["layer1_relu"].model.threshold
    active = np.maximum(values @ mlp["w1"].T + mlp["b1"], 0)
    found = rates(network, values, steps)["layer1_relu"]
    assert np.all(np.abs(found * steps - active * steps / top) <= 0.5 + 1e-6)
    assert found.max() > 0.5


def test_the_answers_of_many_steps_are_those_of_the_ann(mlp):
    values = binary(30, 4)
    network = from_ann(mlp, Calibration(values, 100.0))
    hidden = np.maximum(values @ mlp["w1"].T + mlp["b1"], 0)
    answer = np.maximum(hidden @ mlp["w2"].T + mlp["b2"], 0)
    top = network["layer2_relu"].model.threshold
    assert np.abs(rates(network, values, 400)["layer2_relu"] * top - answer).max() < 0.05 * answer.max()


def test_convolutions_and_pools(mlp):
    rng = np.random.default_rng(3)
    arrays = {
        "w1": rng.normal(0.1, 0.5, (2, 1, 3, 3)),
        "b1": rng.normal(0, 0.2, 2),
        "padding1": np.array(1),
        "pool1": np.array(2),
    }
    arrays |= {"w2": rng.normal(0, 0.5, (3, 8)), "shape": np.array([1, 4, 4])}
    values = binary(6, 16)
    network = from_ann(arrays, Calibration(values, 100.0))
    expected = []
    for image in values.reshape(-1, 1, 4, 4):
        table, shape = convolution(image, arrays["w1"], arrays["b1"], (1, 1), [(1, 1)] * 2, (1, 1), 1)
        active = np.maximum(np.array([table[at] for at in np.ndindex(*shape)]).reshape(shape), 0)
        means, _ = pooled(active, (2, 2), (2, 2), (0, 0), True)
        expected.append(np.maximum(arrays["w2"] @ np.array(list(means.values())), 0))
    top = network["layer2_relu"].model.threshold
    assert network["layer1_relu"].shape == (2, 4, 4)
    assert np.abs(rates(network, values, 400)["layer2_relu"] * top - expected).max() < 0.05 * np.max(expected)


def test_a_nir_file_an_npz_and_arrays_are_the_same_network(mlp, tmp_path):
    np.savez(tmp_path / "ann.npz", **mlp)
    nodes = {"input": nir.Input(np.array([4])), "output": nir.Output(np.array([3]))}
    nodes |= {f"layer{k}": nir.Affine(mlp[f"w{k}"], mlp[f"b{k}"]) for k in (1, 2)}
    nir.write(tmp_path / "ann.nir", graph("input layer1 layer2 output", **nodes))
    calibration = Calibration(binary(20, 4))
    networks = [from_ann(source, calibration) for source in (mlp, tmp_path / "ann.npz", tmp_path / "ann.nir")]
    found = [rates(network, binary(5, 4), 20) for network in networks]
    for name in ("layer1_relu", "layer2_relu"):
        assert all(np.array_equal(one[name], found[0][name]) for one in found) and found[0][name].any()


def test_digits_on_the_chip_are_within_a_point_of_the_ann():
    from sklearn.neural_network import MLPClassifier

    train, test = (DATASETS["sklearn:digits"].load(Split(side, 540, 7)) for side in ("train", "test"))
    ann = MLPClassifier((32,), max_iter=60, random_state=0, learning_rate_init=0.01).fit(train.values, train.labels)
    arrays = {f"{key}{k}": part[k - 1].T for key, part in (("w", ann.coefs_), ("b", ann.intercepts_)) for k in (1, 2)}
    network = from_ann(arrays, Calibration(train.values[:500]))
    program = program_of(
        network,
        steps=64 + network.exact.most_depth,
        inputs={"input": DataInput("sklearn:digits", Split("test", 540, 7), Bernoulli())},
        decode=Decode("layer2_relu", Rate()),
    )
    assert neuroemu.run(program).summary["accuracy"] >= ann.score(test.values, test.labels) - 0.015


def problem(source, calibration):
    with pytest.raises(ProgramError) as caught:
        from_ann(source, calibration)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"w3": np.ones((2, 5))}, "is given the shape [3]"),
        ({"w4": np.ones((2, 3))}, "has no weights w1, w2, ... without a gap"),
        ({"weights": np.ones(3)}, "there is no use for the array 'weights'"),
        ({"b1": np.ones(5)}, "has 5 biases"),
        ({"w1": np.ones((6, 4, 1))}, "w1 has 3 dimensions"),
        ({"w1": np.ones((6, 1, 2, 2))}, "w1 is a convolution"),
        ({"b2": np.array([1.0, np.nan, 0.0])}, "'b2' holds what is no finite number"),
    ],
)
def test_what_is_wrong_with_arrays_is_told(mlp, change, what):
    assert problem({**mlp, **change}, Calibration(binary(5, 4))).what.startswith(what)


@pytest.mark.parametrize(
    ("calibration", "path", "what"),
    [
        (Calibration(binary(5, 3)), "calibration", "the calibration data have 3 channels"),
        (Calibration(binary(5, 4)[0]), "calibration", "the calibration data are no samples"),
        (Calibration(binary(5, 4) * np.nan), "calibration", "the calibration data are no samples"),
        (Calibration(binary(5, 4), 0.0), "calibration.percentile", "the percentile is 0"),
    ],
)
def test_what_is_wrong_with_the_calibration_is_told(mlp, calibration, path, what):
    found = problem(mlp, calibration)
    assert (found.path, found.what) == (path, what)


def test_a_graph_with_neurons_is_no_ann():
    nodes = {"i": nir.Input(np.array([2])), "o": nir.Output(np.array([2]))}
    nodes |= {"n": nir.IF(np.ones(2), np.ones(2)), "w": nir.Linear(np.eye(2))}
    assert problem(graph("i w n o", **nodes), Calibration(binary(5, 2))).path == "n"


PROGRAM = """\
neuroemu: 1
name: ann
chip: loihi1-davies2018
network:
  ann: ann.npz
  calibration: {values: "data.npz#x", percentile: 99}
inputs:
  input: {values: [[1, 0, 1, 0]]}
run: {steps: 20}
decode: {from: layer2_relu}
"""


def read(folder, mlp, *swaps):
    np.savez(folder / "ann.npz", **mlp)
    np.savez(folder / "data.npz", x=binary(20, 4))
    text = PROGRAM
    for good, other in zip(swaps[::2], swaps[1::2], strict=True):
        assert text.count(good) == 1
        text = text.replace(good, other)
    (folder / "ann.yaml").write_text(text)
    return program_file.read(folder / "ann.yaml")


def test_a_program_names_the_ann_and_its_calibration(tmp_path, mlp):
    program = read(tmp_path, mlp)
    expected = from_ann(mlp, Calibration(binary(20, 4), 99.0))
    assert program.network["layer1_relu"].model.threshold == expected["layer1_relu"].model.threshold
    assert {path.name for path in program.files} == {"ann.npz", "data.npz"}
    assert neuroemu.run(program).summary["spikes"] > 0


@pytest.mark.parametrize(
    ("swaps", "expected"),
    [
        (("ann.npz", "none.npz"), (5, "network.ann")),
        (("#x", "#y"), (6, "network.calibration.values")),
        (("99}", "101}"), (6, "network.calibration.percentile")),
        (('  calibration: {values: "data.npz#x", percentile: 99}\n', ""), (5, "network")),
        (("  input:", "  inputs:"), (5, "network.ann")),
        (("[1, 0, 1, 0]", "[1, 0, 1]"), (8, "inputs.input")),
    ],
)
def test_mistakes_of_such_a_program_are_told_at_their_lines(tmp_path, mlp, swaps, expected):
    with pytest.raises(ProgramError) as caught:
        read(tmp_path, mlp, *swaps)
    assert expected in {(found.line, found.path) for found in caught.value.problems}
