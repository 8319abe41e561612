"""Comparing runs: the first difference is found where it was planted, with what led to it."""

from __future__ import annotations

import json
import shutil

import h5py
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.cli import cli
from neuroemu.cli.compare import lines
from neuroemu.compare import compare
from neuroemu.compare.alone import alone
from neuroemu.compare.cause import Arrival, cause_of
from neuroemu.compare.first import First
from neuroemu.compare.rebuilt import Rebuilt, first_state
from neuroemu.errors import OutputError
from neuroemu.files import program_file
from neuroemu.prepare import compile_program
from neuroemu.report import saved

PROGRAM = """\
neuroemu: 1
name: planted
chip: loihi1-davies2018
seed: 2
network:
  populations:
    eye: {size: 4, source: flashes}
    cell: {size: 3, neuron: lif_registers, decay_u: 2048, decay_v: 512, threshold: 150}
    next: {size: 2, neuron: lif_registers, decay_u: 4095, decay_v: 1024, threshold: THRESHOLD}
  connections:
    - from: eye
      to: cell
      weights: [[W00, 40, 30, 20], [50, 60, W12, 10], [20, 30, 40, W23]]
      format: {sign_mode: excitatory}
      delay: DELAY
    - {from: cell, to: next, weights: [[60, 70, 80], [90, 60, 30]], format: {sign_mode: excitatory}}
inputs: {flashes: {values: [[0.3, 0.2, 0.3, 0.2], [0.1, 0.4, 0.2, 0.3]]}}
run: {steps: 120}
probes: [next.spikesSTATES]
"""
PLAIN = {"W00": 50, "W12": 40, "W23": 60, "THRESHOLD": 120, "DELAY": 0, "STATES": ""}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs the program with some values changed, once each."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def runner(*options, **changed):
        key = (options, tuple(sorted(changed.items())))
        if key not in made:
            text = PROGRAM
            for name, value in (PLAIN | changed).items():
                text = text.replace(name, str(value))
            path = folder / f"{len(made)}.yaml"
            path.write_text(text)
            made[key] = folder / str(len(made))
            done = CliRunner().invoke(
                cli, ["run", str(path), "-o", str(made[key]), "--quiet", *options], catch_exceptions=False
            )
            assert done.exit_code == 0
        return made[key]

    return runner


def test_a_run_is_as_itself(run, tmp_path):
    again = shutil.copytree(run(), tmp_path / "again")
    found = compare(run(), again)
    assert found.same and found.figures == [] and found.state is None
    assert lines(found, run(), again)[-1] == "Their chips did the same in all that was recorded."


@pytest.mark.parametrize("states", ["", ", cell.u"])
@pytest.mark.parametrize("weight, source, target", [("W00", 0, 0), ("W12", 2, 1), ("W23", 3, 2)])
def test_one_bit_of_a_weight_is_found_at_its_first_effect(run, weight, source, target, states):
    """The first spike of its source arrives one step later, and changes u of its target by one weight's unit of 64."""
    one, other = run(STATES=states), run(STATES=states, **{weight: PLAIN[weight] + 1})
    found = compare(one, other)
    if found.same:  # a difference so small that nobody who was recorded saw it
        assert not states
        return
    state = found.state
    assert (state.of, state.index, state.what) == ("cell", target, "u") and state.other - state.one == 64
    assert state.step <= found.recorded.step and (not states or state.step == found.recorded.step)
    planted = Arrival("eye", source, "eye->cell", PLAIN[weight], PLAIN[weight] + 1)
    assert found.cause.synapses == [planted] and planted in found.cause.arrivals and found.cause.n_synapses == 1
    assert found.cause.registers == [] and not found.cause.learns


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 10))
def test_a_delay_is_found_in_the_step_where_its_spike_is_missing(run, delay):
    found = compare(run(), run(DELAY=delay))
    assert found.state.what == "u" and found.state.of == "cell" and found.state.one > 0 == found.state.other
    assert all(arrival.other is None for arrival in found.cause.arrivals) and found.cause.n_arrivals > 0


def test_another_threshold_is_told_as_the_register_it_is(run):
    found = compare(run(), run(THRESHOLD=121))
    if not found.same:
        assert found.cause.registers == [("threshold", 120 * 64, 121 * 64)]
    found = compare(run(), run(THRESHOLD=60))
    assert found.cause.registers == [("threshold", 120 * 64, 60 * 64)] and found.cause.synapses == []


def test_another_seed_is_another_input(run):
    found = compare(run(), run("--seed", "9"))
    assert found.recorded.what == "spikes" and found.recorded.of == "eye"
    assert "eye[" in lines(found, run(), run())[-1] or found.cause.arrivals


def test_a_shorter_run_is_told(run):
    found = compare(run(), run("--steps", "60"))
    assert found.recorded.step == 61 and found.why_not == "their samples have different lengths"


def test_other_networks_have_no_first_difference(run, tmp_path):
    path = tmp_path / "other.yaml"
    text = PROGRAM.replace("size: 2, neuron", "size: 2, axon_delay: 0, neuron").replace("next", "last")
    for name, value in PLAIN.items():
        text = text.replace(name, str(value))
    path.write_text(text)
    CliRunner().invoke(cli, ["run", str(path), "-o", str(tmp_path / "out"), "--quiet"], catch_exceptions=False)
    with pytest.raises(OutputError, match="different networks: last, next"):
        compare(run(), tmp_path / "out")


def test_a_program_that_changed_since_is_not_run_again(run, tmp_path):
    other = shutil.copytree(run(W00=90), tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["inputs"] = dict.fromkeys(manifest["inputs"], "0" * 64)
    (other / "manifest.json").write_text(json.dumps(manifest))
    found = compare(run(), other)
    assert "is not what it was" in found.why_not and found.recorded is not None and found.state is None
    del manifest["asked"]
    (other / "manifest.json").write_text(json.dumps(manifest))
    assert "was not made by 'neuroemu run'" in compare(run(), other).why_not


@pytest.mark.parametrize("broken", ["summary.json", "costs.h5"])
def test_a_folder_without_a_run_is_told(run, tmp_path, broken):
    other = shutil.copytree(run(), tmp_path / "other")
    (other / broken).unlink()
    with pytest.raises(OutputError):
        compare(run(), other)


@pytest.mark.parametrize("changed, code", [({}, 0), ({"W00": 90}, 1)])
def test_exact_is_told_by_the_exit_code(run, changed, code, tmp_path):
    other = shutil.copytree(run(**changed), tmp_path / "other")
    arguments = ["compare", str(run()), str(other), "--quiet"]
    assert CliRunner().invoke(cli, [*arguments, "--exact"]).exit_code == code
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    assert done.exit_code == 0 and json.loads(done.output)["same"] is (code == 0)


PAYLOADS = """\
neuroemu: 1
name: pay
chip: loihi2
seed: 5
network:
  populations:
    eye: {size: 1, source: s}
    cell: {size: 2, neuron: lif_registers, decay_v: 512, threshold: 9000}
  connections:
    - {from: eye, to: cell, weights: 60, format: {sign_mode: excitatory}, name: w}
inputs: {s: {spikes: [[5, 0, SENT], [9, 0, 1]]}}
run: {steps: 20}
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Runs whose one spike carries 3, 7, -3 or 1: nothing spikes on the chip."""
    folder = tmp_path_factory.mktemp("graded")
    for sent in (3, 7, -3, 1):
        (folder / "pay.yaml").write_text(PAYLOADS.replace("SENT", str(sent)))
        arguments = ["run", str(folder / "pay.yaml"), "-o", str(folder / str(sent)), "--quiet"]
        assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
        (folder / "pay.yaml").rename(folder / f"{sent}.yaml")
    return folder


@pytest.mark.parametrize("one, other", [(3, 7), (3, -3), (1, 3), (-3, 1)])
def test_a_payload_that_differs_is_found(graded, one, other):
    found = compare(graded / str(one), graded / str(other))
    assert found.recorded == First(5, "payload", "eye", 0, one, other) and not found.same
    text = lines(found, graded / str(one), graded / str(other))
    assert f"First difference recorded: step 5, eye[0]: payload {one}, {other}" in text


def test_payloads_are_kept_as_they_were_and_through_reprice(graded, tmp_path):
    for sent in (3, -3, 1):
        assert saved.read(graded / str(sent)).activity.payload.tolist() == [sent, 1]
    arguments = ["reprice", str(graded / "-3"), "-o", str(tmp_path / "again"), "--quiet"]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    assert saved.read(tmp_path / "again").activity.payload.tolist() == [-3, 1]
    assert compare(graded / "-3", tmp_path / "again").same


def test_running_both_again_sees_the_payload_and_what_it_does(graded):
    """The spike of step 5 arrives in step 6, and is told with both payloads."""
    both = [program_file.read(str(graded / f"{sent}.yaml")) for sent in (3, 7)]
    both = [Rebuilt(program, compile_program(program)) for program in both]
    assert first_state(*both, 5) == First(5, "payload", "eye", 0, 3, 7)
    cause = cause_of(*both, First(6, "u", "cell", 1, 0, 0))
    assert cause.arrivals == [Arrival("eye", 0, "w", 60, 60, (3, 7))] and cause.arrivals[0].differs


def test_payloads_that_an_older_version_did_not_keep_are_not_called_the_same(graded, tmp_path):
    old = shutil.copytree(graded / "7", tmp_path / "old")
    with h5py.File(old / "costs.h5", "a") as file:
        del file["payload"]
    found = compare(graded / "3", old)
    assert found.alone[0] == ["payloads of spikes"] and not found.same


def test_weights_that_were_learned_are_compared(tmp_path):
    folders = [tmp_path / name for name in ("one", "other")]
    for folder, more in zip(folders, ([], ["--set", "network.connections.2.weights=61"]), strict=True):
        arguments = ["run", "stdp", "--steps", "300", "-o", str(folder), "--quiet", *more]
        assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    found = compare(*folders)
    assert (found.recorded.what, found.recorded.step, found.recorded.one, found.recorded.other) == ("weight", 0, 60, 61)


def test_what_one_run_alone_recorded_is_told_and_not_called_the_same(run, tmp_path):
    one, other = run(STATES=', cell.v, "next.u[0:2]"'), run(STATES=', "cell.v[1]"')
    found = compare(one, other)
    assert found.recorded is None and found.alone == (["cell.v[0,2]", "next.u"], []) and not found.same
    done = CliRunner().invoke(cli, ["compare", str(one), str(other), "--quiet", "--exact"])
    assert done.exit_code == 1
    text = lines(found, one, other)
    assert f"Recorded by {one} alone, and not compared: cell.v[0,2], next.u." in text
    assert text[-1] == "Their chips did the same in all that both recorded."
    assert lines(compare(one, one), one, one)[-1] == "Their chips did the same in all that was recorded."


def test_probes_of_synapses_that_differ_are_told(tmp_path):
    folders = [tmp_path / name for name in ("one", "other")]
    for folder, probes in zip(folders, ("[{weights: relay->detector, every: 100}]", "[detector.u]"), strict=True):
        arguments = ["run", "stdp", "--steps", "300", "-o", str(folder), "--quiet", "--set", f"probes={probes}"]
        assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    assert compare(*folders).alone == (["synapses of relay->detector"], ["detector.u"])


@pytest.mark.parametrize("name", ["spikes.h5", "costs.h5"])
def test_a_file_that_is_damaged_is_told(run, tmp_path, name):
    broken = shutil.copytree(run(), tmp_path / "broken")
    (broken / name).write_bytes(b"")
    with pytest.raises(OutputError, match=name):
        alone(run(), broken)
