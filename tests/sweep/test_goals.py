"""Goals: every figure of a summary can be one, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.errors import ProgramError
from neuroemu.files import program_file
from neuroemu.sweep import goals
from neuroemu.sweep.front import front
from neuroemu.sweep.goals import FIGURES, TABLES, Goal, figure, goals_of
from neuroemu.sweep.table import Row
from tests.sweep.crews import SPREAD

NO_FIGURES = ("seed", "wall_s")


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def test_every_number_of_a_summary_is_a_figure_or_in_a_table():
    summary = neuroemu.run(program_file.read("quickstart", (*SPREAD, "report.float_reference=true"))).summary
    found = set(leaves(summary))
    assert found - set(NO_FIGURES) - {key for key in found if key.startswith(TABLES)} <= set(FIGURES)
    assert {key for key in FIGURES if figure(summary, key) is not None} >= set(goals.HEADLINES) - {"accuracy"}
    for key in FIGURES:  # all of them are places of a summary, whatever stands there
        here = summary
        for part in key.split("."):
            here = {} if here is None else here.get(part, {})


def test_names_with_dots_are_found():
    assert figure({"energy_pj": {"by_population": {"a.b": 3.0}}}, "energy_pj.by_population.a.b") == 3.0
    assert figure({"a": True}, "a") is None and figure({"a": "x"}, "a") is None and figure({}, "a.b") is None
    assert figure({"a": float("inf")}, "a") is None


def test_directions_are_the_usual_ones_unless_told():
    given = [("energy_pj.total", ""), ("accuracy", ""), ("spikes", "max")]
    assert [goal.direction for goal in goals_of(given, "")] == ["min", "max", "max"]


@pytest.mark.parametrize(
    ("key", "direction", "said"),
    [
        ("energy_pj.totl", "", "energy_pj.total"),
        ("energy", "", "no figure 'energy'"),
        ("energy_pj", "", "no figure"),
        ("energy_pj.by_core.", "", "no figure"),
        ("", "", "no figure is named"),
        ("seed", "", "no figure"),
        ("spikes", "least", "no direction"),
    ],
)
def test_what_is_no_goal_is_told(key, direction, said):
    with pytest.raises(ProgramError, match=said):
        goals_of([(key, direction)], "--goal")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("accuracy", "no 'decode'"),
        ("quantisation.float.accuracy", "report.float_reference=true"),
        ("learning.products", "nothing in the program learns"),
        ("energy_pj.by_event.spike", "spike_out"),
        ("energy_pj.by_population.hidden", "relay"),
    ],
)
def test_a_goal_that_a_program_cannot_have_is_told_before_it_runs(key, said):
    (problem,) = goals.problems([Goal(key, "min")], program_file.read("quickstart"))
    assert said in str(problem)


def rows_of(costs, names="ab"):
    return [Row(k, (k,), "run", None, 0.0, "", "", "", dict(zip(names, c, strict=True))) for k, c in enumerate(costs)]


def test_the_front_is_what_nobody_beats():
    random = np.random.default_rng(3)
    for n in (1, 2, 30):
        costs = random.integers(0, 6, (n, 3)).astype(float)
        rows, wanted = rows_of(costs, "abc"), (Goal("a", "min"), Goal("b", "max"), Goal("c", "min"))
        signed = costs * [1, -1, 1]
        kept = {k for k, c in enumerate(signed) if not any((o <= c).all() and (o < c).any() for o in signed)}
        assert {row.number for row in front(rows, wanted)} == kept


def test_what_failed_or_lacks_a_figure_is_on_no_front():
    rows = rows_of([(1.0, 1.0), (0.0, None)])
    failed = Row(9, (9,), None, "why", 0.0, "", "", "", {"a": None, "b": None})
    assert [row.number for row in front([*rows, failed], (Goal("a", "min"), Goal("b", "min")))] == [0]
    assert front([failed], (Goal("a", "min"),)) == []
