"""Calendar: which link can send next, and when. Every link stands in it once at most.

Time is cut in buckets of 2**shift fs; a ring of them is a list of links each. Putting in, moving and taking out cost the
same however many links there are. A time beyond the ring waits in the last bucket and is put in again from there.

Where a bucket is no wider than the smallest latency and slot, nothing that happens in it has consequences in it, and its links
are taken in any order (contended.py says why that is exact). Where buckets must be wider, the earliest is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bare import njit_bare, njit_inline

N_BUCKETS = 1024
NEVER = np.int64(2**62)
NONE = (
    2**32 - 1
)  # no link, buffer, message: numbers are kept unsigned, so that numba need not look for negative indices
_WORDS = N_BUCKETS // 64
_ONE = np.uint64(1)
CLOCK_BUCKET, CLOCK_SHIFT, CLOCK_ANY_ORDER = 0, 1, 2


class Calendar(NamedTuple):
    """time: (links,) int64, NEVER where a link is not in it.

    before, after: (links + N_BUCKETS,) uint32, rings of links; bucket b is the entry links + b, alone in its ring if empty.
    used: (words,) uint64, a bit a bucket; not set: empty.  clock: (3,) int64: number of the bucket of now, shift, whether any
    order will do.
    """

    time: np.ndarray
    before: np.ndarray
    after: np.ndarray
    used: np.ndarray
    clock: np.ndarray


def calendar(n_links: int, shortest_fs: int, longest_fs: int) -> Calendar:
    """An empty calendar.  shortest_fs: nothing has consequences sooner.  longest_fs: most have theirs by then."""
    exact = max(int(shortest_fs).bit_length() - 1, 0)
    shift = max(exact, (2 * int(longest_fs) // N_BUCKETS).bit_length())
    alone = np.arange(n_links + N_BUCKETS, dtype=np.uint32)
    clock = np.array([0, shift, shift == exact], np.int64)
    return Calendar(np.full(n_links, NEVER), alone, alone.copy(), np.zeros(_WORDS, np.uint64), clock)


@njit_inline
def put(calendar, link, time):
    """A link that is not in the calendar is, at that time."""
    now = calendar.clock[CLOCK_BUCKET]
    at = np.uint32(min(time >> calendar.clock[CLOCK_SHIFT], now + (N_BUCKETS - 1)) & (N_BUCKETS - 1))
    bucket = np.uint32(calendar.time.size + at)
    following = calendar.after[bucket]
    calendar.time[link] = time
    calendar.before[link] = bucket
    calendar.after[link] = following
    calendar.after[bucket] = link
    calendar.before[following] = link
    calendar.used[at >> np.uint32(6)] |= _ONE << np.uint64(at & np.uint32(63))


@njit_inline
def remove(calendar, link):
    """A link that is in the calendar is not."""
    before, after = calendar.before[link], calendar.after[link]
    calendar.after[before] = after
    calendar.before[after] = before
    calendar.time[link] = NEVER


@njit_inline
def not_later(calendar, link, time):
    """The link is in the calendar at this time, if it was not at an earlier one."""
    if time < calendar.time[link]:
        if calendar.time[link] != NEVER:
            remove(calendar, link)
        put(calendar, link, time)


@njit_inline
def earliest(calendar):
    """A link of the first bucket that is not empty, or NONE; it stays in the calendar."""
    clock, n_links = calendar.clock, calendar.time.size
    while True:
        now = clock[CLOCK_BUCKET]
        at = np.uint32(now & (N_BUCKETS - 1))
        link = calendar.after[n_links + at]
        if link >= n_links:
            calendar.used[at >> np.uint32(6)] &= ~(_ONE << np.uint64(at & np.uint32(63)))
            later = _next_used(calendar.used, at)
            if later < 0:
                return NONE
            clock[CLOCK_BUCKET] = now + later
            continue
        if not clock[CLOCK_ANY_ORDER]:
            other = calendar.after[link]
            while other < n_links:
                if calendar.time[other] < calendar.time[link]:
                    link = other
                other = calendar.after[other]
        if calendar.time[link] >> clock[CLOCK_SHIFT] == now:
            return np.int64(link)
        time = calendar.time[link]  # it was beyond the ring
        remove(calendar, link)
        put(calendar, link, time)


@njit_bare
def _next_used(used, at):
    """How many buckets after this one the next is whose bit is set, or -1."""
    word, skipped = np.int64(at) >> 6, 0
    bits = used[word] >> np.uint64(at & 63)
    if not bits:
        skipped = 64 - (at & 63)
        for _ in range(_WORDS):
            word = (word + 1) & (_WORDS - 1)
            bits = used[word]
            if bits:
                break
            skipped += 64
        if not bits:
            return -1
    while not bits & _ONE:
        bits >>= _ONE
        skipped += 1
    return skipped
