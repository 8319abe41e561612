"""Album: snapshots of plastic projections while a run goes on, with the user's numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...compiler.image import ChipImage, Plastic
from ...counters import Snapshots
from ...spool import Spool
from .learners import Learner, Synaptic

_KEPT = ("weight", "delay", "tag")
_PAGE = (*_KEPT, "x1", "x2", "y1", "y2", "y3")
MEMORY = 1 << 28  # bytes of all pages that stay in memory


class Album:
    """Collects.  every: by projection, after how many steps each a snapshot is taken; others have the first and the last.

    first: the step that is behind when the run begins.  spool: makes one of (name, type, shape of a row, bytes in memory);
    where its pages are there already, the first one is, too.
    """

    def __init__(
        self,
        image: ChipImage,
        synaptic: tuple[Synaptic, ...],
        every: dict[str, int],
        first: int,
        spool: Callable[[str, type, tuple[int, ...], int], Spool],
        memory: int = MEMORY,
    ) -> None:
        self._image, self._synaptic = image, synaptic
        self._every = [every.get(each.name, 0) for each in image.plastic]
        self._order = [_by_number(each.first, each.post, each.pre_number, each.post_number) for each in image.plastic]
        each_memory = memory // max(len(image.plastic) * len(_PAGE), 1)
        self._steps = [spool(f"synapses-{k}-steps", np.int64, (), memory) for k in range(len(image.plastic))]
        self._pages = [
            {key: spool(f"synapses-{k}-{key}", np.int16, (_width(each, key),), each_memory) for key in _PAGE}
            for k, each in enumerate(image.plastic)
        ]
        self._last = [int(steps.array()[-1]) if steps.n else -1 for steps in self._steps]
        for k in range(len(image.plastic)):
            if not self._steps[k].n:
                self._take(k, first, None)

    def until_next(self, done: int) -> int:
        """How many steps may pass before the next snapshot is due."""
        return min((every - done % every for every in self._every if every), default=2**31)

    def look(self, done: int, learners: list[Learner]) -> None:
        """Takes what is due after a step.  learners: of all threads; those of the first stand first."""
        for k, every in enumerate(self._every):
            if every and done % every == 0:
                self._take(k, done, learners[k])

    def snapshots(self, done: int, learners: list[Learner]) -> dict[str, Snapshots]:
        """All of them, the last step's included."""
        found = {}
        for k, each in enumerate(self._image.plastic):
            if self._last[k] != done:
                self._take(k, done, learners[k])
            order = self._order[k]
            pre = np.repeat(np.arange(each.pre_number.size), np.diff(each.first))
            pages = {key: spool.array() for key, spool in self._pages[k].items()}
            found[each.name] = Snapshots(
                self._steps[k].array(),
                each.pre_number[pre][order].astype(np.int32),
                each.post_number[each.post][order].astype(np.int32),
                pages["weight"],
                pages["delay"],
                pages["tag"],
                each.left - each.right,
                {key: pages[key] for key in ("x1", "x2")},
                {key: pages[key] for key in ("y1", "y2", "y3")},
            )
        return found

    def now(self, k: int) -> tuple[np.ndarray, ...]:
        """(pre, post, weight, tag) of the k-th projection as it is, by the user's numbers."""
        each, own, order = self._image.plastic[k], self._synaptic[k], self._order[k]
        pre = np.repeat(np.arange(each.pre_number.size), np.diff(each.first))[order]
        return each.pre_number[pre], each.post_number[each.post[order]], own.weight[order], own.tag[order]

    def _take(self, k: int, step: int, learner: Learner | None) -> None:
        each, own = self._image.plastic[k], self._synaptic[k]
        page = {key: getattr(own, key)[self._order[k]] for key in _KEPT}
        x = learner.axonal.x if learner else np.zeros((2, each.pre_number.size), np.int64)
        page |= {f"x{t + 1}": x[t][np.argsort(each.pre_number)].astype(np.int16) for t in range(2)}
        page |= {f"y{t + 1}": own.y[t][np.argsort(each.post_number)].astype(np.int16) for t in range(3)}
        for key, spool in self._pages[k].items():
            spool.append(page[key][None])
        self._steps[k].append(np.array([step]))
        self._last[k] = step


def _width(each: Plastic, key: str) -> int:
    """How many values a page has of something."""
    size = {"x": each.pre_number.size, "y": each.post_number.size}
    return size.get(key[0], each.post.size) if key not in _KEPT else each.post.size


def _by_number(first: np.ndarray, post: np.ndarray, pre_number: np.ndarray, post_number: np.ndarray) -> np.ndarray:
    """The order of the synapses by the user's numbers."""
    pre = np.repeat(np.arange(pre_number.size), np.diff(first))
    return np.lexsort((post_number[post], pre_number[pre]))
