"""Programs built in Python: what files would have caught is caught here."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import neuroemu
from neuroemu import (
    Bernoulli,
    Current,
    DataInput,
    Dense,
    Lif,
    MappingOptions,
    Network,
    Spikes,
    SpikesInput,
    ValuesInput,
    WeightFormat,
    library,
)
from neuroemu.data import Split
from neuroemu.errors import ProgramError, QuantisationError
from neuroemu.files import program_file
from neuroemu.prepare import compile_program, program_of


@pytest.fixture
def program():
    net = Network().population("eye", 4, Spikes("flashes")).population("cell", 2, Lif(tau_mem_ms=10.0))
    net = net.connect("eye", "cell", Dense(np.full((2, 4), 0.6)))
    return program_of(net, steps=20, inputs={"flashes": ValuesInput(np.full((3, 4), 0.5), Bernoulli())})


def test_a_network_runs_by_itself(program):
    report = neuroemu.run(program.network, chip="loihi1-sanafe", steps=20, inputs=program.inputs, seed=3)
    assert report.summary["chip"] == "loihi1-sanafe"
    assert report.summary["samples"] == 3 and report.summary["spikes"] > 0


def test_settings_go_with_a_network_only():
    with pytest.raises(TypeError, match="steps"):
        neuroemu.run("quickstart", steps=5)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"inputs": {}}, "there is no input 'flashes'"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"mapping": MappingOptions(placement="hilber")}, "there is no placement 'hilber'"),
        ({"mapping": MappingOptions(partition="best")}, "there is no partition 'best'"),
        ({"mapping": MappingOptions(parts={"cells": 2})}, "there is no mapping.parts 'cells'"),
    ],
)
def test_a_wrong_setting_is_a_problem(program, change, found):
    with pytest.raises(ProgramError) as caught:
        compile_program(replace(program, **change))
    assert [problem.what for problem in caught.value.problems] == [found]


def test_an_unknown_sign_mode_is_a_problem(program):
    net = program.network.connect("eye", "cell", Dense(np.ones((2, 4))), WeightFormat(sign_mode="both"))
    with pytest.raises(ProgramError, match="there is no sign mode 'both'"):
        compile_program(replace(program, network=net))


def test_a_connection_has_a_name_of_its_own(program):
    named = program.network.connect("cell", "cell", Dense(np.ones((2, 2))), name="loop")
    with pytest.raises(ProgramError, match="'loop' is there already"):
        named.connect("cell", "cell", Dense(np.ones((2, 2))), name="loop")


def driven(current):
    net = Network().population("cell", 1, Lif(tau_mem_ms=10.0, current="drive"))
    return program_of(net, steps=100, inputs={"drive": ValuesInput(np.array([[current]]), Current())})


@pytest.mark.parametrize(("current", "first"), [(1.5, 1), (0.3, 4), (0.1, 31)])
def test_a_direct_current_is_a_bias(current, first):
    # v after t steps: I (1 - k^t) / (1 - k), k = exp(-0.1): 1.5 > 1 at once; 0.3: .3 .571 .817 1.039 at t = 4;
    # 0.1 settles at 1.0508 > 1 late: k^t < 0.0483, t > 30.3.
    report = neuroemu.run(driven(current))
    steps, _ = report.spikes("cell")
    assert steps[0] == first


def test_a_direct_current_beyond_the_bias_register_is_refused():
    with pytest.raises(ProgramError, match="bias register"):
        neuroemu.run(driven(50.0))


def test_spikes_after_the_last_step_are_told(program):
    net = Network().population("in", 2, Spikes("list")).population("a", 1, Lif(tau_mem_ms=10.0))
    late = SpikesInput(np.array([1, 20, 21]), np.array([0, 1, 0]))
    report = neuroemu.run(net, steps=20, inputs={"list": late})
    assert report.summary["input_spikes"] == 2
    assert "1 of 3 spikes lie after the last step" in str(report)


def no_run(*_):
    raise AssertionError("it was run")


def copied(folder, name):
    path = folder / f"{name}.yaml"
    path.write_text((library.folder("programs") / f"{name}.yaml").read_text())
    return path


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [({"float_reference": True}, "without --float"), ({"calibrate": 1}, "quantise: {calibrate: 0}")],
)
def test_what_has_no_float_twin_is_told_before_the_run_and_by_who_asked(tmp_path, settings, remedy, monkeypatch):
    monkeypatch.setattr("neuroemu.pipeline.run_engine", no_run)
    for name in ("stdp", copied(tmp_path, "stdp")):
        with pytest.raises(ProgramError) as caught:
            neuroemu.run(replace(program_file.read(name), **settings))
        for problem in caught.value.problems:
            assert "registers, which have no float twin" in problem.what and problem.remedy.startswith(remedy)
            assert (problem.file, problem.line is None) in (
                [("program 'stdp' of the library", True)] if name == "stdp" else [(str(name), False)]
            )


def test_spikes_with_payloads_have_no_float_twin(program):
    given = SpikesInput(np.array([1]), np.array([0]), np.array([7]))
    with pytest.raises(ProgramError, match="'eye' have payloads, which the float twin has not"):
        compile_program(replace(program, inputs={"flashes": given}, float_reference=True))


def test_a_pause_shorter_than_half_a_step_is_not_rounded_away():
    net = Network().population("a", 1, Lif(tau_mem_ms=10.0, refractory_ms=0.4))
    with pytest.raises(QuantisationError, match="less than half a time step"):
        neuroemu.run(net, steps=5)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (ValuesInput(np.full((1, 3), 0.5), Bernoulli()), "has 3 channels, not 4"),
        (ValuesInput(np.full((1, 4), np.nan), Bernoulli()), "not all finite"),
        (ValuesInput(np.full((1, 4), 2.0), Bernoulli()), "4 of 4 values are no probability; the first is 2 at [0][0]"),
        (DataInput("sklearn:digits", Split(), Bernoulli(2.0)), "has the gain 2"),
        (ValuesInput(np.full(4, 0.5), Bernoulli()), "not an array [samples][channels]"),
        (ValuesInput(np.full((1, 4), 0.5), Bernoulli(), np.array([1, 2])), "labels of 'flashes'"),
        (ValuesInput(np.full((1, 4), 0.5), Current()), "is a current"),
        (SpikesInput(np.array([1]), np.array([4])), "channel 4 of 4"),
        (SpikesInput(np.array([0]), np.array([1])), "steps count from 1"),
        (SpikesInput(np.array([1.5]), np.array([1])), "not two lists of whole numbers"),
    ],
)
def test_an_input_that_does_not_fit_its_population_is_a_problem(program, given, found):
    with pytest.raises(ProgramError, match=re.escape(found)):
        compile_program(replace(program, inputs={"flashes": given}))


def test_the_run_hash_tells_direct_currents_apart():
    def run_hash(current, gain):
        program = driven(current)
        drive = replace(program.inputs["drive"], encoder=Current(gain))
        return neuroemu.run(replace(program, inputs={"drive": drive})).summary["run_hash"]

    assert len({run_hash(0.3, 1.0), run_hash(0.3, 2.0), run_hash(0.4, 1.0)}) == 3
    assert run_hash(0.3, 1.0) == run_hash(0.3, 1.0)
