"""Row D24: soft SNUs learn on line by OSTL (programs/seeds/ostl_chords.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.files import program_file
from tools.seeds import ostl_chords as ostl


@pytest.fixture(scope="module")
def given():
    return ostl.shown(ostl.chords())


@pytest.fixture(scope="module")
def chip():
    return ostl.on_chip()


def test_the_data_of_the_program_are_those_of_the_tool(given):
    inputs = program_file.read("seeds/ostl_chords").inputs
    for name, raster in zip(("past", "next"), given, strict=False):
        found = np.stack([inputs[name].step - 1, inputs[name].channel])
        assert np.array_equal(found, np.stack(np.nonzero(raster)))
    assert np.array_equal(inputs["teach"].step - 2, np.flatnonzero(given[2]))


def test_ostl_is_the_gradient_of_bptt(given):
    past, after, _ = given
    w = np.random.default_rng(2).normal(0.3, 0.6, (ostl.NOTES, ostl.NOTES + 1))
    forward, backward = (f(w, past[:150], after[:150]) for f in (ostl.gradient_by_ostl, ostl.gradient_by_bptt))
    assert np.abs(backward).max() > 0.01
    assert np.abs(forward - backward).max() < 1e-14


def test_the_chip_learns_which_chord_comes_next(given, chip):
    # 5.76 and 5.83 nats a step; the bar, 79.5 % of what BPTT gains over unigrams (5.34 and 9.53), is 6.20 and 6.33.
    _, after, _ = given
    _, known, new = ostl.parts(chip[0], after)
    unigram = np.tile(after[: ostl.TRAINED].mean(axis=0), (len(after), 1))
    assert ostl.nll(unigram[: ostl.TRAINED], after[: ostl.TRAINED]) > 9.5
    assert known <= 6.196
    assert new <= 6.332


def test_the_chip_follows_its_floats(given, chip):
    past, after, taught = given
    y, w = ostl.in_floats(past, after, taught)
    assert np.corrcoef(w.ravel(), chip[1].ravel())[0, 1] > 0.9
    assert all(abs(a - b) < 0.2 for a, b in zip(ostl.parts(y, after), ostl.parts(chip[0], after), strict=True))
    assert np.abs(y[:20] - chip[0][:20]).max() < 0.05  # before the roundings have come apart


def test_without_reward_nothing_is_learned():
    first = program_file.read("seeds/ostl_chords", ("run.steps=300", "inputs.teach.spikes=[[1, 0]]"))
    import neuroemu

    found = neuroemu.run(first).traces.synapses["w"].weight
    assert np.array_equal(found[0], found[-1])
