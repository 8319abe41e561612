"""Plots by matplotlib: each is a picture, what is missing is told."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu.cli import cli
from neuroemu.errors import OutputError
from neuroemu.report.plots import KINDS, save
from neuroemu.report.plots.pareto import front, read

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return neuroemu.run("quickstart", tmp_path_factory.mktemp("plots") / "run").folder


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pareto"])
def test_a_run_is_drawn(run, tmp_path, kind):
    done = CliRunner().invoke(cli, ["plot", kind, str(run), "-o", str(tmp_path / "x.png")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def sweep(tmp_path):
    rows = [(4.0, 1.0), (1.0, 4.0), (2.0, 2.0), (3.0, 3.0), (None, 1.0)]
    with sqlite3.connect(tmp_path / "points.sqlite") as file:
        file.execute('CREATE TABLE points (point INTEGER, "energy_pj.total" NUMERIC, "latency_ns.total" NUMERIC)')
        file.executemany("INSERT INTO points VALUES (?, ?, ?)", [(k, *row) for k, row in enumerate(rows)])
    file.close()
    return tmp_path


def test_pareto_reads_a_database_and_a_table_alike(sweep, tmp_path):
    names = ("energy_pj.total", "latency_ns.total")
    found = read(sweep, names)
    assert found.tolist() == [[4, 1], [1, 4], [2, 2], [3, 3]]
    save("pareto", sweep, tmp_path / "p.svg")
    assert "<svg" in (tmp_path / "p.svg").read_text()
    (sweep / "points.sqlite").unlink()
    (sweep / "points.csv").write_text("energy_pj.total,latency_ns.total\n4,1\n1,4\n2,2\n3,3\n,1\n")
    assert np.array_equal(read(sweep, names), found)


def test_the_front_is_what_no_other_beats():
    costs = np.random.default_rng(5).integers(0, 12, (200, 2)).astype(float)
    beaten = [any(np.all(b <= a) and np.any(b < a) for b in costs) for a in costs]
    assert sorted(front(costs).tolist()) == [k for k, is_beaten in enumerate(beaten) if not is_beaten]


def test_what_is_missing_is_told(run, sweep, tmp_path, monkeypatch):
    with pytest.raises(OutputError, match="no results of a sweep"):
        save("pareto", run, tmp_path / "p.png")
    with pytest.raises(OutputError, match=r"no column 'nothing'.*energy_pj\.total"):
        save("pareto", sweep, tmp_path / "p.png", x="nothing")
    with pytest.raises(OutputError, match="not the folder of a run"):
        save("mesh", tmp_path / "nowhere", tmp_path / "p.png")
    with pytest.raises(OutputError, match="Allowed: "):
        save("mesh", run, tmp_path / "p.gif")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"neuroemu\[plot\]"):
        save("mesh", run, tmp_path / "p.png")
