"""The windy grid: its wind, its shortest way, who decides, and what the critic says."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from neuroemu.environments import Fired, Phase
from neuroemu.environments.windy_grid import COLUMNS, GOAL, START, STATES, WindyGrid, move

UP, RIGHT, DOWN, LEFT = range(4)


class Shown:
    """A View of spikes of 'actions': [(step, index)]."""

    def __init__(self, spikes):
        self.table = np.array(spikes, np.int64).reshape(-1, 2)

    def fired(self, population):
        assert population == "actions"
        return Fired(self.table[:, 0], self.table[:, 1], np.ones(self.table.shape[0], np.int32))


def phase(step, spikes, every=8, seed=1):
    return Phase(step, max(step - every, 0), every, 0, step == 0, seed, Shown(spikes))


@pytest.mark.parametrize(
    ("field", "action", "after"),
    [
        ((3, 0), RIGHT, (3, 1)),
        ((3, 0), LEFT, (3, 0)),  # the edge
        ((0, 0), UP, (0, 0)),
        ((3, 3), RIGHT, (2, 4)),  # a wind of 1
        ((3, 6), DOWN, (2, 6)),  # a wind of 2
        ((0, 7), RIGHT, (0, 8)),
        ((6, 9), DOWN, (6, 9)),
    ],
)
def test_the_wind_is_that_of_the_column_that_is_left(field, action, after):
    assert move(field, action) == after


def test_the_shortest_way_has_fifteen_steps():
    far, left = {START: 0}, deque([START])
    while left:
        field = left.popleft()
        for action in range(4):
            after = move(field, action)
            if after not in far:
                far[after] = far[field] + 1
                left.append(after)
    assert far[GOAL] == 15


def test_the_first_spike_decides():
    grid = WindyGrid("actions")
    grid.manage(phase(0, []))
    answer = grid.manage(phase(8, [(3, RIGHT), (4, LEFT), (7, LEFT)]))
    assert grid.field == (3, 1) and grid.decisions == 1 and grid.spikes == 3
    assert np.flatnonzero(answer["state"].all(axis=0)).tolist() == [3 * COLUMNS + 1] and answer["state"].sum() == 8
    assert answer["hold"][:, 0].tolist() == [0] * 7 + [1]
    assert answer["surprise"][:, 0].tolist() == [-16] + [0] * 7  # -1 in 1/16: the critic knew nothing


def test_without_a_spike_the_state_is_shown_again():
    grid = WindyGrid("actions")
    grid.manage(phase(0, []))
    answer = grid.manage(phase(8, []))
    assert (
        grid.field == START and grid.silent == 1 and not answer["surprise"].any() and grid.results()["decisions"] == 0
    )


def test_several_first_spikes_are_drawn_among():
    chosen = []
    for step in range(8, 4008, 8):
        grid = WindyGrid("actions")
        grid.manage(phase(step, [(step - 5, UP), (step - 5, RIGHT)]))
        chosen.append(grid.field)
    share = np.mean([field == (2, 0) for field in chosen])
    assert set(chosen) == {(2, 0), (3, 1)} and abs(share - 0.5) < 4 * 0.5 / np.sqrt(500)


def test_the_critic_is_td_lambda():
    grid = WindyGrid("actions", rate=0.5, trace=0.5)
    grid.manage(phase(0, []))
    grid.manage(phase(8, [(2, RIGHT)]))  # delta -1: V(3,0) = -0.5
    grid.manage(phase(16, [(10, LEFT)]))  # delta -1 - 0.5 - 0 = -1.5: V(3,1) = -0.75, V(3,0) = -0.5 - 0.375
    assert grid.value[3 * COLUMNS] == -0.875 and grid.value[3 * COLUMNS + 1] == -0.75
    assert np.count_nonzero(grid.value) == 2


def test_an_episode_ends_at_the_goal_or_is_given_up():
    grid = WindyGrid("actions", episodes=2, longest=3)
    grid.field = (3, 8)
    last = phase(8, [(1, DOWN)])  # (3, 8), down, wind 1: stays in row 3
    grid.manage(last)
    assert grid.field == (3, 8) and not last.ended
    grid.field = (4, 8)
    grid.manage(phase(16, [(9, LEFT)]))  # left and up by the wind of column 8: the goal
    assert grid.lengths == [2] and grid.field == START and not grid.eligible.any()
    for k in range(3):
        last = phase(24 + 8 * k, [(17 + 8 * k, LEFT)])
        grid.manage(last)
    assert grid.lengths == [2, 3] and last.ended
    assert grid.results()["mean_steps_of_the_last"] == 2.5


def test_it_begins_anew():
    grid = WindyGrid("actions")
    grid.manage(phase(8, [(3, RIGHT)]))
    grid.begin()
    assert grid.field == START and not grid.value.any() and grid.results()["decisions"] == 0


def test_what_it_sends_has_the_width_that_it_says():
    answer = WindyGrid("actions", every=5).manage(phase(0, [], every=5))
    assert {name: array.shape for name, array in answer.items()} == {
        "state": (5, STATES),
        "hold": (5, 1),
        "surprise": (5, 1),
    }
