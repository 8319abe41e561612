"""Sweeps: the same figures as runs, as few runs as can be, and nothing lost."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

import neuroemu
from neuroemu.errors import OutputError, ProgramError
from neuroemu.files import program_file
from neuroemu.sweep import sweep
from neuroemu.sweep.tasks import VOLATILE, Look, Map, Price, Run
from tests.sweep.crews import ENERGY, LATENCY, Here, planned, swept, table

MIXED = (
    "network.populations.relay.threshold=0.8,1.0",
    "mapping.placement=sequential,hilbert",
    "run.latency=contended,analytic",
    "chip.prices.hop_east.energy=1 pJ,8 pJ",
    "chip.mesh.width=4,8",
)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """(plan, folder, outcome, crew) of 32 points of all kinds."""
    with pytest.MonkeyPatch.context() as patch:
        folder, plan = tmp_path_factory.mktemp("mixed") / "sweep", planned(*MIXED)
        return plan, folder, *swept(patch, plan, folder)


def test_every_point_costs_what_a_run_of_it_costs(mixed):
    plan, folder, outcome, _ = mixed
    with sqlite3.connect(folder / "points.sqlite") as file:
        found = dict(file.execute("SELECT point, summary FROM points"))
    for row in outcome.rows[::3]:
        fresh = neuroemu.run(program_file.read("quickstart", plan.overrides(row.values))).summary
        fresh = {key: value for key, value in fresh.items() if key not in VOLATILE} | {"ranges": None}
        assert json.loads(found[row.number]) == json.loads(json.dumps(fresh)), row.values
        assert row.figures[ENERGY] == fresh["energy_pj"]["total"]
        assert row.figures[LATENCY] == fresh["latency_ns"]["mean_step"]


def test_points_that_may_share_a_run_or_a_mapping_do(mixed):
    _, _, outcome, crew = mixed
    assert outcome.counts == {"run": 2, "map": 6, "price": 24, "failed": 0}  # by threshold; by placement and width
    assert len(crew.of(Run)) == 2 and len(crew.of(Map)) == 8


@pytest.mark.parametrize(
    ("vary", "counts"),
    [
        ("chip.prices.spike_out.energy=1 pJ..9 pJ:6", (1, 0, 5)),
        ("chip.prices.spike_out.time=1 ns..9 ns:6", (1, 0, 5)),
        ("run.latency=contended,flit,analytic,simple", (1, 0, 3)),
        ("mapping.placement=sequential,hilbert,force", (1, 2, 0)),
        ("chip.mesh.buffer=1,2,16", (1, 2, 0)),
        ("chip.core.axons_in=100,200,300", (1, 0, 2)),  # where all of them fit, and nobody is elsewhere
        ("mapping.parts={relay: 8, choice: 2},{relay: 4, choice: 2}", (2, 0, 0)),
        ("seed=1,2,3", (3, 0, 0)),
        ("run.steps=10,11", (2, 0, 0)),
        ("chip.registers.decay_max=4095,4000", (2, 0, 0)),
        ("chip=loihi1-davies2018,loihi1-sanafe", (1, 0, 1)),  # of one mesh
    ],
)
def test_what_a_field_asks_for(vary, counts, monkeypatch, tmp_path):
    outcome, crew = swept(monkeypatch, planned(vary), tmp_path / "sweep")
    found = outcome.counts
    assert (found["run"], found["map"], found["price"], found["failed"]) == (*counts, 0)
    assert len(crew.of(Run)) == found["run"]


def test_points_that_are_done_are_never_done_again(mixed, monkeypatch):
    plan, folder, outcome, _ = mixed
    before = table(folder)
    again, crew = swept(monkeypatch, plan, folder)
    assert crew.done == [] and table(folder) == before
    assert again.before == 32 and again.rows == outcome.rows and again.front == outcome.front


@pytest.mark.parametrize("ends_after", [0, 3, 12, 13, 15, 17])
def test_a_sweep_that_was_interrupted_goes_on_to_the_same_table(ends_after, mixed, monkeypatch, tmp_path):
    plan, folder, *_ = mixed
    ended, _ = swept(monkeypatch, plan, tmp_path / "sweep", ends_after=ends_after)
    done = len(table(tmp_path / "sweep")[1]) if (tmp_path / "sweep").exists() else 0
    outcome, crew = swept(monkeypatch, plan, tmp_path / "sweep")
    assert ended is None and outcome.before == done
    assert sum(len(task.points) for task in crew.of(Look)) == 32 - done
    assert table(tmp_path / "sweep") == table(folder)


def test_points_may_be_under_way_a_few_at_a_time(mixed, monkeypatch, tmp_path):
    plan, folder, *_ = mixed
    monkeypatch.setattr("neuroemu.sweep.conduct.AT_ONCE", 5)
    _, crew = swept(monkeypatch, plan, tmp_path / "sweep")
    assert table(tmp_path / "sweep") == table(folder) and len(crew.of(Run)) == 2


def test_more_points_of_a_search_go_on_from_those_that_are_there(monkeypatch, tmp_path):
    vary = ("chip.prices.spike_out.energy=1 pJ..9 pJ", "mapping.placement=sequential,hilbert")
    few, _ = swept(monkeypatch, planned(*vary, search="random", points=6), tmp_path / "sweep")
    more, crew = swept(monkeypatch, planned(*vary, search="random", points=9), tmp_path / "sweep")
    assert more.before == 6 and more.rows[:6] == few.rows and crew.of(Run) == []
    whole, _ = swept(monkeypatch, planned(*vary, search="random", points=9), tmp_path / "other")
    assert whole.rows == tuple(r for r in more.rows) or [r.figures for r in whole.rows] == [
        r.figures for r in more.rows
    ]


def test_a_search_that_was_interrupted_goes_on_to_the_same_table(monkeypatch, tmp_path):
    pytest.importorskip("optuna")
    vary = ("chip.mesh.width=1..8", "mapping.placement=sequential,hilbert", "chip.prices.spike_out.energy=1 pJ..9 pJ")
    plan = planned(*vary, search="nsga2", points=45, seed=2)
    whole, _ = swept(monkeypatch, plan, tmp_path / "whole")
    swept(monkeypatch, plan, tmp_path / "sweep", ends_after=30)
    assert 0 < len(table(tmp_path / "sweep")[1]) < 45
    swept(monkeypatch, plan, tmp_path / "sweep")
    assert table(tmp_path / "sweep") == table(tmp_path / "whole") and len(whole.rows) == 45


def test_a_point_that_fails_is_recorded_and_the_sweep_goes_on(monkeypatch, tmp_path):
    vary = ("chip.mesh.width=0,1,8", "network.populations.relay.threshold=1.0,-1.0", "chip.mesh.height=1,4")
    outcome, crew = swept(monkeypatch, planned(*vary), tmp_path / "sweep")
    assert outcome.counts == {"run": 1, "map": 1, "price": 0, "failed": 10}
    errors = {row.values: row.error for row in outcome.rows}
    assert "mesh.width: found 0" in errors[0, 1.0, 4]  # the chip file refuses it
    assert "threshold" in errors[8, -1.0, 4]
    assert "Does not fit" in errors[1, 1.0, 4]  # ten cores are needed
    assert [values for values, error in errors.items() if error is None] == [(8, 1.0, 1), (8, 1.0, 4)]
    again, crew = swept(monkeypatch, planned(*vary), tmp_path / "sweep")
    assert crew.done == [] and again.counts["failed"] == 10
    retried, crew = swept(monkeypatch, planned(*vary), tmp_path / "sweep", retry_failed=True)
    assert sum(len(task.points) for task in crew.of(Look)) == 10 and retried.rows == outcome.rows


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("chip.mesh.widht=2,4", "unknown key 'widht'"),
        ("network.populations.hiden.threshold=1.0,2.0", "hiden"),
        ("network.connections.7.delay=1,2", "has no '7'"),
        ("chip.prices.spike_out.energy=1,2", "has no unit"),
        ("chip=loihi9,loihi8", "loihi9"),
        ("run.latency=fast,slow", "latency"),
    ],
)
def test_a_sweep_none_of_whose_points_can_be_is_refused_before_it_runs(vary, said, monkeypatch, tmp_path):
    with pytest.raises(ProgramError, match=said):
        swept(monkeypatch, planned(vary), tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_a_program_with_a_mistake_or_without_what_is_wanted_is_told(monkeypatch, tmp_path):
    with pytest.raises(ProgramError, match="widht"):
        swept(monkeypatch, planned("seed=1,2", fixed=("chip.mesh.widht=2",)), tmp_path / "sweep")
    with pytest.raises(ProgramError, match="no 'decode'"):
        swept(monkeypatch, planned("seed=1,2", goals=("accuracy",)), tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()
    with pytest.raises(ProgramError, match=r"no point has a figure 'energy_pj\.by_core\.77'"):
        swept(monkeypatch, planned("seed=1,2", goals=("energy_pj.by_core.77",)), tmp_path / "sweep")


def test_what_a_worker_dies_of_is_one_point(monkeypatch, tmp_path):
    def dies(task):
        numbers = [item.number for item in task.points] if isinstance(task, Price) else []
        return 5 in numbers or (isinstance(task, Run) and task.number == 0)

    plan = planned("chip.prices.spike_out.energy=1 pJ..9 pJ:12")
    outcome, _ = swept(monkeypatch, plan, tmp_path / "sweep", dies=dies)
    assert [row.number for row in outcome.rows if row.error] == [0, 5]  # the next in order ran instead
    assert [row.how for row in outcome.rows][:3] == [None, "run", "price"]
    healthy, _ = swept(monkeypatch, plan, tmp_path / "sweep", retry_failed=True)
    assert healthy.counts["failed"] == 0


@pytest.mark.parametrize(
    ("vary", "more", "said"),
    [
        (("seed=1,2,3",), {}, "vary was"),
        (("seed=1,2",), {"goals": ("hops",)}, "goals was"),
        (("seed=1,2",), {"fixed": ()}, "set was"),
        (("seed=1,2",), {"search": "random"}, "search was"),
    ],
)
def test_another_sweep_in_the_folder_is_refused(vary, more, said, monkeypatch, tmp_path):
    swept(monkeypatch, planned("seed=1,2"), tmp_path / "sweep")
    before = table(tmp_path / "sweep")
    with pytest.raises(OutputError, match=said):
        swept(monkeypatch, planned(*vary, **more), tmp_path / "sweep")
    assert table(tmp_path / "sweep") == before


def test_a_program_that_has_changed_is_refused(monkeypatch, tmp_path):
    shutil.copy(program_file.read("quickstart").path, tmp_path / "mine.yaml")
    plan = planned("seed=1,2", program=tmp_path / "mine.yaml")
    swept(monkeypatch, plan, tmp_path / "sweep")
    (tmp_path / "mine.yaml").write_text((tmp_path / "mine.yaml").read_text().replace("tau_mem: 10 ms", "tau_mem: 9 ms"))
    with pytest.raises(OutputError, match="program that has changed"):
        swept(monkeypatch, plan, tmp_path / "sweep")


def test_a_file_among_the_values_that_has_changed_is_refused(monkeypatch, tmp_path):
    chip = tmp_path / "mine.yaml"
    chip.write_text("neuroemu_chip: 1\nname: mine\nextends: loihi1-davies2018\nmesh: {buffer: 2}\n")
    plan = planned(f"chip={chip},loihi1-davies2018", fixed=("run.steps=9",))
    outcome, _ = swept(monkeypatch, plan, tmp_path / "sweep")
    assert outcome.counts == {"run": 1, "map": 1, "price": 0, "failed": 0}
    chip.write_text(chip.read_text().replace("buffer: 2", "buffer: 3"))
    with pytest.raises(OutputError, match="program that has changed"):
        swept(monkeypatch, plan, tmp_path / "sweep")


def test_two_sweeps_at_once_in_a_folder_are_refused(monkeypatch, tmp_path):
    class Second(Here):
        def take(self):
            with pytest.raises(OutputError, match="another sweep is at work"):
                swept(monkeypatch, plan, tmp_path / "sweep")
            return super().take()

    plan = planned("seed=1,2")
    monkeypatch.setattr(sweep, "_crew", lambda setting, *_: Second(setting))
    assert sweep.run(plan, tmp_path / "sweep").counts["run"] == 2


@pytest.mark.parametrize("name", ["report.txt", "points.sqlite", "run.json"])
def test_a_folder_of_somebody_else_is_left_alone(name, monkeypatch, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="holds no sweep"):
        swept(monkeypatch, planned("seed=1,2"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_text() == "mine"


def test_files_that_were_damaged_are_told(monkeypatch, tmp_path):
    plan = planned("seed=1,2")
    swept(monkeypatch, plan, tmp_path / "sweep")
    (tmp_path / "sweep" / "points.sqlite").write_bytes(b"no table" * 200)
    with pytest.raises(OutputError, match=r"points\.sqlite cannot be opened"):
        swept(monkeypatch, plan, tmp_path / "sweep")
    (tmp_path / "sweep" / "sweep.json").write_text("{")
    with pytest.raises(OutputError, match=r"sweep\.json cannot be read"):
        swept(monkeypatch, plan, tmp_path / "sweep")


def test_programs_of_the_front_run_from_anywhere_to_the_same_figures(monkeypatch, tmp_path):
    for name in ("weights.npz", "mine.yaml", "mine-chip.yaml"):
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / name).touch()
    import numpy as np

    np.savez(tmp_path / "home" / "weights.npz", w=np.full((2, 4), 0.5))
    (tmp_path / "home" / "mine-chip.yaml").write_text(
        "neuroemu_chip: 1\nname: mine-chip\nextends: loihi1-davies2018\nmesh: {width: 2}\n"
    )
    (tmp_path / "home" / "mine.yaml").write_text(
        "neuroemu: 1\nname: mine\nchip: mine-chip.yaml\nnetwork:\n  populations:\n    eye: {size: 4, source: f}\n"
        "    cell: {size: 2, neuron: lif, tau_mem: 10 ms, threshold: 1.0}\n"
        "  connections: [{from: eye, to: cell, weights: 'weights.npz#w'}]\n"
        "inputs: {f: {values: [[0.9, 0.8, 0.1, 0.0]], encode: bernoulli}}\nrun: {steps: 20}\n"
    )
    vary = ("network.populations.cell.threshold=0.6,1.0", "chip.prices.spike_out.energy=1 pJ,2 pJ")
    plan = planned(*vary, program=tmp_path / "home" / "mine.yaml", fixed=(), goals=(ENERGY, "spikes:max"))
    outcome, _ = swept(monkeypatch, plan, tmp_path / "sweep")
    monkeypatch.chdir("/")
    assert len(outcome.programs) == len(outcome.front) >= 1
    for row, path in zip(outcome.front, outcome.programs, strict=True):
        summary = neuroemu.run(path).summary
        assert (summary["energy_pj"]["total"], summary["spikes"]) == (row.figures[ENERGY], row.figures["spikes"])


def test_the_page_asks_for_nothing_and_runs_nothing(mixed):
    _, folder, outcome, _ = mixed
    page = (folder / "sweep.html").read_text()
    assert not re.search(r"<script|https?://|src=|url\(|@import", page)
    assert len(page) < 300_000
    for row in outcome.front:
        assert f"best/point-{row.number}.yaml" in page and (folder / "best" / f"point-{row.number}.yaml").is_file()


def test_what_came_from_files_is_escaped_on_the_page(monkeypatch, tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    path = tmp_path / "evil.yaml"
    path.write_text(Path(program_file.read("quickstart").path).read_text())
    vary = (f"about='{evil}',x", "chip.mesh.width=0,8")
    swept(monkeypatch, planned(*vary, program=path), tmp_path / "sweep")
    page = (tmp_path / "sweep" / "sweep.html").read_text()
    assert evil not in page and "&lt;img src=x" in page


def test_ranges_may_be_goals_where_they_are_asked_for(monkeypatch, tmp_path):
    goal = "ranges.interval.total_pj.high"
    plan = planned("chip.prices.compartment_active.energy=81 pJ,82 pJ", goals=(goal,))
    outcome, _ = swept(monkeypatch, plan, tmp_path / "sweep")
    fresh = neuroemu.run(program_file.read("quickstart", plan.overrides(outcome.rows[1].values))).summary
    assert outcome.rows[1].figures[goal] == fresh["ranges"]["interval"]["total_pj"]["high"]
