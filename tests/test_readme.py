"""Everything that the README shows works as shown."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu import library
from neuroemu.chip import PROFILES
from neuroemu.cli import cli
from neuroemu.files import program_file

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shell(line, folder):
    """A command line of the README in a folder, `neuroemu` being the one under test."""
    binaries = folder / "bin"
    binaries.mkdir(exist_ok=True)
    (binaries / "neuroemu").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neuroemu "$@"\n')
    (binaries / "neuroemu").chmod(0o755)
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"}
    return subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@cache
def first_run():
    """The run folder that the README prices again."""
    above = Path(tempfile.mkdtemp(prefix="neuroemu-test-"))
    atexit.register(shutil.rmtree, above, ignore_errors=True)
    neuroemu.run("digits", above / "first")
    return above / "first"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.yaml").write_text(blocks("yaml")[0])
    (tmp_path / "servo.py").write_text(blocks("python")[1])
    (tmp_path / "leaky.py").write_text(blocks("python")[2])
    (tmp_path / "learner.yaml").write_text(blocks("yaml")[1])
    (tmp_path / "servo.yaml").write_text(blocks("yaml")[2])
    (tmp_path / "own.yaml").write_text(blocks("yaml")[3])
    (tmp_path / "explore.yaml").write_text(next(block for block in blocks("text") if "neuroemu_sweep" in block))
    shutil.copy(ROOT / "tests" / "vectors" / "nir" / "norse_conv_lifbox.nir", tmp_path / "net.nir")
    return tmp_path


@pytest.mark.parametrize("line", "".join(blocks("bash")[2:]).splitlines())
def test_every_command_of_the_tutorial_works(line, folder, monkeypatch):
    for run in {"first", "look", "cheap", "spread"} & set(line.split()[2:4]):  # priced again, looked at, compared
        shutil.copytree(first_run(), folder / run)
    if set(line) & set("'\"&"):  # a shell's work; the others are as they are in this process, where numba is loaded
        done = shell(line, folder)
        assert done.returncode == 0, done.stderr
        return
    monkeypatch.chdir(folder)
    name, *arguments = line.split()
    assert name == "neuroemu"
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_the_tutorial_program_has_ten_lines():
    assert len(blocks("yaml")[0].splitlines()) <= 11


def test_the_model_of_your_own_does_what_it_says(folder):
    report = neuroemu.run(folder / "own.yaml", allow_code=True)
    v = report.traces.v["cell"]
    assert v.min() == 0 and v[:, 0].max() <= 300 < v[:, 1].max() <= 400


def test_the_servo_finds_its_rate(folder):
    results = neuroemu.run(folder / "servo.yaml", allow_code=True).summary["environment"]["results"]
    assert abs(results["spikes_in_last_phase"] - 12) <= 6 and 0.1 < results["rate"] < 0.9


@pytest.mark.parametrize("profile", PROFILES)
def test_every_arithmetic_named_is_one(folder, profile):
    assert f"`{profile}`" in README
    text = (folder / "mine.yaml").read_text()
    chip = f"chip: {{extends: loihi1-davies2018, arithmetic: {profile}}}"
    (folder / "mine.yaml").write_text(text.replace("chip: loihi1-davies2018", chip))
    assert program_file.read(folder / "mine.yaml").chip.arithmetic == PROFILES[profile]


def test_the_python_example_works(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_report_shown_is_the_report_recorded():
    shown = re.search(r"<!-- report: digits -->\n```text\n(.*?)```", README, re.DOTALL).group(1)
    recorded = (library.folder("programs") / "digits.report").read_text()
    assert shown.strip().splitlines() == recorded.strip().splitlines()[: len(shown.strip().splitlines())]


def test_the_errors_shown_are_the_errors_given(folder):
    text = (folder / "mine.yaml").read_text().replace("tau_mem: 10 ms, threshold", "tau_mem: 10, treshold")
    (folder / "mine.yaml").write_text(text)
    shown = re.search(r"<!-- error -->\n```text\n(.*?)```", README, re.DOTALL).group(1)
    done = shell("neuroemu check mine.yaml", folder)
    assert done.returncode == 2
    assert done.stderr.strip() == shown.strip()


def test_what_does_not_fit_is_shown_as_it_is_told(folder):
    shown = re.search(r"<!-- does not fit -->\n```text\n(.*?)```", README, re.DOTALL).group(1)
    done = shell("neuroemu check mine.yaml --set chip.core.axons_in=1", folder)
    assert done.returncode == 2
    assert done.stderr.strip() == shown.strip()


def test_ci_runs_exactly_the_test_command():
    assert blocks("bash")[1].strip() in (ROOT / ".ci" / "run").read_text().splitlines()
