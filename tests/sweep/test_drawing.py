"""Drawing: what the pictures of sweep.html show lies within them."""

from __future__ import annotations

import pytest

from neuroemu.sweep import drawing
from neuroemu.sweep.axes import Listed
from neuroemu.sweep.goals import Goal
from neuroemu.sweep.table import Row


def row(number, values, figures):
    return Row(number, values, "run", None, 0.0, "", "", "", figures)


@pytest.mark.parametrize("n", [1, 2, 6])
@pytest.mark.parametrize("goal", ["latency_ns.mean_step", "energy_pj.by_population." + "x" * 60, "spikes"])
def test_names_and_ticks_of_axes_lie_in_the_picture(n, goal):
    keys = [f"network.populations.relay.threshold{k}" for k in range(n)]
    rows = [row(k, (k,) * n, {goal: 3e9 * k}) for k in (1, 2)]
    drawn = drawing.parallel([], rows, {key: Listed((1, 2)) for key in keys}, [Goal(goal, "min")])
    spans = []
    for k, rail in enumerate(drawn.rails):
        half = drawing.LETTER * len(rail.shown) / 2
        assert len(rail.shown) <= drawing.MOST_NAME and rail.at - half >= 0 and rail.at + half <= drawn.width
        assert rail.name.endswith(rail.shown.lstrip("…"))
        spans.append((k % 2, rail.at - half, rail.at + half))  # names stand in two rows by turns
    assert not any(a < d and c < b for k, (i, a, b) in enumerate(spans) for j, c, d in spans[:k] if i == j)
    last = drawn.rails[-1]
    assert all(last.x + 5 + drawing.LETTER * len(tick.text) <= drawn.width for tick in last.ticks)


def test_whole_values_have_whole_ticks():
    rows = [row(k, (k,), {"spikes": k}) for k in (1, 2, 3)]
    drawn = drawing.parallel([], rows, {"seed": Listed((1, 2, 3))}, [Goal("spikes", "min")])
    assert [tick.text for tick in drawn.rails[0].ticks] == ["1", "2", "3"]


@pytest.mark.parametrize("goal", ["synaptic_events", "energy_pj.by_population." + "x" * 90])
def test_names_and_ticks_of_a_scatter_lie_in_the_picture(goal):
    rows = [row(k, (k,), {goal: 123_456_789.0 * k, "spikes": 1_234_567.0 * k}) for k in (1, 3)]
    for goals in ([Goal(goal, "min"), Goal("spikes", "max")], [Goal("spikes", "max"), Goal(goal, "min")]):
        (drawn,) = drawing.scatters([], rows, ["seed"], goals)
        assert drawing.LETTER * len(drawn.x) <= drawing.WIDTH - drawing.RIGHT
        assert drawing.LETTER * len(drawn.y) <= drawing.WIDTH - drawing.LEFT
        assert all(tick.at + drawing.LETTER * len(tick.text) / 2 <= drawing.WIDTH for tick in drawn.x_ticks)
        assert all(drawing.LETTER * len(tick.text) <= drawing.LEFT - 8 for tick in drawn.y_ticks)
