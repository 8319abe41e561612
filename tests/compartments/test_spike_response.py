"""srm0 and glm: the alpha kernel, the feedback, and the stochastic threshold (facts/seed_rules.md A6, A7, A9)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_spike_response  # noqa: F401
from neuroemu.compartments import find
from neuroemu.compartments.spike_response import alpha
from tests.compartments.walk import equals_twin, now, rests_where_it_says, tables, walk

SRM0, GLM = find("srm0"), find("glm")


@pytest.mark.parametrize("name", ["srm0", "glm"])
@given(data=st.data())
def test_they_equal_their_twins(chip, name, data):
    equals_twin(data, name, chip)


@given(data=st.data())
def test_srm0_rests_where_it_says(chip, data):
    rests_where_it_says(data, "srm0", chip)


def test_the_glm_never_rests():
    assert GLM.at_rest is None


@pytest.mark.parametrize("weight", [64, -64, 255])
@pytest.mark.parametrize("tau", [1, 2, 3, 5, 8, 10, 15, 20, 30, 50])
def test_the_response_to_a_spike_is_the_alpha_kernel_within_2_percent_of_its_peak(chip, tau, weight):
    # A6. The input arrives one step after its spike was sent, so the first value is that of n = 1.
    n = np.arange(1, 12 * tau)
    response = np.array([s.u for _, s in walk(SRM0, chip, [weight] + [0] * (n.size - 1), **alpha(tau))])
    assert np.abs(response / (64 * weight) - n / tau * np.exp(1 - n / tau)).max() <= 0.02


def test_srm0_fires_where_its_potential_is_positive_by_definition(chip):
    # A9: z = 1 if u > 0. An exponential halving from 128, bias -64: u = 64, 0, -32.
    values = {"decay_1": 4096, "decay_2": 2048, "bias": -64}
    found = walk(SRM0, chip, [2, 0, 0], **values)
    assert [(payload, s.u) for payload, s in found] == [(1, 64), (0, 0), (0, -32)]


def test_a_spike_of_its_own_counts_from_the_next_step_on(chip):
    # feedback -3 x 64, halving: u = 64 + bias at once, then that of the feedback alone.
    values = {"decay_1": 4096, "decay_2": 4096, "feedback": -3, "decay_f": 2048}
    assert [s.u for _, s in walk(SRM0, chip, [1, 0, 0, 0], **values)] == [64, -192, -96, -48]


def test_a_constant_drive_fires_at_the_rate_of_its_feedback(chip):
    # u = 100 units above threshold, feedback -400 that halves: below zero for 400, 200; 100 is u = 0, which does not fire.
    values = {"decay_1": 4096, "decay_2": 4096, "feedback": -400, "decay_f": 2048}
    found = [payload for payload, _ in walk(SRM0, chip, [100] * 9, **values)]
    assert found[:5] == [1, 0, 0, 0, 1]


def test_u_before_step_1_is_the_bias_so_that_it_rests_at_once(chip):
    p, s = tables(SRM0, chip, bias=-3, bias_exponent=2)
    assert s.u == -12 and SRM0.at_rest(p, s)


def test_filters_saturate_and_say_so(chip):
    p, s = tables(SRM0, chip, decay_1=0, decay_2=0, x1=2**23 - 1)
    _, after, overflow = SRM0.update(p, s, (1,), now())
    assert (after.x1, after.x2, after.u, overflow) == (2**23 - 1, 2**23 - 1, 2**23 - 1, 8)
    _, after, overflow = SRM0.update(p, after, (-(2**15),), now())
    assert (after.x1, overflow) == (2**23 - 1 - 2**21, 8)  # -2**21 is just held; x2 is still too large


def test_the_glm_spikes_by_its_own_draws(chip):
    p, s = tables(GLM, chip, bias=100)
    runs = {}
    for seed, entity, stream in ((1, 0, 7), (1, 0, 7), (2, 0, 7), (1, 1, 7), (1, 0, 8)):
        spikes = tuple(GLM.update(p, s, (0,), now(t, seed=seed, entity=entity, stream=stream))[0] for t in range(99))
        assert runs.setdefault((seed, entity, stream), spikes) == spikes
    assert len(set(runs.values())) == 4


def test_the_log_likelihood_of_its_spikes_equals_that_in_float_within_1_percent(chip):
    # A7. tau = 5, a weight of 64 is 1.0, feedback -1, bias -1: u and p in floating point on the chip's spikes.
    rng, tau, steps = np.random.default_rng(1), 5.0, 4000
    inputs = (rng.random(steps) < 0.2) * rng.integers(-64, 192, steps)
    registers = {**alpha(tau), "decay_f": round(4096 * (1 - math.exp(-1 / tau))), "feedback": -64}
    found = walk(GLM, chip, inputs.tolist(), **registers, bias=-4096)
    fixed = wanted = x1 = x2 = f = 0.0
    for x, (spike, s) in zip(inputs, found, strict=True):
        r = math.exp(-1 / tau)
        x1 = r * x1 + x / 64
        x2 = r * x2 + x1
        u = math.e / tau * r * x2 + f - 1
        f = r * f - spike
        fixed += math.log((s.p if spike else 2**24 - s.p) / 2**24)
        wanted += -math.log1p(math.exp(-u if spike else u))
    assert abs(fixed / wanted - 1) <= 0.01
