"""neuroemu sweep, as it is typed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from neuroemu.cli import cli
from neuroemu.errors import ProgramError
from neuroemu.sweep import sweep
from tests.sweep.crews import Here

SHORT = ("--set", "run.steps=5", "--quiet")
GOALS = ("--goal", "energy_pj.total", "--goal", "latency_ns.mean_step")


@pytest.fixture
def typed(monkeypatch, in_empty_folder):
    """A command line, its workers in this process."""
    monkeypatch.setattr(sweep, "_crew", lambda setting, *_: Here(setting))
    return lambda *words: CliRunner().invoke(cli, ["sweep", "quickstart", *SHORT, *words])


def test_it_says_what_it_did_and_where_it_is(typed, in_empty_folder):
    done = typed("--vary", "chip.mesh.width=0,4,8", "--vary", "run.latency=contended,simple", *GOALS)
    assert done.exit_code == 0, done.output
    (folder,) = (in_empty_folder / "sweeps").iterdir()
    assert "6 points" in done.output and "1 run, 1 mapped again, 2 priced again, 2 failed" in done.output
    assert "2 points failed, the first point 0 (chip.mesh.width=0, run.latency=contended)" in done.output
    assert f"sweeps/{folder.name}: sweep.html, points.sqlite" in done.output
    again = typed("--vary", "chip.mesh.width=0,4,8", "--vary", "run.latency=contended,simple", *GOALS)
    assert "(6 were there before)" in again.output and len(list((in_empty_folder / "sweeps").iterdir())) == 1


def test_json_has_the_front(typed):
    done = typed("--vary", "chip.mesh.width=4,8", *GOALS, "--json", "-o", "here")
    found = json.loads(done.stdout)
    assert (found["points"], found["run"], found["map"], found["failed"]) == (2, 1, 1, 0)
    assert found["goals"] == {"energy_pj.total": "min", "latency_ns.mean_step": "min"}
    assert found["front"][0]["values"] == {"chip.mesh.width": 4} and len(found["programs"]) == len(found["front"])


def test_where_every_point_fails_it_ends_with_2(typed):
    # Each can be read; none fits.
    done = typed("--vary", "chip.core.axons_in=1,2", *GOALS, "-o", "here")
    assert done.exit_code == 2 and "2 failed" in done.output and "axons_in" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vary", "seed=1,2"), "no goal"),
        (GOALS, "varies nothing"),
        (("--vary", "seed=1,2", "--goal", "energy"), "no figure 'energy'"),
        (("--vary", "seed=", *GOALS), "no value"),
        (("--vary", "sead=1,2", *GOALS), "unknown key 'sead'"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_made(typed, in_empty_folder, words, said):
    done = typed(*words, "-o", "here")
    assert isinstance(done.exception, ProgramError) and said in str(done.exception)
    assert list(in_empty_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--jobs", "2", "--scheduler", "tcp://x:1"), "--jobs"),
        (("-o", " "), "-o is empty"),
        (("--points", "0"), "--points"),
        (("--search", "annealing"), "--search"),
    ],
)
def test_options_that_do_not_go_together_are_told(typed, words, said):
    done = typed("--vary", "seed=1,2", *GOALS, *words)
    assert done.exit_code == 2 and said in done.output


def test_the_schema_of_sweep_files_can_be_printed():
    done = CliRunner().invoke(cli, ["schema", "sweep"])
    assert set(json.loads(done.output)["required"]) == {"neuroemu_sweep", "program"}
