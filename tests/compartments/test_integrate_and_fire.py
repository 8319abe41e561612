"""if: counts that can be written down, and a LIF that does not leak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_lif_family  # noqa: F401
from neuroemu.compartments import find
from tests.compartments.walk import equals_twin, inputs, now, rests_where_it_says, spike_times, tables, walk
from tests.networks import arithmetics, with_arithmetic

IF = find("if")


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "if", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "if", chip)


@pytest.mark.parametrize(("weight", "theta"), [(3, 10), (7, 100), (99, 100), (64, 1000), (17, 41)])
def test_a_soft_reset_fires_as_often_as_the_threshold_fits_into_the_charge(chip, weight, theta):
    # facts/seed_rules.md A3: floor(T I / theta); T I is no multiple of theta here, for the chip fires strictly above it.
    assert 997 * weight % theta
    assert len(spike_times(IF, chip, [weight] * 997, threshold=theta, soft=1)) == 997 * weight // theta


@given(weight=st.integers(1, 255), theta=st.integers(255, 5000), steps=st.integers(1, 400))
def test_a_charge_that_just_reaches_the_threshold_waits(chip, weight, theta, steps):
    soft = len(spike_times(IF, chip, [weight] * steps, threshold=theta, soft=1))
    assert soft == (steps * weight - 1) // theta
    assert len(spike_times(IF, chip, [weight] * steps, threshold=theta, soft=0)) == steps // (theta // weight + 1)


@given(data=st.data())
def test_it_is_a_lif_that_forgets_nothing(chip, data):
    chip = with_arithmetic(chip, data.draw(arithmetics()))
    values = {"threshold": data.draw(st.integers(0, 3000)), "bias": data.draw(st.integers(-4096, 4095))}
    values |= {"soft": data.draw(st.integers(0, 1)), "v": data.draw(st.integers(-(2**20), 2**20))}
    forgets = 4096 - chip.arithmetic.decay_u_offset
    lif = find("lif")
    (p, s), (q, r) = tables(IF, chip, **values), tables(lif, chip, decay_u=forgets, decay_v=0, **values)
    for step, a in enumerate(data.draw(inputs(IF)), 1):
        here = now(step, chip.arithmetic)
        (payload, s, overflow), (expected, r, also) = IF.update(p, s, a, here), lif.update(q, r, a, here)
        assert (payload, s.v, overflow) == (expected, r.v, also)


def test_it_rests_with_a_charge(chip):
    p, s = tables(IF, chip, threshold=10, v=640)
    assert IF.at_rest(p, s) and not IF.at_rest(p, s._replace(v=641))


def test_v_saturates_and_says_so(chip):
    p, s = tables(IF, chip, threshold=131071, v=2**23 - 2)
    assert p.threshold == 131071 << 6  # 64 below the largest v
    assert IF.update(p, s, (-(2**14),), now())[2] == 0
    assert IF.update(p, s._replace(v=-(2**23) + 2), (-(2**14),), now()) == (0, s._replace(v=-(2**23) + 1), 8)
    assert IF.update(p, s, (2**15,), now())[2] == 1  # 2**21 is one more than 22 bits hold


def test_its_bias_is_a_mantissa_and_an_exponent(chip):
    assert [s.v for _, s in walk(IF, chip, [0, 0, 0], threshold=100, bias=3, bias_exponent=4)] == [48, 96, 144]
