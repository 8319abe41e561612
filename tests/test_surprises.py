"""What is lawful and may not be meant is said by `check` and by the report, with a count."""

from __future__ import annotations

import pytest

import neuroemu
from neuroemu import cli
from neuroemu.errors import ProgramError
from neuroemu.files import program_file
from neuroemu.prepare import compile_program
from neuroemu.surprises import surprises

SMALL = """\
neuroemu: 1
name: small
chip: loihi1-davies2018
network:
  populations:
    eye: {size: 3, source: light}
    cell: {size: 2, neuron: lif, tau_mem: 10 ms, threshold: 1.0}
  connections: [{from: eye, to: cell, weights: 0.5}]
inputs: {light: {values: [0.9, 0.8, 0.1]}}
run: {steps: 4}
"""
VALUES, WEIGHTS = "values: [0.9, 0.8, 0.1]", "weights: 0.5"


@pytest.fixture
def program(tmp_path):
    def made(good, bad):
        assert good in SMALL
        (tmp_path / "small.yaml").write_text(SMALL.replace(good, bad))
        return program_file.read(tmp_path / "small.yaml")

    return made


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        (WEIGHTS, WEIGHTS, []),
        (WEIGHTS, "weights: 0", ["'eye->cell': all its 6 synapses have the weight 0"]),
        (WEIGHTS, "weights: [[0, 0, 0], [0, 0, 0]]", ["'eye->cell': it has no synapse (weights of 0 make none)"]),
        (WEIGHTS, "weights: 1, kind: random, fan_in: 0", ["'eye->cell': it has no synapse"]),
        (WEIGHTS, "weights: [[0, 0, 0], [0, 0, 1]]", []),
        (VALUES, "spikes: [[1, 0], [4, 1], [5, 2], [9, 1]]", ["'light': 2 of 4 spikes lie after the last step"]),
        # tau ln(x / (x - .01)) of 20 ms: 0.011 -> 48 ms; 0.9 -> 0.2 ms.
        (VALUES, "values: [0.9, 0.011, -1], encode: latency, tau: 20 ms",
         ["'light': 1 of 3 values are below 0", "'light': 1 of 3 values would spike after the last step"]),
        (VALUES, "values: [0.9, 0, 1], encode: latency", []),
    ],
)  # fmt: skip
def test_what_surprises_is_said_with_its_count(program, good, bad, said):
    read = program(good, bad)
    found = surprises(read, compile_program(read, cache=False).quantised)
    assert len(found) == len(said) and all(part in text for part, text in zip(said, found, strict=True))
    assert all(text.startswith("Warning: ") and text.endswith(".") for text in found)


def test_weights_of_0_that_learn_are_no_surprise(program):
    learning = "learning:\n  up: {dw: 2^-2*y0*x1, traces: {x1: {impulse: 9, tau: 5 ms}}}\n"
    learns = "weights: 0, format: {sign_mode: excitatory}, learn: up"
    text = SMALL.replace("neuron: lif, tau_mem: 10 ms, threshold: 1.0", "neuron: lif_registers").replace(
        WEIGHTS, learns
    )
    read = program(SMALL, text + learning)
    assert surprises(read, compile_program(read, cache=False).quantised) == []


def test_check_and_the_report_say_it(program, capsys):
    read = program(WEIGHTS, "weights: 0")
    said = "Warning: connection 'eye->cell': all its 6 synapses have the weight 0 on the chip, so it does nothing."
    cli.cli.main(["check", str(read.path)], standalone_mode=False)
    assert said in capsys.readouterr().out
    assert said in " ".join(str(neuroemu.run(read)).split())


def test_a_current_that_its_register_cannot_hold_is_told_by_check_and_run_with_its_line(program):
    text = SMALL.replace("    eye: {size: 3, source: light}\n", "").replace(
        "  connections: [{from: eye, to: cell, weights: 0.5}]\n", ""
    )
    text = text.replace("threshold: 1.0}", "threshold: 1.0, current: light}").replace(
        VALUES, "values: [5000, 0], encode: current"
    )
    read = program(SMALL, text)
    for command in ("check", "run"):
        with pytest.raises(ProgramError) as caught:
            cli.cli.main([command, str(read.path)], standalone_mode=False)
        (problem,) = caught.value.problems
        assert "its direct current and bias reach 5000; the bias register" in problem.what
        assert (problem.line, problem.path) == (6, "network.populations.cell") and "smaller gain" in problem.remedy
