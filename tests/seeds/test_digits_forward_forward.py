"""Row D28: digits by forward-forward (programs/seeds/digits_forward_forward.yaml); one pass here, five in the tool.

The row's bar of 88 % is for the tool's length (programs/seeds/README.md); the program's, 16 steps and one pass, has its own.
"""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu import samples
from tools.seeds import digits_forward_forward as forward
from tools.seeds.floats import Twin
from tools.seeds.measure import moves, read

pytest.importorskip("sklearn")


def test_the_program_shows_what_the_tool_makes():
    train, test = forward.sides()
    n = forward.IN_PROGRAM
    meant = forward.shown(train, forward.Dataset(test.values[:n], test.labels[:n]))
    inputs = read("digits_forward_forward").inputs
    assert np.array_equal(inputs["images"].values, meant["images"])
    assert np.array_equal(inputs["images"].labels, meant["right"])
    assert np.array_equal(inputs["labels"].values, meant["labels"])
    assert (
        meant["right"][: 2 * train.labels.size].mean() == 0.5 and meant["right"][2 * train.labels.size :].mean() == 0.1
    )


def test_a_pass_teaches_the_layer_to_be_busy_with_right_labels():
    report = neuroemu.run("seeds/digits_forward_forward")
    _, test = forward.sides()
    spikes = forward.goodness(report, report.trained)
    assert spikes.size == 10 * forward.IN_PROGRAM
    assert forward.accuracy(spikes, test.labels) >= 0.6  # measured .69, chance .1
    right = test.labels[: forward.IN_PROGRAM, None] == np.arange(10)
    table = spikes.reshape(-1, 10)
    assert table[right].mean() > table[~right].mean()
    step, _ = report.spikes("right")
    assert step.max() <= report.trained * 16  # nobody tells which label is right in the test


def test_the_weights_of_the_chip_move_as_in_floats():
    program = read("digits_forward_forward", run__training__samples=120, run__samples=1)
    report, floats = neuroemu.run(program), Twin(program).run()
    for projection in ("pixels->hidden", "label->hidden"):
        moved, meant = moves(report, floats, projection)
        assert np.corrcoef(moved, meant)[0, 1] > 0.6, projection


def test_the_rate_of_the_wide_one_falls_in_the_order_of_training():
    program = forward.wide(0, 1)
    n = program.training.samples
    rate, _ = samples.shown(program)
    shown = rate["rate"].values[:, 0]
    assert shown[0] == 127 and shown[n - 1] <= 1 and (np.diff(shown[:n]) <= 0).all()
    assert not shown[n:].any() and program.steps == 40


def test_the_wide_one_has_its_own_steps(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["forward", "--wide", "--steps", "24"])
    with pytest.raises(SystemExit):
        forward.main()
    assert "--wide has 40 steps" in capsys.readouterr().err
