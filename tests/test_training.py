"""Programs that train and then test: which samples are shown when, what is answered, and what of it is frozen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neuroemu
from neuroemu import Bernoulli, DataInput, LabelsInput, Training, ValuesInput, host, samples
from neuroemu.data import Split
from neuroemu.errors import ProblemsError
from neuroemu.files import program_file

PROGRAM = """\
neuroemu: 1
name: taught
chip: loihi1-davies2018
network:
  populations:
    eye: {size: 3, source: seen}
    teacher: {size: 3, source: told}
    cell: {size: 3, neuron: lif_registers, decay_u: 4095, decay_v: 4095, threshold: 100}
  connections:
    - {from: eye, to: cell, weights: 0, format: {sign_mode: excitatory}, learn: pair, name: learned}
    - {from: teacher, to: cell, kind: one_to_one, weights: 200, format: {sign_mode: excitatory}}
learning:
  pair: {dw: 2^-2*y0*x1, traces: {x1: {impulse: 64, tau: 2}}}
inputs:
  seen: {values: [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]], labels: [2, 0, 1, 2, 1, 1]}
  told: {labels_of: seen}
run: {steps: 20, training: {samples: 3, passes: 2}}
decode: {from: cell}
"""


@pytest.fixture
def read(tmp_path):
    def reader(*changes, overrides=()):
        text = PROGRAM
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "program.yaml"
        path.write_text(text)
        return program_file.read(path, overrides)

    return reader


def test_what_was_learned_answers_the_samples_that_follow(read):
    # Input k was seen with label (k + 2) % 3 in training; the last of the three samples bears another label.
    report = neuroemu.run(read())
    assert report.answers.answers.tolist() == [2, 1, 0]
    assert report.answers.labels.tolist() == [2, 1, 1]
    assert report.summary["accuracy"] == pytest.approx(2 / 3) and report.summary["trained"] == 6
    assert "66.67%  (2 of 3)" in str(report) and "on 3 samples, 2 times each; frozen since" in str(report)


def test_what_was_answered_while_it_learned_is_told_by_pass(read):
    program = read()
    report = neuroemu.run(program)
    step, index = report.spikes("cell")
    labels, right = host.feed(program).labels, []
    for k in range(6):
        counts = np.bincount(index[(step - 1) // 20 == k], minlength=3)
        right.append(counts.max() > 0 and counts.argmax() == labels[k])
    told = report.summary["training"]
    assert told["accuracy_by_pass"] == [np.mean(right[:3]), np.mean(right[3:])] and any(right)
    assert told["accuracy_by_window"] == [np.mean(right)]
    assert f"{np.mean(right[:3]):.1%}, {np.mean(right[3:]):.1%} right by pass" in str(report)
    assert neuroemu.run(read((", training: {samples: 3, passes: 2}", ""))).summary["training"] is None


def test_answering_changes_no_weight(read):
    whole = neuroemu.run(read(("decode", "probes: [{weights: learned, every: 20}]\ndecode")))
    weight = whole.traces.synapses["learned"].weight
    assert np.array_equal(weight[6], weight[-1]) and np.any(weight[5] != weight[0])
    alone = neuroemu.run(read(overrides=("run.samples=1",)))
    assert np.array_equal(alone.traces.synapses["learned"].weight[-1], weight[-1])
    assert alone.answers.answers.tolist() == [2]


def test_without_training_every_sample_is_learned_from_and_answered(read):
    report = neuroemu.run(read((", training: {samples: 3, passes: 2}", "")))
    assert report.answers.answers.size == 6 and report.summary["trained"] == 0
    step, _ = report.spikes("teacher")
    assert np.unique((step - 1) // 20).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_teacher_tells_the_label_in_training_only(read):
    report = neuroemu.run(read())
    step, channel = report.spikes("teacher")
    shown = np.unique(np.stack([(step - 1) // 20, channel], axis=1), axis=0)
    assert shown[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    labels = host.feed(read()).labels
    assert shown[:, 1].tolist() == labels[:6].tolist() and sorted(labels[:3]) == sorted(labels[3:6]) == [0, 1, 2]


def test_every_pass_has_each_sample_once_in_an_order_of_its_own():
    values = np.arange(60.0).reshape(30, 2) / 60
    program = program_of({"in": ValuesInput(values, Bernoulli())}, Training(4, 25))
    shown, trained = samples.shown(program)
    order = shown["in"].values[:, 0]
    assert trained == 100 and np.array_equal(shown["in"].values[100:], values[25:])
    passes = order[:100].reshape(4, 25)
    assert all(np.array_equal(np.sort(one), values[:25, 0]) for one in passes)
    assert len({tuple(one) for one in passes}) == 4
    other, _ = samples.shown(replace(program, seed=2))
    assert not np.array_equal(other["in"].values, shown["in"].values)


def test_two_inputs_are_shown_in_one_order():
    one = ValuesInput(np.arange(10.0)[:, None], Bernoulli())
    two = ValuesInput(-np.arange(10.0)[:, None], Bernoulli())
    shown, trained = samples.shown(program_of({"one": one, "two": two}, Training(2, 8)))
    assert trained == 16 and np.array_equal(shown["one"].values, -shown["two"].values)


def test_the_train_side_of_a_split_is_learned_from_and_the_test_side_answered():
    pytest.importorskip("sklearn")
    split = Split("test", 540, 3)
    program = program_of({"in": DataInput("sklearn:digits", split, Bernoulli())}, Training(2, 100))
    shown, trained = samples.shown(program)
    from neuroemu.data import DATASETS

    load = DATASETS["sklearn:digits"].load
    train, test = load(replace(split, side="train")), load(split)
    assert trained == 200 and np.array_equal(shown["in"].values[200:], test.values)
    seen = {row.tobytes() for row in shown["in"].values[:200]}
    assert seen == {row.tobytes() for row in train.values[:100]}
    assert samples.shown(replace(program, training=Training(1)))[1] == 1257


def test_lists_of_spikes_are_learned_from_as_often_as_is_said(read):
    lists = [
        ("{values: [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]], labels: [2, 0, 1, 2, 1, 1]}",
         "{spikes: [[3, 1], [4, 1], [5, 1]]}"),
        ("{labels_of: seen}", "{spikes: [[3, 2], [4, 2], [5, 2]]}"),
    ]  # fmt: skip
    report = neuroemu.run(read(*lists))
    assert report.samples == 7 and report.trained == 6 and report.answers.answers.tolist() == [2]
    with pytest.raises(ProblemsError) as error:
        read(*lists, ("samples: 3, ", ""))
    (problem,) = error.value.problems
    assert problem.path == "run.training" and "how many samples are learned from" in problem.what


def test_labels_become_channels():
    of = samples.Side(np.zeros((3, 1)), np.array([1, 0, 2]))
    given = LabelsInput("in", 3, Bernoulli())
    assert samples.one_hot(given, of, None).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert samples.one_hot(given, of, 1).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def program_of(inputs, training):
    net = neuroemu.Network()
    return neuroemu.program_of(net, steps=5, inputs=inputs, training=training, seed=1)


@pytest.mark.parametrize(
    ("changes", "at", "what"),
    [
        ([("learn: pair, ", ""), ("learning:\n  pair: {dw: 2^-2*y0*x1, traces: {x1: {impulse: 64, tau: 2}}}\n", "")],
         "run.training", "nothing learns"),
        ([("samples: 3", "samples: 6")], "run.training.samples", "some must be left to answer"),
        ([("samples: 3, ", "")], "run.training", "which of the samples of 'seen' are learned from is not said"),
        ([("passes: 2", "passes: 0")], "run.training.passes", "0"),
        ([("labels_of: seen", "labels_of: sen")], "inputs.told.labels_of", "there is no input 'sen'"),
        ([("labels_of: seen", "labels_of: told")], "inputs.told.labels_of", "is made of labels itself"),
        ([(", labels: [2, 0, 1, 2, 1, 1]", "")], "inputs.told.labels_of", "'seen' has no labels"),
        ([("labels: [2, 0, 1, 2, 1, 1]", "labels: [2, 0.5, 1, 2, 1, 1]")], "inputs.told.labels_of", "no classes"),
        ([("teacher: {size: 3", "teacher: {size: 4"), ("kind: one_to_one, ", "")],
         "network.populations.teacher.source", "the input 'told' has 3 channels; the population has 4"),
    ],
    ids=["nothing", "all", "which", "passes", "near", "itself", "none", "halves", "size"],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_nothing_else(read, changes, at, what):
    with pytest.raises(ProblemsError) as error:
        read(*changes)
    (problem,) = error.value.problems
    assert problem.path == at and what in problem.what and problem.line


def test_more_samples_than_are_left_to_answer_are_refused(read):
    with pytest.raises(ProblemsError) as error:
        read(overrides=("run.samples=4",))
    assert "is 4; the input 'seen' has 3" in error.value.problems[0].what


def test_a_program_built_in_python_is_asked_the_same(read):
    program = replace(read(), training=Training(1))
    with pytest.raises(ProblemsError) as error:
        neuroemu.run(program)
    assert "which samples of 'seen' are learned from" in error.value.problems[0].what


def test_drawn_weights_of_a_format_are_what_it_stores(read):
    change = ("weights: 0, format: {sign_mode: excitatory}", "weights: {normal: [0, 40]}, format: {}")
    first = neuroemu.run(read(change)).traces.synapses["learned"].weight[0]
    assert np.all(first % 2 == 0) and np.unique(first).size > 4
    change = ("weights: 0, format: {sign_mode: excitatory}", "weights: {normal: [0, 400]}, format: {bits: 4}")
    first = neuroemu.run(read(change)).traces.synapses["learned"].weight[0]
    assert np.all(first % 32 == 0) and first.min() >= -256 and first.max() <= 224
