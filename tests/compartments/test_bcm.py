"""bcm: a linear unit that keeps its rate, the mean of its square, and BCM's product of both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_lif_family  # noqa: F401
from neuroemu.compartments import find
from tests.compartments.walk import equals_twin, rests_where_it_says, walk

UNIT = find("bcm")


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "bcm", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "bcm", chip)


@pytest.mark.parametrize(
    ("v", "y1"), [(0, 0), (3, 0), (4, 1), (11, 1), (12, 2), (-4, 0), (-5, -1), (9999, 127), (-9999, -127)]
)
def test_the_rate_is_v_to_the_nearest(chip, v, y1):
    ((_, s),) = walk(UNIT, chip, [v], decay_v=4096, rate_shift=3)
    assert s.y1 == y1


def test_without_tau_the_square_follows_at_once(chip):
    # 40^2 = 1600, / 2^4 = 100; silent again, 0.
    found = walk(UNIT, chip, [40, 0], decay_v=4096, square_shift=4)
    assert [(s.square >> 9, s.y2) for _, s in found] == [(1600, 100), (0, 0)]


def test_the_threshold_slides_to_the_mean_square(chip):
    # y1 is 16 in every step and theta the mean of 256 / 2^4: BCM's product begins at 16 * 16 and vanishes.
    found = [s for _, s in walk(UNIT, chip, [16] * 200, decay_v=4096, tau=4, theta_shift=4, phi_shift=2)]
    assert found[0].y3 == 60  # theta is 1 after a step: 16 * 15 / 4
    assert [s.square for s in found] == sorted(s.square for s in found)
    assert found[-1].square >> 9 == 255 and found[-1].y3 == 4  # 16 (16 - 15) / 4: theta is rounded down


def test_below_the_threshold_the_product_is_negative(chip):
    # theta = 64 stands still (2^20 steps lie between two moves); 20 (20 - 64) / 2^4 = -55.
    ((_, s),) = walk(UNIT, chip, [20], decay_v=4096, epoch=20, theta_shift=0, phi_shift=4, square=64 << 9)
    assert s.y3 == -55
