"""Flit: the network cycle by cycle, wormhole routers with virtual channels and credits. Slow; what contended is judged by.

The same Fabric and Messages as contended. A cycle is a slot of the links between routers / flits: a message is so many flits,
and a link carries one in a cycle (a link from chip to chip one in so many cycles as its slot is longer). A cycle:

    Every link looks at the first flits of the buffers that want it. One is able if it has arrived, the link is free and the
    virtual channel it wants has a credit and is not held by another message. One of them goes, as the Fabric arbitrates,
    flit by flit.
    A first flit takes a free lane of the virtual channel it wants, and holds it until the last flit has gone.
    A flit arrives after the latency of the link (the router's pipeline and the wire). The credit for the place that it left
    can be used from the next cycle on.
    A core begins with a message when it is whole, and then gives its credits back.

All of a cycle follows from the state before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import InternalError
from .bare import njit_bare
from .fabric import UNBOUNDED, Fabric
from .routes import next_channel
from .steps import Messages, check

FAR = 2**62  # no time


@dataclass(frozen=True)
class FlitOutcome:
    """int64.  cycle_fs: of one cycle.  end_fs: (steps,) when the last work ended.  send_end_fs: (steps, n_senders).

    receive_end_fs: (steps, n_cores).  flits: (links,) carried over all steps.  most: (links,) flits in the buffers at the
    end of a link at once, those on their way included; not of links into cores.  cycles: simulated in all.
    """

    cycle_fs: int
    end_fs: np.ndarray
    send_end_fs: np.ndarray
    receive_end_fs: np.ndarray
    flits: np.ndarray
    most: np.ndarray
    cycles: int


class _Routers(NamedTuple):
    """By link: latency, pace: cycles; free: cycle from which it can carry; chosen: buffer whose turn it is; turn: the last.

    By buffer (link, virtual channel, lane): credits: places left, for the router before.  back: credits to come next cycle.
    holder: message whose flits may enter, or -1.  n, front: flits in it and where they begin; message, arrives: (buffers,
    places) of each.  wants: virtual channel that the first message wants, -1 not asked yet; lane: buffer that it
    holds.  gone: flits of it that have gone.
    """

    latency: np.ndarray
    pace: np.ndarray
    free: np.ndarray
    chosen: np.ndarray
    turn: np.ndarray
    credits: np.ndarray
    back: np.ndarray
    holder: np.ndarray
    n: np.ndarray
    front: np.ndarray
    message: np.ndarray
    arrives: np.ndarray
    wants: np.ndarray
    lane: np.ndarray
    gone: np.ndarray


class _Cores(NamedTuple):
    """next, ready, lane, gone: by sender, its message, when it is made, the buffer it holds, its flits gone.

    done: by core, when it has worked on all so far.  whole: (messages,) cycle in which each is there.  queue, behind: by
    core the first it has not begun with, by message the next; last: by core.
    """

    next: np.ndarray
    ready: np.ndarray
    lane: np.ndarray
    gone: np.ndarray
    done: np.ndarray
    whole: np.ndarray
    queue: np.ndarray
    last: np.ndarray
    behind: np.ndarray


def flit(fabric: Fabric, messages: Messages, flits: int = 4, lanes: int = 1) -> FlitOutcome:
    """Runs every step, cycle by cycle.  flits: of a message.  lanes: virtual channels in place of each one of the Fabric.

    Each lane has room for as many messages as the Fabric says. Times are rounded to cycles, latencies to at least one.
    """
    n_steps = check(fabric, messages)
    cycle_fs = max(int(fabric.slot_fs[fabric.first_net :].min()) // flits, 1)

    def cycles(fs: np.ndarray) -> np.ndarray:
        return (fs + cycle_fs // 2) // cycle_fs

    latency = np.maximum(cycles(fabric.latency_fs), 1)
    pace = np.maximum(cycles(fabric.slot_fs) // flits, 1)
    end, total = np.zeros(n_steps, np.int64), 0
    send_end = np.zeros((n_steps, fabric.n_senders), np.int64)
    receive_end = np.zeros((n_steps, fabric.n_cores), np.int64)
    counts = np.zeros((fabric.n_links, 2), np.int64)
    gap, work, tail = (cycles(fs) for fs in (messages.gap_fs, messages.work_fs, messages.tail_fs))
    for step in range(n_steps):
        first = messages.first[step * fabric.n_senders : (step + 1) * fabric.n_senders + 1]
        mine = slice(int(first[0]), int(first[-1]))
        routers, cores = _empty(fabric, latency, pace, flits, lanes, mine.stop - mine.start)
        took = _run(
            fabric, routers, cores, first - first[0], messages.core[mine], gap[mine], work[mine], flits, lanes,
            send_end[step], counts,
        )  # fmt: skip
        if took < 0:
            raise InternalError(f"noc: flits of step {step} stand still for ever")
        total += took
        send_end[step] += tail[step]
        receive_end[step] = cores.done
        end[step] = max(send_end[step].max(), receive_end[step].max())
    return FlitOutcome(
        cycle_fs, end * cycle_fs, send_end * cycle_fs, receive_end * cycle_fs, counts[:, 0], counts[:, 1], total
    )  # fmt: skip


def _empty(
    fabric: Fabric, latency: np.ndarray, pace: np.ndarray, flits: int, lanes: int, n_messages: int
) -> tuple[_Routers, _Cores]:
    n_links, n = fabric.n_links, fabric.n_links * fabric.n_vcs * lanes
    room = np.repeat(fabric.room.astype(np.int64), fabric.n_vcs * lanes) * flits
    bounded = fabric.room[fabric.room < UNBOUNDED]
    places = int(bounded.max(initial=1)) * flits

    def zeros(size: int) -> np.ndarray:
        return np.zeros(size, np.int64)

    def nothing(size: int) -> np.ndarray:
        return np.full(size, -1, np.int64)

    routers = _Routers(
        latency, pace, zeros(n_links), nothing(n_links), nothing(n_links), room, zeros(n), nothing(n), zeros(n), zeros(n),
        np.zeros((n, places), np.int64), np.zeros((n, places), np.int64), nothing(n), nothing(n), zeros(n),
    )  # fmt: skip
    cores = _Cores(
        zeros(fabric.n_senders), np.full(fabric.n_senders, FAR), nothing(fabric.n_senders), zeros(fabric.n_senders),
        zeros(fabric.n_cores), zeros(n_messages), nothing(fabric.n_cores), nothing(fabric.n_cores), nothing(n_messages),
    )  # fmt: skip
    return routers, cores


@njit_bare
def _run(fabric, r, c, first, to_core, gap, work, flits, lanes, send_end, counts):
    """One step.  send_end: filled with the cycle of the last hand-over.  counts: (links, 2), see FlitOutcome.

    Returns how many cycles it took, or -1 where nothing can move and messages are left.
    """
    n_buffers, now, left, looked_at = r.credits.size, 0, to_core.size, 0
    for sender in range(fabric.n_senders):
        c.next[sender] = first[sender]
        if first[sender] < first[sender + 1]:
            c.ready[sender] = gap[first[sender]]
    while left > 0:
        looked_at += 1
        later = FAR  # the next cycle in which anything can happen, if nothing can now
        for core in range(fabric.n_cores):
            message = c.queue[core]
            if message >= 0:
                begin = max(c.done[core], c.whole[message])
                if begin <= now:
                    c.done[core] = now + work[message]
                    c.queue[core] = c.behind[message]
                    left -= 1
                    r.credits[_into(fabric, lanes, core)] += flits
                    later = now + 1
                else:
                    later = min(later, begin)
        # Which flit goes over which link.
        for sender in range(fabric.n_senders):
            able_from = max(c.ready[sender], r.free[sender])
            if able_from > now:
                later = min(later, able_from)
                continue
            buffer = c.lane[sender]
            if buffer < 0:
                buffer = _free_lane(r, sender * fabric.n_vcs * lanes, lanes)
            if buffer >= 0 and r.credits[buffer] > 0:
                r.chosen[sender] = buffer
        for buffer in range(n_buffers):
            if r.n[buffer] == 0:
                continue
            arrives = r.arrives[buffer, r.front[buffer]]
            if arrives > now:
                later = min(later, arrives)
                continue
            if r.wants[buffer] < 0:
                router = fabric.to_router[buffer // (fabric.n_vcs * lanes)]
                r.wants[buffer] = next_channel(fabric, router, to_core[r.message[buffer, r.front[buffer]]])
            link = r.wants[buffer] // fabric.n_vcs
            if r.free[link] > now:
                later = min(later, r.free[link])
                continue
            to = r.lane[buffer]
            if to < 0:
                to = _free_lane(r, r.wants[buffer] * lanes, lanes if link >= fabric.first_net else 1)
            if to >= 0 and r.credits[to] > 0:
                best = r.chosen[link]
                if best < 0 or (_comes_first(fabric, r, link, buffer, best)):
                    r.chosen[link] = buffer
        # They go.
        for link in range(fabric.n_links):
            buffer = r.chosen[link]
            if buffer < 0:
                continue
            r.chosen[link] = -1
            later = now + 1
            r.free[link] = now + r.pace[link]
            counts[link, 0] += 1
            if link < fabric.n_senders:
                message, to = c.next[link], buffer
                if c.gone[link] == 0:
                    send_end[link] = now
                c.gone[link] += 1
                c.lane[link] = to
                last = c.gone[link] == flits
                if last:
                    c.gone[link] = 0
                    c.lane[link] = -1
                    c.next[link] += 1
                    more = c.next[link] < first[link + 1]
                    c.ready[link] = max(send_end[link] + gap[c.next[link]], now + 1) if more else FAR
            else:
                message = r.message[buffer, r.front[buffer]]
                to = r.lane[buffer]
                if to < 0:
                    to = _free_lane(r, r.wants[buffer] * lanes, lanes if link >= fabric.first_net else 1)
                r.turn[link] = buffer
                r.front[buffer] = (r.front[buffer] + 1) % r.message.shape[1]
                r.n[buffer] -= 1
                r.back[buffer] += 1
                r.gone[buffer] += 1
                r.lane[buffer] = to
                last = r.gone[buffer] == flits
                if last:
                    r.gone[buffer] = 0
                    r.lane[buffer] = -1
                    r.wants[buffer] = -1
            r.holder[to] = -1 if last else message
            r.credits[to] -= 1
            arrives = now + r.latency[link]
            if fabric.n_senders <= link < fabric.first_net:
                if last:  # whole at the end of the cycle in which its last flit arrives
                    core = link - fabric.n_senders
                    c.whole[message] = arrives + 1
                    if c.queue[core] < 0:
                        c.queue[core] = message
                    else:
                        c.behind[c.last[core]] = message
                    c.last[core] = message
                continue
            place = (r.front[to] + r.n[to]) % r.message.shape[1]
            r.message[to, place] = message
            r.arrives[to, place] = arrives
            r.n[to] += 1
        # Places that have become free; how full it is.
        for link in range(fabric.n_links):
            held = 0
            for buffer in range(link * fabric.n_vcs * lanes, (link + 1) * fabric.n_vcs * lanes):
                held = max(held, r.n[buffer] + r.back[buffer])
                r.credits[buffer] += r.back[buffer]
                r.back[buffer] = 0
            counts[link, 1] = max(counts[link, 1], held)
        if later == FAR:
            return -1
        now = max(later, now + 1)
    return looked_at


@njit_bare
def _comes_first(fabric, r, link, buffer, other):
    """Counting round from the buffer whose turn it was last; or the flit that arrived first, then the lower message."""
    if fabric.round_robin:
        n, after = r.credits.size, r.turn[link] + 1
        return (buffer - after) % n < (other - after) % n
    a, b = r.arrives[buffer, r.front[buffer]], r.arrives[other, r.front[other]]
    return a < b or (a == b and r.message[buffer, r.front[buffer]] < r.message[other, r.front[other]])


@njit_bare
def _into(fabric, lanes, core):
    """The buffer of a core that counts its credits: its first lane; a core has one queue and no other lane."""
    return (fabric.n_senders + core) * fabric.n_vcs * lanes


@njit_bare
def _free_lane(r, first, lanes):
    """A lane that no message holds, the one with most credits, the first of those; or -1."""
    lane = -1
    for k in range(first, first + lanes):
        if r.holder[k] < 0 and r.credits[k] > 0 and (lane < 0 or r.credits[k] > r.credits[lane]):
            lane = k
    return lane
