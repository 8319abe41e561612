"""Journeys of messages against the plain-Python twin, which keeps the times that the kernel only has causes of."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.noc.journeys import journeys
from tests import naive_noc

from .cases import boards, built, messages, sends


@settings(max_examples=40)
@given(st.data())
def test_journeys_are_the_twins(data):
    board = data.draw(boards())
    rows, tails = data.draw(sends(board))
    fabric = built(board)
    found = journeys(fabric, messages([(rows, tails)]), 0)
    twin = naive_noc.step(board, rows, tails)
    those = twin["messages"]
    assert found.sent.tolist() == [m.taken[0][0] for m in those]
    assert found.there.tolist() == [m.arrived + board.slot(m.route[-1][0]) for m in those]
    assert found.begun.tolist() == [m.begin for m in those]
    assert found.done.tolist() == [m.begin + m.work for m in those]
    assert found.send_end.tolist() == twin["send_end"]


def test_a_step_is_told_apart_from_the_one_before():
    board = naive_noc.Board(2, 1, 1)
    steps = [([[(1, 10, 5)], []], [0, 0]), ([[], [(0, 7, 3), (0, 1, 3)]], [0, 0])]
    fabric = built(board)
    found = journeys(fabric, messages(steps), 1)
    twin = naive_noc.step(board, *steps[1])
    assert found.sent.tolist() == [m.taken[0][0] for m in twin["messages"]] == [7, 7 + max(1, board.slot_fs)]
