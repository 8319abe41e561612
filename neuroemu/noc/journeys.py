"""Journeys: when every message of a time step was handed over, reached its core, and was worked on.

contended.py notes why each taking of a link was not earlier, and no times; they follow from those causes, forwards, as
critical.py has them backwards. Plain Python, for the few steps that somebody looks at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import InternalError
from .contended import ARRIVED, BEHIND, BUSY, RECEIVER, SEND, Scratch, one_step, scratch
from .fabric import Fabric
from .routes import distance
from .steps import Messages


class Journeys(NamedTuple):
    """Of the messages of one step, in their order, int64 fs since the step began.

    sent: (n,) handed over to the link into the router.  there: (n,) whole in the queue of its core.  begun: (n,) when the core
    begins to work on it.  done: (n,) when it has.  send_end: (n_senders,) when each sender has worked on all.
    """

    sent: np.ndarray
    there: np.ndarray
    begun: np.ndarray
    done: np.ndarray
    send_end: np.ndarray


def journeys(fabric: Fabric, messages: Messages, step: int) -> Journeys:
    """Of one step of `messages`.  Raises InternalError where it stands still for ever."""
    first = messages.first[step * fabric.n_senders : (step + 1) * fabric.n_senders + 1]
    mine = slice(first[0], first[-1])
    core, gap, work = messages.core[mine], messages.gap_fs[mine], messages.work_fs[mine]
    memory = scratch(fabric, core.size, _takings(fabric, first, core))
    n_takings = one_step(fabric, memory, first, core, gap, work, messages.tail_fs[step])
    if n_takings < 0:
        raise InternalError(f"noc: messages of step {step} stand still for ever")
    sent, there = _times(fabric, memory, n_takings, first - first[0], gap)
    begun = memory.messages["time"][: core.size].astype(np.int64)
    return Journeys(sent, there, begun, begun + work, memory.send_end.copy())


def _takings(fabric: Fabric, first: np.ndarray, core: np.ndarray) -> int:
    """Links that the messages of a step take together."""
    total = 0
    for sender in range(fabric.n_senders):
        for m in range(first[sender] - first[0], first[sender + 1] - first[0]):
            total += 2 + int(distance(fabric, fabric.tile_of_sender[sender], fabric.tile_of_core[core[m]]))
    return total


def _times(
    fabric: Fabric, s: Scratch, n_takings: int, first: np.ndarray, gap: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(sent, there): see Journeys."""
    link, why = np.divmod(s.cause[:n_takings, 0].astype(np.int64), 8)
    cause = s.cause[:n_takings, 1].astype(np.int64)
    latency, slot, credit = fabric.latency_fs.tolist(), fabric.slot_fs.tolist(), int(fabric.credit_fs)
    begun, firsts = s.messages["time"].astype(np.int64).tolist(), set(first[:-1].tolist())
    sent_by, taken_last = s.messages["sent"].astype(np.int64), s.messages["taking"].astype(np.int64)
    handed, gaps = sent_by.tolist(), gap.tolist()
    times, links = [0] * n_takings, link.tolist()
    for k, (at, reason, of) in enumerate(zip(links, why.tolist(), cause.tolist(), strict=True)):
        if reason == SEND:
            times[k] = gaps[of] + (0 if of in firsts else times[handed[of - 1]])
        elif reason == ARRIVED:
            times[k] = times[of] + latency[links[of]]
        elif reason in (BEHIND, BUSY):
            times[k] = times[of] + slot[links[of]]
        elif reason == RECEIVER:
            times[k] = begun[of]
        else:
            times[k] = times[of] + credit + max(slot[links[of]] - slot[at], 0)
    taken = np.array(times, np.int64)
    last = taken_last[: gap.size]
    return taken[sent_by[: gap.size]], taken[last] + fabric.latency_fs[link[last]] + fabric.slot_fs[link[last]]
