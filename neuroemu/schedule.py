"""Schedule: how long every step took, and what it waited for. Filled by the latency modes (latency.py, contended.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .chip import PriceList

# What a step is made of: the columns of path_ns, and what can bound a step.
SENDER, RECEIVER, LINK, BUFFER, HOP, BARRIER, TICK = range(7)
PARTS = ("sender", "receiver", "link", "buffer", "hop", "barrier", "tick")
MEANING = (
    "a core going through its compartments and handing over their messages",
    "a core reading the synapses of the messages that reach it",
    "messages waiting for a link that others use",
    "messages waiting for room in the buffer behind a link",
    "a message on its way, with nothing to wait for",
    "the barrier that ends a step",
    "waiting for the next tick of the clock",
)


@dataclass(frozen=True)
class Links:
    """By link of the network (noc/fabric.py numbers them), over the run.  carried: messages.  most: in the buffer behind it.

    busy_ns: it carried something.  waited_ns: of messages for it.  blocked_ns: it was free, but the buffer behind was full.
    """

    carried: np.ndarray
    busy_ns: np.ndarray
    waited_ns: np.ndarray
    blocked_ns: np.ndarray
    most: np.ndarray


@dataclass(frozen=True)
class Schedule:
    """path_ns: (steps, 7) float64, what each step was made of, columns as in PARTS; a row adds up to the length of the step.

    It is the critical path: the chain of things that waited for each other up to the last one to end.
    slowest_core, slowest_link: (steps,) which has most of it, -1 if none.  busy_ns: (cores in use, 2) work of each core over
    the run, sending and receiving.  core_path_ns: (cores of the mesh + 1, 2) how much of all paths is work of each core (last:
    the host), sending and receiving.  link_path_ns: (links, 2) or None, how much is waiting for each link, and for room behind
    it.  late: steps that took longer than one tick of the clock.
    """

    path_ns: np.ndarray
    slowest_core: np.ndarray
    slowest_link: np.ndarray
    busy_ns: np.ndarray
    core_path_ns: np.ndarray
    link_path_ns: np.ndarray | None
    links: Links | None
    late: int

    @property
    def step_ns(self) -> np.ndarray:
        """(steps,) float64."""
        return self.path_ns.sum(axis=1)

    @property
    def total_ns(self) -> float:
        return float(self.path_ns.sum())

    @property
    def bound(self) -> np.ndarray:
        """(steps,) index into PARTS of the largest share of each step."""
        return self.path_ns.argmax(axis=1)

    @property
    def shares(self) -> np.ndarray:
        """(7,) share of the run's time by PARTS."""
        total = self.path_ns.sum(axis=0)
        return total / max(total.sum(), 1e-300)


def ended(path_ns: np.ndarray, barrier_ns: float, prices: PriceList) -> tuple[np.ndarray, int]:
    """Adds the barrier and the wait for the next tick to paths (steps, 7); also how many steps missed their tick."""
    path_ns[:, BARRIER] = barrier_ns
    busy_ns = path_ns.sum(axis=1)
    path_ns[:, TICK] = prices.barrier.step_ns(busy_ns) - busy_ns
    tick = prices.barrier.tick_ns
    return path_ns, int(np.sum(busy_ns > tick * (1 + 1e-12))) if tick else 0


def joined(schedules: Sequence[Schedule]) -> Schedule:
    """The Schedule of stretches that follow each other."""
    one = schedules[0]
    link_paths = [schedule.link_path_ns for schedule in schedules if schedule.link_path_ns is not None]
    return Schedule(
        np.concatenate([schedule.path_ns for schedule in schedules]),
        np.concatenate([schedule.slowest_core for schedule in schedules]),
        np.concatenate([schedule.slowest_link for schedule in schedules]),
        sum((schedule.busy_ns for schedule in schedules), np.zeros_like(one.busy_ns)),
        sum((schedule.core_path_ns for schedule in schedules), np.zeros_like(one.core_path_ns)),
        sum(link_paths, np.zeros_like(link_paths[0])) if link_paths else None,
        _joined_links([schedule.links for schedule in schedules if schedule.links]),
        sum(schedule.late for schedule in schedules),
    )


def _joined_links(links: list[Links]) -> Links | None:
    if not links:
        return None
    carried, busy, waited, blocked = (
        sum(arrays[1:], arrays[0])
        for arrays in (
            [getattr(one, name) for one in links] for name in ("carried", "busy_ns", "waited_ns", "blocked_ns")
        )
    )
    return Links(carried, busy, waited, blocked, np.max([one.most for one in links], axis=0))
