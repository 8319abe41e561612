"""Row D35: winner-take-all circuits learn on line by the softmax rule (programs/seeds/vowel.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.compartments import registry
from neuroemu.files import program_file
from tools.seeds.vowel import BAR, CIRCUITS, LAST, NEURONS, bits_of, entropy, in_floats, library, on_chip, shown


@pytest.fixture(scope="module")
def spikes():
    return shown()


@pytest.fixture(scope="module")
def learned():
    return on_chip()


@pytest.fixture(scope="module")
def model():
    return registry.module_of(library.folder("programs") / "seeds" / "vowel.py")


def test_one_neuron_of_a_circuit_at_most_spikes_in_a_step(spikes):
    assert spikes.sum(axis=2).max() == 1
    assert spikes.any(axis=2).mean() > 0.4  # and often one does: .44


def test_the_data_of_the_program_are_those_of_the_tool(spikes):
    given = program_file.read("seeds/vowel", allow_code=True).inputs["shown"]
    flat = spikes.reshape(len(spikes), -1)
    assert np.array_equal(np.stack(np.nonzero(flat)), np.stack([(given.step - 1) // 2, given.channel]))


def test_tables_are_exp_and_log(model):
    for u in np.linspace(-8, 5, 400):
        exact = 2**14 * np.exp(u)
        assert abs(model.exponential(round(u * 2**16)) - exact) <= 2 + 6e-4 * exact
    for n in np.geomspace(2**14, 2**24, 400).astype(int):
        assert abs(model.logarithm(int(n)) - 2**16 * np.log(n / 2**14)) < 4


def test_a_circuit_is_a_softmax(model):
    """Both steps of the update, of five neurons by hand: p is the softmax of u and "none"."""

    class Now:
        sample_step = 2

    p, u = model.Parameters(1024), np.array([-3.0, -1.5, 0.0, 1.25, 2.0])
    begun = [model.State(0, int(x * 2**12), 0, 0, 0, 0, 0) for x in u]
    sent, states, _ = zip(*(model.update(p, s, (0, 0, 0), Now) for s in begun), strict=True)
    Now.sample_step = 3
    _, states, _ = zip(*(model.update(p, s, (0, 0, sum(sent)), Now) for s in states), strict=True)
    wanted = np.exp(u) / (1 + np.exp(u).sum())
    assert np.array([s.p for s in states]) / 2**14 == pytest.approx(wanted, abs=3e-4)
    Now.sample_step = 4
    _, after, _ = model.update(p, states[4], (0, 1, 0), Now)
    assert after.y1 == round(127 * (1 - wanted[4])) and after.log_p / 2**16 == pytest.approx(
        np.log(wanted[4]), abs=1e-3
    )
    _, silent, _ = model.update(p, states[4], (0, 0, 0), Now)
    assert silent.y1 == round(-127 * wanted[4])
    assert silent.log_p / 2**16 == pytest.approx(np.log(1 - wanted.sum()), abs=1e-3)


def test_it_predicts_within_the_bar(learned, spikes):
    # 4.03 bits by the rates alone, so that the bar is 3.46; chip 3.20, floats 3.14.
    rates = entropy(spikes)
    assert 3.9 < rates < 4.1
    assert learned[0][-LAST:].mean() <= BAR * rates


def test_the_chip_follows_its_floats(learned, spikes):
    bits, weights = in_floats(spikes)
    assert learned[0][-LAST:].mean() < bits[-LAST:].mean() + 0.1
    assert np.corrcoef(weights.ravel(), learned[1].ravel())[0, 1] > 0.95


def test_what_is_learned_is_the_order_of_the_spikes(spikes):
    """The same spikes with every circuit's steps in a random order: nothing is left to predict."""
    rng = np.random.default_rng(1)
    mixed = np.stack([spikes[rng.permutation(len(spikes)), k] for k in range(CIRCUITS)], axis=1)
    assert in_floats(mixed)[0][-LAST:].mean() > entropy(spikes) - 0.05


def test_bits_are_those_of_who_spiked_and_of_none():
    log_p = np.full((4, CIRCUITS * NEURONS), -3 * 2**16)
    log_p[1, 2] = -(2**16)  # the third neuron of the first circuit, in the first step
    spikes = np.zeros((2, CIRCUITS, NEURONS), bool)
    spikes[0, 0, 2] = True
    assert bits_of(log_p, spikes) * np.log(2) == pytest.approx([1 + 3, 3 + 3])
