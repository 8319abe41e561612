"""Learning in program files: rules, who learns by them, rewards and probes; and every mistake with its place."""

from __future__ import annotations

import re

import numpy as np
import pytest

import neuroemu
from neuroemu import library
from neuroemu.errors import ProblemsError
from neuroemu.files import program_file
from neuroemu.learning import DIALECTS

PROGRAM = """\
neuroemu: 1
name: small
chip: loihi1-davies2018
network:
  step: 2 ms
  populations:
    touch: {size: 2, source: taps}
    motor: {size: 3, neuron: lif_registers, threshold: 100}
  connections:
    - {from: touch, to: motor, weights: 40, format: {sign_mode: excitatory}, learn: stdp}
learning:
  stdp:
    dw: 2^-2*y0*x1 - 2^-2*x0*y1
    traces: {x1: {impulse: 16, tau: 20 ms}, y1: {impulse: 8, tau: 5}}
inputs:
  taps: {spikes: [[1, 0], [2, 1]]}
run: {steps: 10}
probes: [{weights: touch->motor, every: 8 ms}]
"""


@pytest.fixture
def read(tmp_path):
    def reader(text=PROGRAM, **settings):
        path = tmp_path / "program.yaml"
        path.write_text(text)
        return program_file.read(path, **settings)

    return reader


@pytest.fixture
def mistakes(read):
    def told(*changes):
        text = PROGRAM
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        with pytest.raises(ProblemsError) as error:
            read(text)
        return error.value.problems

    return told


def learning_of(program):
    return program.network.projections[0].learning


def test_a_rule_is_what_its_connection_learns_by(read):
    learning = learning_of(read())
    assert [str(rule) for rule in learning.rules] == ["dw = 2^-2*y0*x1 - 1*2^-2*x0*y1"]
    assert learning.epoch == 1 and learning.third == "spikes" and learning.dialect == DIALECTS["neuroemu"]


def test_a_time_constant_is_in_steps_of_the_network_whether_given_as_time_or_steps(read):
    traces = learning_of(read()).traces
    assert (traces["x1"].tau_steps, traces["y1"].tau_steps) == (10.0, 5.0)  # a step is 2 ms


@pytest.mark.parametrize("tau", [".inf", "inf"])
def test_a_trace_may_never_forget(read, tau):
    assert learning_of(read(PROGRAM.replace("tau: 5", f"tau: {tau}"))).traces["y1"].tau_steps == np.inf


def test_other_connections_learn_nothing(read):
    other = "    - {from: touch, to: motor, weights: 2, format: {}}\nlearning:"
    assert read(PROGRAM.replace("learning:", other)).network.projections[1].learning is None


def test_every_setting_arrives(read):
    text = PROGRAM.replace("    dw:", "    {epoch: 4, shift: stochastic, dialect: lava, tag: 7}\n    dw:")
    text = PROGRAM.replace(
        "    dw:", "    epoch: 4\n    shift: stochastic\n    dialect: lava\n    tag: 7\n    payload: overwrite\n    dw:"
    )
    found = learning_of(read(text))
    assert (found.epoch, found.shift, found.dialect, found.tag) == (4, "stochastic", DIALECTS["lava"], 7)
    assert found.payload == "overwrite"


def test_a_program_may_learn_as_another_emulator_does(read):
    text = PROGRAM.replace("    dw: ", "    dialect: brian2_loihi\n    dw: 9*2^-9*x1*y0 + ")
    found = learning_of(read(text))
    assert found.dialect == DIALECTS["brian2_loihi"]
    assert (found.rules[0].products[0].mantissa, found.rules[0].products[0].exponent) == (9, -9)


def test_what_another_emulator_cannot_learn_by_is_told_where_it_stands(mistakes):
    found = mistakes(("    dw:", "    dialect: nengo_loihi\n    dw:"))
    assert [(problem.path, problem.line) for problem in found] == [
        ("learning.stdp.dialect", 13),
        ("learning.stdp.dw", 14),
    ]
    found = mistakes(("    dw:", "    dialect: brian2_loihi\n    dw:"), ("impulse: 16", "impulse: 16.5"))
    assert [problem.path for problem in found] == ["learning.stdp.traces.x1"]


def test_tags_may_be_a_matrix(read):
    text = PROGRAM.replace("    dw:", "    dt: 2^0*x0\n    tag: [[1, 2], [3, 4], [5, 6]]\n    dw:")
    assert learning_of(read(text)).tag.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_a_probe_of_synapses_counts_in_steps(read):
    assert read().snapshots == {"touch->motor": 4}
    assert read(PROGRAM.replace(", every: 8 ms", ", every: 3")).snapshots == {"touch->motor": 3}
    assert read(PROGRAM.replace(", every: 8 ms", "")).snapshots == {"touch->motor": 0}


def test_weights_and_tags_may_both_be_probed(read):
    text = PROGRAM.replace("probes: [", "probes: [{tags: touch->motor}, ")
    assert read(text).snapshots == {"touch->motor": 4}


Y1 = ", y1: {impulse: 8, tau: 5}}"
LAID_OVER = "chip: {extends: loihi1-davies2018, learning: false}"
STDP = "dw: 2^-2*y0*x1 - 2^-2*x0*y1"
ONE_MISTAKE = {
    "unknown rule": (("learn: stdp", "learn: stpd"), 10, "there is no rule 'stpd'", "'stdp'"),
    "rule never used": ((", learn: stdp", ""), 12, "nothing learns by 'stdp'", "learn: stdp"),
    "no gate": ((STDP, "dw: x1*y1"), 13, "no dependency", ""),
    "number with a point": ((STDP, "dw: 0.5*x0*x1*y1"), 13, "the number 0.5", ""),
    "unknown variable": ((STDP, "dw: y0*x1*q + x0*y1"), 13, "'q'", ""),
    "too large a scale": ((STDP, "dw: 9*y0*x1 + x0*y1"), 13, "9*2^0", ""),
    "a number": ((STDP, "dw: 7"), 13, "no dependency", ""),
    "no rule at all": ((STDP, "epoch: 1"), 13, "needs 'dw', 'dd' or 'dt'", ""),
    "impulse": (("impulse: 16", "impulse: 128"), 14, "impulse of 128", ""),
    "negative impulse": (("impulse: 16", "impulse: -1"), 14, "impulse of -1", ""),
    "negative tau": (("tau: 20 ms", "tau: -20 ms"), 14, "time constant of -10 steps", ""),
    "unknown trace": (("x1: {", "x9: {impulse: 1, tau: 1}, x1: {"), 14, "there is no trace 'x9'", ""),
    "tau without a unit": (("tau: 20 ms", "tau: '20'"), 14, "has no unit", ""),
    "tau of another kind": (("tau: 20 ms", "tau: 20 mV"), 14, "unit 'V'", ""),
    "tau not a number": (("tau: 20 ms", "tau: true"), 14, "found true", ""),
    "nan": (("tau: 20 ms", "tau: .nan"), 14, "not a finite number", ""),
    "undriven trace": ((", y1: {impulse: 8, tau: 5}", ""), 13, "nobody drives 'y1'", ""),
    "epoch": (("    dw:", "    epoch: 64\n    dw:"), 13, "found 64", ""),
    "epoch of nothing": (("    dw:", "    epoch: 0\n    dw:"), 13, "found 0", ""),
    "dialect": (("    dw:", "    dialect: lav\n    dw:"), 13, "found 'lav'", ""),
    "another emulator's epoch": (
        ("    dw:", "    epoch: 2\n    dialect: brian2_loihi\n    dw:"), 14, "brian2_loihi with epoch 2", "",
    ),
    "another emulator's variables": (
        ("    dw: ", "    dialect: brian2_loihi\n    dw: u0*t + "), 14, "brian2_loihi knows no 't'", "",
    ),
    "third": (("    dw:", "    third: modell\n    dw:"), 13, "found 'modell'", ""),
    "shift": (("    dw:", "    shift: up\n    dw:"), 13, "found 'up'", ""),
    "payload": (("    dw:", "    payload: add\n    dw:"), 13, "found 'add'", ""),
    "unknown key": (("    dw:", "    epochs: 2\n    dw:"), 13, "unknown key 'epochs'", "'epoch'"),
    "reward of no input": (("    dw: ", "    reward: tasp\n    dw: r1*"), 13, "no input 'tasp'", ""),
    "reward unread": (("    dw:", "    reward: taps\n    dw:"), 13, "reads neither r0 nor r1", ""),
    "reward of two channels": (("    dw: ", "    reward: taps\n    dw: r1*"), 13, "spike in channel 1", ""),
    "nobody rewards": ((STDP, "dw: y0*x1*r1 - x0*y1"), 13, "nobody drives 'r1'", ""),
    "tag": (("    dw:", "    tag: 256\n    dw:"), 13, "holds 256", ""),
    "tag of a fraction": (("    dw:", "    tag: 0.5\n    dw:"), 13, "holds 0.5", ""),
    "tags in a row": (("    dw:", "    tag: [1, 2]\n    dw:"), 13, "has the shape [2]", ""),
    "tags of another shape": (("    dw:", "    tag: [[1, 2]]\n    dw:"), 10, "tags of the shape [1, 2]", ""),
    "third of another model": ((Y1, "}\n    third: model"), 10, "takes y1 from the model 'lif'", ""),
    "post-trace twice": (("    dw:", "    third: model\n    dw:"), 15, "'y1' is given twice", ""),
    "float weights": (("format: {sign_mode: excitatory}, ", ""), 10, "float weights", ""),
    "payloads": (("{sign_mode: excitatory}", "{message_bits: 8}"), 10, "message_bits", ""),
    "chip": (("loihi1-davies2018", "truenorth"), 10, "truenorth does not learn", ""),
    "chip laid over": (("chip: loihi1-davies2018", LAID_OVER), 10, "does not learn", ""),
    "probe of nothing": (("weights: touch->motor", "weights: touch->moter"), 18, "'touch->moter' is not", "touch->motor"),
    "probe of both": (("every: 8 ms", "tags: touch->motor"), 18, "one of 'weights', 'tags' and 'delays'", ""),
    "probe of neither": (("weights: touch->motor, ", ""), 18, "one of 'weights', 'tags' and 'delays'", ""),
    "probe every half": (("every: 8 ms", "every: 1 ms"), 18, "every 0.5 steps", ""),
    "probe every 0": (("every: 8 ms", "every: 0"), 18, "every 0 steps", ""),
    "probe for ever": (("every: 8 ms", "every: inf"), 18, "every inf steps", ""),
    "probe too rarely": (("every: 8 ms", "every: 10000000000"), 18, "every 1e+10 steps", ""),
    "two rates": (("probes: [", "probes: [{tags: touch->motor, every: 3}, "), 18, "every 3 steps already", ""),
}  # fmt: skip


ALSO = {"rule never used": (("probes: [{weights: touch->motor, every: 8 ms}]", ""),)}


@pytest.mark.parametrize("name", ONE_MISTAKE)
def test_a_mistake_is_told_with_its_line_and_nothing_else(mistakes, name):
    change, line, what, remedy = ONE_MISTAKE[name]
    found = mistakes(change, *ALSO.get(name, ()))
    assert [(problem.line, what in problem.what) for problem in found] == [(line, True)], found
    assert remedy in found[0].remedy
    assert found[0].column and found[0].file.endswith("program.yaml")


def test_a_connection_may_be_named_as_a_population_is(read, mistakes):
    assert read(PROGRAM.replace("learn: stdp", "learn: stdp, name: motor").replace("touch->motor,", "motor,"))
    (found,) = mistakes(
        ("learn: stdp", "learn: stdp, name: motor"), ("touch->motor,", "motor,"), ("loihi1-davies2018", "tianjic")
    )
    assert found.line == 10


@pytest.mark.parametrize(
    "rule",
    [
        "dw: 2^-2*y0*x1 + 2^-2*x0*q*y1",
        f"dw: {' + '.join(['y0*x1*y1'] * 30)} + x0*q*y1{' + y0*x1' * 30}",
        "dw: |\n      2^-2*y0*x1\n      + 2^-2*x0*q*y1",
        "dw: >\n      2^-2*y0*x1\n      + x0*q*y1",
        '"dw": "y0*x1*y1 +\\t x0*q"',
    ],
)
def test_a_mistake_in_a_rule_keeps_its_caret(mistakes, rule):
    (found,) = mistakes((STDP, rule))
    pointed = found.what.splitlines()
    assert len(pointed) == 3 and pointed[1][pointed[2].index("^")] == "q"
    assert max(map(len, pointed)) < 130


def test_all_mistakes_of_a_file_are_told_at_once(mistakes):
    found = mistakes(
        ("learn: stdp", "learn: stpd"), (STDP, "dw: y0*q + x1"), ("impulse: 16", "impulse: 500"),
        ("touch->motor, every", "nobody, every"), ("size: 3", "sise: 3"),
    )  # fmt: skip
    text = "\n".join(map(str, found))
    for what in ("no rule 'stpd'", "'q'", "no dependency", "impulse of 500", "unknown key 'sise'"):
        assert what in text
    assert "nothing learns" not in text  # 'stpd' meant it


def test_a_rule_that_was_taken_out_is_not_missed(mistakes):
    found = mistakes(("    dw:", "    epoch: 99\n    dw:"))
    assert len(found) == 1 and "found 99" in found[0].what


def test_every_chip_says_whether_it_learns():
    without = {name for name in library.names("chips") if not neuroemu.read_chip(name)[0].learning}
    assert without == {"truenorth", "tianjic", "dynapse"}


def test_the_schema_has_the_section():
    from neuroemu.files.program_schema import ProgramSpec

    schema = ProgramSpec.model_json_schema()
    assert "learning" in schema["properties"]
    rule = schema["$defs"]["RuleSpec"]["properties"]
    assert set(rule["dialect"]["enum"]) == set(DIALECTS) and "learn" in schema["$defs"]["DenseSpec"]["properties"]


REWARDED = (
    PROGRAM.replace(STDP, "dw: 2^0*u0*r1")
    .replace("    traces: {x1: {impulse: 16, tau: 20 ms}, y1: {impulse: 8, tau: 5}}", "    reward: treat")
    .replace("every: 8 ms", "every: 1")
)


@pytest.mark.parametrize(
    "treat, given",
    [
        ("{spikes: [[3, 0, 5], [7, 0, -9]]}", [0, 0, 5, 0, 0, 0, -9, 0, 0, 0]),
        ("{spikes: [[3, 0], [7, 0]]}", [0, 0, 1, 0, 0, 0, 1, 0, 0, 0]),
        ("{values: [[2]], encode: current}", [2] * 10),
        ("{values: [[[1],[2],[3],[4],[5],[6],[7],[8],[9],[0]]], encode: current, gain: 2}", [*range(2, 20, 2), 0]),
    ],
)  # fmt: skip
def test_a_reward_reaches_the_rule_in_its_step(read, treat, given):
    report = neuroemu.run(read(REWARDED.replace("inputs:\n", f"inputs:\n  treat: {treat}\n")))
    weights = report.traces.synapses["touch->motor"].weight
    assert (np.diff(weights, axis=0) == np.array(given)[:, None]).all()


@pytest.mark.parametrize(
    "treat, what",
    [
        ("{values: [[0.5]], encode: current}", "holds 0.5"),
        ("{values: [[200]], encode: current}", "holds 200"),
        ("{values: [[1, 2]], encode: current}", "has 2 channels"),
        ("{values: [[1]]}", "is not one value a step"),
        ("{spikes: [[1, 0, 128]]}", "holds 128"),
        ("{spikes: [[1, 1, 5]]}", "spike in channel 1"),
        ("{data: 'sklearn:digits'}", "is not one value a step"),
    ],
)
def test_what_is_no_reward_is_refused(read, treat, what):
    with pytest.raises(ProblemsError) as error:
        read(REWARDED.replace("inputs:\n", f"inputs:\n  treat: {treat}\n"))
    assert [what in problem.what for problem in error.value.problems] == [True]
    assert error.value.problems[0].path == "learning.stdp.reward"


SERIES = "inputs:\n  treat: {values: [[1],[2],[3],[4],[5],[6],[7],[8],[9],[0]], encode: current}\n"


def test_a_reward_that_would_be_taken_for_samples_is_refused(read):
    text = REWARDED.replace("inputs:\n", SERIES)
    with pytest.raises(ProblemsError) as error:
        read(text)
    (problem,) = error.value.problems
    assert problem.path == "inputs.treat.values" and "10 samples of one value" in problem.what
    assert "[1][10][1]" in problem.allowed


def test_a_reward_by_sample_is_taken_where_samples_are_asked_for(read):
    assert read(REWARDED.replace("inputs:\n", SERIES).replace("steps: 10", "steps: 10, samples: 10")).samples == 10
    taps = "taps: {values: [[0.5, 0.5]" + ", [0.5, 0.5]" * 9 + "]}"
    text = REWARDED.replace("inputs:\n", SERIES).replace("taps: {spikes: [[1, 0], [2, 1]]}", taps)
    assert read(text).inputs["taps"].values.shape == (10, 2)


def test_a_program_built_in_python_is_asked_the_same(read):
    from dataclasses import replace

    program = read(REWARDED.replace("inputs:\n", "inputs:\n  treat: {values: [[2]], encode: current}\n"))
    for changed, what in (
        (replace(program, inputs={"taps": program.inputs["taps"]}), "no input 'treat'"),
        (replace(program, chip=replace(program.chip, learning=False)), "does not learn"),
        (replace(program, snapshots={"nobody": 3}), "snapshot of 'nobody'"),
        (replace(program, snapshots={"touch->motor": -1}), "every -1 steps"),
    ):
        with pytest.raises(ProblemsError) as error:
            neuroemu.run(changed)
        assert re.search(what, str(error.value))
