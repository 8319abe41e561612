"""Plans: from options, from sweep files, and every mistake at once."""

from __future__ import annotations

import pytest

from neuroemu.errors import ProgramError
from neuroemu.sweep.candidates import candidates, key_of
from neuroemu.sweep.plan import of_options
from tests.sweep.crews import ENERGY, LATENCY, planned

FILE = """
neuroemu_sweep: 1
program: quickstart
set: {run.steps: 20}
vary:
  chip.mesh.width: [2, 4]
  chip.prices.spike_out.energy: 1 pJ..4 pJ:log
goals: {energy_pj.total: min, spikes: max}
search: random
points: 12
seed: 5
"""


def test_a_sweep_file_says_it_all_and_options_lie_over_it(tmp_path):
    (tmp_path / "explore.yaml").write_text(FILE)
    plan = of_options(str(tmp_path / "explore.yaml"))
    assert plan.program.name == "quickstart.yaml" and plan.fixed == ("run.steps=20",)
    assert (plan.search, plan.points, plan.seed, plan.keys[0]) == ("random", 12, 5, "chip.mesh.width")
    over = of_options(str(tmp_path / "explore.yaml"), ("seed=3",), ("chip.mesh.width=8",), ("spikes:min",), "tpe", 7, 1)
    assert over.fixed == ("run.steps=20", "seed=3") and over.vary["chip.mesh.width"].all() == (8,)
    assert (over.search, over.points, over.seed) == ("tpe", 7, 1)
    assert {goal.key: goal.direction for goal in over.goals} == {"energy_pj.total": "min", "spikes": "min"}
    assert plan.hash != over.hash and plan.hash == of_options(str(tmp_path / "explore.yaml")).hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("neuroemu_sweep: 1", "neuroemu_sweep: 2"), "neuroemu_sweep"),
        (("program: quickstart", "program: quikstart"), "quickstart"),
        (("search: random", "search: annealing"), "search"),
        (("points: 12", "points: 0"), "points"),
        (("points: 12", "workers: 2"), "unknown key 'workers'"),
        (("goals: {energy_pj.total: min, spikes: max}", "goals: {energy.total: min}"), "energy_pj.total"),
        (("[2, 4]", "[]"), "there is no value"),
        (("[2, 4]", "4"), "vary"),
        (("1 pJ..4 pJ:log", "4 pJ..1 pJ"), "empty"),
        (("chip.mesh.width", "'chip..width'"), "no dotted key"),
    ],
)
def test_a_sweep_file_with_a_mistake_is_refused(tmp_path, change, said):
    (tmp_path / "explore.yaml").write_text(FILE.replace(*change))
    with pytest.raises(ProgramError, match=said):
        of_options(str(tmp_path / "explore.yaml"))


@pytest.mark.parametrize(
    ("vary", "more", "said"),
    [
        ((), {}, "varies nothing"),
        (("seed=1,2",), {"goals": ()}, "no goal"),
        (("seed=1,2",), {"points": 5}, "a grid has its own points"),
        (("run=1,2", "run.steps=3"), {}, "'run' is varied, too"),
        (("chip.mesh.width=0.5..2",), {}, "how many values"),
        (("seed=1,2",), {"program": "quikstart"}, "quickstart"),
    ],
)
def test_a_plan_that_is_none_is_told(vary, more, said):
    with pytest.raises(ProgramError, match=said):
        planned(*vary, **more)


@pytest.mark.parametrize(
    ("fixed", "vary", "both"),
    [
        ((), ("run.steps=10,20", "run.steps=30"), ("'--vary run.steps=10,20'", "'--vary run.steps=30'")),
        (("run.steps=3",), ("run.steps=10,20",), ("'--set run.steps=3'", "'--vary run.steps=10,20'")),
        (("seed=3", "seed=4"), ("run.steps=10,20",), ("'--set seed=3'", "'--set seed=4'")),
        (("chip.mesh.width=4",), ("chip=odin",), ("'--set chip.mesh.width=4'", "'--vary chip=odin'")),
    ],
)
def test_nothing_given_is_dropped(fixed, vary, both):
    with pytest.raises(ProgramError) as caught:
        planned(*vary, fixed=fixed)
    (problem,) = caught.value.problems
    assert all(each in problem.what for each in both) and problem.path == (fixed or vary)[0].partition("=")[0]


@pytest.mark.parametrize(
    ("fixed", "vary", "undone"),
    [
        (("chip.mesh.width=2",), (), "'--set chip.mesh.width=2' would be undone by 'vary: chip.mesh.width'"),
        ((), ("run=1,2",), "'set: run.steps=20' would be undone by '--vary run=1,2'"),
        ((), ("run.steps=1,2",), None),  # an option lies over the file
    ],
)
def test_options_lie_over_a_sweep_file_and_not_under_it(tmp_path, fixed, vary, undone):
    (tmp_path / "explore.yaml").write_text(FILE)
    if undone is None:
        assert of_options(str(tmp_path / "explore.yaml"), fixed, vary).vary["run.steps"].all() == (1, 2)
        return
    with pytest.raises(ProgramError) as caught:
        of_options(str(tmp_path / "explore.yaml"), fixed, vary)
    assert undone in str(caught.value)


def test_every_mistake_is_told_at_once():
    with pytest.raises(ProgramError) as caught:
        of_options("quickstart", (), ("a", "b=2..1"), ("energy",))
    assert len(caught.value.problems) == 3


def drain(plan, answer=lambda values: (float(values[0]), -float(values[0]))):
    source, found = candidates(plan), []
    while batch := source.batch():
        assert not {key_of(values) for values in batch} & {key_of(values) for values in found}
        found += batch
        source.tell({key_of(values): answer(values) for values in batch})
    return found


def test_a_grid_is_every_combination():
    assert drain(planned("seed=1,2", "run.steps=5,6,7")) == [(s, n) for s in (1, 2) for n in (5, 6, 7)]


@pytest.mark.parametrize("search", ["random", "nsga2", "tpe"])
def test_more_points_of_a_search_begin_with_the_same(search):
    if search != "random":
        pytest.importorskip("optuna")
    vary = ("seed=0..100000", "chip.prices.spike_out.energy=1 pJ..9 pJ:log", "mapping.placement=sequential,hilbert")
    few, more = (drain(planned(*vary, search=search, points=n, seed=4)) for n in (30, 45))
    assert len(few) == 30 and len(more) == 45 and more[:30] == few
    assert drain(planned(*vary, search=search, points=30, seed=5)) != few


@pytest.mark.parametrize("search", ["random", "nsga2", "tpe"])
def test_a_space_with_fewer_points_than_wanted_is_walked_and_ends(search):
    if search != "random":
        pytest.importorskip("optuna")
    assert sorted(drain(planned("seed=1..5", search=search, points=40))) == [(1,), (2,), (3,), (4,), (5,)]


def test_points_that_failed_do_not_stop_a_search():
    pytest.importorskip("optuna")
    plan = planned("seed=0..1000", search="nsga2", points=50)
    assert len(drain(plan, lambda values: None if values[0] % 2 else (1.0, float(values[0])))) == 50


def test_a_search_finds_what_is_better():
    pytest.importorskip("optuna")
    plan = planned("seed=0..100000", search="tpe", points=80, goals=(ENERGY, LATENCY))
    found = drain(plan, lambda values: (abs(values[0] - 70000) / 1e5, 1.0))
    assert min(abs(values[0] - 70000) for values in found[16:]) < 3000
