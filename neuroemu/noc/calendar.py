"""Calendar: which link can send next, and when. Every link stands in it once at most.

Time is cut in buckets of 2**shift fs; a ring of them is a list of links each. Putting in, moving and taking out cost the
same however many links there are. A time beyond the ring waits in the last bucket and is put in again from there.

Where a bucket is no wider than the smallest latency and slot, nothing that happens in it has consequences in it, and its links
are taken in any order (contended.py says why that is exact). Where buckets must be wider, the earliest is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bare import njit_inline

N_BUCKETS = 4096
NEVER = np.int64(2**62)
_WORDS = N_BUCKETS // 64
_ONE = np.uint64(1)
CLOCK_BUCKET, CLOCK_SHIFT, CLOCK_ANY_ORDER = 0, 1, 2


class Calendar(NamedTuple):
    """time: (links,) int64, NEVER where a link is not in it.  bucket, before, after: (links,) int32 place in the ring.

    first: (N_BUCKETS,) int32, -1 where empty.  full: (words,) uint64, a bit a bucket that is not empty.
    clock: (3,) int64: number of the bucket of now, shift, whether any order will do.
    """

    time: np.ndarray
    bucket: np.ndarray
    before: np.ndarray
    after: np.ndarray
    first: np.ndarray
    full: np.ndarray
    clock: np.ndarray


def calendar(n_links: int, shortest_fs: int, longest_fs: int) -> Calendar:
    """An empty calendar.  shortest_fs: nothing has consequences sooner.  longest_fs: most have theirs by then: the ring's size."""
    exact = max(int(shortest_fs).bit_length() - 1, 0)
    shift = max(exact, (2 * int(longest_fs) // N_BUCKETS).bit_length())
    return Calendar(
        np.full(n_links, NEVER),
        np.zeros(n_links, np.int32),
        np.zeros(n_links, np.int32),
        np.zeros(n_links, np.int32),
        np.full(N_BUCKETS, -1, np.int32),
        np.zeros(_WORDS, np.uint64),
        np.array([0, shift, shift == exact], np.int64),
    )


@njit_inline
def put(calendar, link, time):
    """A link that is not in the calendar is, at that time."""
    now = calendar.clock[CLOCK_BUCKET]
    at = np.uint32(min(time >> calendar.clock[CLOCK_SHIFT], now + (N_BUCKETS - 1)) & (N_BUCKETS - 1))
    calendar.time[link] = time
    calendar.bucket[link] = at
    following = calendar.first[at]
    calendar.before[link] = -1
    calendar.after[link] = following
    calendar.first[at] = link
    if following >= 0:
        calendar.before[following] = link
    else:
        calendar.full[at >> np.uint32(6)] |= _ONE << np.uint64(at & np.uint32(63))


@njit_inline
def remove(calendar, link):
    """A link that is in the calendar is not."""
    at = np.uint32(calendar.bucket[link])
    before, after = calendar.before[link], calendar.after[link]
    if after >= 0:
        calendar.before[after] = before
    if before >= 0:
        calendar.after[before] = after
    else:
        calendar.first[at] = after
        if after < 0:
            calendar.full[at >> np.uint32(6)] &= ~(_ONE << np.uint64(at & np.uint32(63)))
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
    """A link of the first bucket that is not empty, or -1; it stays in the calendar."""
    clock = calendar.clock
    while True:
        now = clock[CLOCK_BUCKET]
        at = now & (N_BUCKETS - 1)
        link = calendar.first[at]
        if link < 0:
            word = at >> 6
            bits = calendar.full[word] >> np.uint64(at & 63)
            if bits:
                skipped = 0
            else:
                skipped = 64 - (at & 63)
                for _ in range(_WORDS):
                    word = (word + 1) & (_WORDS - 1)
                    bits = calendar.full[word]
                    if bits:
                        break
                    skipped += 64
                if not bits:
                    return -1
            while not bits & _ONE:
                bits >>= _ONE
                skipped += 1
            now += skipped
            clock[CLOCK_BUCKET] = now
            link = calendar.first[now & (N_BUCKETS - 1)]
        if not clock[CLOCK_ANY_ORDER]:
            other = calendar.after[link]
            while other >= 0:
                if calendar.time[other] < calendar.time[link]:
                    link = other
                other = calendar.after[other]
        if calendar.time[link] >> clock[CLOCK_SHIFT] == now:
            return link
        time = calendar.time[link]  # it was beyond the ring
        remove(calendar, link)
        put(calendar, link, time)
