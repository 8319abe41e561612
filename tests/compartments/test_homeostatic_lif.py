"""homeostatic_lif: the threshold moves in its epochs, by its gain, within its limits, until the activity fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_lif_family  # noqa: F401
from neuroemu.compartments import find
from neuroemu.compiler import compile_network
from neuroemu.errors import QuantisationError
from neuroemu.network import Network, Registers
from tests.compartments.walk import equals_twin, rests_where_it_says, spike_times, tables, walk

HOME = find("homeostatic_lif")


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "homeostatic_lif", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "homeostatic_lif", chip)


@pytest.mark.parametrize("weight", [3, 40, 250])
@pytest.mark.parametrize("threshold", [10, 5000])
def test_its_rate_settles_between_the_limits_whatever_drives_it(chip, weight, threshold):
    # A rate of r settles at an activity of r 4096 4096 / 41: 0.05 is 20461, 0.10 is 40921.
    values = {"impulse": 4096, "decay_activity": 41, "epoch": 4, "activity_min": 20461, "activity_max": 40921}
    found = walk(HOME, chip, [weight] * 60_000, decay_v=41, threshold=threshold, gain=2, **values)
    late = [payload for payload, _ in found[-10_000:]]
    assert 0.04 <= sum(late) / len(late) <= 0.11  # the trace of a regular train swings about its mean
    assert found[-1][1].threshold != threshold * 64


def test_the_threshold_moves_at_the_end_of_an_epoch(chip):
    # Fires in every step at 100 against 50; activity 10 at once exceeds 5: +7 at steps 4 and 8.
    values = {"impulse": 10, "decay_activity": 4096, "epoch": 2, "activity_max": 5, "gain": 7}
    found = walk(HOME, chip, [100] * 9, decay_v=4095, threshold=50, **values)
    assert [s.threshold >> 6 for _, s in found] == [50, 50, 50, 57, 57, 57, 57, 64, 64]


def test_silence_lowers_the_threshold_to_its_minimum_and_then_it_rests(chip):
    values = {"activity_min": 1, "epoch": 0, "gain": 20, "threshold_min": 15}
    found = [s for _, s in walk(HOME, chip, [0] * 4, threshold=60, **values)]
    assert [s.threshold >> 6 for s in found] == [40, 20, 15, 15]
    p, s = tables(HOME, chip, threshold=60, **values)
    assert [HOME.at_rest(p, state) for state in (s, *found)] == [False, False, False, True, True]


def test_the_threshold_starts_and_stays_within_its_limits(chip):
    values = {"epoch": 0, "gain": 1000, "threshold_max": 300, "activity_max": 0, "impulse": 5}
    assert tables(HOME, chip, threshold=900, **values)[1].threshold == 300 << 6
    assert walk(HOME, chip, [1000] * 3, threshold=200, **values)[-1][1].threshold == 300 << 6


@pytest.mark.parametrize("what", ["threshold", "activity"])
def test_a_minimum_above_its_maximum_is_refused(chip, what):
    values = {f"{what}_min": 5, f"{what}_max": np.array([9, 4])}
    network = Network().population("a", 2, Registers("homeostatic_lif", values))
    with pytest.raises(QuantisationError, match=rf"a: {what}_min is 5, above {what}_max, 4 \(compartment 1\)"):
        compile_network(network, chip)


def test_without_a_gain_it_is_a_lif(chip):
    values = {"decay_u": 300, "decay_v": 100, "threshold": 700, "refractory": 3, "soft": 1}
    inputs = [(37 * t * t) % 211 - 20 for t in range(300)]
    assert spike_times(HOME, chip, inputs, **values) == spike_times(find("lif"), chip, inputs, **values) != []
