"""Distal reward: a spike of one input shortly before one of its target is rewarded, a second or more later.

What it asks of a network is to find the synapse that earned the reward among all that were active since (Izhikevich, Cerebral
Cortex 17:2443-2452, 2007). Rewards lie one on another: while one is due, others are earned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .environment import Environment
from .phase import Phase


class DistalReward(Environment):
    """pre, post: populations; pre_index, post_index: the compartments whose coincidence counts.

    window: post spikes at most so many steps after pre, and not in the same step.  delay: [least, most] steps until the reward
    comes, drawn evenly; more than `every`, so that it is not past when it is known.  reward: -128..127, for `lasts` steps;
    where several last at once, their sum, within the byte. A rule whose gate is u_k sees each once if `lasts` is 2**k epochs.
    Sends 'reward', a channel.
    """

    def __init__(
        self,
        pre: str,
        post: str,
        pre_index: int = 0,
        post_index: int = 0,
        window: int = 10,
        delay: Sequence[int] = (1000, 3000),
        reward: int = 16,
        lasts: int = 1,
        every: int = 100,
    ) -> None:
        self.every, self.pre, self.post, self.reward, self.lasts = every, pre, post, reward, lasts
        self.pre_index, self.post_index = pre_index, post_index
        self.window, self.delay = window, (int(delay[0]), int(delay[1]))
        self.sends, self.watches = {"reward": 1}, {pre: 0, post: 0}
        self.begin()

    def begin(self) -> None:
        self.last = -(10**9)  # step of the last spike of pre
        self.due = np.empty(0, np.int64)  # steps, in no order
        self.earned = 0

    def manage(self, phase: Phase) -> dict[str, np.ndarray]:
        self.due = self.due[self.due + self.lasts > phase.step + 1]  # the others were sent, whole
        pre, post = phase.spikes(self.pre), phase.spikes(self.post)
        before = pre.step[pre.index == self.pre_index]
        after = post.step[post.index == self.post_index]
        n = self._coincidences(before, after)
        if n:
            low, high = self.delay
            waits = low + np.floor(phase.uniforms(n, "delay") * (high - low + 1)).astype(np.int64)
            self.due = np.concatenate([self.due, phase.step + waits])
            self.earned += n
        steps = phase.step + 1 + np.arange(phase.n_steps)[:, None]
        lasting = ((steps >= self.due) & (steps < self.due + self.lasts)).sum(axis=1)
        return {"reward": np.clip(self.reward * lasting[:, None], -128, 127)}

    def _coincidences(self, before: np.ndarray, after: np.ndarray) -> int:
        """Spikes of post that have one of pre within the window before them."""
        known = np.concatenate([[self.last], before])
        if before.size:
            self.last = int(before[-1])
        if not after.size:
            return 0
        latest = known[np.searchsorted(known, after, side="left") - 1]
        return int(np.count_nonzero((after - latest <= self.window) & (after > latest)))

    def results(self) -> dict[str, float]:
        """Rewards that were earned, and those of them that are still to come or going on."""
        return {"earned": self.earned, "due": int(self.due.size)}
