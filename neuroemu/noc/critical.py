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

from .bare import njit_bare
from .calendar import NONE
from .contended import ARRIVED, BEHIND, BUSY, RECEIVER, SEND

# Columns of what a path is made of.
PARTS = ("send", "link", "full", "hop", "receive")
SEND_WORK, LINK_WAIT, FULL_WAIT, HOP, RECEIVE_WORK = 0, 1, 2, 3, 4
SENT, RECEIVED = 0, 1  # columns by core
WAIT, BLOCK = 0, 1  # columns by link


@njit_bare
def walk_back(fabric, s, first, to_core, gap, work, tail, send_end, receive_end, parts, by_core, by_link):
    """Splits the length of a step that one_step has just run.  Returns the length in fs.

    parts: (5,) fs, see PARTS; by_core: (n_senders, 2) work of senders and receivers; by_link: (links, 2) waiting for the
    link, and blocked by the full buffer at its end.  All are added to.
    """
    sender, core = send_end.argmax(), receive_end.argmax()
    end = max(send_end[sender], receive_end[core])
    base = first[0]
    if receive_end[core] == end and to_core.size:
        message, received = s.channels[(fabric.n_senders + core) << fabric.vc_bits].tail, True
        parts[RECEIVE_WORK] += work[message]
        by_core[core, RECEIVED] += work[message]
    else:
        parts[SEND_WORK] += tail[sender]
        by_core[sender, SENT] += tail[sender]
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
                by_core[core, RECEIVED] += work[message]
            taking, received = s.messages[message].taking, False
            link = s.cause[taking, 0] // 8
            parts[HOP] += fabric.latency_fs[link] + fabric.slot_fs[link]
        link, why, cause = s.cause[taking, 0] // 8, s.cause[taking, 0] % 8, s.cause[taking, 1]
        if why == SEND:
            parts[SEND_WORK] += gap[cause]
            by_core[link, SENT] += gap[cause]
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
            by_link[before, WAIT] += fabric.slot_fs[before]
        else:
            wait = fabric.credit_fs + max(fabric.slot_fs[before] - fabric.slot_fs[link], 0)
            parts[FULL_WAIT] += wait
            by_link[link, BLOCK] += wait
        taking = cause
