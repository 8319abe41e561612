"""The windy grid: a walk to a goal across a wind, its critic on the host, and compartments whose first spike decides.

States are the fields of 7 rows and 10 columns; an action is a step up, right, down or left, and the wind of the column that is
left carries it up besides (Sutton & Barto, Reinforcement Learning, example 6.5; the shortest way has 15 steps). A phase is one
look at the state: the first spike of the actions decides, an even draw among those of the same step; without a spike it is
shown again. A step costs 1; the critic tells the chip of its surprise,

    delta = -1 + V(state after) - V(state before), V = 0 at the goal;  V += rate delta e,  e = trace e + [the state before]

rounded to 1/16. Source: seeds S0 (Rosenfeld, Simeone & Rajendran, First-to-spike policies, 2018); the critic is our choice.
"""

from __future__ import annotations

import numpy as np

from .environment import Environment
from .phase import Phase

ROWS, COLUMNS = 7, 10
WIND = np.array([0, 0, 0, 1, 1, 1, 2, 2, 1, 0])
START, GOAL = (3, 0), (3, 7)
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # up, right, down, left
STATES = ROWS * COLUMNS
UNIT = 16  # of delta


def move(field: tuple[int, int], action: int) -> tuple[int, int]:
    """The field after an action; the wind is that of the column that is left."""
    row = field[0] + MOVES[action, 0] - WIND[field[1]]
    column = field[1] + MOVES[action, 1]
    return int(np.clip(row, 0, ROWS - 1)), int(np.clip(column, 0, COLUMNS - 1))


class WindyGrid(Environment):
    """actions: a population of four.  episodes: after so many the run ends.  longest: steps, after which one is given up.

    every: of which the steps of a sample are a multiple.  rate, trace: of the critic.
    last: episodes that the result is the mean of.
    Sends 'state' (70 channels, the state's spikes in every step), 'hold' (a spike in the last step of a phase) and 'surprise'
    (delta in 1/16, in the first step after a decision).
    """

    def __init__(
        self,
        actions: str,
        every: int = 8,
        episodes: int = 1500,
        longest: int = 1000,
        rate: float = 0.1,
        trace: float = 0.8,
        last: int = 200,
    ) -> None:
        self.every, self.actions, self.episodes, self.longest = every, actions, episodes, longest
        self.rate, self.trace, self.last = rate, trace, last
        self.sends = {"state": STATES, "hold": 1, "surprise": 1}
        self.watches = {actions: len(MOVES)}
        self.begin()

    def begin(self) -> None:
        self.field, self.steps = START, 0
        self.value, self.eligible = np.zeros(STATES), np.zeros(STATES)
        self.lengths: list[int] = []
        self.decisions = self.spikes = self.silent = 0

    def manage(self, phase: Phase) -> dict[str, np.ndarray]:
        n = phase.n_steps
        surprise = np.zeros((n, 1), np.int64)
        if phase.step:
            surprise[:1] = self._decide(phase)
        state, hold = np.zeros((n, STATES), np.int64), np.zeros((n, 1), np.int64)
        state[:, self.field[0] * COLUMNS + self.field[1]] = 1
        hold[-1:] = 1
        if len(self.lengths) >= self.episodes:
            phase.end()
        return {"state": state, "hold": hold, "surprise": surprise}

    def _decide(self, phase: Phase) -> int:
        """Moves by the first spike; returns the surprise, 0 where there was none."""
        fired = phase.spikes(self.actions)
        if not fired.step.size:
            self.silent += 1
            return 0
        first = fired.index[fired.step == fired.step[0]]
        action = int(first[int(phase.uniforms(1, "tie")[0] * first.size)]) if first.size > 1 else int(first[0])
        before, self.field = self.field, move(self.field, action)
        self.steps += 1
        self.decisions += 1
        self.spikes += fired.step.size
        delta = self._surprise(before)
        if self.field == GOAL or self.steps >= self.longest:
            self.lengths.append(self.steps)
            self.field, self.steps = START, 0
            self.eligible[:] = 0.0
        return delta

    def _surprise(self, before: tuple[int, int]) -> int:
        """Teaches the critic; returns delta in 1/16, within -127..127."""
        state = before[0] * COLUMNS + before[1]
        after = 0.0 if self.field == GOAL else self.value[self.field[0] * COLUMNS + self.field[1]]
        delta = -1.0 + after - self.value[state]
        self.eligible *= self.trace
        self.eligible[state] += 1.0
        self.value += self.rate * delta * self.eligible
        return int(np.clip(np.rint(UNIT * delta), -127, 127))

    def results(self) -> dict[str, float]:
        """Episodes, mean steps of the last of them, decisions, spikes a decision, and phases without one."""
        n, last = self.decisions, self.lengths[-self.last :]
        return {
            "episodes": len(self.lengths),
            "mean_steps_of_the_last": float(np.mean(last)) if last else float("nan"),
            "decisions": n,
            "spikes_a_decision": self.spikes / n if n else float("nan"),
            "silent_phases": self.silent,
        }
