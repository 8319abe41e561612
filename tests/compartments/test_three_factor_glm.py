"""three_factor_glm: a GLM whose post-traces are what it missed, the learning signal, and their product; it sends log p."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_spike_response  # noqa: F401
from neuroemu.compartments import find
from neuroemu.compartments.log_sigmoid import log_sigmoid
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense, OneToOne
from neuroemu.engine.run import Plan, run
from neuroemu.errors import QuantisationError
from neuroemu.learning import Trace, learning
from neuroemu.network import Network, Registers, Spikes, WeightFormat
from tests.compartments.walk import equals_twin, tables, walk
from tests.networks import Listed

GLM, LEARNER = find("glm"), find("three_factor_glm")
MIXED = WeightFormat(8, 0, "mixed")
HELD = {"decay_1": 4096, "decay_2": 4096}  # u is 64 times the input of the step


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "three_factor_glm", chip)


def test_whatever_it_is_told_it_spikes_as_a_glm(chip):
    values = {"decay_1": 700, "decay_2": 300, "gain": 900, "feedback": -50, "decay_f": 400, "bias": -3000}
    inputs = [(37 * t * t) % 211 - 90 for t in range(300)]
    asked = [(x, t % 3, (-1) ** t * 900) for t, x in enumerate(inputs)]
    plain, told = walk(GLM, chip, inputs, **values), walk(LEARNER, chip, asked, **values)
    assert [payload for payload, _ in told] == [payload for payload, _ in plain]
    assert {payload for payload, _ in plain} == {0, 1}
    assert [(s.u, s.p, s.f) for _, s in told] == [(s.u, s.p, s.f) for _, s in plain]


@given(st.integers(-16 * 65536, 16 * 65536))
def test_the_logarithm_is_within_its_bound_and_goes_with_the_sigmoid(x):
    exact = -math.log1p(math.exp(-x / 65536)) if x > 0 else x / 65536 - math.log1p(math.exp(x / 65536))
    assert abs(int(log_sigmoid(x)) / 65536 - exact) < 1.4e-4


@pytest.mark.parametrize("x", [16 * 65536, 2**40, -16 * 65536, -(2**40)])
def test_beyond_16_the_logarithm_stays(x):
    assert int(log_sigmoid(x)) == (0 if x > 0 else -16 * 65536)


@pytest.mark.parametrize(
    ("x", "y1"),
    # p = sigma(x / 64): 127 (1 - p) and -127 p; at 0 exactly half, 63.5, rounded up either way.
    [(0, (64, -63)), (64, (34, -93)), (-64, (93, -34)), (255, (2, -125)), (-255, (125, -2)), (2000, (0, -127))],
)
def test_a_clamped_one_misses_what_came_by_its_probability(chip, x, y1):
    found = walk(LEARNER, chip, [(x, 1, 0), (x, 0, 0), (x, -7, 0)], **HELD, clamped=1)
    assert [payload for payload, _ in found] == [1, 0, 1]
    assert [s.y1 for _, s in found] == [y1[0], y1[1], y1[0]]


def test_the_error_is_as_large_as_its_register(chip):
    found = walk(LEARNER, chip, [(-2000, 1, 0), (2000, 0, 0)], **HELD, clamped=1, error=16)
    assert [s.y1 for _, s in found] == [16, -16]


def test_what_it_sends_is_the_logarithm_of_the_probability_of_what_happened(chip):
    # u = 1: log sigma(1) = -.3133, log sigma(-1) = -1.3133; times 256: -80.2 and -336.2.
    inputs = [(64, 1, 0), (64, 0, 0), (2000, 1, 0)]
    sends = {k: [payload for payload, _ in walk(LEARNER, chip, inputs, **HELD, clamped=1, sends=k)] for k in range(3)}
    assert sends == {0: [1, 0, 1], 1: [-80, -336, 0], 2: [80, -336, 1]}
    fine = walk(LEARNER, chip, inputs[:2], **HELD, clamped=1, sends=1, log_unit=12)
    assert [payload / 4096 for payload, _ in fine] == pytest.approx([-0.3133, -1.3133], abs=3e-4)


def test_its_feedback_is_that_of_the_spike_whatever_it_sends(chip):
    values = {**HELD, "clamped": 1, "feedback": -3, "decay_f": 2048}
    for sends in range(3):
        found = walk(LEARNER, chip, [(0, 1, 0), (0, 0, 0), (0, 0, 0)], **values, sends=sends)
        assert [s.u for _, s in found] == [0, -192, -96]


def test_the_signal_is_told_as_it_differs_from_its_mean(chip):
    # The mean goes half of the way a step, after the difference is taken: 0, 40, 60, 70 below 80; shifted by 1.
    found = walk(LEARNER, chip, [(0, 0, 80)] * 4, follow=2048, signal_shift=1)
    assert [s.y2 for _, s in found] == [40, 20, 10, 5]
    assert [s.baseline / 256 for _, s in found] == [40, 60, 70, 75]
    found = walk(LEARNER, chip, [(0, 0, -80)] * 2, follow=2048, signal_shift=1, error=127)
    assert [s.y2 for _, s in found] == [-40, -20]
    for _, s in found:
        assert s.y3 == int(s.y1 * s.y2 / 128)


def test_the_signal_decays_and_fills_a_signed_byte(chip):
    found = walk(LEARNER, chip, [(0, 0, 4000), (0, 0, 0), (0, 0, -9000)], decay_signal=2048, signal_shift=4)
    assert [s.signal for _, s in found] == [4000, 2000, -8000]
    assert [s.y2 for _, s in found] == [127, 125, -127]


def test_traces_before_the_first_step_are_those_of_signal(chip):
    _, s = tables(LEARNER, chip, signal=100, baseline=20, signal_shift=2)
    assert (s.y1, s.y2, s.y3, s.baseline) == (0, 20, 0, 20 * 256)


def test_only_one_that_is_not_clamped_draws(chip):
    assert LEARNER.draws({"clamped": np.array([0, 1])}).tolist() == [1, 0]


def test_a_rule_learns_the_probability_of_what_it_is_shown(chip):
    """A constant input and its weight alone: sigma(w / 64) goes to the rate of the clamp, as maximum likelihood has it."""
    steps, rates = 4000, np.array([0.2, 0.5, 0.9])
    rule = learning("2^-6*u0*x1*y1", traces={"x1": Trace(16, 0)}, third="model", shift="stochastic")
    shown = np.random.default_rng(1).random((steps, 3)) < rates
    network = (
        Network()
        .population("one", 1, Spikes("one"))
        .population("shown", 3, Spikes("shown"))
        .population("out", 3, Registers("three_factor_glm", {"clamped": 1, "error": 64}))
        .connect("one", "out", Dense(np.full((3, 1), 2.0)), MIXED, name="w", learning=rule)
        .connect("shown", "out", OneToOne(2.0), MIXED, port="clamp")
    )
    inputs = {
        "one": Listed({step: [0] for step in range(1, steps + 1)}),
        "shown": Listed({t + 1: np.flatnonzero(row).tolist() for t, row in enumerate(shown)}),
    }
    plan = Plan(steps, 1, 3, inputs, {}, snapshots={"w": 10}, threads=1)
    weight = run(compile_network(network, chip).image, plan)[0].synapses["w"].weight
    learned = 1 / (1 + np.exp(-weight[200:] / 64))
    assert np.abs(learned.mean(axis=0) - shown.mean(axis=0)).max() < 0.02


def test_a_shift_that_is_out_of_range_is_told_before_the_model_sees_it(chip):
    network = Network().population("a", 2, Registers("three_factor_glm", {"signal_shift": -1}))
    with pytest.raises(QuantisationError, match="signal_shift is -1"):
        compile_network(network, chip)
