"""Multicast: a link is counted once a spike."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.noc.fabric import fabric
from neuroemu.noc.multicast import count_tree_hops
from neuroemu.noc.routes import count_hops

from .cases import boards, built


@given(st.data())
def test_a_spike_crosses_the_union_of_its_routes(data):
    board = data.draw(boards())
    cores = st.lists(st.integers(0, board.n_cores - 1), max_size=6)
    spikes = data.draw(st.lists(st.tuples(st.integers(0, board.n_senders - 1), cores), max_size=5))
    expected = []
    for sender, to in spikes:
        links = {link for core in to for link, _ in board.route(sender, core) if link[0] == "hop"}
        expected.append([sum(board.direction(link) == d for link in links) for d in range(4)])
        expected[-1].append(sum(board.crosses(link) for link in links))
    first = np.cumsum([0, *(len(to) for _, to in spikes)])
    told = count_tree_hops(built(board), first, [s for s, _ in spikes], [core for _, to in spikes for core in to])
    assert told.tolist() == expected


def test_a_spike_to_one_core_is_one_message():
    f = fabric(4, 4, 2, topology="torus")
    sender, core = np.repeat(np.arange(32), 32), np.tile(np.arange(32), 32)
    assert count_tree_hops(f, np.arange(1025), sender, core).tolist() == count_hops(f, sender, core).tolist()


def test_copies_along_a_row_cross_each_link_once():
    f = fabric(5, 1, 1)
    assert count_tree_hops(f, [0, 4], [0], [1, 2, 3, 4]).tolist() == [[4, 0, 0, 0, 0]]
    assert count_hops(f, [0] * 4, [1, 2, 3, 4]).sum(axis=0).tolist() == [10, 0, 0, 0, 0]
