"""Row D29: digits learned from noise in the outputs and what it did to the loss (programs/seeds/node_perturbation.yaml)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from tools.seeds import node_perturbation as perturbation

pytest.importorskip("sklearn")


def test_two_passes_of_perturbation_know_more_digits_than_the_bar():
    # Measured: .469; chance is .1, and the row's bar .25.
    assert perturbation.accuracy(perturbation.on_chip()) >= perturbation.BAR


def test_without_training_the_outputs_know_less():
    assert perturbation.accuracy(perturbation.on_chip("environment.parameters.passes=0")) < 0.2


def test_weights_move_as_the_floats_say_of_the_same_showings():
    n, faster = 100, 8  # at the program's own rate, roundings are as large as the moves
    settings = [
        f"environment.parameters.{key}={value}" for key, value in (("trained", n), ("tested", 1), ("passes", 1))
    ]
    settings.append("learning.perturbed.dw=2^-2*u0*t*r1")
    program = program_file.read("seeds/node_perturbation", settings, allow_code=True)
    told, manage = [], program.environment.manage
    program.environment.manage = lambda phase: told.append(manage(phase)) or told[-1]
    report = neuroemu.run(program)
    meant, x1 = np.zeros((10, 65)), np.zeros(65)
    for showing, after in pairwise(told[: 2 * n + 1]):
        x1 = perturbation.traced(x1, showing["pixels"])
        if "noise" in showing:
            meant += faster * perturbation.ETA * after["fell"] * np.outer(showing["noise"], x1)
    found = report.traces.synapses["w"]
    moved = np.zeros_like(meant)
    moved[found.post, found.pre] = found.weight[-1].astype(float) - found.weight[0]
    within = np.abs(meant) < 150  # of the weights' limits
    assert np.abs(meant).max() > 30
    assert np.corrcoef(moved[within], meant[within])[0, 1] > 0.95
    assert abs(np.polyfit(meant[within], moved[within], 1)[0] - 1) < 0.1  # neither more nor less


def test_floats_learn_too():
    assert perturbation.in_floats(0, 2) >= perturbation.BAR
