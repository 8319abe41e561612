"""Decoders: from spikes to answers, with ties and silence; and the score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.decode import DECODERS, FirstSpike, Population, Rate, score, spike_counts

STEPS = 10


def answers(decoder, spikes, samples=1, n=3):
    """Answers to a list of (step, index), steps of 10 a sample."""
    table = np.array(sorted(spikes), np.int64).reshape(-1, 2)
    return decoder.answers(table[:, 0], table[:, 1], np.ones(len(table), np.int8), n, STEPS, samples).tolist()


# Spikes of up to three samples, as (step, index).
trains = st.sets(st.tuples(st.integers(1, 3 * STEPS), st.integers(0, 2)), max_size=30)


def of_sample(spikes, k):
    """Spikes of sample k; steps k*10+1 .. (k+1)*10."""
    return sorted((step, index) for step, index in spikes if k * STEPS < step <= (k + 1) * STEPS)


# ---- counts --------------------------------------------------------------------------------------------------------


@given(trains)
def test_counts_equal_a_count_by_hand(spikes):
    table = np.array(sorted(spikes), np.int64).reshape(-1, 2)
    counted = spike_counts(table[:, 0], table[:, 1], np.ones(len(table), np.int8), 3, STEPS, 3)
    assert counted.tolist() == [
        [sum(1 for _, index in of_sample(spikes, k) if index == i) for i in range(3)] for k in range(3)
    ]


def test_the_last_step_of_a_sample_belongs_to_it():
    step, index = np.array([10, 11]), np.array([0, 1])
    assert spike_counts(step, index, np.ones(2, np.int8), 2, STEPS, 2).tolist() == [[1, 0], [0, 1]]


# ---- rate ----------------------------------------------------------------------------------------------------------


def test_rate_takes_the_compartment_with_most_spikes():
    assert answers(Rate(), [(1, 0), (2, 1), (5, 1)]) == [1]


def test_rate_breaks_ties_by_the_lowest_index():
    assert answers(Rate(), [(1, 2), (2, 1), (3, 2), (4, 1)]) == [1]


def test_rate_has_no_answer_to_silence():
    assert answers(Rate(), [(11, 2)], samples=3) == [-1, 2, -1]


@given(trains)
def test_rate_equals_its_twin(spikes):
    twin = []
    for k in range(3):
        counts = [sum(1 for _, index in of_sample(spikes, k) if index == i) for i in range(3)]
        twin.append(counts.index(max(counts)) if any(counts) else -1)
    assert answers(Rate(), spikes, samples=3) == twin


def test_a_negative_spike_counts_against_its_compartment():
    step, index, payload = np.array([1, 2, 3, 4]), np.array([0, 0, 1, 0]), np.array([-1, -1, 1, 1], np.int8)
    assert Rate().answers(step, index, payload, 2, STEPS, 1).tolist() == [1]
    assert FirstSpike().answers(step, index, payload, 2, STEPS, 1).tolist() == [1]
    assert Rate().answers(step[:1], index[:1], payload[:1], 2, STEPS, 1).tolist() == [-1]


# ---- first spike ---------------------------------------------------------------------------------------------------


def test_first_spike_takes_the_compartment_that_is_first():
    assert answers(FirstSpike(), [(4, 0), (3, 2), (5, 1), (6, 1)]) == [2]


def test_first_spike_breaks_ties_by_the_lowest_index():
    assert answers(FirstSpike(), [(3, 2), (3, 1), (4, 0)]) == [1]


def test_first_spike_has_no_answer_to_silence():
    assert answers(FirstSpike(), [(30, 1)], samples=3) == [-1, -1, 1]


@given(trains, st.randoms())
def test_first_spike_equals_its_twin_in_any_order_of_the_spikes(spikes, random):
    shuffled = list(spikes)
    random.shuffle(shuffled)
    table = np.array(shuffled, np.int64).reshape(-1, 2)
    ones = np.ones(len(table), np.int8)
    found = FirstSpike().answers(table[:, 0], table[:, 1], ones, 3, STEPS, 3).tolist()
    assert found == [min(of_sample(spikes, k), default=(0, -1))[1] for k in range(3)]


# ---- population ----------------------------------------------------------------------------------------------------


def test_population_is_the_mean_of_what_spiked():
    # values 0, 10, 20; one spike of the second, three of the third: (10 + 60) / 4
    spikes = [(1, 1), (1, 2), (2, 2), (3, 2)]
    assert answers(Population(np.array([0.0, 10.0, 20.0])), spikes) == [17.5]


def test_population_is_nan_in_silence():
    found = answers(Population(np.array([0.0, 10.0, 20.0])), [(1, 0)], samples=2)
    assert found[0] == 0.0 and math.isnan(found[1])


@given(trains)
def test_population_lies_between_the_values_that_spiked(spikes):
    found = answers(Population(np.array([-1.0, 4.0, 2.0])), spikes, samples=3)
    for k, answer in enumerate(found):
        said = [(-1.0, 4.0, 2.0)[index] for _, index in of_sample(spikes, k)]
        assert math.isnan(answer) if not said else min(said) - 1e-12 <= answer <= max(said) + 1e-12


# ---- score ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decoder", [Rate(), FirstSpike()])
def test_classes_are_scored_by_accuracy_and_no_answer_is_wrong(decoder):
    assert score(decoder, np.array([1, 2, -1, 0]), np.array([1, 2, 0, 3])) == (0.5, None)


def test_values_are_scored_by_distance_over_the_samples_that_spiked():
    decoder = Population(np.zeros(1))
    assert score(decoder, np.array([1.0, 4.0, math.nan]), np.array([2.0, 2.0, 2.0])) == (None, 1.5)


def test_values_without_any_answer_have_no_distance():
    assert score(Population(np.zeros(1)), np.array([math.nan]), np.array([2.0])) == (None, None)


def test_every_decoder_says_whether_it_classifies():
    assert {name: kind.classifies for name, kind in DECODERS.items()} == {
        "rate": True,
        "first_spike": True,
        "population": False,
    }
