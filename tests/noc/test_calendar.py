"""Calendar: links come out by time however far it is, for work that does not grow with the time."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neuroemu.noc.calendar import (
    CLOCK_PUTS,
    N_RINGS,
    NEVER,
    NONE,
    RING_BITS,
    calendar,
    earliest,
    not_later,
    remove,
    start,
)
from neuroemu.noc.fabric import fabric

from .cases import memory_of, messages, run_step

# Nothing, a little, around the ends of each ring, and anything.
AHEAD = st.one_of(
    st.integers(0, 3),
    st.builds(lambda ring, d: max((1 << RING_BITS * ring) + d, 0), st.integers(0, 5), st.integers(-2, 2)),
    st.integers(0, 2**52),
)


@given(
    st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 9), AHEAD)), max_size=60),
    st.sampled_from([(1, 1), (1, 700), (1, 5000), (64, 90)]),
)
@example([(1, 2), (1, 0), None, None, (0, 0), (1, 1)], (1, 1))  # goes on after it was empty
def test_links_come_out_by_time_and_may_be_moved_ahead(doings, spans):
    # None: the next is taken. Otherwise a link is in it at a time ahead of now, if it was not at an earlier one.
    shortest, longest = spans
    told, expected, now = calendar(10, shortest, longest), {}, 0
    start(told)
    for doing in [*doings, *[None] * 10]:
        if doing is not None:
            link, time = doing[0], now + shortest + doing[1]
            not_later(told, link, time)
            expected[link] = min(time, expected.get(link, NEVER))
            continue
        link = earliest(told)
        if not expected:
            assert link == NONE
            start(told)
            now = 0
            continue
        time = expected.pop(link)
        assert told.time[link] == time
        # Where any order will do, times in the smallest span count as the same.
        assert all(time - other < shortest for other in expected.values())
        remove(told, link)
        now = time


@given(st.sets(st.integers(0, 2**60), min_size=1, max_size=20))
def test_a_time_is_put_in_once_a_ring_at_most(times):
    told = calendar(len(times), 1, 1)
    start(told)
    for link, time in enumerate(times):
        not_later(told, link, time)
    taken = []
    while (link := earliest(told)) != NONE:
        taken.append(told.time[link])
        remove(told, link)
    assert taken == sorted(times)
    assert told.clock[CLOCK_PUTS] <= N_RINGS * len(times)


@pytest.mark.parametrize("unit_fs", [10**3, 10**9, 10**12, 10**15])
def test_a_step_of_a_second_costs_what_one_of_a_microsecond_does(unit_fs):
    # A chip without network times: the first ring is a picosecond long, and all work is beyond it.
    f = fabric(2, 1, 1, hop_fs=(1,) * 4, tile_fs=1, slot_fs=1)
    sent = messages([([[(1, unit_fs, unit_fs // 2)] * 10, [(1, unit_fs, 2 * unit_fs)] * 20], [0, 0])])
    memory = memory_of(f, sent)
    takings = run_step(f, memory, sent)
    assert takings == 10 * 3 + 20 * 2
    assert memory.calendar.clock[CLOCK_PUTS] <= 4 * takings
