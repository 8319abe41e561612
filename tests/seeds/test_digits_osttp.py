"""Row D23: digits by OSTTP (programs/seeds/digits_osttp.yaml), the whole program: one pass over the training samples."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from tools.seeds import digits_osttp
from tools.seeds.floats import Twin
from tools.seeds.measure import moves, read

pytest.importorskip("sklearn")


def test_a_pass_teaches_as_many_digits_as_the_row_asks():
    report = neuroemu.run("seeds/digits_osttp")
    assert report.trained == 1257 and report.answers.answers.size == 540
    assert report.summary["accuracy"] >= digits_osttp.BAR
    step, _ = report.spikes("teacher")
    assert step.max() <= 1257 * 24  # nobody tells the answer in the test


def test_the_weights_of_the_chip_move_as_in_floats():
    program = read("digits_osttp", run__training__samples=60, run__samples=1)
    report, floats = neuroemu.run(program), Twin(program).run()
    for projection in ("pixels->hidden", "hidden->output"):
        moved, meant = moves(report, floats, projection)
        assert np.corrcoef(moved, meant)[0, 1] > 0.4, projection
