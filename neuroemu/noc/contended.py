"""Contended: the messages of one time step meet. Every message is sent, takes its links one by one, waits, and is worked on.

The rules, which are the whole model (tests/naive_noc.py has them as plain Python):

    A core works gap_fs for a message, then hands it over to the link into its router, and begins with the next. It waits where
    that link is busy or the buffer at its end is full. After its last message it works tail_fs.
    A link takes the message that asks for it as soon as it is free and the buffer at its end has room, and is busy for a slot.
    Among several, that which arrived at this router first; among those, of the lower sender, then the earlier one of it. Or
    in turn (round robin), see fabric.fabric.
    Only the first message of a buffer asks. The next may ask a slot after it was taken, when it has left; its place is free
    credit_fs after (later behind a slower link, so that nobody comes faster than it leaves).
    A message takes its place at the end of a link when it begins to cross; it can ask there a latency later (cut-through).
    The link into a core hands over the whole message, a latency and a slot after. The core works on it for work_fs, one
    message after another in this order. Its place in the queue of the core is free when the core begins with it.
    Every step starts at 0 with an empty network; cores send and receive side by side.

So what happens at a time follows from what happened before it alone, by at least the smallest slot or latency: the order in
which links are looked at within such a span cannot matter. To tell how full a buffer was, those of its last departures are
kept whose places can still be taken. They are a slot apart, so where no slot is shorter than credit_fs these are two, one of
them noted too early within the span. Where messages leave over faster links there may be more: then all are kept.

One event is one message taking one link; none is in vain. Each notes its cause, that is why not earlier, for critical.py.

On a mesh or a tree this is flit.py to the cycle, if both arbitrate alike and credit_fs is a cycle. On a torus it is not quite:
there flits of two messages take turns on a link, here messages do.

tools/bench_noc.py speed, 2 shared cores, one thread: 3 to 3.8 M messages/s at 8x4x4, 45 to 58 ns a hop, of which causes take 3.
Tried: the calendar as rings without branches and turns by a table (a tenth faster, kept); records of a cache line instead of
two dozen arrays (a tenth under load, kept); the calendar as records, fetching the next link ahead (no difference, left).
A pass link by link in order of the routes would be faster, but is exact only if nobody ever waits behind another's link.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bare import njit_bare, njit_inline
from .calendar import (
    CLOCK_BUCKET,
    CLOCK_SHIFT,
    NEVER,
    NONE,
    Calendar,
    calendar,
    earliest,
    not_later,
    put,
    remove,
    start,
)
from .fabric import Fabric
from .routes import next_channel

# Why a message did not take its link earlier. What the cause stands for: another taking, or for SEND and RECEIVER a message.
SEND, ARRIVED, BEHIND, BUSY, FULL, RECEIVER = 0, 1, 2, 3, 4, 5

LINK = np.dtype(
    [
        ("free", np.int64), ("latency", np.int64), ("slot", np.int64), ("carried", np.int64), ("waited", np.int64),
        ("blocked", np.int64), ("turn", np.uint32), ("last", np.uint32), ("asking", np.uint32), ("most", np.uint32),
    ]
)  # fmt: skip
CHANNEL = np.dtype(
    [
        ("freed", np.int64), ("freed_before", np.int64), ("left", np.int64), ("arrived", np.int64), ("taking", np.uint32),
        ("by", np.uint32), ("by_before", np.uint32), ("head", np.uint32), ("tail", np.uint32), ("places", np.uint32),
        ("wants", np.uint32), ("asking_next", np.uint32),
    ]
)  # fmt: skip
DEPARTURE = np.dtype([("freed", np.int64), ("before", np.uint32), ("_", np.uint32)])
MESSAGE = np.dtype(
    [
        ("time", np.int64), ("core", np.uint32), ("behind", np.uint32), ("taking", np.uint32), ("sent", np.uint32),
        ("worked_after", np.uint32), ("_", np.uint32),
    ]
)  # fmt: skip


class Scratch(NamedTuple):
    """Memory of one thread for any number of steps, one after another. A record is what a cache line holds, or half of one.

    links: (links,) LINK.  free: time from which it can send.  last: its last taking; turn: the buffer it took from.  asking:
    first of a list of channels whose head asks for it.  latency, slot: of the Fabric.  carried, waited, blocked, most: see
    steps.Outcome.
    channels: (links * n_vcs,) CHANNEL.  places: room that nobody has or is on the way to.  head, tail: first and last message
    in its buffer; arrived: when the head did; taking: by which.  wants: the channel it asks for, from the later of arrived
    and left, when the one before it left.  asking_next: the next in the list of that link.
    freed, freed_before: when the last two places became free, a later one later; by, by_before: the takings, or NONE.
    departures: (takings,) DEPARTURE of the buffer that each took its message from; empty if the last two of each are enough.
    freed: when that place is free.  before: by which taking the one before it left, or NONE.
    messages: (n,) MESSAGE.  core: where it goes.  behind: the next one in the buffer.  time: when it arrived in its buffer, in
    the end when work on it begins.  taking: its last; sent: its first.  worked_after: whose work it waited for, or NONE.
    next: (n_senders,) int64 the next message of each.  made: (n_senders,) int64 when it is made, NEVER if there is none.
    send_end: (n_senders,) int64 when it has worked on all, its tail included.
    waiting: (n_cores,) int64 messages in its queue, seen last.  done: (n_cores,) int64 when it has worked on all so far, 0 if
    there were none.
    cause: (takings, 2) uint32: 8 * link + why, and the cause.
    touched: (links,) uint32, of which the first n_touched[0] have taken messages since they were last cleared.
    """

    calendar: Calendar
    links: np.ndarray
    channels: np.ndarray
    departures: np.ndarray
    messages: np.ndarray
    next: np.ndarray
    made: np.ndarray
    send_end: np.ndarray
    waiting: np.ndarray
    done: np.ndarray
    cause: np.ndarray
    touched: np.ndarray
    n_touched: np.ndarray


def scratch(fabric: Fabric, n_messages: int, n_takings: int) -> Scratch:
    """Enough for steps of at most so many messages and takings (links of all their routes together); nothing counted yet."""
    in_use = (fabric.to_router >= 0) | (np.arange(fabric.n_links) < fabric.first_net)
    latency, slot = fabric.latency_fs[in_use], fabric.slot_fs[in_use]
    links = np.zeros(fabric.n_links, LINK).view(np.recarray)  # whose fields are attributes in plain Python too
    links["latency"], links["slot"] = fabric.latency_fs, fabric.slot_fs
    channels = np.zeros(fabric.n_links * fabric.n_vcs, CHANNEL).view(np.recarray)
    span = min(latency.min(), slot.min(), fabric.credit_fs)
    # A place is free when the next message departs, or up to credit_fs - slot after. Is it when a third has been noted?
    two_are_enough = fabric.credit_fs - slot.min() <= slot.min() - span
    return Scratch(
        calendar(fabric.n_links, span, max(latency.max(), slot.max())),
        links,
        channels,
        np.empty(0 if two_are_enough else n_takings, DEPARTURE).view(np.recarray),
        np.empty(n_messages, MESSAGE).view(np.recarray),
        np.empty(fabric.n_senders, np.int64),
        np.full(fabric.n_senders, NEVER),
        np.empty(fabric.n_senders, np.int64),
        np.empty(fabric.n_cores, np.int64),
        np.empty(fabric.n_cores, np.int64),
        np.empty((n_takings, 2), np.uint32),
        np.arange(fabric.n_links, dtype=np.uint32),  # all are cleared at first
        np.array([fabric.n_links]),
    )


@njit_bare
def _clear(fabric, s, to_core):
    """An empty network at time 0, for as much work as the last step touched; the calendar is empty after every step."""
    start(s.calendar)
    if 8 * s.n_touched[0] > fabric.n_links:  # in order of memory all are faster than a part in the order of a step
        for number in range(fabric.n_links):
            _clear_link(fabric, s, number)
    else:
        for k in range(s.n_touched[0]):
            _clear_link(fabric, s, np.int64(s.touched[k]))
    s.n_touched[0] = 0
    for k in range(to_core.size):
        s.messages[k].core = to_core[k]


@njit_inline
def _clear_link(fabric, s, number):
    link = s.links[np.uint32(number)]
    link.free, link.last, link.asking, link.turn = 0, NONE, NONE, NONE
    delivers = fabric.n_senders <= number < fabric.first_net
    for at in range(number << fabric.vc_bits, (number + 1) << fabric.vc_bits):
        channel = s.channels[np.uint32(at)]
        channel.places = 1 if delivers else fabric.room[number]  # see _deliver
        channel.head, channel.left, channel.freed, channel.freed_before = NONE, 0, 0, 0
        channel.by, channel.by_before = NONE, NONE
    if delivers:
        s.waiting[number - fabric.n_senders] = 0
        s.done[number - fabric.n_senders] = 0


@njit_bare
def _room_of_many(s, channel):
    """When the first of the places of a buffer is free, of which there are more than two; 0 if that is past.

    So many places, so many last departures; those before have been taken. Nothing happens any more before the calendar's clock.
    """
    now = s.calendar.clock[CLOCK_BUCKET] << s.calendar.clock[CLOCK_SHIFT]
    taking = channel.by_before
    for _ in range(2, channel.places):
        if taking == NONE or s.departures[taking].freed <= now:
            return np.int64(0)
        taking = s.departures[taking].before
    return np.int64(0) if taking == NONE else s.departures[taking].freed


@njit_inline
def _room_from(s, channel):
    """When the buffer has room, as far as is known; NEVER before another message leaves it."""
    if channel.places > 2:
        return _room_of_many(s, channel) if s.departures.size else np.int64(0)
    if channel.places == 2:
        return channel.freed_before
    return channel.freed if channel.places == 1 else NEVER


@njit_inline
def _ready(buffer):
    """From when its head asks: it is here, and the one before it is not."""
    return max(buffer.arrived, buffer.left)


@njit_inline
def _ask(fabric, s, at):
    """The head of buffer `at` asks for its next link."""
    buffer = s.channels[np.uint32(at)]
    message = s.messages[buffer.head]
    router = np.uint32(fabric.to_router[np.uint32(at >> fabric.vc_bits)])
    wants = np.uint32(next_channel(fabric, router, message.core))
    number = np.uint32(wants >> fabric.vc_bits)
    link = s.links[number]
    buffer.arrived = message.time
    buffer.taking = message.taking
    buffer.wants = wants
    buffer.asking_next = link.asking
    link.asking = at
    not_later(s.calendar, number, max(_ready(buffer), link.free, _room_from(s, s.channels[wants])))


@njit_inline
def _look_again(fabric, s, number):
    """Puts a link in the calendar, if one of those that ask for it can take it."""
    link = s.links[np.uint32(number)]
    if number < fabric.n_senders:
        time = max(s.made[number], _room_from(s, s.channels[np.uint32(number << fabric.vc_bits)]))
    else:
        time, asker = NEVER, link.asking
        while asker != NONE:
            buffer = s.channels[asker]
            time = min(time, max(_ready(buffer), _room_from(s, s.channels[buffer.wants])))
            asker = buffer.asking_next
    not_later(s.calendar, np.uint32(number), max(time, link.free))


@njit_inline
def _choose(fabric, s, link, time):
    """(buffer, since): whose head takes the link, no longer in its list, and since when the first has asked.

    Messages are numbered by sender, then by their order there.
    """
    chosen, before_chosen, since, best = NONE, NONE, NEVER, NEVER
    before, asker = NONE, link.asking
    while asker != NONE:
        buffer = s.channels[asker]
        ready = _ready(buffer)
        since = min(since, ready)
        if ready <= time and (fabric.n_vcs == 1 or _room_from(s, s.channels[buffer.wants]) <= time):
            rank = buffer.arrived
            if fabric.round_robin:
                rank = asker + (NONE if asker <= link.turn else 0)
            first = rank < best
            if rank == best:
                first = buffer.head < s.channels[chosen].head
            if first:
                chosen, before_chosen, best = asker, before, rank
        before, asker = asker, buffer.asking_next
    if before_chosen == NONE:
        link.asking = s.channels[chosen].asking_next
    else:
        s.channels[before_chosen].asking_next = s.channels[chosen].asking_next
    return chosen, since


@njit_inline
def _deliver(s, link, queue, room, core, number, work, time):
    """A message goes into the queue of its core. When the core begins with each is known here and now.

    So the queue tells what other buffers cannot: when the next place will be free.  It is in `freed`, and `places` stays 1.
    """
    message = s.messages[number]
    whole = time + link.latency + link.slot
    begin = max(whole, s.done[core])
    message.worked_after = queue.tail if begin > whole else NONE
    message.time = begin
    message.behind = NONE
    s.done[core] = begin + work
    first, waiting = queue.head, s.waiting[core] + 1
    while first != NONE and s.messages[first].time <= time:
        first = s.messages[first].behind
        waiting -= 1
    if first == NONE:
        first = number
    else:
        s.messages[queue.tail].behind = number
    queue.head = first
    queue.tail = number
    s.waiting[core] = waiting
    link.most = max(link.most, waiting)
    queue.freed = 0
    if waiting == room:
        queue.freed = s.messages[first].time
        queue.by = first


@njit_bare
def one_step(fabric, s, first, to_core, gap, work, tail):
    """One time step.  first: (n_senders + 1,) where the messages of each sender begin; the other arrays are theirs.

    s: send_end and done tell when each core ended; what links carried is added to.
    Returns how many takings there were, or -1 if messages are left that no link can take: then there was a deadlock.
    """
    _clear(fabric, s, to_core)
    base = first[0]
    for sender in range(fabric.n_senders):
        s.send_end[sender] = tail[sender]
        if first[sender] < first[sender + 1]:
            s.next[sender] = first[sender] - base
            s.made[sender] = gap[first[sender] - base]
            put(s.calendar, sender, s.made[sender])
    undelivered, taking, n_touched = to_core.size, 0, 0
    while undelivered > 0:
        at = earliest(s.calendar)
        if at == NONE:
            return -1
        link = s.links[np.uint32(at)]
        time = s.calendar.time[np.uint32(at)]
        remove(s.calendar, np.uint32(at))

        # Who takes it, from which buffer (NONE for a core), to which channel; since when it and the first of all asked.
        if at < fabric.n_senders:
            from_, to = NONE, at << fabric.vc_bits
            number, ready = s.next[at], s.made[at]
            since, why, cause = ready, SEND, number
            s.messages[number].sent = taking
            s.next[at] = number + 1
            if base + number + 1 < first[at + 1]:
                s.made[at] = time + gap[number + 1]
            else:
                s.made[at] = NEVER
                s.send_end[at] = time + tail[at]
        else:
            from_, since = _choose(fabric, s, link, time)
            link.turn = from_
            buffer = s.channels[np.uint32(from_)]
            number, to, ready = np.int64(buffer.head), np.int64(buffer.wants), _ready(buffer)
            if ready == buffer.arrived:
                why, cause = ARRIVED, np.int64(buffer.taking)
            else:
                why, cause = BEHIND, np.int64(buffer.by)
        message, channel = s.messages[np.uint32(number)], s.channels[np.uint32(to)]
        following = message.behind
        delivers = fabric.n_senders <= at < fabric.first_net

        # Why not earlier, and what is counted.
        free = link.free
        if time != ready:
            if time == free:
                why, cause = BUSY, np.int64(link.last)
            else:
                why = RECEIVER if delivers else FULL
                cause = np.int64(channel.by if time == channel.freed else channel.by_before)
                if not delivers and s.departures.size:
                    while s.departures[np.uint32(cause)].freed != time:
                        cause = np.int64(s.departures[np.uint32(cause)].before)
        s.cause[np.uint32(taking), 0] = 8 * at + why
        s.cause[np.uint32(taking), 1] = cause
        link.carried += 1
        link.waited += time - ready
        link.blocked += time - max(since, free)

        # It goes.
        left = time + link.slot
        if link.last == NONE:
            s.touched[np.uint32(n_touched)] = at
            n_touched += 1
        link.free = left
        link.last = taking
        message.taking = taking
        new_head = NONE
        if delivers:
            _deliver(s, link, channel, fabric.room[at], at - fabric.n_senders, number, work[number], time)
            undelivered -= 1
        else:
            message.time = time + link.latency
            message.behind = NONE
            channel.places -= 1
            held = fabric.room[at] - np.int64(channel.places) + (channel.freed > time) + (channel.freed_before > time)
            if s.departures.size and channel.freed_before > time:
                earlier = s.departures[channel.by_before].before
                while earlier != NONE and s.departures[earlier].freed > time:
                    held += 1
                    earlier = s.departures[earlier].before
            link.most = max(link.most, held)
            if channel.head == NONE:
                channel.head = number
                new_head = to
            else:
                s.messages[channel.tail].behind = number
            channel.tail = number
        fed = NONE
        if from_ != NONE:  # it leaves: the one behind it may ask, and there is room for another
            buffer = s.channels[np.uint32(from_)]
            feeds = from_ >> fabric.vc_bits
            if buffer.places == 0:
                fed = feeds
            buffer.places += 1
            buffer.freed_before, buffer.by_before = buffer.freed, buffer.by
            buffer.freed = time + fabric.credit_fs + max(link.slot - s.links[np.uint32(feeds)].slot, 0)
            buffer.left = left
            buffer.by = taking
            if s.departures.size:
                departure = s.departures[np.uint32(taking)]
                departure.freed, departure.before = buffer.freed, buffer.by_before
            buffer.head = following
            if following == NONE:
                from_ = NONE

        # Whoever can go because of that stands in the calendar.
        while from_ != NONE or new_head != NONE:
            if from_ == NONE:
                from_, new_head = new_head, NONE
            _ask(fabric, s, from_)
            from_ = NONE
        while at != NONE:
            _look_again(fabric, s, at)
            at, fed = fed, NONE
        taking += 1
    s.n_touched[0] = n_touched
    return taking
