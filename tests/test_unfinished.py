"""A run that was ended anywhere goes on to what it would have been: killed, interrupted, or out of room."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu import pipeline, unfinished
from neuroemu.asked import Asked
from neuroemu.cli.options import every_of
from neuroemu.engine.journal import Every, Journal
from neuroemu.errors import DataError, OutputError
from neuroemu.events import Event
from neuroemu.files import program_file
from neuroemu.prepare import compile_program

PROGRAM = """\
neuroemu: 1
name: learns
chip: loihi1-davies2018
seed: 5
network:
  populations:
    eye: {size: 6, source: flashes}
    cell: {size: 4, neuron: lif_registers, decay_v: 512, threshold: 90}
  connections:
    - {from: eye, to: cell, weights: 60, delay: 2, format: {sign_mode: excitatory}, learn: stdp, name: plastic}
    - {from: cell, to: cell, kind: random, probability: 0.4, weights: 20, format: {sign_mode: excitatory}}
learning:
  stdp:
    dw: 2^-4*y0*x1 - 2^-4*x0*y1
    traces: {x1: {impulse: 40.5, tau: 20}, y1: {impulse: 42, tau: 20}}
inputs: {flashes: {values: [[0.2, 0.2, 0.2, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.2, 0.3, 0.1]]}}
run: {steps: 700, reset: RESET}
probes: [cell.spikes, cell.v, {weights: plastic, every: 90}]
report: {neurobench: true}
"""


class Stopped(Exception):
    pass


def program(reset="true"):
    path = Path(os.environ["PYTEST_TMP"]) / f"learns-{reset}.yaml"
    path.write_text(PROGRAM.replace("RESET", reset))
    return program_file.read(path)


@pytest.fixture(scope="module", autouse=True)
def folder_of_programs(tmp_path_factory):
    os.environ["PYTEST_TMP"] = str(tmp_path_factory.mktemp("programs"))
    yield
    del os.environ["PYTEST_TMP"]


@pytest.fixture(scope="module", params=["true", "false"])
def whole(request):
    """(program, compiled, report of the run that nobody stopped)"""
    given = program(request.param)
    compiled = compile_program(given)
    return given, compiled, pipeline.execute(given, compiled, threads=1)


def same(report, whole):
    """Everything but how long it took."""
    assert {**report.summary, "wall_s": 0} == {**whole.summary, "wall_s": 0}
    for name in ("step", "source", "payload"):
        assert np.array_equal(getattr(report.traces, name), getattr(whole.traces, name))
    assert np.array_equal(report.traces.states["cell", "v"], whole.traces.states["cell", "v"])
    for name in ("step", "weight", "tag", "delay"):
        found, expected = (getattr(each.traces.synapses["plastic"], name) for each in (report, whole))
        assert np.array_equal(found, expected)
    for name in ("counts", "learned", "overflows", "membranes"):
        assert np.array_equal(getattr(report.counters, name), getattr(whole.counters, name))


@settings(max_examples=6, deadline=None)
@given(
    stops=st.lists(st.integers(1, 1399), max_size=3),
    every=st.integers(60, 900),
    threads=st.lists(st.integers(1, 2), min_size=4, max_size=4),
)
def test_wherever_it_is_stopped_it_goes_on_to_the_same_run(whole, tmp_path_factory, stops, every, threads):
    given, compiled, expected = whole
    folder = tmp_path_factory.mktemp("journal")

    def until(stop):
        def advanced(stage, done, total):
            if stage == "chip" and done >= stop:
                raise Stopped

        return advanced

    for k, stop in enumerate(stops):
        journal = Journal(folder, Every(steps=every))
        if journal.begin is not None and journal.begin.step == 1400:  # stopped when it had kept everything
            break
        with pytest.raises(Stopped):
            pipeline.execute(given, compiled, until(stop), threads[k], journal)
    same(pipeline.execute(given, compiled, None, threads[3], Journal(folder, Every(steps=every))), expected)


def test_a_closed_loop_goes_on_to_the_same_run(tmp_path):
    """The environment, what it answered and its digest are kept, too."""

    def read():
        return program_file.read("seeds/first_to_spike", ("environment.episodes=4",))

    compiled = compile_program(read())
    expected = pipeline.execute(read(), compiled, threads=1)

    def advanced(stage, done, total):
        if stage == "chip" and done >= 500:
            raise Stopped

    with pytest.raises(Stopped):
        pipeline.execute(read(), compiled, advanced, 1, Journal(tmp_path, Every(steps=200)))
    journal = Journal(tmp_path, Every(steps=200))
    assert journal.begin.step == 400
    report = pipeline.execute(read(), compiled, None, 1, journal)
    assert {**report.summary, "wall_s": 0} == {**expected.summary, "wall_s": 0}


def test_a_run_that_was_done_is_only_priced_again(whole, tmp_path, monkeypatch):
    given, compiled, expected = whole
    pipeline.execute(given, compiled, None, 1, Journal(tmp_path, Every(seconds=1000)))
    steps = []
    same(
        pipeline.execute(
            given, compiled, lambda stage, done, total: steps.append(stage), 1, Journal(tmp_path, Every(1))
        ),
        expected,
    )
    assert "chip" not in steps


def test_a_checkpoint_is_due_by_steps_or_by_the_clock(tmp_path):
    now = [0.0]
    journal = Journal(tmp_path, Every(seconds=5), lambda: now[0])
    assert not journal.due(256) and journal.until_next(3) > 10**6
    now[0] = 5.0
    assert journal.due(512)
    journal = Journal(tmp_path, Every(steps=100))
    assert journal.until_next(130) == 70 and journal.due(200) and not journal.due(210)


def damage(path, how, where, what):
    """One of a file: bytes changed, an end cut off or put there, all of it gone, or a folder in its place."""
    content = bytearray(path.read_bytes())
    if how == "changed":
        for k, byte in enumerate(what):
            content[int((where + 0.1 * k) % 1 * len(content))] ^= byte
    elif how == "cut":
        content = content[: int(where * len(content))]
    elif how == "longer":
        content += what
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "gone":
        path.write_bytes(content)


@pytest.fixture(scope="module")
def halfway(tmp_path_factory):
    """(program, compiled, report of the run that nobody stopped, folder of one that was stopped, what it was asked for)"""
    given, folder = program(), tmp_path_factory.mktemp("halfway")
    compiled = compile_program(given)
    begun = unfinished.begin(asked(), given, compiled, folder / "out")

    def advanced(stage, done, total):
        if stage == "chip" and done >= 850:
            raise Stopped

    with pytest.raises(Stopped):
        pipeline.execute(given, compiled, advanced, 1, begun.journal)
    begun._lock.close()
    return given, compiled, pipeline.execute(given, compiled, threads=1), begun.folder, begun.asked


def files_of_a_folder():
    spikes = ("step", "source", "payload")
    pages = ("steps", "weight", "tag", "delay", "x1", "x2", "y1", "y2", "y3")
    rows = [*spikes, "counts", "states", "learned", *(f"synapses-0-{name}" for name in pages)]
    return ["asked.json", "checkpoint.npz", "lock", *(f"{name}.rows" for name in rows)]


def test_every_file_of_the_folder_is_damaged_below(halfway):
    assert sorted(path.name for path in halfway[3].iterdir()) == sorted(files_of_a_folder())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(files_of_a_folder()),
    how=st.sampled_from(["changed", "changed", "changed", "cut", "longer", "gone", "folder"]),
    where=st.floats(0, 1, exclude_max=True),
    what=st.lists(st.integers(1, 255), min_size=1, max_size=4).map(bytes),
)
def test_whatever_is_damaged_it_is_told_or_does_not_matter(halfway, tmp_path_factory, name, how, where, what):
    given, compiled, whole, folder, was_asked = halfway
    again = tmp_path_factory.mktemp("damaged") / folder.name
    shutil.copytree(folder, again)
    if how == "changed" and not (again / name).stat().st_size:
        return
    damage(again / name, how, where, what)
    try:
        begun = unfinished.open_(again)
        assert replace(begun.asked, out="") == replace(was_asked, out="")
        begun.check(given, compiled)
        report = pipeline.execute(given, compiled, None, 1, begun.journal)
    except (DataError, OutputError) as error:
        assert name in str(error) or name == "asked.json"  # of which without its file there is no run
        return
    assert name == "lock" or (how, name) == ("gone", "checkpoint.npz") or how in ("longer", "changed", "cut")
    same(report, whole)


@pytest.mark.parametrize("name", ["counts", "step", "synapses-0-weight", "learned", "payload"])
def test_one_changed_byte_is_told_with_what_can_be_done(halfway, tmp_path, name):
    """Found by users: of these files the length only was looked at."""
    shutil.copytree(halfway[3], tmp_path / "out.unfinished")
    damage(tmp_path / "out.unfinished" / f"{name}.rows", "changed", 0.4, b"U")
    told = rf"{name}.rows cannot be used: its rows are not what was written.*or delete .*out.unfinished and run it from the"
    with pytest.raises(DataError, match=told):
        unfinished.open_(tmp_path / "out")


def test_rows_that_are_missing_are_told(halfway, tmp_path):
    shutil.copytree(halfway[3], tmp_path / "out.unfinished")
    os.truncate(tmp_path / "out.unfinished" / "step.rows", 8)
    with pytest.raises(DataError, match=r"it has 8 bytes, and had [\d,]+ when the checkpoint"):
        unfinished.open_(tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no", b"\0" * 300])
def test_a_checkpoint_that_cannot_be_read_is_told(tmp_path, content):
    (tmp_path / "checkpoint.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"checkpoint.npz cannot be used: .*from the start"):
        Journal(tmp_path, Every(1))


def test_a_full_disk_leaves_the_last_checkpoint(whole, tmp_path, monkeypatch):
    given, compiled, expected = whole
    fsync, left = os.fsync, [40]

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no room for a checkpoint"):
        pipeline.execute(given, compiled, None, 1, Journal(tmp_path, Every(100)))
    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(tmp_path, Every(100))
    assert 0 < journal.begin.step < 1400
    same(pipeline.execute(given, compiled, None, 1, journal), expected)


# ---- the folder ----------------------------------------------------------------------------------------------------


def asked(**more):
    what = {"program": "learns.yaml", "overrides": (), "seed": None, "steps": None, "latency": None, "mapping": None}
    flags = dict.fromkeys(("in_floats", "neurobench", "timeline", "allow_code", "overwrite"), False)
    return Asked(**what, **flags, command=("neuroemu", "run"), folder=".", every=(100, 0.0), **more)


def test_a_folder_is_run_by_one_process_at_a_time(whole, tmp_path):
    given, compiled, _ = whole
    begun = unfinished.begin(asked(), given, compiled, tmp_path / "out")
    with pytest.raises(OutputError, match="another process"):
        unfinished.open_(tmp_path / "out")
    with pytest.raises(OutputError, match="neuroemu resume"):
        unfinished.begin(asked(), given, compiled, tmp_path / "out")
    begun.remove()
    assert not (tmp_path / "out.unfinished").exists()


def test_numbered_runs_take_the_next_number(whole, tmp_path):
    given, compiled, _ = whole
    both = [unfinished.begin(asked(numbered=True), given, compiled, tmp_path / "learns-1") for _ in range(2)]
    assert [Path(each.asked.out).name for each in both] == ["learns-1", "learns-2"]


def test_an_empty_folder_in_its_place_is_taken_over(whole, tmp_path):
    given, compiled, _ = whole
    (tmp_path / "out.unfinished").mkdir()
    begun = unfinished.begin(asked(), given, compiled, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out.unfinished"] and begun.asked.out == str(tmp_path / "out")


def test_one_that_was_moved_lands_beside_where_it_is_or_where_asked(whole, tmp_path):
    given, compiled, _ = whole
    unfinished.begin(asked(), given, compiled, tmp_path / "out")._lock.close()
    (tmp_path / "else").mkdir()
    (tmp_path / "out.unfinished").rename(tmp_path / "else" / "mine.unfinished")
    begun = unfinished.open_(tmp_path / "else" / "mine")
    assert begun.asked.out == str(tmp_path / "else" / "mine") and not begun.asked.overwrite
    begun._lock.close()
    begun = unfinished.open_(tmp_path / "else" / "mine.unfinished", tmp_path / "there", True)
    assert begun.asked.out == str(tmp_path / "there") and begun.asked.overwrite


def test_no_other_run_lands_where_an_unfinished_one_will(whole, tmp_path):
    given, compiled, _ = whole
    unfinished.check_free(tmp_path / "out")
    unfinished.begin(asked(), given, compiled, tmp_path / "out")
    with pytest.raises(OutputError, match="neuroemu resume"):
        unfinished.check_free(tmp_path / "out")


def test_another_neuroemu_does_not_go_on(whole, tmp_path, monkeypatch):
    given, compiled, _ = whole
    begun = unfinished.begin(asked(), given, compiled, tmp_path / "out")
    monkeypatch.setattr(unfinished, "sources", lambda: "other")
    with pytest.raises(DataError, match="neuroemu changed since"):
        begun.check(given, compiled)


def test_what_changed_since_is_told(whole, tmp_path):
    given, compiled, _ = whole
    begun = unfinished.begin(asked(), given, compiled, tmp_path / "out")
    begun.check(given, compiled)
    text = given.path.read_text()
    given.path.write_text(text + "# more\n")
    try:
        with pytest.raises(DataError, match=r"learns-\w+.yaml changed since"):
            begun.check(given, compiled)
    finally:
        given.path.write_text(text)
    energy = given.prices.energy_pj
    dearer = {**energy, Event.SPIKE_OUT: replace(energy[Event.SPIKE_OUT], value=1e6)}
    dearer = replace(given, prices=replace(given.prices, energy_pj=dearer))
    with pytest.raises(DataError, match="prices changed"):
        begun.check(dearer, compiled)


@pytest.mark.parametrize("path, what", [("nothing", "no nothing.unfinished beside it"), (".", "no run to go on with")])
def test_a_folder_without_an_unfinished_run_is_told(tmp_path, path, what):
    with pytest.raises(DataError, match=what):
        unfinished.open_(tmp_path / path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 9}', '{"format": 1, "asked": 3}'])
def test_a_damaged_folder_is_told(tmp_path, content):
    (tmp_path / "asked.json").write_text(content)
    with pytest.raises(DataError, match="cannot be read"):
        unfinished.open_(tmp_path)


@pytest.mark.parametrize(
    "text, every",
    [
        ("100", (100, 0.0)), ("60 s", (0, 60.0)), ("1 ms", (0, 0.001)), ("0", None), ("-3", None), ("x", None),
        ("5 J", None), ("inf", None),
    ],
)  # fmt: skip
def test_how_often_is_a_number_of_steps_or_a_time(text, every):
    import click

    if every is None:
        with pytest.raises(click.UsageError, match="Allowed: a number of steps"):
            every_of(text)
    else:
        assert every_of(text) == every


# ---- the command line ----------------------------------------------------------------------------------------------


ROOT = str(Path(__file__).resolve().parents[1])


def command(*arguments, cwd):
    return [sys.executable, "-m", "neuroemu", *arguments], {"cwd": cwd, "env": {**os.environ, "PYTHONPATH": ROOT}}


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A folder with a program of some seconds, and the run that nobody killed."""
    folder = tmp_path_factory.mktemp("long")
    text = PROGRAM.replace("RESET", "true").replace("steps: 700", "steps: 20000")
    (folder / "learns.yaml").write_text(text.replace("cell.v, ", "").replace("every: 90", "every: 8000"))
    arguments, more = command("run", "learns.yaml", "-o", "whole", "--quiet", cwd=folder)
    subprocess.run(arguments, check=True, capture_output=True, **more)
    return folder


def begun_and_killed(folder, out, number, after_checkpoint=True):
    arguments, more = command("run", "learns.yaml", "-o", out, "--quiet", "--checkpoint-every", "2000", cwd=folder)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, **more) as process:
        kept = folder / f"{out}.unfinished" / "checkpoint.npz"
        while process.poll() is None and not kept.exists():
            time.sleep(0.01)
        process.send_signal(number)
        return process.communicate()[1], process.returncode


def landed_as(folder, out):
    one, other = (json.loads((folder / name / "summary.json").read_text()) for name in (out, "whole"))
    apart = {"wall_s": 0, "image_from_cache": 0}
    assert {**one, **apart} == {**other, **apart}
    for name in ("spikes.h5", "weights.npz"):
        assert (folder / out / name).read_bytes() == (folder / "whole" / name).read_bytes()
    assert not (folder / f"{out}.unfinished").exists()


def test_killed_and_resumed_it_is_the_run_that_nobody_killed(long):
    _, code = begun_and_killed(long, "killed", signal.SIGKILL)
    assert code == -signal.SIGKILL and not (long / "killed").exists()
    arguments, more = command("resume", "killed", "--quiet", cwd=long)
    subprocess.run(arguments, check=True, capture_output=True, **more)
    landed_as(long, "killed")


def test_a_damaged_one_is_refused_once_and_kept(long):
    begun_and_killed(long, "damaged", signal.SIGKILL)
    folder = long / "damaged.unfinished"
    damage(folder / "step.rows", "changed", 0.0, b"U")
    arguments, more = command("resume", "damaged", "--quiet", cwd=long)
    done = subprocess.run(arguments, capture_output=True, text=True, **more)
    assert done.returncode == 2 and "its rows are not what was written" in done.stderr
    assert "neuroemu resume" not in done.stderr and (folder / "checkpoint.npz").exists()


def test_interrupted_it_says_how_to_go_on(long):
    arguments, more = command("run", "learns.yaml", "-o", "interrupted", "--quiet", cwd=long)
    told, code = begun_and_killed(long, "interrupted", signal.SIGTERM)
    assert code == 130 and "neuroemu resume" in told and "interrupted.unfinished" in told
    refused = subprocess.run(arguments, capture_output=True, text=True, **more)
    assert refused.returncode == 2 and "neuroemu resume interrupted.unfinished" in refused.stderr
    arguments, more = command("resume", "interrupted.unfinished", "--quiet", "--json", cwd=long)
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, **more)
    assert json.loads(done.stdout)["steps"] == 40000
    landed_as(long, "interrupted")


def test_a_run_that_finishes_leaves_nothing_beside_it(tmp_path):
    arguments, more = command("run", "quickstart", "-o", "q", "--quiet", "--checkpoint-every", "50", cwd=tmp_path)
    subprocess.run(arguments, check=True, capture_output=True, **more)
    assert [path.name for path in tmp_path.iterdir()] == ["q"]
    assert json.loads((tmp_path / "q" / "summary.json").read_text())["steps"] == 200
