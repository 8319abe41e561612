"""leaky_error: a readout that sends what it misses of what it is told."""

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
from tests.compartments.walk import equals_twin, rests_where_it_says, walk
from tests.networks import Listed

READOUT = find("leaky_error")


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "leaky_error", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "leaky_error", chip)


def test_it_keeps_what_came_and_sends_what_is_missing(chip):
    # Half is left a step: v is 100, 50, 25, 12; the target of 60 lasts for a step.
    found = walk(READOUT, chip, [(100, 60), (0, 60), (0, 60), (0, 0)], decay_v=2048)
    assert [s.v for _, s in found] == [100, 50, 25, 12]
    assert [payload for payload, _ in found] == [-40, 10, 35, -12] == [s.y1 for _, s in found]


def test_a_bias_comes_in_every_step(chip):
    assert [s.v for _, s in walk(READOUT, chip, [0, 0, 0], decay_v=2048, bias=-100)] == [-100, -150, -175]


@pytest.mark.parametrize(("wanted", "y1"), [(7, 0), (-7, 0), (8, 1), (-8, -1), (1016, 127), (5000, 127), (-5000, -127)])
def test_the_error_is_shifted_toward_zero_and_fills_a_signed_byte(chip, wanted, y1):
    ((payload, s),) = walk(READOUT, chip, [(0, wanted)], error_shift=3)
    assert payload == s.y1 == y1


def test_by_the_delta_rule_it_comes_to_what_it_is_told(chip):
    # One spike a step against a target of 500 with v forgotten at once: the weight grows until nothing is missing, within
    # the dead zone of 4 and the 2 of a weight of 8 bits and a sign.
    rule = learning("2^-7*u0*x1*y1", traces={"x1": Trace(64, 0)}, third="model", shift="stochastic")
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("teacher", 2, Spikes("teacher"))
        .population("out", 2, Registers("leaky_error", {"decay_v": 4096, "error_shift": 2}))
        .connect("in", "out", Dense(np.zeros((2, 1))), WeightFormat(8, 0, "mixed"), name="w", learning=rule)
        .connect("teacher", "out", OneToOne(np.array([200.0, -120.0])), WeightFormat(8, 0, "mixed"), port="target")
    )
    every = {t: [0] for t in range(1, 401)}
    told = {t: [0, 1] for t in range(1, 401)}
    plan = Plan(400, 1, 3, {"in": Listed(every), "teacher": Listed(told)}, {}, snapshots={"w": 400}, threads=1)
    weights = run(compile_network(network, chip).image, plan)[0].synapses["w"].weight[-1]
    assert abs(weights[0] - 200) <= 6 and abs(weights[1] + 120) <= 6
