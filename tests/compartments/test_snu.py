"""snu, li_snu and a_snu against the slides' equations (facts/seed_rules.md A10, A12, A13)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_snu  # noqa: F401
from neuroemu.compartments import find
from tests.compartments.walk import equals_twin, now, rests_where_it_says, spike_times, tables, walk

ONE = 500  # the weight that stands for 1.0: then all weights here are whole
DECAY = 410  # l = 0.9 would be 409.6

# The seed table prints what came of eight weights, not the weights: with these the float recursion gives its numbers.
EIGHT = [70, 90, 100, 110, 125, 135, 150, 160]


@pytest.mark.parametrize("name", ["snu", "li_snu", "a_snu"])
@given(data=st.data())
def test_they_equal_their_twins(chip, name, data):
    equals_twin(data, name, chip)


@pytest.mark.parametrize("name", ["snu", "li_snu", "a_snu"])
@given(data=st.data())
def test_they_rest_where_they_say(chip, name, data):
    rests_where_it_says(data, name, chip)


def test_a_constant_input_fires_the_snu_every_fourth_step(chip):
    # A10: W = 0.3, x = 1, l = 0.9, b = -1.
    times = spike_times(find("snu"), chip, [150] * 200, decay=DECAY, b=-ONE)
    assert times == list(range(3, 200, 4))


def float_a_snu(steps, w=0.3, keeps=0.9, b0=-1.0, beta=2.0, rho=0.95):
    s = y = b = 0.0
    times = []
    for t in range(steps):
        s = max(w + keeps * s * (1 - y), 0.0)
        b = rho * b + (1 - rho) * y
        y = float(s - beta * b + b0 > 0)
        times += [t] * int(y)
    return times


def test_the_adaptive_snu_tires(chip):
    # A13: beta = 2, rho = 0.95 (204.8).
    times = spike_times(find("a_snu"), chip, [150] * 200, decay=DECAY, b0=-ONE, beta=2 * ONE, decay_b=205)
    assert times == float_a_snu(200)
    assert (times[:8], len(times)) == ([3, 8, 13, 18, 24, 30, 36, 42], 34)


def float_layer(weights, steps, lateral):
    """Spikes of every unit of a layer of SNUs under a constant input."""
    s = y = counts = np.zeros(len(weights))
    for _ in range(steps):
        s = np.maximum(np.array(weights) + 0.9 * s * (1 - (y.max() if lateral else y)), 0)
        y = (s - 1 > 0).astype(float)
        counts = counts + y
    return counts.astype(int).tolist()


def layer(chip, name, weights, steps):
    """The same in fixed point, each unit's spike brought to all others one step later."""
    model = find(name)
    units = [tables(model, chip, decay=DECAY, b=-ONE) for _ in weights]
    counts, spikes = [0] * len(weights), 0
    for step in range(1, steps + 1):
        made = []
        for k, (p, s) in enumerate(units):
            payload, s, _ = model.update(p, s, (weights[k], spikes)[: len(model.ports)], now(step))
            units[k] = p, s
            counts[k] += payload
            made.append(payload)
        spikes = sum(made)
    return counts


def test_lateral_inhibition_leaves_the_strongest(chip):
    # A12: 282 spikes without, 100 with.
    free, inhibited = layer(chip, "snu", EIGHT, 200), layer(chip, "li_snu", EIGHT, 200)
    assert (sum(free), inhibited) == (282, [0, 0, 0, 0, 0, 0, 50, 50])
    assert free == float_layer([w / ONE for w in EIGHT], 200, lateral=False)
    assert inhibited == float_layer([w / ONE for w in EIGHT], 200, lateral=True)


def test_s_never_falls_below_zero(chip):
    # 100, then 100 - 300, then 100 again: the ReLU has forgotten the debt.
    assert [s.s >> 6 for _, s in walk(find("snu"), chip, [100, -300, 100], b=-1000)] == [100, 0, 100]


def test_an_inhibited_unit_still_takes_its_input(chip):
    inputs = [(100, 0), (50, 3), (50, 0)]
    assert [s.s >> 6 for _, s in walk(find("li_snu"), chip, inputs, b=-1000)] == [100, 50, 100]


def test_one_spike_adds_one_minus_rho_beta(chip):
    # 1000 x 64 x 205 / 4096 = 3203.1; in the step after the spike, as the equation has y[t-1].
    found = walk(find("a_snu"), chip, [200, 0, 0], decay=4096, b0=-100, beta=1000, decay_b=205)
    assert [(payload, s.b) for payload, s in found] == [(1, 0), (0, 3203), (0, 3203 * 3891 // 4096)]


def test_s_saturates_and_says_so(chip):
    for name in ("snu", "li_snu", "a_snu"):
        model = find(name)
        p, s = tables(model, chip, s=2**23 - 1)
        _, after, overflow = model.update(p, s, (1, 0), now())
        assert (after.s, overflow) == (2**23 - 1, 8)
