"""Plots by matplotlib: each is a picture, what is missing is told."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu import library
from neuroemu.cli import cli
from neuroemu.errors import OutputError
from neuroemu.report.page.files import RunFiles
from neuroemu.report.plots import KINDS, pareto, raster, save
from neuroemu.report.plots.energy import figure as energy
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


def test_the_front_is_a_staircase_of_the_sweeps_own_goals(sweep):
    with sqlite3.connect(sweep / "points.sqlite") as file:
        file.execute('ALTER TABLE points ADD COLUMN "spikes" NUMERIC')
        file.execute("UPDATE points SET spikes = point * 1000")
    file.close()
    (sweep / "sweep.json").write_text(json.dumps({"goals": {"spikes": "max", "latency_ns.total": "min"}}))
    axis = pareto.figure(sweep, "", "").axes[0]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("spikes", "latency_ns.total")
    (front,) = axis.lines
    # of (0, 1) (1000, 4) (2000, 2) (3000, 3) (4000, 1) one beats all: most spikes and least time
    assert front.get_xdata().tolist() == [4000] and front.get_drawstyle() == "steps-pre"
    assert pareto.figure(sweep, "energy_pj.total", "").axes[0].get_ylabel() == "spikes"
    (sweep / "sweep.json").unlink()
    (front,) = pareto.figure(sweep, "", "").axes[0].lines
    assert front.get_xydata().tolist() == [[1, 4], [2, 2], [4, 1]] and front.get_drawstyle() == "steps-post"


def test_figures_have_units(sweep):
    drawn = pareto.figure(sweep, "", "")
    drawn.canvas.draw()
    axis = drawn.axes[0]
    assert all(tick.get_text().endswith("J") for tick in axis.get_xticklabels())
    assert all(tick.get_text().endswith("s") for tick in axis.get_yticklabels())


@pytest.fixture(scope="module")
def long_name(tmp_path_factory):
    """The files of a run with a population of 120 letters, which fires."""
    folder = tmp_path_factory.mktemp("long")
    text = library.find("programs", "quickstart", error=OutputError).read_text(encoding="utf-8")
    (folder / "long.yaml").write_text(text.replace("relay", "p" + "W" * 118 + "z"), encoding="utf-8")
    return RunFiles(neuroemu.run(folder / "long.yaml", folder / "run").folder)


def ticks(axis):
    """The texts of ticks that are drawn: those within the axis."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


@pytest.mark.parametrize("figure", [energy, raster.figure])
def test_a_long_name_is_cut_in_its_middle_and_nothing_at_an_edge(long_name, figure):
    drawn = figure(long_name)
    drawn.canvas.draw()
    texts = [
        text
        for axis in drawn.axes
        for text in (axis.xaxis.label, axis.yaxis.label, *ticks(axis.xaxis), *ticks(axis.yaxis))
        if text.get_text()
    ]
    assert any(text.get_text().startswith("pWW") and text.get_text().endswith("WWz") for text in texts)
    for text in texts:
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0 and box.x1 <= drawn.bbox.x1 and box.y1 <= drawn.bbox.y1, text.get_text()
    titles = [*([drawn._suptitle] if drawn._suptitle else []), *(axis._left_title for axis in drawn.axes)]
    boxes = [title.get_window_extent() for title in titles if title.get_text()]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_a_raster_has_whole_ticks(tmp_path):
    text = library.find("programs", "quickstart", error=OutputError).read_text(encoding="utf-8")
    (tmp_path / "one.yaml").write_text(text.replace("steps: 100", "steps: 1"), encoding="utf-8")
    drawn = raster.figure(RunFiles(neuroemu.run(tmp_path / "one.yaml", tmp_path / "run").folder))
    for axis in drawn.axes:
        low, high = sorted(axis.get_ylim())
        assert [t for t in axis.get_xticks() if 0.5 <= t <= 1.5] == [1]
        shown = [t for t in axis.get_yticks() if low <= t <= high]
        assert shown and all(t == int(t) and t >= 0 for t in shown)
