"""Critical path: what a step was waiting for, from the last thing that ended back to time 0.

Every taking of a link noted why it was not earlier; each why is a time that is known:

    SEND      the sender worked gap_fs on this message, after it had handed over the one before
    ARRIVED   the message was crossing the link before: its latency
    BEHIND    the message before it in the buffer was being taken: a slot of that one's link
    BUSY      the link carried another message: a slot
    FULL      the buffer behind the link was full until a place of a message was free: credit_fs, see contended.py
    RECEIVER  the queue of the core was full until the core began with a message: on with that one's path

These pieces follow each other without a gap, so they add up to the length of the step exactly. Where two causes ended at
the same time, the first in this list counts (a ready message before a free link before a free place).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bare import njit_bare, njit_inline
from .calendar import NONE
from .contended import ARRIVED, BEHIND, BUSY, RECEIVER, SEND

# Columns of what a path is made of.
PARTS = ("send", "link", "full", "hop", "receive")
SEND_WORK, LINK_WAIT, FULL_WAIT, HOP, RECEIVE_WORK = 0, 1, 2, 3, 4
SENT, RECEIVED = 0, 1  # columns by core
WAIT, BLOCK = 0, 1  # columns by link


class Gains(NamedTuple):
    """What is summed up over steps by core or by link, and which of them a step added to.

    total: (rows, 2) fs.  gained: (rows,) fs of this step.  rows: (rows,) of which the first n[0] gained.
    """

    total: np.ndarray
    gained: np.ndarray
    rows: np.ndarray
    n: np.ndarray


def gains(n_rows: int) -> Gains:
    """Nothing yet."""
    return Gains(
        np.zeros((n_rows, 2), np.int64), np.zeros(n_rows, np.int64), np.zeros(n_rows, np.int64), np.zeros(1, np.int64)
    )


@njit_inline
def _gain(gains, row, column, fs):
    if fs > 0:
        if gains.gained[row] == 0:
            gains.rows[gains.n[0]] = row
            gains.n[0] += 1
        gains.gained[row] += fs
        gains.total[row, column] += fs


@njit_bare
def most_gained(gains):
    """The row that gained most in this step, the first of them, -1 if none did.  The next step begins."""
    most, first = 0, -1
    for k in range(gains.n[0]):
        row = gains.rows[k]
        if gains.gained[row] > most or (gains.gained[row] == most and row < first):
            most, first = gains.gained[row], row
        gains.gained[row] = 0
    gains.n[0] = 0
    return first


@njit_bare
def _last_core(fabric, s):
    """The core that ended last, the first of them; 0 if none received anything."""
    last = 0
    for k in range(s.n_touched[0]):
        core = np.int64(s.touched[k]) - fabric.n_senders
        if not 0 <= core < fabric.n_cores:
            continue
        if s.done[core] > s.done[last] or (s.done[core] == s.done[last] and core < last):
            last = core
    return last


@njit_bare
def walk_back(fabric, s, first, to_core, gap, work, tail, parts, by_core, by_link):
    """Splits the length of a step that one_step has just run.  Returns the length in fs.

    parts: (5,) fs, see PARTS.  by_core: Gains of senders, work as such and as receiver.  by_link: Gains of links, waiting for
    the link, and blocked by the full buffer at its end.  All are added to.
    """
    sender, core = s.send_end.argmax(), _last_core(fabric, s)
    end = max(s.send_end[sender], s.done[core])
    base = first[0]
    if s.done[core] == end and to_core.size:
        message, received = s.channels[(fabric.n_senders + core) << fabric.vc_bits].tail, True
        parts[RECEIVE_WORK] += work[message]
        _gain(by_core, core, RECEIVED, work[message])
    else:
        parts[SEND_WORK] += tail[sender]
        _gain(by_core, sender, SENT, tail[sender])
        message, received = first[sender + 1] - base - 1, False
        if first[sender + 1] == first[sender]:
            return end
    taking = s.messages[message].sent
    while True:
        if received:  # we stand where the core began with this message
            while s.messages[message].worked_after != NONE:
                message = s.messages[message].worked_after
                core = to_core[message]
                parts[RECEIVE_WORK] += work[message]
                _gain(by_core, core, RECEIVED, work[message])
            taking, received = s.messages[message].taking, False
            link = s.cause[taking, 0] // 8
            parts[HOP] += fabric.latency_fs[link] + fabric.slot_fs[link]
        link, why, cause = s.cause[taking, 0] // 8, s.cause[taking, 0] % 8, s.cause[taking, 1]
        if why == SEND:
            parts[SEND_WORK] += gap[cause]
            _gain(by_core, link, SENT, gap[cause])
            if base + cause == first[link]:
                return end
            taking = s.messages[cause - 1].sent
            continue
        if why == RECEIVER:
            message, received = cause, True
            continue
        before = s.cause[cause, 0] // 8
        if why == ARRIVED:
            parts[HOP] += fabric.latency_fs[before]
        elif why in (BEHIND, BUSY):
            parts[LINK_WAIT] += fabric.slot_fs[before]
            _gain(by_link, before, WAIT, fabric.slot_fs[before])
        else:
            wait = fabric.credit_fs + max(fabric.slot_fs[before] - fabric.slot_fs[link], 0)
            parts[FULL_WAIT] += wait
            _gain(by_link, link, BLOCK, wait)
        taking = cause
