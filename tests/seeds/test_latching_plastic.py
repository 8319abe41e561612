"""Row D8: assemblies that learn to latch (programs/seeds/latching_plastic.yaml); seed 1 of the tool's ten."""

from __future__ import annotations

import functools

import numpy as np

import neuroemu
from neuroemu.counters import Learned
from tools.seeds import latching_plastic
from tools.seeds.latching import BLOCK, CUE_A, CUE_B, latched
from tools.seeds.latching_plastic import STEPS


@functools.cache
def report():
    return neuroemu.run(latching_plastic.program(1))


def test_assemblies_latch_after_the_cues_were_shown_and_not_before():
    before, *_, after = latching_plastic.on_chip(report())
    assert latched(after) and not latched(before)
    assert before[0, CUE_A] > 100 and before[0, CUE_A + 2 : CUE_B].sum() == 0  # driven, and not held
    assert (CUE_B - CUE_A - 1) * BLOCK == 700  # more than the row's 500 steps


def test_weights_grow_among_those_that_share_a_cue_and_nowhere_else():
    # 2 + 32 * 13 / 14 is where potentiation and the heterosynaptic term balance for equal rates. Measured 36.6 and 2.8.
    within, between = latching_plastic.weights(report())
    assert abs(within - (2 + 32 * 13 / 14)) < 8 and between < latching_plastic.START


def test_learning_is_on_in_the_recall():
    written = report().counters.learned[-STEPS:, :, Learned.WRITE].sum()
    assert written > 1000


def test_floats_latch_too():
    before, *_, after = latching_plastic.in_floats(1)
    assert latched(after) and not latched(before)


def test_the_program_shows_what_the_tool_makes():
    program = latching_plastic.program(1)
    assert np.array_equal(program.inputs["cues"].values, latching_plastic.cues())
    weights = {(each.source, each.target): each.connector.weights for each in program.network.projections[2:]}
    assert np.array_equal(weights["cues", "net"], latching_plastic.drive())
