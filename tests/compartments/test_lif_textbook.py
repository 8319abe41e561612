"""The LIF against the textbook's recursions: Eshraghian et al. 2023, eq 4 and its variants (facts/seed_rules.md A1, A2)."""

from __future__ import annotations

import math

import pytest

from neuroemu.compartments import find
from tests.compartments.walk import now, spike_times, tables

ONE = 1000  # the weight that stands for 1.0
DECAY = 390  # 4096 (1 - exp(-0.1)) = 389.8


def eq_4(beta, x, steps):
    """U[t] = beta U[t-1] + WX - S[t-1], S = U > 1, in floating point."""
    u, spike, times = 0.0, 0, []
    for t in range(steps):
        u = beta * u + x - spike
        spike = int(u > 1)
        times += [t] * spike
    return times


def test_a_constant_input_fires_the_lif_when_equation_4_says(chip):
    times = spike_times(find("lif"), chip, [150] * 60, decay_v=DECAY, threshold=ONE)
    assert times == eq_4(math.exp(-0.1), 0.15, 60) == [10, 21, 32, 43, 54]


@pytest.mark.parametrize("weight", [110, 150, 230, 400])
def test_over_1000_steps_the_count_is_that_of_the_float_recursion_within_one(chip, weight):
    fixed = spike_times(find("lif"), chip, [weight] * 1000, decay_v=DECAY, threshold=ONE, soft=0)
    u, count = 0.0, 0
    for _ in range(1000):
        u = math.exp(-0.1) * u + weight / ONE
        if u > 1:
            u, count = 0.0, count + 1
    assert abs(len(fixed) - count) <= 1


def recursion(beta, x, theta, variant, steps):
    """[(S, U)] in floating point; U is kept whole after each decay, as the chip keeps it. All numbers here are exact."""
    u, spike, found = 0.0, 0, []
    for _ in range(steps):
        if variant == "subtracted later":
            u = math.trunc(beta * u) + x - spike * theta
            spike = int(u > theta)
            found.append((spike, u))
            continue
        u = math.trunc(beta * u) + x
        spike = int(u > theta)
        u = (u - theta if variant == "subtracted" else 0.0) if spike else u
        found.append((spike, u))
    return found


@pytest.mark.parametrize("k", [1, 64, 390, 2048])
@pytest.mark.parametrize("variant", ["to zero", "subtracted"])
def test_both_resets_equal_their_float_recursions_bit_for_bit(chip, variant, k):
    lif, beta = find("lif"), 1 - k / 4096
    p, s = tables(lif, chip, decay_v=k, threshold=300, soft=int(variant == "subtracted"))
    for step, (spike, u) in enumerate(recursion(beta, 211.0 * 64, 300.0 * 64, variant, 300), 1):
        payload, s, _ = lif.update(p, s, (211,), now(step))
        assert (payload, s.v) == (spike, u)


def test_a_reset_one_step_later_is_a_synapse_onto_itself(chip):
    # v = (v - theta) / 2 after a soft reset; the synapse takes the other theta / 2 where equation 4 takes theta: beta 1/2.
    lif, theta = find("lif"), 300
    p, s = tables(lif, chip, decay_v=2048, threshold=theta, soft=1)
    payload = 0
    for step, (spike, _) in enumerate(recursion(0.5, 200.0 * 64, theta * 64.0, "subtracted later", 300), 1):
        payload, s, _ = lif.update(p, s, (200 - theta // 2 * payload,), now(step))
        assert payload == spike


def test_an_input_scaled_by_1_minus_beta_settles_at_the_input(chip):
    # beta = 1 - 64/4096: (1 - beta) 64 = 1, so a weight of 1 stands for an input of 64.
    lif = find("lif")
    p, s = tables(lif, chip, decay_v=64, threshold=1000)
    for step in range(1, 1001):
        _, s, _ = lif.update(p, s, (1,), now(step))
    assert 63 * 64 <= s.v <= 64 * 64  # what truncation takes is less than one decay's worth
