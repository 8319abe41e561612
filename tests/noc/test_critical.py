"""Critical path: cases whose bound is known beforehand."""

from __future__ import annotations

import pytest

from neuroemu.noc.critical import PARTS
from neuroemu.noc.fabric import fabric
from neuroemu.noc.routes import path
from neuroemu.noc.steps import contend

from .cases import messages

QUIET = [[], [], []]


@pytest.fixture
def row():
    """Three tiles in a row, one core each."""
    return fabric(3, 1, 1, hop_fs=(10, 10, 10, 10), tile_fs=3, slot_fs=4, buffer=1)


def parts(told):
    return dict(zip(PARTS, told.path_fs[0].tolist(), strict=True))


def test_one_message_is_work_hops_and_work(row):
    told = contend(row, messages([([[(2, 7, 5)], [], []], [0, 0, 0])]))
    # Core to router 3, two hops of 10, router to core 3, and the rest of the message 4.
    assert parts(told) == {"send": 7, "link": 0, "full": 0, "hop": 30, "receive": 5}
    assert told.end_fs[0] == 42
    assert told.core_path_fs.tolist() == [[7, 0], [0, 0], [0, 5]]


def test_a_slow_receiver_bounds_the_step(row):
    told = contend(row, messages([([[(1, 0, 100)] * 5, [], []], [0, 0, 0])]))
    assert parts(told)["receive"] == 500
    assert told.slowest_core[0] == 1


def test_a_slow_sender_bounds_the_step(row):
    told = contend(row, messages([([[(1, 100, 1)] * 5, [], []], [0, 0, 0])]))
    assert parts(told)["send"] == 500
    assert told.slowest_core[0] == 0


def test_work_after_the_last_message_bounds_the_step(row):
    told = contend(row, messages([([[(1, 1, 1)], [], []], [0, 0, 900])]))
    assert parts(told) == {"send": 900, "link": 0, "full": 0, "hop": 0, "receive": 0}
    assert told.slowest_core[0] == 2


def test_a_link_that_two_senders_share_bounds_the_step():
    wide = fabric(3, 1, 1, hop_fs=(10, 10, 10, 10), tile_fs=3, slot_fs=4, buffer=16)
    told = contend(wide, messages([([[(2, 0, 0)] * 50, [(2, 0, 0)] * 50, []], [0, 0, 0])]))
    shared = path(wide, 1, 2)[1]
    assert told.slowest_link[0] == shared
    assert told.link_path_fs[shared, 0] >= 90 * 4


def test_a_full_buffer_is_told_apart_from_a_busy_link(row):
    # The buffer before the slow core holds one message: who waits for it is blocked, and so is the link behind.
    told = contend(row, messages([([[(2, 0, 50)] * 20, [], []], [0, 0, 0])]))
    first, second, third, _ = path(row, 0, 2)
    assert told.blocked_fs[first] > 500
    assert told.most[second] == 1
    assert told.carried[third] == 20


def test_a_step_in_which_nothing_happens_takes_no_time(row):
    told = contend(row, messages([(QUIET, [0, 0, 0])]))
    assert told.end_fs[0] == 0
    assert (told.slowest_core[0], told.slowest_link[0]) == (-1, -1)
