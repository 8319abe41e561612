"""alif: eq 52-53 of Eshraghian et al. 2023."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_lif_family  # noqa: F401
from neuroemu.compartments import find
from tests.compartments.walk import equals_twin, rests_where_it_says, spike_times, walk

ALIF = find("alif")
ONE = 1000  # the weight that stands for 1.0


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "alif", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "alif", chip)


def float_alif(beta, x, alpha, steps):
    """theta = 1 + b, b = alpha b + (1 - alpha) S, U reset to zero."""
    u, b, times = 0.0, 0.0, []
    for t in range(steps):
        u = beta * u + x
        spike = u > 1 + b
        u = 0.0 if spike else u
        b = alpha * b + (1 - alpha) * spike
        times += [t] * spike
    return times


def test_it_fires_when_the_float_recursion_does(chip):
    # facts/seed_rules.md A14 prints the counts of the first and last 60 steps, 7 and 8, not what they were measured with;
    # beta = 0.9, W x = 0.2, alpha = 0.95 over 200 steps gives them.
    fixed = spike_times(ALIF, chip, [200] * 200, decay_v=410, threshold=ONE, decay_b=205, step=50)
    assert fixed == float_alif(0.9, 0.2, 0.95, 200)
    assert (sum(t < 60 for t in fixed), sum(t >= 140 for t in fixed)) == (7, 8)


def test_adaptation_makes_pauses_longer(chip):
    # 300 a step against 1000, hard reset, no leak: 4 steps. Each spike adds 600 for good: 1600 (6), 2200 (8), 2800 (10).
    times = spike_times(ALIF, chip, [300] * 29, threshold=1000, decay_b=0, step=600)
    assert times == [3, 9, 17, 27]


def test_a_soft_reset_takes_the_raised_threshold_away(chip):
    # 1000 a step, threshold 100, +50 a spike. v: 1000 - 100, then 1900 - 150.
    states = [s for _, s in walk(ALIF, chip, [1000, 1000], threshold=100, decay_b=0, step=50, soft=1)]
    assert [(s.v, s.b) for s in states] == [(900 * 64, 50 * 64), (1750 * 64, 100 * 64)]


def test_without_a_step_it_is_a_lif(chip):
    values = {"decay_u": 300, "decay_v": 100, "threshold": 700, "refractory": 3}
    inputs = [(37 * t * t) % 211 - 20 for t in range(300)]
    assert spike_times(ALIF, chip, inputs, **values) == spike_times(find("lif"), chip, inputs, **values) != []


def test_a_soft_reset_by_a_threshold_below_0_leaves_v_in_its_24_bits(chip):
    # 30000 * 64 - (0 - 8388607) is more than 8388607.
    ((payload, s),) = walk(ALIF, chip, [30000], threshold=0, b=-(2**23) + 1, soft=1)
    assert (payload, s.v) == (1, 2**23 - 1)


def test_b_saturates_and_says_so(chip):
    from tests.compartments.walk import now, tables

    p, s = tables(ALIF, chip, decay_v=0, threshold=0, decay_b=0, step=131071, b=-1)
    _, s, overflow = ALIF.update(p, s, (1,), now())
    assert (s.b, overflow) == ((131071 << 6) - 1, 0)
    payload, s, overflow = ALIF.update(p, s._replace(v=2**23 - 1, b=100), (0,), now())
    assert (payload, s.b, overflow) == (1, 2**23 - 1, 8)
