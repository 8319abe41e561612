"""Starts: the state that so many steps of bias bring to where the framework starts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroemu
from neuroemu.errors import QuantisationError
from neuroemu.nir_io.start import start_of

kept = st.floats(0.05, 1.0)


@given(kept, kept, st.floats(-0.2, 0.2), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.integers(0, 4))
def test_the_steps_end_where_they_should(keep_u, keep_v, bias, u, v, steps):
    one, threshold = np.ones(1), 1.0
    start = start_of(keep_u * one, keep_v * one, bias * one, u * one, v * one, steps, threshold * one)
    reached_u, reached_v = start.u[0], start.v[0]
    way = []
    for _ in range(steps):
        reached_u *= keep_u
        reached_v = keep_v * reached_v + reached_u + bias
        way.append(reached_v)
    if start.reached:
        assert np.allclose([reached_u, reached_v], [u, v])
        assert max([0.0, *way]) <= threshold + 1e-9
    else:
        assert start.u[0] == start.v[0] == 0.0


@given(st.floats(0.3, 1.0), st.floats(0.3, 1.0), st.floats(-0.1, 0.1), st.integers(0, 3))
def test_a_usual_leak_and_bias_are_always_reached(keep_u, keep_v, bias, steps):
    one = np.ones(1)
    assert start_of(keep_u * one, keep_v * one, bias * one, -bias * one, 0 * one, steps, 10 * one).reached


def test_what_keeps_nothing_needs_no_start_unless_its_bias_spikes():
    zero, one = np.zeros(2), np.ones(2)
    assert start_of(zero, zero, 0.5 * one, zero, zero, 3, one).reached
    assert not start_of(zero, zero, 1.5 * one, zero, zero, 3, one).reached
    assert start_of(zero, zero, 1.5 * one, zero, zero, 0, one).reached


def test_a_start_that_would_spike_on_its_way_is_none():
    one = np.ones(2)
    # before a bias of -0.6 leads to 0: 0.6 / 0.9 after step 2, and (0.667 + 0.6) / 0.9, above 1, after step 1
    start = start_of(0 * one, 0.9 * one, np.array([-0.6, -0.1]), 0 * one, 0 * one, 3, one)
    assert not start.reached and start.v[0] == 0.0 and 0 < start.v[1] < 1


def test_what_starts_at_rest_without_a_bias_stays():
    start = start_of(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), 5, np.ones(1))
    assert start == (0.0, 0.0, True)


def test_a_lif_that_starts_away_from_rest_does_so_on_the_chip_and_in_floats():
    lif = neuroemu.Lif(
        tau_mem_ms=-1 / np.log(0.5), tau_syn_ms=-1 / np.log(0.5), threshold=0.7, u=0.4, v=np.array([0.8, -0.8])
    )
    network = neuroemu.Network().population("n", 2, lif).probe("n", "u").probe("n", "v")
    report = neuroemu.run(network, steps=3, float_reference=True)
    scale = report.compiled.quantised.scale["n"] * 64
    # u: 0.4, 0.2, 0.1, 0.05; v of the second: -0.8, -0.4 + 0.2, -0.1 + 0.1, 0 + 0.05; of the first 0.4 + 0.2, 0.3 + 0.1, 0.25
    assert np.allclose(report.traces.u["n"][:, 1] / scale, [0.2, 0.1, 0.05], atol=1e-3)
    assert np.allclose(report.traces.v["n"] / scale, [[0.6, -0.2], [0.4, 0.0], [0.25, 0.05]], atol=1e-3)
    assert report.float_run.spikes == report.summary["spikes"] == 0


@pytest.mark.parametrize("key", ["u", "v"])
def test_a_start_that_no_register_holds_is_told(key):
    lif = neuroemu.Lif(threshold=1.0, **{key: 1e6})
    with pytest.raises(QuantisationError) as caught:
        neuroemu.run(neuroemu.Network().population("n", 1, lif), steps=1)
    (problem,) = caught.value.problems
    assert problem.what == f"{key} is 1e+06 before step 1" and problem.path == "n" and "at most" in problem.allowed
