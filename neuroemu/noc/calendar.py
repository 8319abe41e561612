"""Calendar: which link can send next, and when. Every link stands in it once at most.

Time is cut in buckets of 2**shift fs; a ring of them is a list of links each. Putting in, moving and taking out cost the
same however many links there are. A time beyond the ring waits in a second one, whose buckets are as wide as the first ring
is long, or in a third, and so on (hierarchical timing wheels, Varghese and Lauck 1987). When the clock comes to a wide
bucket, its links go to narrower ones: each N_RINGS - 1 times at most, however far its time is. Where nothing is in between,
the clock jumps. Each ring holds what is less than N_BUCKETS of its buckets ahead.

Where a bucket is no wider than the smallest latency and slot, nothing that happens in it has consequences in it, and its links
are taken in any order (contended.py says why that is exact). Where buckets must be wider, the earliest is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bare import njit_bare, njit_inline

RING_BITS = 10
N_BUCKETS = 1 << RING_BITS
N_RINGS = 7  # 70 bits: more than any time has
NEVER = np.int64(2**62)
NONE = (
    2**32 - 1
)  # no link, buffer, message: numbers are kept unsigned, so that numba need not look for negative indices
_WORDS = N_BUCKETS // 64
_ONE = np.uint64(1)
CLOCK_BUCKET, CLOCK_SHIFT, CLOCK_ANY_ORDER, CLOCK_WIDE, CLOCK_PUTS = 0, 1, 2, 3, 4


class Calendar(NamedTuple):
    """time: (links,) int64, NEVER where a link is not in it.

    before, after: (links + N_RINGS * N_BUCKETS,) uint32, lists of links, each closed to a circle by its bucket; bucket b of
    ring r is the entry links + r * N_BUCKETS + b, alone if empty.
    used: (N_RINGS * words,) uint64, a bit a bucket; not set: empty.
    clock: (5,) int64: number of the bucket of now, shift, whether any order will do, number of the bucket at which the first
    wide bucket begins (NEVER if all are empty), how often a link was put in so far.
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
    alone = np.arange(n_links + N_RINGS * N_BUCKETS, dtype=np.uint32)
    clock = np.array([0, shift, shift == exact, NEVER, 0], np.int64)
    return Calendar(np.full(n_links, NEVER), alone, alone.copy(), np.zeros(N_RINGS * _WORDS, np.uint64), clock)


@njit_bare
def start(calendar):
    """It is time 0; the calendar must be empty."""
    calendar.clock[CLOCK_BUCKET], calendar.clock[CLOCK_WIDE] = 0, NEVER
    calendar.used[:] = 0


@njit_inline
def put(calendar, link, time):
    """A link that is not in the calendar is, at that time."""
    number = time >> calendar.clock[CLOCK_SHIFT]
    at = np.uint32(number & (N_BUCKETS - 1))
    if number - calendar.clock[CLOCK_BUCKET] >= N_BUCKETS:
        at = np.uint32(_wide_bucket(calendar, number))
    bucket = np.uint32(calendar.time.size + at)
    following = calendar.after[bucket]
    calendar.time[link] = time
    calendar.before[link] = bucket
    calendar.after[link] = following
    calendar.after[bucket] = link
    calendar.before[following] = link
    calendar.used[at >> np.uint32(6)] |= _ONE << np.uint64(at & np.uint32(63))
    calendar.clock[CLOCK_PUTS] += 1


@njit_bare
def _wide_bucket(calendar, number):
    """Where a time beyond the first ring belongs: ring * N_BUCKETS + bucket. It begins after now."""
    now, ring, first = calendar.clock[CLOCK_BUCKET], 0, number
    while first - now >= N_BUCKETS:
        first, now, ring = first >> RING_BITS, now >> RING_BITS, ring + 1
    calendar.clock[CLOCK_WIDE] = min(calendar.clock[CLOCK_WIDE], first << (ring * RING_BITS))
    return ring * N_BUCKETS + (first & (N_BUCKETS - 1))


@njit_bare
def _open(calendar):
    """The clock is where the first wide bucket begins; links of all that begin there are in narrower ones.

    The clock passes no wide bucket that it does not open, so all others are ahead of it.
    """
    clock, n_links = calendar.clock, calendar.time.size
    clock[CLOCK_BUCKET] = clock[CLOCK_WIDE]
    first = NEVER
    for ring in range(N_RINGS - 1, 0, -1):
        used = calendar.used[ring * _WORDS : (ring + 1) * _WORDS]
        number = clock[CLOCK_BUCKET] >> (ring * RING_BITS)
        at = np.uint32(number & (N_BUCKETS - 1))
        if used[at >> np.uint32(6)] >> np.uint64(at & np.uint32(63)) & _ONE:
            used[at >> np.uint32(6)] &= ~(_ONE << np.uint64(at & np.uint32(63)))
            bucket = n_links + ring * N_BUCKETS + at
            while calendar.after[bucket] < n_links:
                link = calendar.after[bucket]
                time = calendar.time[link]
                remove(calendar, link)
                put(calendar, link, time)
        later = _next_used(used, at)
        if later >= 0:
            first = min(first, (number + later) << (ring * RING_BITS))
    clock[CLOCK_WIDE] = first


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
    """A link of the first bucket that is not empty; it stays in the calendar. Or NONE: then `start` before any is put in."""
    clock, n_links = calendar.clock, calendar.time.size
    while True:
        now = clock[CLOCK_BUCKET]
        at = np.uint32(now & (N_BUCKETS - 1))
        link = calendar.after[n_links + at]
        if link >= n_links:
            calendar.used[at >> np.uint32(6)] &= ~(_ONE << np.uint64(at & np.uint32(63)))
            later = _next_used(calendar.used, at)
            following = now + later if later >= 0 else NEVER
            if following < clock[CLOCK_WIDE]:
                clock[CLOCK_BUCKET] = following
            elif clock[CLOCK_WIDE] == NEVER:
                return NONE
            else:
                _open(calendar)
            continue
        if not clock[CLOCK_ANY_ORDER]:
            other = calendar.after[link]
            while other < n_links:
                if calendar.time[other] < calendar.time[link]:
                    link = other
                other = calendar.after[other]
        return np.int64(link)


@njit_bare
def _next_used(used, at):
    """How many buckets after this one of its ring the next is whose bit is set, or -1.  used: beginning with that ring."""
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
