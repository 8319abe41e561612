"""One step of every neuron in floats, against twins in plain Python."""

from __future__ import annotations

import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.nir_io.graph import KNOWN, NEURONS
from neuroemu.reference.graph import walk
from tests import naive_nir
from tests.nir_io.graphs import graph, imported

STEPS = 40


def walked(node, inputs, origin, weight_back=None):
    """(spiked, v) by step of one neuron of a graph, fed with values."""
    nodes = {"i": nir.Input(np.array([1])), "w": nir.Linear(np.ones((1, 1))), "n": node, "o": nir.Output(np.array([1]))}
    edges = ["i w n o"]
    if weight_back is not None:
        nodes["back"] = nir.Linear(np.full((1, 1), weight_back))
        edges.append("n back n")
    exact = imported(graph(*edges, **nodes), origin).exact
    given_ = {"i": np.asarray(inputs, exact.dtype).reshape(-1, 1, 1)}
    return [(bool(states["n"].spiked[0, 0]), states["n"].v[0, 0]) for _, states in walk(exact, given_, len(inputs), 1)]


def near(found, expected):
    assert [spiked for spiked, _ in found] == [spiked for spiked, _ in expected]
    assert np.allclose([v for _, v in found], [v for _, v in expected], rtol=1e-4, atol=1e-5)


def values(seed):
    """Inputs in quarters, so that float32 and float64 differ by rounding of the leak alone."""
    return np.random.default_rng(seed).integers(-1, 5, STEPS) / 4


@given(
    st.integers(0, 10**6),
    st.sampled_from([None, 0.75]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, -0.5, 0.5]),
)
def test_snntorch(seed, alpha, subtract, late, weight_back):
    beta, dt = 0.875, 1e-4
    tau, one = np.array([dt / (1 - beta)]), np.ones(1)
    node = nir.LIF(tau, tau / dt, 0 * one, 1.03 * one)
    if alpha is not None:
        tau_syn = np.array([dt / (1 - alpha)])
        node = nir.CubaLIF(tau_syn, tau, tau / dt, 0 * one, 1.03 * one, 0 * one, tau_syn / dt)
    origin = {"framework": "snntorch", "reset": "subtract" if subtract else "zero", "reset_delay": late}
    expected = naive_nir.snntorch(values(seed), beta, np.float32(1.03), alpha, subtract, late, weight_back)
    near(walked(node, values(seed), origin, weight_back), expected)


@given(st.integers(0, 10**6), st.sampled_from([None, 0.25]), st.sampled_from([None, -0.5, 0.5]))
def test_norse(seed, rate_syn, weight_back):
    one = np.ones(1)
    given_ = dict(v_leak=np.float32(0.1), v_reset=np.float32(-0.2))
    tail = (one, one * given_["v_leak"], one * np.float32(0.53), one * given_["v_reset"])
    node = nir.LIF(one * 2e-3, *tail) if rate_syn is None else nir.CubaLIF(one * 4e-3, one * 2e-3, *tail)
    expected = naive_nir.norse(
        values(seed), 0.5, np.float32(0.53), rate_syn=rate_syn, weight_back=weight_back, **given_
    )
    near(walked(node, values(seed), {"framework": "norse"}, weight_back), expected)


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_what_does_not_spike_adds_up(seed, leaks, remembers):
    x, one, found = values(seed), np.ones(1), []
    v = i = 0.0
    for given_ in x:
        i = 0.75 * i + 0.25 * 2.0 * given_ if remembers else given_
        v = v + (0.25 * ((0.0 - v) + 3.0 * i) if leaks or remembers else 3.0 * i)
        found.append((False, v))
    node = nir.LI(4e-3 * one, 3 * one, 0 * one) if leaks else nir.I(3 * one)
    node = nir.CubaLI(4e-3 * one, 4e-3 * one, 3 * one, 0 * one, 2 * one) if remembers else node
    near(walked(node, x, {"dt": "1 ms"}), found)


def test_a_threshold_passes_what_is_above_it_in_the_same_step():
    found = walked(nir.Threshold(np.array([0.5])), [0.5, 0.75, -1.0, 1.0], {})
    assert [spiked for spiked, _ in found] == [False, True, False, True]


@pytest.mark.parametrize("reset_delay", [False, True])
def test_in_nir_s_own_equations_a_late_reset_changes_no_spike(reset_delay):
    one = np.ones(1)
    node = nir.LIF(4e-3 * one, 4 * one, 0 * one, 1.03 * one, -0.25 * one)
    found = [
        walked(node, values(3), {"dt": "1 ms", "reset": reset, "reset_delay": reset_delay})
        for reset in ("zero", "subtract")
    ]
    once = [walked(node, values(3), {"dt": "1 ms", "reset": reset}) for reset in ("zero", "subtract")]
    assert [[spiked for spiked, _ in run] for run in found] == [[spiked for spiked, _ in run] for run in once]
    assert found[0] != found[1]


def test_every_primitive_of_the_nir_package_is_known():
    kinds = {name for name, kind in vars(nir).items() if isinstance(kind, type) and issubclass(kind, nir.NIRNode)}
    assert kinds - {"NIRNode", "NIRGraph"} == set(KNOWN) and set(NEURONS) <= set(KNOWN)
