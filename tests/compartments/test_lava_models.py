"""The models that Lava has besides LIF: against their twins step by step, at rest, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.chip import PROFILES
from neuroemu.compartments import Now, find
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense
from neuroemu.counters import Count
from neuroemu.engine.run import Plan, run
from neuroemu.network import Network, Registers, Spikes, WeightFormat
from tests import naive
from tests.naive_models_lava import TWINS
from tests.networks import Listed, arithmetics, with_arithmetic

NAMES = sorted(TWINS)
LAVA = PROFILES["lava"]
# Where the range of a field is wide, what is worth looking at is near 0 and at both ends.
SMALL = {"vth": 300, "uth": 300, "theta_0": 300, "theta_step": 300}
STATE_TOP = {"atrlif": 2**24, "rf": 2**23 - 1, "rf_iz": 2**23 - 1}


def now(arithmetic, step=1):
    return Now(step, step, 0, 0, 0, np.zeros((0, 0), np.int64), arithmetic)


def numbers(low, high, near=2000):
    """Mostly near 0, sometimes anywhere or at an end."""
    close = st.integers(max(low, -near), min(high, near))
    return st.one_of(close, close, st.integers(low, high), st.sampled_from([low, high]))


@st.composite
def rows(draw, name):
    """A row of parameters and one of states, in the ranges of the two tables."""
    model = find(name)
    parameters = {
        key: draw(numbers(*field[2:], SMALL.get(key, 5000))) for key, field in model.parameters.fields.items()
    }
    top = STATE_TOP.get(name)
    state = {key: draw(numbers(-top, top) if top else numbers(*field[2:])) for key, field in model.state.fields.items()}
    return parameters, state


inputs = st.one_of(
    st.just(0),
    st.integers(-20, 20),
    st.integers(-60000, 60000),
    st.integers(-(2**32), 2**32),
    st.integers(-(2**45), 2**45),
)


@pytest.mark.parametrize("name", NAMES)
@given(st.data())
def test_a_model_equals_its_twin_step_by_step(name, data):
    model = find(name)
    parameters, state = data.draw(rows(name))
    arithmetic = data.draw(st.one_of(st.just(LAVA), arithmetics()))
    if name == "atrlif" and not arithmetic.v_clip:
        arithmetic = arithmetic._replace(u_overflow=1)  # else nothing bounds v, here or there
    twin = TWINS[name](parameters, state)
    p, s = model.parameters(**parameters), model.state(**state)
    for _ in range(data.draw(st.integers(1, 12))):
        a = tuple(data.draw(inputs) for _ in model.ports)
        assert bool(model.at_rest(p, s)) == bool(twin.at_rest([0] * len(a)))
        payload, s, _ = model.update(p, s, a, now(arithmetic))
        assert payload == twin.step(list(a), arithmetic, 1, None)
        assert s._asdict() == {key: getattr(twin, key) for key in s._fields}
        assert -(2**31) <= payload < 2**31


@pytest.mark.parametrize("name", NAMES)
@given(st.data())
def test_at_rest_nothing_changes_and_nothing_is_sent(name, data):
    model = find(name)
    parameters, state = data.draw(rows(name))
    for key in data.draw(st.sets(st.sampled_from(sorted(state)))):
        state[key] = 0
    if name == "atrlif" and data.draw(st.booleans()):
        state["theta"] = parameters["theta_0"]
    if name == "sigma_delta" and data.draw(st.booleans()):
        act = state["sigma"] + state["bias"]
        state["act"] = max(act, 0) if parameters["relu"] else act
    p, s = model.parameters(**parameters), model.state(**state)
    if model.at_rest(p, s):
        quiet = (0,) * len(model.ports)
        assert model.update(p, s, quiet, now(data.draw(arithmetics())))[:2] == (0, s)


@pytest.mark.parametrize("name", NAMES)
def test_a_compartment_that_was_told_nothing_is_at_rest(name, chip):
    model = find(name)
    defaults = {key: np.array([f.default]) for key, f in model.fields.items() if f.default is not None}
    parameters, state = model.tables(defaults, chip)
    p = model.parameters(**{key: int(column[0]) for key, column in parameters.items()})
    assert model.at_rest(p, model.state(**{key: int(column[0]) for key, column in state.items()}))


def after(name, parameters, state, *steps, arithmetic=LAVA):
    """[(payload, state, overflow)] of steps with these inputs; what is not given has the tables' defaults."""
    model = find(name)
    p = model.parameters(**{key: parameters.get(key, f.default) for key, f in model.parameters.fields.items()})
    s = model.state(**{key: state.get(key, f.default) for key, f in model.state.fields.items()})
    found = []
    for a in steps:
        payload, s, overflow = model.update(p, s, a, now(arithmetic))
        found.append((payload, s, overflow))
    return found


@pytest.mark.parametrize(
    ("name", "vth", "sent"),
    [
        ("graded_vec", 5, [-6, 0, 0, 0, 6]),
        ("graded_relu_vec", 5, [0, 0, 0, 0, 6]),
        ("graded_relu_vec", -6, [0, -5, 0, 5, 6]),
    ],
)
def test_a_value_passes_beyond_its_threshold(name, vth, sent):
    # out = a if |a| > vth (a > vth): the threshold itself does not pass.
    assert [payload for payload, *_ in after(name, {"vth": vth}, {}, (-6,), (-5,), (0,), (5,), (6,))] == sent


def test_what_no_port_carries_wraps_and_is_counted():
    # Ports carry int32: 2**31 turns over to -2**31. With an accumulator of 24 bits 2**23 does.
    assert after("graded_vec", {}, {}, (2**31,)) == [(-(2**31), (-(2**31),), 1)]
    assert after("graded_vec", {}, {}, (2**23,), arithmetic=LAVA._replace(q_bits=24)) == [(-(2**23), (-(2**23),), 1)]


def test_a_product_is_rounded_down():
    # -3 * 5 = -15, / 4 = -3.75, down: -4.
    assert after("prod_neuron", {"exp": 2}, {}, (-3, 5), (3, 5)) == [(-4, (-4,), 0), (3, (3,), 0)]
    # 2**20 * 2**20 >> 12 = 2**28 is exact, although the product has 41 bits; >> 8 is 2**32, of which 32 bits are 0.
    assert after("prod_neuron", {"exp": 12}, {}, (2**20, 2**20))[0] == (2**28, (2**28,), 0)
    assert after("prod_neuron", {"exp": 8}, {}, (2**20, 2**20))[0] == (0, (0,), 2)


@pytest.mark.parametrize("name", ["prod_neuron", "norm_vec_delay"])
@pytest.mark.parametrize(("vth", "sent"), [(14, [-15, 15]), (15, [0, 0])])
def test_a_product_as_large_as_the_threshold_is_not_sent(name, vth, sent):
    # -3 * 5 and 3 * 5; norm_vec_delay takes its first factor from the step before.
    found = after(name, {"vth": vth}, {"delayed": -3}, (-3, 5), (3, 5), (0, 5))
    payloads = [payload for payload, *_ in found]
    if name == "norm_vec_delay":
        assert payloads == [sent[0], sent[0], sent[1]]
    else:
        assert payloads == [*sent, 0]


def test_a_norm_waits_one_step_for_its_factor():
    # Step 1: nothing waited. Step 2: 7 * 2. Step 3: 0 * 9.
    found = after("norm_vec_delay", {}, {}, (7, 5), (0, 2), (0, 9))
    assert [(payload, s.s2) for payload, s, _ in found] == [(0, 49), (14, 0), (0, 0)]


def test_a_resonator_turns_toward_zero_and_keeps_its_bits():
    # decay_bits 2, c = s = 2: half of everything, toward zero. real = 5, imag = -3:
    # real' = 10 >> 2 (2) - -(6 >> 2) (-1) + (1 << 3) = 11;  imag' = 2 + -1 + 0 = 1.
    p = {"sin_decay": 2, "cos_decay": 2, "decay_bits": 2, "state_exp": 3, "vth": 11}
    assert after("rf", p, {"real": 5, "imag": -3}, (1, 0)) == [(1, (11, 1), 0)]
    assert after("rf", {**p, "vth": 12}, {"real": 5, "imag": -3}, (1, 0)) == [(0, (11, 1), 0)]
    assert after("rf", p, {"real": 5, "imag": 3}, (5, 0))[0][0] == 0  # imag was not below 0


def test_a_resonator_is_limited_to_24_bits():
    assert after("rf", {"state_exp": 10}, {}, (2**20, -(2**20))) == [(0, (2**23 - 1, -(2**23) + 1), 8)]


def test_the_default_resonator_has_a_period_of_10_and_alpha_007():
    # trunc(0.93 sin(36 degrees) 4096), trunc(0.93 cos(36 degrees) 4096)
    assert [find("rf").fields[key].default for key in ("sin_decay", "cos_decay")] == [
        int(0.93 * np.sin(np.pi / 5) * 4096),
        int(0.93 * np.cos(np.pi / 5) * 4096),
    ]
    assert [find("rf_zero").fields[key].default for key in ("lst", "lct")] == [
        int(0.95 * np.sin(np.pi / 5) * 2**15),
        int(0.95 * np.cos(np.pi / 5) * 2**15),
    ]


def test_a_resonator_of_izhikevich_is_reset_just_below_its_threshold():
    assert after("rf_iz", {"vth": 40}, {}, (7, 40)) == [(1, (0, 39), 0)]
    assert after("rf_iz", {"vth": 41}, {}, (7, 40)) == [(0, (7, 40), 0)]
    assert after("rf_iz", {"vth": 0}, {}, (0, 0)) == [(1, (0, -1), 0)]


def test_a_resonator_at_phase_zero_sends_its_amplitude():
    # lct = lst = 2**14: half, rounded down. u = 7, v = -1: u' = 3 - (-1) + 3 = 7; v' = -1 + 3 + 0 = 2.
    p = {"lct": 2**14, "lst": 2**14, "uth": 6}
    assert after("rf_zero", p, {"u": 7, "v": -1}, (3, 0)) == [(7, (7, 2), 0)]
    assert after("rf_zero", {**p, "uth": 7}, {"u": 7, "v": -1}, (3, 0)) == [(0, (7, 2), 0)]
    # v' = 0 is a crossing: nothing is kept of the state, and 0 comes in.
    assert after("rf_zero", {"lct": 0, "lst": 0}, {"v": -1}, (7, 0)) == [(7, (7, 0), 0)]


def test_a_delta_is_sent_from_the_threshold_on_and_rounded_down():
    # shift 1 + 2: 3 is an activation of 24. d = 24 >= 24 is sent as 24 >> 2. Then d = -8 - 24 = -32, >> 2 = -8.
    p = {"vth": 24, "spike_exp": 1, "state_exp": 2}
    assert after("delta", p, {}, (3,), (-1,)) == [(6, (24, 0, 0), 0), (-8, (-8, 0, 0), 0)]
    # One unit below: d = 16 stays as residue, and is sent with the next change: 8 + 16 = 24.
    assert after("delta", p, {}, (2,), (3,)) == [(0, (16, 16, 0), 0), (6, (24, 0, 0), 0)]


def test_accumulated_errors_are_sent_when_their_sum_reaches_the_threshold():
    # d = 6, error 6; d = 0 + residue 6, error 12 >= 10: sends 6, residue 0, error 0.
    p = {"vth": 10, "cum_error": 1}
    assert after("delta", p, {}, (6,), (6,)) == [(0, (6, 6, 6), 0), (6, (6, 0, 0), 0)]
    # Without: the residue of 6 alone never is.
    assert [payload for payload, *_ in after("delta", {"vth": 10}, {}, (6,), (6,), (6,))] == [0, 0, 0]


@pytest.mark.parametrize(("residue", "rests"), [(0, True), (9, True), (10, False), (-10, False)])
@pytest.mark.parametrize("name", ["delta", "sigma_delta"])
def test_what_is_left_over_rests_below_the_threshold(name, residue, rests):
    model = find(name)
    p = model.parameters(**{key: {"vth": 10}.get(key, 0) for key in model.parameters._fields})
    s = model.state(**{key: {"residue": residue}.get(key, 0) for key in model.state._fields})
    assert model.at_rest(p, s) == rests
    assert model.update(p, s, (0,), now(LAVA))[0] == (0 if rests else residue)


@pytest.mark.parametrize(("relu", "acts", "sent"), [(1, [0, 3], [0, 3]), (0, [-5, 3], [-5, 8])])
def test_sums_go_through_the_activation(relu, acts, sent):
    # bias 2: sigma -7 is an activation of -5 (0 with ReLU), sigma -7 + 8 = 1 one of 3.
    found = after("sigma_delta", {"relu": relu}, {"bias": 2}, (-7,), (8,))
    assert [s.act for _, s, _ in found] == acts and [payload for payload, *_ in found] == sent


def test_a_threshold_of_zero_sends_every_change_once():
    found = after("sigma_delta", {"vth": 0, "relu": 0, "state_exp": 1}, {}, (3,), (0,), (-4,), (0,))
    assert [payload for payload, *_ in found] == [1, 0, -2, 0]


def test_every_spike_raises_threshold_and_refractoriness():
    # theta_0 2 << 6 = 128, step 1 << 6; nothing decays but i (effective 4096). Input 2: i = v = 128 >= theta: r = 256,
    # theta = 192. Then v = 256, v - r = 0. Then v = 576, v - r = 320 >= 192: r = 256 + 384, theta = 256.
    p = {"decay_i": 4096, "decay_v": 0, "decay_theta": 0, "decay_r": 0, "theta_0": 128, "theta_step": 64}
    found = after("atrlif", p, {"theta": 128}, (2,), (2,), (5,))
    assert [(payload, s.v, s.theta, s.r) for payload, s, _ in found] == [
        (1, 128, 192, 256),
        (0, 256, 192, 256),
        (1, 576, 256, 640),
    ]


def test_thresholds_below_rest_come_home_toward_zero():
    # theta - theta_0 = -3, decay 1/2: -1.5 toward zero is -1.
    found = after("atrlif", {"decay_theta": 2048, "theta_0": 128}, {"theta": 125}, (0,))
    assert found[0][1].theta == 127


def test_registers_of_the_adaptive_lif_are_mantissas(chip):
    model = find("atrlif")
    given_values = {key: np.array([f.default]) for key, f in model.fields.items() if f.default is not None}
    given_values |= {"theta_0": np.array([5]), "bias": np.array([-3]), "bias_exponent": np.array([2])}
    parameters, state = model.tables(given_values, chip)
    assert parameters["theta_0"] == 320 and state["theta"] == 320 and state["bias"] == -12
    assert parameters["decay_i"] == given_values["decay_i"] + 1 and parameters["decay_r"] == given_values["decay_r"]


# What a population of the model gets, one a compartment where it is a pair (low, high).
SPREAD = {
    "atrlif": {"theta_0": (0, 40), "theta_step": (0, 9), "bias": (-50, 300), "decay_i": (0, 4095)},
    "delta": {"vth": (0, 9000), "cum_error": (0, 1), "spike_exp": (0, 3), "state_exp": (0, 4)},
    "graded_relu_vec": {"vth": (-9000, 9000)},
    "graded_vec": {"vth": (0, 9000)},
    "norm_vec_delay": {"vth": (0, 90000)},
    "prod_neuron": {"vth": (0, 90000), "exp": (0, 9)},
    "rf": {"vth": (0, 20000), "state_exp": (0, 4)},
    "rf_iz": {"vth": (-5, 90000), "state_exp": (0, 4)},
    "rf_zero": {"uth": (-10, 9000), "lst": (2000, 20000), "lct": (-2000, 32000)},
    "sigma_delta": {"vth": (0, 9000), "relu": (0, 1), "cum_error": (0, 1), "state_exp": (0, 4), "bias": (-99, 99)},
}


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_engine_equals_the_twin(name, chip):
    rng, n, steps = np.random.default_rng(len(name)), 70, 30  # more compartments than LANES
    model, graded = find(name), WeightFormat(exponent=4, message_bits=24)
    values = {key: rng.integers(low, high + 1, n) for key, (low, high) in SPREAD[name].items()}
    network = (
        Network()
        .population("in", 3, Spikes("in"))
        .population("relay", 3, Registers("graded_vec", {"vth": np.arange(3)}))
        .population("cells", n, Registers(name, values))
        .connect("in", "relay", Dense(np.diag([200.0, 30.0, -3.0])), WeightFormat())
    )
    for k, port in enumerate(model.ports):
        fan = rng.integers(-128, 128, (n, 3)) * 2.0
        network = network.connect("relay", "cells", Dense(fan, delays=k), WeightFormat(message_bits=24), port=port)
    back = np.where(rng.random((n, n)) < 0.02, rng.integers(-5, 5, (n, n)) * 2.0, 0.0)
    network = network.connect("cells", "cells", Dense(back), graded, port=model.ports[-1])
    for field in model.state._fields:
        network = network.probe("cells", field)
    trains = {step: np.flatnonzero(rng.random(3) < 0.4).tolist() for step in range(1, 22)}
    image = compile_network(network, with_arithmetic(chip, LAVA)).image
    traces, counters = run(image, Plan(steps, 1, 5, {"in": Listed(trains)}, {}, network.probes))
    first, states = image.n_compartments, []

    def look(compartments):
        states.append([dict(vars(c)) for c in compartments])

    spikes, _, _, counts = naive.run(image, {s: [c + first for c in cs] for s, cs in trains.items()}, steps, 5, look)
    assert list(zip(traces.step.tolist(), traces.source.tolist(), traces.payload.tolist(), strict=True)) == spikes
    sent = [payload for _, source, payload in spikes if 3 <= source < first]
    assert len(sent) > 20 and len(sent) < n * steps * 0.95
    for field in model.state._fields:
        assert traces.states["cells", field].tolist() == [[cell[field] for cell in row[3:]] for row in states], field
    events = [Count.SYNAPSE_READ, Count.ACTIVE, Count.INACTIVE, Count.SPIKE_OUT]
    assert counters.counts[:, :, events].tolist() == counts
