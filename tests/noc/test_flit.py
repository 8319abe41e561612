"""Flit: what can be reckoned by hand, what is conserved, and contended against it."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.noc.fabric import fabric
from neuroemu.noc.flit import flit
from neuroemu.noc.steps import contend
from tools.noc_traffic import PATTERNS
from tools.noc_traffic import messages as traffic

from .cases import core_ends, messages

FLITS, PIPELINE = 4, 3  # flits of a message, cycles of a router; a cycle is 1 fs
LOADS = {
    "light": 0.1,
    "medium": 0.25,
    "saturating": 1.0,
}  # messages a core begins with in the time that its link needs for one


def matched(topology="mesh", **values):
    """4 x 4 tiles of 2 cores whose links have a router's pipeline and carry a flit a cycle."""
    given = {"buffer": 4, "credit_fs": 1, **values}
    return fabric(4, 4, 2, topology=topology, hop_fs=(PIPELINE,) * 4, tile_fs=PIPELINE, slot_fs=FLITS, **given)


@pytest.mark.parametrize("core, hops", [(0, 0), (1, 0), (2, 1), (7, 3), (31, 6)])
def test_one_message_takes_a_pipeline_a_link_and_its_flits(core, hops):
    rows = [[(core, 11, 5)], *([] for _ in range(31))]
    told = flit(matched(), messages([(rows, [0] * 32)]), FLITS)
    # Into the first router, the hops, into the core; then the message streams in; 11 and 5 are work.
    assert told.end_fs[0] == 11 + (hops + 2) * PIPELINE + FLITS + 5


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("arbitration", ["oldest", "round_robin"])
@pytest.mark.parametrize("topology", ["mesh", "tree"])
def test_contended_is_flit_exactly_where_a_link_has_one_channel(topology, arbitration, pattern, load):
    for buffer in (1, 2, 4):
        f = matched(topology, arbitration=arbitration, buffer=buffer)
        sent = traffic(pattern, f, 40, int(FLITS / LOADS[load]), 2, steps=2)
        told, expected = contend(f, sent), flit(f, sent, FLITS)
        assert told.end_fs.tolist() == expected.end_fs.tolist()
        send_end, receive_end = core_ends(f, sent)
        assert send_end.tolist() == expected.send_end_fs.tolist()
        assert receive_end.tolist() == expected.receive_end_fs.tolist()
        assert (told.carried * FLITS).tolist() == expected.flits.tolist()


@pytest.mark.parametrize("load, tolerance", [("light", 0.1), ("medium", 0.1), ("saturating", 0.2)])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("topology", ["mesh", "torus"])
def test_contended_is_near_flit_with_another_arbitration_or_two_channels(topology, pattern, load, tolerance):
    # On a torus flits of two messages take turns on a link, in contended whole messages do.
    sent = traffic(pattern, matched(topology), 150, int(FLITS / LOADS[load]), 2, steps=4)
    oracle = flit(matched(topology, arbitration="oldest" if topology == "torus" else "round_robin"), sent, FLITS)
    told = contend(matched(topology), sent)
    assert told.end_fs.sum() == pytest.approx(oracle.end_fs.sum(), rel=tolerance)


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("topology", ["mesh", "torus", "tree"])
def test_all_flits_arrive_and_buffers_hold_what_they_can(topology, lanes):
    f = matched(topology, buffer=1, receive_buffer=2, chip=(2, 2), chip_slot_fs=12, chip_hop_fs=20)
    sent = traffic("hotspot", f, 50, 5, 8, steps=20)
    told = flit(f, sent, FLITS, lanes)
    received = told.flits[f.n_senders : f.first_net]
    assert received.tolist() == (FLITS * np.bincount(sent.core, minlength=f.n_cores)).tolist()
    assert told.flits.tolist() == (FLITS * contend(f, sent).carried).tolist()
    assert np.all(told.most <= f.room.astype(np.int64) * FLITS)
    assert np.all(told.flits * f.slot_fs // FLITS <= told.end_fs.sum())


def test_more_lanes_let_messages_pass_those_that_wait():
    f = matched(buffer=1)
    sent = traffic("uniform", f, 100, 4, 2, steps=4)
    assert flit(f, sent, FLITS, 4).end_fs.sum() < flit(f, sent, FLITS, 1).end_fs.sum()
