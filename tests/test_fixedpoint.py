"""The scalar kernels against their twins, and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu import fixedpoint
from tests import naive

states = st.integers(-(2**40), 2**40)


@given(st.integers(-(2**24), 2**24), st.integers(0, 4096))
def test_decay_equals_its_twin(x, d):
    assert fixedpoint.decay(x, d) == naive.decay(x, d)


@given(states, st.sampled_from([8, 16, 22, 24]))
def test_wrap_equals_its_twin(x, bits):
    x %= 2 ** (bits + 5)  # the twin counts turns one by one
    assert fixedpoint.wrap(x, bits) == naive.wrap(x, bits)
    assert fixedpoint.wrap_once(-x, bits) == naive.wrap_once(-x, bits)


@given(states, st.integers(0, 31))
def test_a_shift_toward_zero_forgets_the_fraction_of_either_sign(x, bits):
    assert fixedpoint.shift_toward_zero(x, bits) == (abs(x) // 2**bits) * (1 if x >= 0 else -1)


@given(st.integers(-(2**24), 2**24), st.integers(1, 4096))
def test_no_value_sticks(x, d):
    decayed = fixedpoint.decay(x, d)
    assert abs(decayed) < abs(x) or x == 0


@pytest.mark.parametrize(
    ("x", "d", "expected"),
    [(5000, 1, 4998), (-5000, 1, -4998), (5000, 0, 5000), (5000, 4096, 0), (1, 1, 0), (4096, 2048, 2048)],
)
def test_decay_by_hand(x, d, expected):
    # 5000 * 4095 / 4096 = 4998.78, toward zero: 4998 (facts/fixed_point.md section 7, row 1)
    assert fixedpoint.decay(x, d) == expected


@pytest.mark.parametrize(("x", "expected"), [(2**23, -(2**23)), (-(2**23), -(2**23)), (2**23 - 1, 2**23 - 1)])
def test_the_edge_of_24_bits_wraps(x, expected):
    assert fixedpoint.wrap(x, 24) == expected


def test_lava_keeps_the_upper_edge_and_turns_once():
    # section 7, rows 2 to 4
    assert fixedpoint.wrap_once(2**23, 24) == 2**23
    assert fixedpoint.wrap_once(-(2**23), 24) == 2**23
    assert fixedpoint.wrap_once(50135040, 24) == 33357824
