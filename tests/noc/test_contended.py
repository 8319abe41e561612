"""Contended against its twin, and what must hold for any traffic."""

from __future__ import annotations

import itertools
import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.errors import InternalError
from neuroemu.noc.calendar import CLOCK_ANY_ORDER, NONE
from neuroemu.noc.critical import PARTS
from neuroemu.noc.fabric import fabric
from neuroemu.noc.routes import count_hops, path
from neuroemu.noc.steps import Messages, contend
from tests import naive_noc
from tests.naive_noc import Board
from tools.noc_traffic import messages as traffic

from .cases import TOPOLOGIES, boards, built, core_ends, memory_of, messages, run_step, sends


@given(st.data())
def test_contended_is_its_twin(data):
    board = data.draw(boards())
    is_its_twin(board, *data.draw(sends(board)))


def is_its_twin(board, rows, tails):
    """The Outcome of one step, of which all is as the twin tells."""
    f = built(board)
    told = contend(f, messages([(rows, tails)]))
    send_end, receive_end = core_ends(f, messages([(rows, tails)]))
    twin = naive_noc.step(board, rows, tails)
    assert told.end_fs.tolist() == [twin["end"]]
    assert send_end[0].tolist() == twin["send_end"]
    assert receive_end[0].tolist() == twin["receive_end"]
    counts = np.zeros((f.n_links, 4), np.int64)
    for link, row in twin["counts"].items():
        counts[board.number(link)] = row
    assert np.stack([told.carried, told.waited_fs, told.blocked_fs, told.most], axis=1).tolist() == counts.tolist()
    parts, by_core, by_link = [0] * len(PARTS), np.zeros((f.n_senders, 2), int), np.zeros((f.n_links, 2), int)
    for part, what, fs in twin["path"]:
        parts[PARTS.index(part)] += fs
        if part in ("send", "receive"):
            by_core[what, int(part == "receive")] += fs
        elif part != "hop":
            by_link[board.number(what), int(part == "full")] += fs
    assert told.path_fs[0].tolist() == parts
    assert told.core_path_fs.tolist() == by_core.tolist()
    assert told.link_path_fs.tolist() == by_link.tolist()
    assert sum(parts) == twin["end"]
    return told


@pytest.mark.parametrize("gap", [0, 5])
def test_places_that_fast_links_between_chips_leave_are_not_free_sooner(gap):
    # Three tiles, each a chip; links between them carry a message a fs, but a place is free 10 fs after. Three messages take
    # the first link at 1, 2 and 3 and leave the buffer of three behind it at 2, 3 and 4. The fourth comes at 1 or 6, goes at
    # 12, into its core at 13, and is whole at 24.
    board = Board(3, 1, 4, chip=(1, 1), hop_fs=(1,) * 4, tile_fs=1, slot_fs=10, chip_slot_fs=1, buffer=3)
    rows = [[(8, 0, 0)], [(9, 0, 0)], [(10, 0, 0)], [(4, gap, 50)], *([] for _ in range(8))]
    told, first = is_its_twin(board, rows, [0] * 12), path(built(board), 0, 8)[1]
    assert told.end_fs.tolist() == [74]
    assert told.path_fs.tolist() == [[0, 0, 10, 14, 50]]
    assert (told.most[first], told.waited_fs[first]) == (3, 1 + 2 + 11 - gap)


@pytest.mark.parametrize("late", [False, True])
def test_places_that_links_into_cores_leave_at_once_are_not_free_sooner(late):
    # As on SpiNNaker: links into cores take no time. The third message waits at the head of the buffer of four behind the link
    # until core 6 begins with the second, at 104. Then all four leave, a fs each, and the seventh, there at 6 or 109, can
    # take the link at 114. It is whole at 117.
    board = Board(2, 1, 6, hop_fs=(1,) * 4, tile_fs=1, slot_fs=10, buffer=4, receive_buffer=1, core_slot_fs=0)
    rows = [[(6, 0, 100), *((core, 0, 0) for core in (6, 6, 7, 8, 9))], *([] for _ in range(11))]
    rows[late].append((10, 108 if late else 0, 200))
    told, first = is_its_twin(board, rows, [0] * 12), path(built(board), 0, 6)[1]
    assert told.end_fs.tolist() == [317]
    assert told.path_fs.tolist() == [[0, 0, 10, 7, 300]]
    assert told.most[first] == 4


@given(st.data())
def test_in_the_twin_no_link_carries_two_messages_in_one_slot(data):
    board = data.draw(boards())
    rows, tails = data.draw(sends(board))
    by_link = {}
    for message in naive_noc.step(board, rows, tails)["messages"]:
        for (link, _), (time, *_) in zip(message.route, message.taken, strict=True):
            by_link.setdefault(link, []).append(time)
    for link, times in by_link.items():
        assert all(b - a >= board.slot(link) for a, b in itertools.pairwise(sorted(times)))


@pytest.mark.parametrize("topology, routing", TOPOLOGIES)
@pytest.mark.parametrize("buffer, receive_buffer", [(1, 1), (2, 0)])
def test_all_messages_arrive_and_buffers_hold_what_they_can_over_thousands_of_steps(
    topology, routing, buffer, receive_buffer
):
    # 14 boards of 750 steps: more than 10,000 steps without a deadlock.
    f = fabric(
        4, 3, 1, topology=topology, routing=routing, degree=3, hop_fs=(3, 3, 5, 5), tile_fs=2, slot_fs=4, credit_fs=1,
        chip=(2, 3), chip_hop_fs=9, chip_slot_fs=12, buffer=buffer, receive_buffer=receive_buffer,
    )  # fmt: skip
    sent = traffic("uniform", f, 8, 2, 5, steps=500, seed=1), traffic("hotspot", f, 12, 2, 5, steps=250, seed=2)
    for those in sent:
        told = contend(f, those)
        received = told.carried[f.n_senders : f.first_net]
        assert received.tolist() == np.bincount(those.core, minlength=f.n_cores).tolist()
        assert told.carried[: f.n_senders].sum() == those.core.size
        senders = np.repeat(np.arange(those.first.size - 1) % f.n_senders, np.diff(those.first))
        assert told.carried[f.first_net :].sum() == count_hops(f, senders, those.core)[:, :4].sum()
        assert np.all(told.most <= f.room.astype(np.int64) * f.n_vcs)
        assert np.all(told.busy_fs <= told.end_fs.sum())
        assert np.all(told.path_fs.sum(axis=1) == told.end_fs)


@pytest.fixture
def busy():
    """A board under load, and steps of different lengths, one without any message."""
    f = fabric(4, 4, 2, host_tile=3, topology="torus", buffer=2)
    steps = [traffic("hotspot", f, n, 600_000, 300_000, seed=n) for n in (30, 3, 0, 11, 50)]
    first = np.concatenate([[0], *(np.diff(step.first) for step in steps)]).cumsum()
    core, gap, work, tail = (np.concatenate([step[k] for step in steps]) for k in range(1, 5))
    return f, Messages(first, core, gap, work, tail + np.arange(f.n_senders)), steps


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_results_do_not_depend_on_threads(busy, threads):
    f, messages, _ = busy
    one, several = contend(f, messages), contend(f, messages, threads)
    for field in fields(one):
        assert getattr(one, field.name).tolist() == getattr(several, field.name).tolist(), field.name


def test_a_step_does_not_depend_on_those_beside_it(busy):
    f, messages, steps = busy
    together, (_, received) = contend(f, messages), core_ends(f, messages)
    for k, step in enumerate(steps):
        step = step._replace(tail_fs=step.tail_fs + np.arange(f.n_senders))
        alone = contend(f, step)
        assert alone.end_fs[0] == together.end_fs[k]
        assert core_ends(f, step)[1][0].tolist() == received[k].tolist()
        assert alone.path_fs[0].tolist() == together.path_fs[k].tolist()
        assert alone.slowest_core[0] == together.slowest_core[k]
        assert alone.slowest_link[0] == together.slowest_link[k]


def test_a_step_touches_what_its_messages_take_and_nothing_else():
    # 32 x 32 cores, and two messages: what the first step left is cleared, and the rest of the mesh not looked at.
    f = fabric(32, 32, 1)
    quiet = [[] for _ in range(f.n_senders)]
    first, second = list(quiet), list(quiet)
    first[5], second[700] = [(5, 1, 1), (6, 1, 1)], [(5, 1, 1)]
    sent = messages([(first, [0] * f.n_senders), (second, [0] * f.n_senders), (quiet, [0] * f.n_senders)])
    memory = memory_of(f, sent)
    for step, (sender, cores) in enumerate(((5, (5, 6)), (700, (5,)), (0, ()))):
        run_step(f, memory, sent, step)
        touched = memory.touched[: memory.n_touched[0]].tolist()
        assert sorted(touched) == sorted({link for core in cores for link in path(f, sender, core)})
        assert np.flatnonzero(memory.done).tolist() == list(cores)
        assert np.flatnonzero(memory.links["last"] != NONE).tolist() == sorted(touched)


def test_memory_does_not_grow_with_steps_times_cores():
    # 1000 steps of 4096 cores: a number for each would be 33 MB.
    f = fabric(64, 64, 1)
    n = 1000 * f.n_senders
    quiet = Messages(
        np.zeros(n + 1, np.int64),
        np.zeros(0, np.int32),
        *np.zeros((2, 0), np.int64),
        np.zeros((1000, f.n_senders), np.int64),
    )
    contend(f, quiet)
    tracemalloc.start()
    contend(f, quiet)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize("topology", ["mesh", "torus", "tree"])
def test_the_order_in_which_links_of_a_bucket_are_taken_does_not_matter(topology):
    f = fabric(4, 4, 2, topology=topology, slot_fs=290_000, buffer=2)
    messages = traffic("uniform", f, 60, 500_000, 300_000)
    ends = []
    for any_order in (1, 0):  # 0: by time
        memory = memory_of(f, messages)
        assert memory.calendar.clock[CLOCK_ANY_ORDER] == 1
        memory.calendar.clock[CLOCK_ANY_ORDER] = any_order
        run_step(f, memory, messages)
        counts = memory.links[["carried", "waited", "blocked", "most"]]
        ends.append((memory.send_end.tolist(), memory.done.tolist(), counts.tolist()))
    assert ends[0] == ends[1]


def test_cores_may_be_listed_in_any_order_where_nothing_happens_at_once():
    # The board turned round: core c becomes n - 1 - c. No two messages arrive anywhere in the same femtosecond.
    f = fabric(4, 4, 1, hop_fs=(1_000_003,) * 4, tile_fs=500_009, slot_fs=700_001)
    rng = np.random.default_rng(3)
    rows = [
        [(int(rng.integers(16)), int(rng.integers(10**7)), int(rng.integers(10**6))) for _ in range(30)]
        for _ in range(16)
    ]
    turned = [[(15 - core, gap, work) for core, gap, work in row] for row in rows[::-1]]
    both = [messages([(those, [0] * 16)]) for those in (rows, turned)]
    (a, b), (received, received_turned) = (
        (contend(f, sent) for sent in both),
        (core_ends(f, sent)[1][0] for sent in both),
    )
    assert a.end_fs[0] == b.end_fs[0]
    assert received.tolist() == received_turned[::-1].tolist()
    assert sorted(a.waited_fs.tolist()) == sorted(b.waited_fs.tolist())


def test_messages_that_do_not_fit_the_fabric_are_refused():
    f = fabric(2, 1, 1)
    good = messages([([[(1, 2, 3)], []], [0, 0])])
    for bad in ({"core": np.array([2], np.int32)}, {"gap_fs": np.array([-1])}, {"first": np.array([0, 1])}):
        with pytest.raises(InternalError):
            contend(f, good._replace(**bad))
