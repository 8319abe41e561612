"""Fabric: links, their times, and values that make no sense."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from neuroemu.noc.fabric import fabric
from neuroemu.noc.routes import count_hops, path

from .cases import TOPOLOGIES, boards, built


@given(boards())
def test_routes_their_links_and_their_hops_are_the_twins(board):
    f = built(board)
    assert f.n_senders == board.n_senders
    senders, cores, hops = [], [], []
    for sender in range(board.n_senders):
        for core in range(board.n_cores):
            route = board.route(sender, core)
            assert path(f, sender, core) == [board.number(link) for link, _ in route]
            senders.append(sender)
            cores.append(core)
            hops.append([0] * 5)
            for link, _ in route:
                number = board.number(link)
                assert f.latency_fs[number] == board.latency(link)
                assert f.slot_fs[number] == board.slot(link)
                assert f.crosses[number] == board.crosses(link)
                assert f.room[number] == min(board.room(link), 2**31 - 1)
                if link[0] == "hop":
                    hops[-1][board.direction(link)] += 1
                    hops[-1][4] += board.crosses(link)
    assert count_hops(f, senders, cores).tolist() == hops


@pytest.mark.parametrize("topology, routing", TOPOLOGIES)
@pytest.mark.parametrize("size", [(2, 2), (4, 3), (5, 4), (1, 6)])
def test_channels_wait_for_each_other_in_no_circle(topology, routing, size):
    # Dally and Seitz: without a circle there is no deadlock.
    f = fabric(*size, 1, topology=topology, routing=routing, degree=2)
    waits = nx.DiGraph()
    for sender in range(f.n_senders):
        for core in range(f.n_cores):
            waits.add_edges_from(zip(_channels(f, sender, core), _channels(f, sender, core)[1:], strict=False))
    assert nx.is_directed_acyclic_graph(waits)


def _channels(f, sender, core):
    from neuroemu.noc.routes import _path

    out = np.empty(100, np.int64)
    return out[: _path(f, sender, core, out)].tolist()


def test_tiles_are_numbered_by_column_and_the_host_is_the_last_sender():
    f = fabric(3, 2, 2, host_tile=5)
    assert f.x.tolist() == [0, 0, 1, 1, 2, 2]
    assert f.y.tolist() == [0, 1, 0, 1, 0, 1]
    assert f.tile_of_sender[[0, 3, 11, 12]].tolist() == [0, 1, 5, 5]


def test_a_message_goes_on_from_a_slow_link_when_the_rest_can_follow():
    f = fabric(2, 1, 1, chip=(1, 1), slot_fs=2, hop_fs=(5, 5, 5, 5), chip_hop_fs=20, chip_slot_fs=30)
    link = path(f, 0, 1)[1]
    assert f.slot_fs[link] == 30
    assert f.latency_fs[link] == 20 + 30 - 2


@pytest.mark.parametrize(
    "values",
    [
        {"width": 0}, {"buffer": 0}, {"topology": "ring"}, {"routing": "adaptive"}, {"chip": (3, 1)}, {"host_tile": 8},
        {"credit_fs": 290_001}, {"arbitration": "youngest"}, {"degree": 1},
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(values):
    with pytest.raises(ValueError):
        fabric(**{"width": 4, "height": 2, "cores_per_tile": 1, **values})
