"""The host of programs/seeds/node_perturbation.yaml: shows digits, perturbs the outputs, tells by how much the loss fell.

A phase is a showing of `every` steps. A training sample has two: its spikes, and the same spikes with noise of +-1 for each
output in every step. What the loss of the second is less than that of the first is sent in all steps of the next showing,
within +-TOLD. Spikes of a showing's first SKIPPED steps do not count: they are still those of the showing before. Then each
of the held-out samples is shown once, and the output that spiked most is the answer, the lowest on a tie.
"""

from __future__ import annotations

import numpy as np

import neuroemu
from neuroemu.data import DATASETS, Split

CLASSES, PIXELS, TOLD, SKIPPED = 10, 64, 40, 2
WANTED = 6  # spikes of the label's output in a showing


def loss(counts: np.ndarray, label: int) -> int:
    """Squared distance of the outputs' spikes from what was wanted.  counts: (CLASSES,)."""
    return int(((counts - WANTED * (np.arange(CLASSES) == label)) ** 2).sum())


class Perturbed(neuroemu.Environment):
    """output: ten compartments.  Sends 'pixels' (64 and one that is always on), 'noise' (10), 'fell' (the reward).

    trained, tested: how many samples of either side, 0 for all.
    """

    def __init__(self, output: str, passes: int, every: int = 8, trained: int = 0, tested: int = 0) -> None:
        self.every, self.output, self.passes = every, output, passes
        train, test = (DATASETS["sklearn:digits"].load(Split(side, 540, 0)) for side in ("train", "test"))
        self.values, self.labels = train.values[: trained or None], train.labels[: trained or None]
        self.test_values, self.test_labels = test.values[: tested or None], test.labels[: tested or None]
        self.sends = {"pixels": PIXELS + 1, "noise": CLASSES, "fell": 1}
        self.watches = {output: CLASSES}
        self.begin()

    def begin(self) -> None:
        self.showing = 0  # how many have begun
        self.order = np.arange(len(self.labels))
        self.raster = np.zeros((self.every, PIXELS + 1), np.int64)
        self.clean = self.right = 0

    @property
    def learned(self) -> int:
        """Showings of training."""
        return 2 * self.passes * len(self.labels)

    def shown(self, phase: neuroemu.Phase, values: np.ndarray) -> None:
        """Draws the spikes of a sample.  values: (PIXELS,)."""
        drawn = phase.uniforms(self.every * PIXELS, "pixels").reshape(self.every, PIXELS)
        self.raster = np.hstack([drawn < values, np.ones((self.every, 1), bool)]).astype(np.int64)

    def manage(self, phase: neuroemu.Phase) -> dict[str, np.ndarray]:
        answer: dict[str, np.ndarray] = {}
        now, self.showing = self.showing, self.showing + 1
        fired = phase.spikes(self.output)
        counts = np.bincount(fired.index[fired.step - phase.since > SKIPPED], minlength=CLASSES)
        n = len(self.labels)
        if 0 < now <= self.learned:
            label = int(self.labels[self.order[(now - 1) // 2 % n]])
            if now % 2:
                self.clean = loss(counts, label)
            else:
                answer["fell"] = np.array([np.clip(self.clean - loss(counts, label), -TOLD, TOLD)])
        elif now > self.learned:
            self.right += int(counts.argmax() == self.test_labels[now - 1 - self.learned])
        if now == self.learned + len(self.test_labels):
            phase.end()
            return answer
        if now >= self.learned:
            self.shown(phase, self.test_values[now - self.learned])
        elif now % 2 == 0:
            if now % (2 * n) == 0:
                self.order = np.argsort(phase.uniforms(n, "order"), kind="stable")
            self.shown(phase, self.values[self.order[now // 2 % n]])
        else:
            answer["noise"] = np.where(phase.uniforms(CLASSES, "noise") < 0.5, -1, 1)
        return answer | {"pixels": self.raster}

    def results(self) -> dict[str, float]:
        """The share of held-out digits that were known."""
        seen = self.showing - 1 - self.learned
        return {"accuracy": self.right / seen} if seen > 0 else {}
