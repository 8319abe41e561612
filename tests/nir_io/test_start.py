"""Starts: the state that so many steps of bias bring to where the framework starts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.nir_io.start import start_of

kept = st.floats(0.3, 1.0)


@given(kept, kept, st.floats(-0.2, 0.2), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.integers(0, 4))
def test_the_steps_end_where_they_should(keep_u, keep_v, bias, u, v, steps):
    one = np.ones(1)
    start = start_of(keep_u * one, keep_v * one, bias * one, u * one, v * one, steps, 1e9 * one)
    reached_u, reached_v = start.u[0], start.v[0]
    for _ in range(steps):
        reached_u *= keep_u
        reached_v = keep_v * reached_v + reached_u + bias
    if start.reached:
        assert np.allclose([reached_u, reached_v], [u, v])
    else:
        assert min(keep_u, keep_v) ** steps < 2**-6


def test_a_start_that_would_spike_on_its_way_is_none():
    one = np.ones(2)
    # before a bias of -0.6 leads to 0: 0.6 / 0.9 after step 2, and (0.667 + 0.6) / 0.9, above 1, after step 1
    start = start_of(0 * one, 0.9 * one, np.array([-0.6, -0.1]), 0 * one, 0 * one, 3, one)
    assert not start.reached and start.v[0] == 0.0 and 0 < start.v[1] < 1


def test_what_starts_at_rest_without_a_bias_stays():
    start = start_of(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), 5, np.ones(1))
    assert start == (0.0, 0.0, True)
