"""Random boards and messages for the network's tests."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from hypothesis import strategies as st

from neuroemu.noc.contended import one_step, scratch
from neuroemu.noc.fabric import fabric
from neuroemu.noc.steps import Messages
from tests.naive_noc import Board

TOPOLOGIES = [("mesh", "xy"), ("mesh", "yx"), ("mesh", "west_first"), ("torus", "xy"), ("torus", "yx"), ("torus", "west_first"),
              ("tree", "xy")]  # fmt: skip


def built(board):
    """The Fabric of a Board, with the slots of links between cores and routers put in as neuroemu.contended does."""
    values = asdict(board)
    core_slot = values.pop("core_slot_fs")
    net = fabric(**values)
    if core_slot is None:
        return net
    slot = net.slot_fs.copy()
    slot[: net.first_net] = max(core_slot, 1)
    return net._replace(slot_fs=slot)


@st.composite
def boards(draw):
    """Small boards of every kind. Times are of few values, so that many things happen at once, or large, or both."""
    topology, routing = draw(st.sampled_from(TOPOLOGIES))
    chip = draw(st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 3), (3, 2)]))
    across, along = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    width, height = chip[0] * across, chip[1] * along
    times = draw(st.sampled_from([st.integers(0, 4), st.integers(300, 2000), st.sampled_from([1, 100, 50_000])]))
    slot = draw(times)
    credit = draw(st.one_of(st.none(), st.integers(0, max(slot, 1))))
    return Board(
        width, height, draw(st.integers(1, 2)), topology, routing, draw(st.integers(2, 4)),
        draw(st.sampled_from([None, chip])), draw(st.integers(-1, width * height - 1)),
        (draw(times), draw(times), draw(times), draw(times)), draw(times), slot,
        draw(times), draw(times), draw(st.sampled_from([1, 2, 3, 6])), draw(st.sampled_from([None, 0, 1, 2])), credit,
        draw(st.sampled_from(["oldest", "round_robin"])), draw(st.one_of(st.none(), times)),
    )  # fmt: skip


@st.composite
def sends(draw, board, most=12):
    """([[(core, gap, work)] by sender], tails); often many to one core."""
    favourite = draw(st.integers(0, board.n_cores - 1))
    core = st.one_of(st.integers(0, board.n_cores - 1), st.just(favourite))
    work = st.integers(0, 5) if board.slot_fs < 5 else st.integers(0, 3 * board.slot_fs)
    item = st.tuples(core, work, work)
    n_busy = draw(st.integers(0, board.n_senders))
    rows = [draw(st.lists(item, max_size=most)) if s < n_busy else [] for s in range(board.n_senders)]
    order = draw(st.permutations(range(board.n_senders)))
    tails = draw(st.lists(st.integers(0, 9), min_size=board.n_senders, max_size=board.n_senders))
    return [rows[k] for k in order], tails


def messages(steps):
    """Messages of [(rows, tails)]."""
    items = [item for rows, _ in steps for row in rows for item in row]
    first = np.cumsum([0] + [len(row) for rows, _ in steps for row in rows])
    columns = np.array(items, np.int64).reshape(-1, 3).T
    tails = np.array([tails for _, tails in steps], np.int64)
    return Messages(first, columns[0].astype(np.int32), columns[1].copy(), columns[2].copy(), tails)


def memory_of(f, messages):
    """A scratch with room for any step of the messages."""
    per_step = int(np.diff(messages.first[:: f.n_senders]).max())
    longest = f.width + f.height + 2 * f.span.size + 4
    return scratch(f, per_step, per_step * longest)


def run_step(f, memory, messages, step=0):
    """One step alone.  Returns how many links were taken; the rest is in the memory."""
    first = messages.first[step * f.n_senders : (step + 1) * f.n_senders + 1]
    mine = slice(first[0], first[-1])
    return one_step(
        f, memory, first, messages.core[mine], messages.gap_fs[mine], messages.work_fs[mine], messages.tail_fs[step]
    )


def core_ends(f, messages):
    """(steps, n_senders), (steps, n_cores) fs: when each core had sent and worked on all, in each step."""
    memory, sent, received = memory_of(f, messages), [], []
    for step in range(messages.tail_fs.shape[0]):
        assert run_step(f, memory, messages, step) >= 0
        sent.append(memory.send_end.copy())
        received.append(memory.done.copy())
    return np.array(sent), np.array(received)
