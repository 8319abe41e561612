"""three_factor_snu: the soft SNU, and post-traces that make the tag of a rule the derivative of its state (OSTL)."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_snu  # noqa: F401
from neuroemu.compartments import find
from neuroemu.compartments.sigmoid import ONE
from tests.compartments.walk import equals_twin, rests_where_it_says, walk

SNU = find("three_factor_snu")
UNIT = 64  # the weight that stands for 1.0 with unit 12


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "three_factor_snu", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "three_factor_snu", chip)


@given(inputs=st.lists(st.integers(-300, 300), min_size=1, max_size=30))
def test_its_output_is_that_of_the_soft_snu(chip, inputs):
    values = {"decay": 400, "b": -100}
    soft = [(payload, s.s, s.y) for payload, s in walk(find("soft_snu"), chip, inputs, **values)]
    assert [(payload, s.s, s.y) for payload, s in walk(SNU, chip, inputs, **values)] == soft


def test_its_error_is_target_less_output(chip):
    # b = 0 and no input: y is 1/2, 63.5 rounded up is 64, -63.5 is -63.
    found = walk(SNU, chip, [(0, 0, 5), (0, 0, 0)], unit=12)
    assert [(s.y, s.y2, s.y3) for _, s in found] == [(ONE // 2, 64, 64), (ONE // 2, -63, -63)]


def test_what_is_cut_off_does_not_last(chip):
    ((_, s),) = walk(SNU, chip, [(-100, 0, 1)], unit=12)
    assert (s.s, s.y1, s.y2, s.y3) == (0, 64, 0, 64)


def test_with_its_traces_a_tag_is_the_derivative_of_its_state(chip):
    # eps = (1 - y1 / 64) eps + x in the order of the rule, against s of a weight a little larger, in floats.
    rng = np.random.default_rng(4)
    x = rng.random(200) < 0.3
    weight, keeps, b = 30, 0.875, -3.0

    def states(w):
        s = y = 0.0
        for spike in x:
            s = max(keeps * s * (1 - y) + w * spike, 0.0)
            y = 1 / (1 + math.exp(-(s + b)))
            yield s

    small = 1e-6
    pairs = zip(states(weight / UNIT), states(weight / UNIT + small), strict=True)
    wanted = [(more - less) / small for less, more in pairs]
    eps, found = 0.0, []
    lasts = 1.0
    for spike, (_, s) in zip(x, walk(SNU, chip, (weight * x).tolist(), decay=512, b=-3 * UNIT, unit=12), strict=True):
        eps = lasts * eps + spike
        found.append(eps)
        lasts = 1 - s.y1 / 64
    assert max(wanted) > 2
    assert np.abs(np.array(found) - wanted).max() < 0.08  # y1 knows 1/64
