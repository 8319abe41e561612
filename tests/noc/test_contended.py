"""Contended against its twin, and what must hold for any traffic."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.noc.critical import PARTS
from neuroemu.noc.steps import contend
from tests import naive_noc

from .cases import boards, built, messages, sends


@given(st.data())
def test_contended_is_its_twin(data):
    board = data.draw(boards())
    rows, tails = data.draw(sends(board))
    f = built(board)
    told = contend(f, messages([(rows, tails)]))
    twin = naive_noc.step(board, rows, tails)
    assert told.end_fs.tolist() == [twin["end"]]
    assert told.send_end_fs[0].tolist() == twin["send_end"]
    assert told.receive_busy_fs[0].tolist() == twin["receive_busy"]
    assert told.receive_end_fs[0].tolist() == twin["receive_end"]
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
