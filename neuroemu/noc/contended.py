"""Contended: the messages of one time step meet. Every message is sent, takes its links one by one, waits, and is worked on.

The rules, which are the whole model (tests/naive_noc.py has them as plain Python):

    A core works gap_fs for a message, then hands it over to the link into its router, and begins with the next. It waits where
    that link is busy or the buffer at its end is full. After its last message it works tail_fs.
    A link takes the message that asks for it as soon as it is free and the buffer at its end has room, and is busy for a slot.
    Among several, that which arrived at this router first; among those, of the lower sender, then the earlier one of it.
    Only the first message of a buffer asks. It has left, and its place is free and the next may ask, a slot after it was taken.
    A message takes its place at the end of a link when it begins to cross; it can ask there a latency later (cut-through).
    The link into a core hands over the whole message, a latency and a slot after. The core works on it for work_fs, one
    message after another in this order. Its place in the queue of the core is free when the core begins with it.
    Every step starts at 0 with an empty network; cores send and receive side by side.

So what happens at a time follows from what happened before it alone, by at least the smallest slot or latency: the order in
which links are looked at within such a span cannot matter. Two departures from a buffer are a slot apart, so of those to
come in the span at most one can have been noted too early, and the last two departures are kept to tell how full it was.

One event is one message taking one link; none is in vain. Each notes its cause, that is why not earlier, for critical.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bare import njit_bare, njit_inline
from .calendar import CLOCK_BUCKET, NEVER, NONE, Calendar, calendar, earliest, not_later, put, remove
from .fabric import Fabric
from .routes import next_channel

# Why a message did not take its link earlier. What the cause stands for: another taking, or for SEND and RECEIVER a message.
SEND, ARRIVED, BEHIND, BUSY, FULL, RECEIVER = 0, 1, 2, 3, 4, 5
CARRIED, WAITED, BLOCKED, MOST = 0, 1, 2, 3  # columns of what is counted by link


class Scratch(NamedTuple):
    """Memory of one thread for any number of steps, one after another.

    by link: free: int64 time from which it can send.  last: uint32 its last taking.  asking: uint32 first of a list of channels
    whose first message asks for it.
    by channel, uint32 but for times: held: messages in its buffer, those on their way to it included; head, tail: the first
    and last of them.  left, left_before: int64 when the last two left.  by, by_before: their takings.
    ready: int64 from when its head asks.  wants: the channel it asks for.  asking_next: the next in the list of that link.
    by sender: next: uint32 its next message.  send_ready: int64 when it is made, NEVER if there is none.
    by core: waiting: uint32 messages in its queue, seen last.  done: int64 when it has worked on all so far.
    by message: behind: uint32 the next one in the buffer.  arrived: int64 at this router, in the end when work on it begins.
    taking: uint32 its last.  sent: uint32 its first.  worked_after: uint32 the message whose work it waited for, or NONE.
    cause: (takings, 2) uint32: 8 * link + why, and the cause.
    """

    calendar: Calendar
    free: np.ndarray
    last: np.ndarray
    asking: np.ndarray
    held: np.ndarray
    head: np.ndarray
    tail: np.ndarray
    left: np.ndarray
    left_before: np.ndarray
    by: np.ndarray
    by_before: np.ndarray
    ready: np.ndarray
    wants: np.ndarray
    asking_next: np.ndarray
    next: np.ndarray
    send_ready: np.ndarray
    waiting: np.ndarray
    done: np.ndarray
    behind: np.ndarray
    arrived: np.ndarray
    taking: np.ndarray
    sent: np.ndarray
    worked_after: np.ndarray
    cause: np.ndarray


def scratch(fabric: Fabric, n_messages: int, n_takings: int) -> Scratch:
    """Enough for steps of at most so many messages and takings (links of all their routes together)."""
    in_use = (fabric.to_router >= 0) | (np.arange(fabric.n_links) < fabric.first_net)
    latency, slot = fabric.latency_fs[in_use], fabric.slot_fs[in_use]
    n, n_channels = fabric.n_links, fabric.n_links * fabric.n_vcs

    def ints(size: int) -> np.ndarray:
        return np.zeros(size, np.uint32)

    def times(size: int) -> np.ndarray:
        return np.zeros(size, np.int64)

    return Scratch(
        calendar(n, min(latency.min(), slot.min()), max(latency.max(), slot.max())),
        times(n), ints(n), ints(n),
        ints(n_channels), ints(n_channels), ints(n_channels), times(n_channels), times(n_channels), ints(n_channels),
        ints(n_channels), times(n_channels), ints(n_channels), ints(n_channels),
        ints(fabric.n_senders), times(fabric.n_senders), ints(fabric.n_cores), times(fabric.n_cores),
        np.empty(n_messages, np.uint32), np.empty(n_messages, np.int64), np.empty(n_messages, np.uint32),
        np.empty(n_messages, np.uint32), np.empty(n_messages, np.uint32),
        np.empty((n_takings, 2), np.uint32),
    )  # fmt: skip


@njit_bare
def _clear(fabric, s):
    """An empty network at time 0; the calendar is empty after every step."""
    s.calendar.clock[CLOCK_BUCKET] = 0
    s.free[:] = 0
    s.last[:] = NONE
    s.asking[:] = NONE
    s.held[:] = 0
    s.head[:] = NONE
    s.left[:] = 0
    s.left_before[:] = 0
    s.send_ready[:] = NEVER
    s.waiting[:] = 0
    s.done[:] = 0
    for link in range(fabric.n_senders, fabric.first_net):  # see _deliver
        s.held[link << fabric.vc_bits] = fabric.room[link] - 1


@njit_inline
def _room_from(fabric, s, channel):
    """When the buffer has room, as far as is known; NEVER before another message leaves it."""
    places = fabric.room[channel >> fabric.vc_bits] - s.held[channel]
    if places > 2:
        return np.int64(0)
    if places == 2:
        return s.left_before[channel]
    return s.left[channel] if places == 1 else NEVER


@njit_inline
def _soonest(fabric, s, asker, link):
    """When the head of a buffer can take the link it asks for, as far as is known."""
    return max(s.ready[asker], s.free[link], _room_from(fabric, s, s.wants[asker]))


@njit_inline
def _ask(fabric, s, to_core, buffer):
    """The head of a buffer asks for its next link."""
    message = s.head[buffer]
    router = np.uint32(fabric.to_router[buffer >> fabric.vc_bits])
    wanted = next_channel(fabric, router, np.uint32(to_core[message]))
    link = wanted >> fabric.vc_bits
    s.ready[buffer] = max(s.arrived[message], s.left[buffer])
    s.wants[buffer] = wanted
    s.asking_next[buffer] = s.asking[link]
    s.asking[link] = buffer
    not_later(s.calendar, link, _soonest(fabric, s, buffer, link))


@njit_inline
def _look_again(fabric, s, link):
    """Puts a link in the calendar, if one of those that ask for it can take it."""
    if link < fabric.n_senders:
        time = max(s.send_ready[link], s.free[link], _room_from(fabric, s, link << fabric.vc_bits))
    else:
        time, asker = NEVER, s.asking[link]
        while asker != NONE:
            time = min(time, _soonest(fabric, s, asker, link))
            asker = s.asking_next[asker]
    not_later(s.calendar, link, time)


@njit_inline
def _choose(fabric, s, link, time):
    """(buffer, since): whose head takes the link, no longer in its list, and since when the first has asked."""
    chosen, before_chosen, since = NONE, NONE, NEVER
    before, asker = NONE, s.asking[link]
    while asker != NONE:
        since = min(since, s.ready[asker])
        able = s.ready[asker] <= time and (fabric.n_vcs == 1 or _room_from(fabric, s, s.wants[asker]) <= time)
        if able and (chosen == NONE or _goes_first(s, s.head[asker], s.head[chosen])):
            chosen, before_chosen = asker, before
        before, asker = asker, s.asking_next[asker]
    if before_chosen == NONE:
        s.asking[link] = s.asking_next[chosen]
    else:
        s.asking_next[before_chosen] = s.asking_next[chosen]
    return chosen, since


@njit_inline
def _goes_first(s, message, other):
    """Messages are numbered by sender, then by their order there."""
    earlier, later = s.arrived[message], s.arrived[other]
    return earlier < later or (earlier == later and message < other)


@njit_inline
def _enter(s, message, channel, arrives):
    """A message begins to cross to the buffer of a channel.  Returns the buffer if the message is its head, or NONE."""
    s.arrived[message] = arrives
    s.behind[message] = NONE
    s.held[channel] += 1
    last = s.tail[channel]
    s.tail[channel] = message
    if s.head[channel] == NONE:
        s.head[channel] = message
        return channel
    s.behind[last] = message
    return NONE


@njit_inline
def _deliver(fabric, s, link, message, work, time, counts):
    """A message goes into the queue of its core. When the core begins with each is known here and now.

    So the queue tells what other buffers cannot: when the next will have left.  It is in left[], and held[] stays at one
    place below the room.
    """
    core, channel = link - fabric.n_senders, link << fabric.vc_bits
    whole = time + fabric.latency_fs[link] + fabric.slot_fs[link]
    begin = max(whole, s.done[core])
    s.worked_after[message] = s.tail[channel] if begin > whole else NONE
    s.done[core] = begin + work
    s.arrived[message] = begin
    first, waiting = s.head[channel], s.waiting[core]
    while first != NONE and s.arrived[first] <= time:
        first = s.behind[first]
        waiting -= 1
    s.behind[message] = NONE
    if first == NONE:
        first = message
    else:
        s.behind[s.tail[channel]] = message
    s.head[channel], s.tail[channel] = first, message
    s.waiting[core] = waiting + 1
    counts[link, MOST] = max(counts[link, MOST], waiting + 1)
    if waiting + 1 == fabric.room[link]:
        s.left[channel], s.by[channel] = s.arrived[first], first
    else:
        s.left[channel] = 0


@njit_bare
def one_step(fabric, s, first, to_core, gap, work, tail, counts, send_end, receive_busy, receive_end):
    """One time step.  first: (n_senders + 1,) where the messages of each sender begin; the other arrays are theirs.

    counts: (links, 4), added to (MOST: the maximum is taken).  send_end: (n_senders,), receive_busy, receive_end: (n_cores,)
    fs, filled; receive_end is 0 where nothing was received.
    Returns how many takings there were, or -1 if messages are left that no link can take: then there was a deadlock.
    """
    _clear(fabric, s)
    base = first[0]
    for sender in range(fabric.n_senders):
        s.next[sender] = first[sender] - base
        send_end[sender] = tail[sender]
        if first[sender] < first[sender + 1]:
            s.send_ready[sender] = gap[first[sender] - base]
            put(s.calendar, sender, s.send_ready[sender])
    undelivered, taking = to_core.size, 0
    while undelivered > 0:
        link = earliest(s.calendar)
        if link == NONE:
            return -1
        time = s.calendar.time[link]
        remove(s.calendar, link)

        # Who takes it, from which buffer (NONE for a core), to which channel; since when it and the first of all asked.
        if link < fabric.n_senders:
            buffer, channel = NONE, link << fabric.vc_bits
            message, ready = s.next[link], s.send_ready[link]
            since, why, cause = ready, SEND, message
            s.sent[message] = taking
            s.next[link] = message + 1
            if base + message + 1 < first[link + 1]:
                s.send_ready[link] = time + gap[message + 1]
            else:
                s.send_ready[link] = NEVER
                send_end[link] = time + tail[link]
        else:
            buffer, since = _choose(fabric, s, link, time)
            message, channel, ready = s.head[buffer], s.wants[buffer], s.ready[buffer]
            if ready == s.arrived[message]:
                why, cause = ARRIVED, s.taking[message]
            else:
                why, cause = BEHIND, s.by[buffer]
        following = s.behind[message]
        delivers = fabric.n_senders <= link < fabric.first_net

        # Why not earlier, and what it is counted as.
        free = s.free[link]
        if time != ready:
            if time == free:
                why, cause = BUSY, s.last[link]
            else:
                why = RECEIVER if delivers else FULL
                cause = s.by[channel] if time == s.left[channel] else s.by_before[channel]
        s.cause[taking, 0] = 8 * link + why
        s.cause[taking, 1] = cause
        counts[link, CARRIED] += 1
        counts[link, WAITED] += time - ready
        counts[link, BLOCKED] += time - max(since, free)

        # It goes.
        left = time + fabric.slot_fs[link]
        s.free[link] = left
        s.last[link] = taking
        s.taking[message] = taking
        new_head = NONE
        if delivers:
            _deliver(fabric, s, link, message, work[message], time, counts)
            undelivered -= 1
        else:
            occupied = s.held[channel] + 1 + (s.left[channel] > time) + (s.left_before[channel] > time)
            counts[link, MOST] = max(counts[link, MOST], occupied)
            new_head = _enter(s, message, channel, time + fabric.latency_fs[link])
        fed = NONE
        if buffer != NONE:  # it leaves: the one behind it may ask, and there is room for another
            if s.held[buffer] == fabric.room[buffer >> fabric.vc_bits]:
                fed = buffer >> fabric.vc_bits
            s.held[buffer] -= 1
            s.left_before[buffer], s.by_before[buffer] = s.left[buffer], s.by[buffer]
            s.left[buffer], s.by[buffer] = left, taking
            s.head[buffer] = following
            if following == NONE:
                buffer = NONE

        # Whoever can go because of that stands in the calendar.
        while buffer != NONE or new_head != NONE:
            if buffer == NONE:
                buffer, new_head = new_head, NONE
            _ask(fabric, s, to_core, buffer)
            buffer = NONE
        while link != NONE:
            _look_again(fabric, s, link)
            link, fed = fed, NONE
        taking += 1
    for core in range(fabric.n_cores):
        receive_end[core] = s.done[core]
        receive_busy[core] = 0
    for message in range(to_core.size):
        receive_busy[to_core[message]] += work[message]
    return taking
