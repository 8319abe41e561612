"""three_factor_lif: a LIF whose post-traces are the surrogate derivative, the learning signal, and their product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_lif_family  # noqa: F401
from neuroemu.compartments import find
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense, OneToOne
from neuroemu.engine.run import Plan, run
from neuroemu.learning import Trace, learning
from neuroemu.network import Network, Registers, Spikes, WeightFormat
from tests.compartments.walk import equals_twin, rests_where_it_says, spike_times, walk
from tests.networks import Listed

LEARNER = find("three_factor_lif")


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "three_factor_lif", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "three_factor_lif", chip)


def test_whatever_it_is_told_it_spikes_as_a_lif(chip):
    values = {"decay_u": 300, "decay_v": 100, "threshold": 700, "refractory": 3, "soft": 1}
    inputs = [(37 * t * t) % 211 - 20 for t in range(300)]
    told = [(x, (-1) ** t * 900) for t, x in enumerate(inputs)]
    plain = spike_times(find("lif"), chip, inputs, **values)
    assert spike_times(LEARNER, chip, told, **values, width=500) == plain != []


@pytest.mark.parametrize(
    ("v", "y1"),
    # 127 - 127 |v - 100| / 50, rounded up: 98 is 127 - 5.08; at 101 it spikes and is as near as at 99.
    [(0, 0), (50, 0), (51, 3), (75, 64), (98, 122), (99, 125), (100, 127), (101, 125), (150, 0), (5000, 0)],
)
def test_the_surrogate_is_a_triangle_around_the_threshold(chip, v, y1):
    # A decay of v of 4095 forgets the step before; u is the input.
    ((payload, s),) = walk(LEARNER, chip, [v], decay_v=4095, threshold=100, width=50)
    assert (payload, s.y1) == (int(v > 100), y1)


def test_a_pause_has_no_derivative(chip):
    # Spikes at 200 against 100, then pauses in two steps, in which v is 0 whatever comes in.
    found = walk(LEARNER, chip, [200] * 4, decay_v=4095, threshold=100, width=400, refractory=3)
    assert [payload for payload, _ in found] == [1, 0, 0, 1]
    assert [s.y1 for _, s in found] == [96, 0, 0, 96]  # 127 - floor(127 / 4)


def test_without_a_width_the_derivative_is_always_one(chip):
    found = walk(LEARNER, chip, [200, 0, -200, 0], decay_v=4095, threshold=100, refractory=3)
    assert [s.y1 for _, s in found] == [127] * 4


def test_the_signal_is_filtered_and_shifted_toward_zero(chip):
    # Half is left a step: 100, 50, 25, 12 (toward zero), and the same below zero; shifted by 3: 12, 6, 3, 1.
    for sign in (1, -1):
        found = walk(LEARNER, chip, [(0, sign * 100), (0, 0), (0, 0), (0, 0)], decay_signal=2048, signal_shift=3)
        assert [s.signal for _, s in found] == [sign * x for x in (100, 50, 25, 12)]
        assert [s.y2 for _, s in found] == [sign * x for x in (12, 6, 3, 1)]
        assert [s.y3 for _, s in found] == [sign * x for x in (11, 5, 2, 0)]  # 127 y2 / 128


def test_the_signal_fills_a_signed_byte_and_no_more(chip):
    found = walk(LEARNER, chip, [(0, 500), (0, -900)])
    assert [s.y2 for _, s in found] == [127, -127] and [s.y3 for _, s in found] == [126, -126]


def test_traces_before_the_first_step_are_those_of_v_and_signal(chip):
    values = {"v": 75 << 6, "threshold": 100, "width": 50, "signal": -80, "signal_shift": 2}
    model, registers = LEARNER, {key: np.array([x]) for key, x in values.items()}
    defaults = {k: np.array([f.default]) for k, f in model.fields.items() if f.default is not None}
    state = model.tables({**defaults, **registers}, chip)[1]
    assert [int(state[y][0]) for y in ("y1", "y2", "y3")] == [64, -20, -10]


def test_a_rule_reads_the_product_of_the_model(chip):
    # x1 = 64 from the spike of step 1 on; told 120 (y2), of which y3 is 119: dw = 64 * 119 / 8 * 2^-7 = 7.4, once, in step 3:
    # the teacher's spike of step 2 arrives in step 3 and has gone a step later. Twice as much with the other sign: at -127
    # y3 is -126, dw -7.9.
    rule = learning("2^-7*u0*x1*y3", traces={"x1": Trace(64, float("inf"))}, third="model")
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("teacher", 2, Spikes("teacher"))
        .population("out", 2, Registers("three_factor_lif", {"threshold": 10_000}))
        .connect("in", "out", Dense(np.full((2, 1), 2.0)), WeightFormat(8, 0, "mixed"), name="w", learning=rule)
        .connect("teacher", "out", OneToOne(np.array([120.0, -240.0])), WeightFormat(8, 0, "mixed"), port="signal")
    )
    plan = Plan(6, 1, 3, {"in": Listed({1: [0]}), "teacher": Listed({2: [0, 1]})}, {}, snapshots={"w": 1}, threads=1)
    weights = run(compile_network(network, chip).image, plan)[0].synapses["w"].weight
    assert np.all(weights[:3] == 2) and np.all(weights[3:] == weights[3])
    assert weights[3, 0] in (8, 10) and weights[3, 1] in (-6, -4)  # 8 bits of a mixed weight are even numbers
