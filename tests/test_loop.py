"""The host's side of a closed loop: what an environment may answer, how it is sent, and what is told of its mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.connect import Dense
from neuroemu.encode import Bernoulli, Correlated, Current, Delta, Latency
from neuroemu.environments import Environment
from neuroemu.errors import ProblemsError, ProgramError
from neuroemu.learning import Trace, learning
from neuroemu.network import Lif, LifRegisters, Network, Spikes, WeightFormat
from neuroemu.prepare import program_of
from neuroemu.program import EnvironmentInput


class Says(Environment):
    """Answers one thing in every phase."""

    def __init__(self, answer, every=4, sends=None, watches=None):
        self.answer, self.every = answer, every
        self.sends = {"eye": 3} if sends is None else sends
        self.watches = watches or {}
        self.told = {"phases": 0}

    def begin(self):
        self.told = {"phases": 0}

    def manage(self, phase):
        self.told["phases"] += 1
        return self.answer(phase) if callable(self.answer) else self.answer

    def results(self):
        return self.told


def small(environment, given=None, steps=8, **more):
    network = (
        Network()
        .population("eye", 3, Spikes("eye"))
        .population("cell", 2, LifRegisters(4095, 0, 100))
        .connect("eye", "cell", Dense(np.full((2, 3), 40.0)), WeightFormat())
    )
    return program_of(
        network, steps=steps, inputs={"eye": given or EnvironmentInput("eye")}, environment=environment, **more
    )


def sent(answer, given=None, **more):
    """{(step, channel, payload)} that arrived."""
    report = neuroemu.run(small(Says(answer), given, **more))
    first, size = report.range_of("eye")
    return {tuple(map(int, row)) for row in zip(*report.traces.of(first, size), strict=True)}


@pytest.mark.parametrize("answer", [None, {}, {"eye": 0}, {"eye": [0, 0, 0]}, {"eye": np.zeros((4, 3))}])
def test_silence_has_many_names(answer):
    assert sent(answer) == set()


@pytest.mark.parametrize("answer", [{"eye": [0, 1, 0]}, {"eye": [False, True, False]}, {"eye": [[0.0, 1.0, 0.0]] * 4}])
def test_what_is_not_0_is_a_spike_in_every_step_of_the_phase(answer):
    assert sent(answer) == {(step, 1, 1) for step in range(1, 9)}


def test_by_step_a_row_is_a_step_of_the_phase():
    rows = np.zeros((4, 3), int)
    rows[2, 0], rows[3, 2] = 1, -7
    assert sent({"eye": rows}) == {(3, 0, 1), (4, 2, -7), (7, 0, 1), (8, 2, -7)}


def test_one_number_is_for_all_channels():
    assert sent({"eye": 5}, steps=2) == {(step, channel, 5) for step in (1, 2) for channel in range(3)}


def test_what_lies_past_the_end_of_a_sample_is_not_sent():
    assert sent(lambda phase: {"eye": np.eye(4, 3)}, steps=6) == {
        (1, 0, 1), (2, 1, 1), (3, 2, 1), (5, 0, 1), (6, 1, 1),
    }  # fmt: skip
    assert sent(lambda phase: {"eye": np.eye(4, 3)}, steps=2, samples=2) == {
        (1, 0, 1), (2, 1, 1), (3, 0, 1), (4, 1, 1),
    }  # fmt: skip


def test_bernoulli_draws_as_it_does_of_values():
    values = np.array([[0.2, 0.5, 0.9]])
    from_loop = sent({"eye": values[0]}, EnvironmentInput("eye", Bernoulli()), steps=50)
    network = small(Says(None)).network
    report = neuroemu.run(network, steps=50, inputs={"eye": neuroemu.ValuesInput(values, Bernoulli())})
    step, index = report.spikes("eye")
    assert len(from_loop) > 50 and from_loop == {(int(s), int(k), 1) for s, k in zip(step, index, strict=True)}


@pytest.mark.parametrize("encoder", [Bernoulli(0.5), Latency(linear=True)])
def test_what_the_encoder_does_not_take_is_told_and_not_cut(encoder):
    with pytest.raises(ProgramError, match=r"sends 'eye' after step 0: 1 of 3 values .*: 2.5 at \[2\]"):
        sent({"eye": [0.2, 1.0, 2.5]}, EnvironmentInput("eye", encoder))


def test_latency_counts_from_the_start_of_the_phase():
    # tau ln(x / (x - .01)) with tau = 2 ms: 1.0 -> 0.02 ms, 0.02 -> 1.39 ms, 0.011 -> 4.8 ms, which is past the phase.
    assert sent({"eye": [1.0, 0.02, 0.011]}, EnvironmentInput("eye", Latency(2.0))) == {
        (1, 0, 1), (2, 1, 1), (5, 0, 1), (6, 1, 1),
    }  # fmt: skip


def test_a_current_is_added_to_the_bias_as_long_as_the_phase_lasts():
    network = Network().population("cell", 2, Lif(threshold=1.0, current="amps"))
    program = program_of(
        network,
        steps=8,
        inputs={"amps": EnvironmentInput("amps", Current(2.0))},
        environment=Says(lambda phase: {"amps": [0.0, 0.3 * (phase.step == 4)]}, sends={"amps": 2}),
    )
    step, index = neuroemu.run(program).spikes("cell")
    assert set(index.tolist()) == {1} and step.min() == 6  # 0.6 a step from step 5 on: above 1 in the second


def test_a_current_past_the_register_is_refused():
    network = Network().population("cell", 2, Lif(threshold=1.0, current="amps"))
    given = {"amps": EnvironmentInput("amps", Current())}
    says = Says({"amps": 1e9}, sends={"amps": 2})
    with pytest.raises(ProgramError, match="its direct current and bias reach 1e\\+09"):
        neuroemu.run(network, steps=8, inputs=given, environment=says)


def rewarded(environment, encoder=None):
    rule = learning("2^0*u0*x1*r1", None, None, {"x1": Trace(8, 4)}, reward="treat")
    network = (
        Network()
        .population("eye", 3, Spikes("eye"))
        .population("cell", 2, LifRegisters(4095, 0, 100))
        .connect("eye", "cell", Dense(np.full((2, 3), 40.0)), WeightFormat(), learning=rule, name="w")
    )
    inputs = {"eye": EnvironmentInput("eye"), "treat": EnvironmentInput("treat", encoder)}
    return program_of(network, steps=8, inputs=inputs, environment=environment)


@pytest.mark.parametrize(("encoder", "value"), [(None, 8), (Current(2.0), 4), (Current(0.5), 16.0)])
def test_a_reward_reaches_the_rule_in_its_step(encoder, value):
    """x1 is 8 right after the one spike, so 8 * 8 / 8 = 8 is added where the reward of 8 comes in that step."""

    def answer(phase):
        first = np.arange(phase.n_steps)[:, None] == 0
        return {"eye": first * np.array([1, 0, 0]), "treat": first * value} if phase.step == 0 else None

    report = neuroemu.run(rewarded(Says(answer, sends={"eye": 3, "treat": 1}), encoder))
    kept = report.traces.synapses["w"]
    assert dict(zip(zip(kept.pre.tolist(), kept.post.tolist(), strict=True), kept.weight[-1].tolist(), strict=True)) == {
        (0, 0): 48, (0, 1): 48, (1, 0): 40, (1, 1): 40, (2, 0): 40, (2, 1): 40,
    }  # fmt: skip


BAD = {
    "no mapping": ([1, 2, 3], "answers a list", "arrays by name"),
    "unknown name": ({"ear": 1}, "answers 'ear'", "eye"),
    "channels": ({"eye": [1, 0]}, "shape [2]", "[3]"),
    "steps": ({"eye": np.zeros((3, 3))}, "shape [3, 3]", "[4][3]"),
    "text": ({"eye": "abc"}, "of <U3", "numbers"),
    "texts": ({"eye": ["a", "b", "c"]}, "shape [3]", "numbers"),
    "objects": ({"eye": [None, 1, 2]}, "of object", "numbers"),
    "complex": ({"eye": [1j, 0, 0]}, "complex", "numbers"),
    "nan": ({"eye": [np.nan, 0, 0]}, "not finite", "numbers"),
    "infinite": ({"eye": np.inf}, "not finite", "numbers"),
    "half a spike": ({"eye": [0.5, 0, 0]}, "payload 0.5", "whole numbers"),
    "too long a payload": ({"eye": [2**31, 0, 0]}, "more than 32 bits", "32 bits"),
    "far too long a payload": ({"eye": [1e30, 0, 0]}, "more than 32 bits", "32 bits"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_answer_is_told(name):
    answer, what, allowed = BAD[name]
    with pytest.raises(ProgramError) as error:
        sent(answer)
    (problem,) = error.value.problems
    assert what in problem.what and allowed in problem.allowed and problem.path == "environment"
    assert "'Says'" in problem.what


@pytest.mark.parametrize("value", [0.5, 128, -129, 1e30])
def test_a_reward_is_a_signed_byte(value):
    with pytest.raises(ProgramError, match="sends the reward 'treat'"):
        neuroemu.run(rewarded(Says({"treat": value}, sends={"eye": 3, "treat": 1})))


def test_latency_takes_no_values_by_step():
    with pytest.raises(ProgramError, match="which the encoder 'latency' cannot take"):
        sent({"eye": np.ones((4, 3))}, EnvironmentInput("eye", Latency()))


def test_an_error_of_its_python_is_told_with_file_and_line():
    def fails(phase):
        return {"eye": 1 // phase.step}

    with pytest.raises(ProgramError) as error:
        sent(fails)
    (problem,) = error.value.problems
    assert "'Says' raised ZeroDivisionError after step 0" in problem.what and problem.file == __file__
    line = fails.__code__.co_firstlineno + 1
    assert problem.line == line


@pytest.mark.parametrize("raised", [SystemExit(3), AssertionError(), KeyError("x")])
def test_whatever_it_raises_ends_in_words(raised):
    def fails(phase):
        raise raised

    with pytest.raises(ProgramError, match=type(raised).__name__):
        sent(fails)


def test_an_interrupt_is_no_mistake_of_its():
    def stopped(phase):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sent(stopped)


def test_what_it_prints_is_no_result(capsys):
    sent(lambda phase: print("hello"))
    assert "hello" not in capsys.readouterr().out


@pytest.mark.parametrize("results", [[1], {"a": "b"}, {1: 2}, {"a": [1]}, {"a": None}])
def test_results_are_numbers_by_name(results):
    says = Says(None)
    says.results = lambda: results
    with pytest.raises(ProgramError, match="result"):
        neuroemu.run(small(says))


def test_results_stand_in_the_summary_and_in_the_report():
    says = Says(None)
    says.results = lambda: {"mean_length": np.float64(20.25), "episodes": 1500, "odd": float("nan"), "won": True}
    report = neuroemu.run(small(says))
    found = report.summary["environment"]
    assert (found["kind"], found["every"], found["phases"]) == (Says.__qualname__, 4, 3)
    assert found["results"] == {"mean_length": 20.25, "episodes": 1500, "odd": None, "won": True}
    lines = [line.split() for line in str(report).splitlines()]
    assert ["mean", "length", "20.25"] in lines and ["episodes", "1,500"] in lines and ["odd", "none"] in lines
    assert "Not modelled: what the host does in 3 management phases" in str(report)


def test_the_hash_of_a_run_knows_what_was_sent():
    def hash_of(reward):
        return neuroemu.run(rewarded(Says({"treat": reward}, sends={"eye": 3, "treat": 1}))).summary["run_hash"]

    assert hash_of(3) == hash_of(3) != hash_of(4)


WRONG = {
    "no environment": (dict(environment=None), "driven by an environment, and the program has none"),
    "a class": (dict(environment=Says), "found a class"),
    "something else": (dict(environment=3), "found a int"),
    "every 0": (dict(environment=Says(None, every=0)), "every = 0"),
    "every of a float": (dict(environment=Says(None, every=2.0)), "every = 2.0"),
    "every true": (dict(environment=Says(None, every=True)), "every = True"),
    "sends no mapping": (dict(environment=Says(None, sends=["eye"])), "has sends = "),
    "sends no channel": (dict(environment=Says(None, sends={"eye": 0})), "has sends = "),
    "sends something else": (dict(environment=Says(None, sends={"ear": 3})), "does not send 'eye'"),
    "too few channels": (dict(environment=Says(None, sends={"eye": 2})), "has 2 channels, not 3"),
    "watches nobody": (dict(environment=Says(None, watches={"cel": 2})), "watches the population 'cel'"),
    "watches more": (dict(environment=Says(None, watches={"cell": 3})), "watches 'cell', which has 2"),
    "a current as spikes": (dict(environment=Says(None), given=EnvironmentInput("eye", Current())), "is a current"),
    "delta": (dict(environment=Says(None), given=EnvironmentInput("eye", Delta())), "encoder cannot take"),
    "correlated": (dict(environment=Says(None), given=EnvironmentInput("eye", Correlated(0.5, 2))), "cannot take"),
    "floats beside": (dict(environment=Says(None), float_reference=True), "has no float twin"),
    "calibration": (dict(environment=Says(None), calibrate=1), "cannot be calibrated"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_a_closed_loop_is_told_before_the_run(name):
    settings, what = WRONG[name]
    with pytest.raises(ProblemsError) as error:
        neuroemu.run(small(**settings))
    assert what in str(error.value)


def test_a_reward_of_two_channels_is_refused():
    with pytest.raises(ProblemsError, match="has 2 channels, not 1"):
        neuroemu.run(rewarded(Says(None, sends={"eye": 3, "treat": 2})))


def test_a_reward_of_draws_is_refused():
    with pytest.raises(ProblemsError, match="is encoded as spikes"):
        neuroemu.run(rewarded(Says(None, sends={"eye": 3, "treat": 1}), Bernoulli()))


def test_an_environment_takes_the_place_of_the_programs_own():
    one, other = Says({"eye": 0}), Says({"eye": 1})
    report = neuroemu.run(small(one), environment=other)
    assert report.spikes("eye")[0].size == 24 and other.told["phases"] == 3 and one.told["phases"] == 0
