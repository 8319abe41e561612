"""The bandit: arms that pay with a chance each, and a population whose spikes choose.

In a phase the compartment that spiked most often has pulled its arm, the first of several; where none spiked, nobody has.
Right after it the reward arrives, in one step: `win` where the arm paid, `loss` where it did not. After `swap` pulls the
chances go round by one arm, so that what was best is not any more; 0: never.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .environment import Environment
from .phase import Phase


class Bandit(Environment):
    """actions: the population that chooses, a compartment an arm.  chances: of each arm, 0..1.  win, loss: -128..127.

    Sends 'reward', a channel, and 'go', a channel that has a spike in the first step of each phase.
    """

    def __init__(
        self, actions: str, chances: Sequence[float], every: int = 20, win: int = 1, loss: int = 0, swap: int = 0
    ) -> None:
        self.every, self.actions, self.win, self.loss, self.swap = every, actions, win, loss, swap
        self.chances = np.array(chances, np.float64)
        self.sends = {"reward": 1, "go": 1}
        self.watches = {actions: self.chances.size}
        self.begin()

    def begin(self) -> None:
        self.pulls = np.zeros(self.chances.size, np.int64)
        self.best = self.paid = self.silent = 0

    def manage(self, phase: Phase) -> dict[str, np.ndarray]:
        first = np.zeros((phase.n_steps, 1), np.int64)
        first[:1] = 1
        index = phase.spikes(self.actions).index
        if phase.step == phase.since:
            return {"go": first}
        if index.size == 0:
            self.silent += 1
            return {"go": first}
        arm = int(np.bincount(index, minlength=self.chances.size).argmax())
        turned = np.roll(self.chances, int(self.pulls.sum()) // self.swap) if self.swap else self.chances
        paid = bool(phase.uniforms(1, "arm")[0] < turned[arm])
        self.pulls[arm] += 1
        self.paid += paid
        self.best += bool(turned[arm] == turned.max())
        return {"go": first, "reward": first * (self.win if paid else self.loss)}

    def results(self) -> dict[str, float]:
        """pulls, the share that paid, the share of the best arm, phases without a choice."""
        n = int(self.pulls.sum())
        shares = {"paid": self.paid / n, "best_arm": self.best / n} if n else {}
        return {"pulls": n, **shares, "silent": self.silent}
