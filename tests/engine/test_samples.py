"""Samples, overflows, recorded noise and the float twin: what depends on where a sample begins, and what leaves a register."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroemu
from neuroemu import (
    Bernoulli,
    Current,
    Dense,
    Lif,
    LifRegisters,
    Network,
    Spikes,
    SpikesInput,
    ValuesInput,
    WeightFormat,
)
from neuroemu.compiler import compile_network
from neuroemu.compiler.expand import expand
from neuroemu.engine.run import Plan, run
from neuroemu.errors import InternalError, ProgramError, TooLarge
from neuroemu.network import Noise
from neuroemu.prepare import program_of
from neuroemu.reference import run_float
from tests.engine.test_run import run_small


def fed(model, steps, samples=1, **more):
    """One compartment of a model, driven by a spike in every odd step."""
    net = Network().population("in", 1, Spikes("in")).population("a", 1, model)
    connector = Dense(np.array([[200.0]])) if isinstance(model, LifRegisters) else Dense(np.array([[0.4]]))
    net = net.connect("in", "a", connector).probe("a", "v").probe("a", "u")
    odd = np.arange(1, steps + 1, 2)
    inputs = {"in": SpikesInput(odd, np.zeros(odd.size, np.int64))}
    return program_of(net, steps=steps, samples=samples, inputs=inputs, **more)


def test_a_periodic_reset_counts_from_the_start_of_each_sample():
    # 25 steps a sample, a reset every 10: with fresh samples all are alike.
    report = neuroemu.run(fed(LifRegisters(threshold=131071, reset_interval=10), 25, samples=3))
    v = report.traces.v["a"].reshape(3, 25)
    assert v[0].tolist() == v[1].tolist() == v[2].tolist()
    assert len(set(v[0].tolist())) > 3


def test_without_fresh_samples_the_state_goes_on():
    model = LifRegisters(threshold=131071)
    cut = neuroemu.run(fed(model, 10, samples=4, fresh_samples=False)).traces.v["a"]
    whole = neuroemu.run(fed(model, 40)).traces.v["a"]
    assert cut.tolist() == whole.tolist()
    fresh = neuroemu.run(fed(model, 10, samples=4)).traces.v["a"]
    assert fresh.tolist() != cut.tolist()


def test_recorded_noise_is_read_by_the_step_of_the_sample(chip):
    draws = np.arange(10).reshape(5, 2)
    model = LifRegisters(decay_u=4095, threshold=131071, noise=Noise(7, draws=draws))
    net = Network().population("a", 2, model).probe("a", "u")
    report = neuroemu.run(program_of(net, steps=5, samples=2))
    assert report.traces.u["a"].tolist() == [*draws.tolist(), *draws.tolist()]


def test_recorded_noise_that_is_too_short_is_refused():
    model = LifRegisters(noise=Noise(7, draws=np.zeros((5, 1), int)))
    with pytest.raises(ProgramError, match="recorded noise has 5 steps"):
        neuroemu.run(program_of(Network().population("a", 1, model), steps=6))


def test_an_input_out_of_range_never_reaches_a_kernel(chip):
    net = Network().population("in", 2, Spikes("in")).population("a", 1, LifRegisters())
    with pytest.raises(InternalError, match="index 2"):
        run_small(compile_network(net, chip).image, net, {1: [2]})


@pytest.mark.parametrize(
    ("kind", "model", "weight"),
    [
        # 200 inputs of 254 << 6 = 3251200 > 2**21
        ("input wrapped", LifRegisters(decay_u=4095, threshold=131071), 254.0),
        # 200 inputs of 120 << 6 = 1536000 a step, never forgotten: past 2**23 at the sixth
        ("u wrapped", LifRegisters(decay_u=0, threshold=131071), 120.0),
        # a bias of -4096 << 7 = -524288 a step: below -2**23 at the 17th
        ("v clipped", LifRegisters(decay_u=4095, bias=-4096, bias_exponent=7), 0.0),
    ],
)
def test_what_leaves_its_register_is_counted_and_told(kind, model, weight):
    net = Network().population("in", 200, Spikes("in")).population("a", 1, model)
    net = net.connect("in", "a", Dense(np.full((1, 200), weight)), WeightFormat())
    spikes = SpikesInput(np.repeat(np.arange(1, 31), 200), np.tile(np.arange(200), 30))
    report = neuroemu.run(program_of(net, steps=30, inputs={"in": spikes}))
    n = report.summary["overflows"]["a"][kind]
    assert f"population 'a': {kind} {n:,} times" in " ".join(str(report).split())


def test_a_run_within_its_registers_has_no_warning():
    assert neuroemu.run("quickstart").summary["overflows"] == {}


def test_u_does_not_wrap_where_the_review_found_it_to():
    # 50 inputs of 0.5 at p = 0.5, both time constants 20 ms: 95 spikes on chip against 199 in floats, before u got room.
    net = Network().population("in", 50, Spikes("in")).population("a", 1, Lif(tau_mem_ms=20.0, tau_syn_ms=20.0))
    net = net.connect("in", "a", Dense(np.full((1, 50), 0.5)))
    inputs = {"in": ValuesInput(np.full((1, 50), 0.5), Bernoulli())}
    report = neuroemu.run(program_of(net, steps=200, inputs=inputs, float_reference=True))
    assert report.summary["overflows"] == {}
    assert abs(report.summary["spikes"] - report.float_run.spikes) <= 2


def naive_floats(weights, model, inputs, steps, bias):
    """Spikes (step, compartment) of one population of floats, by the definition."""
    n = weights.shape[0]
    keep_u = np.exp(-1 / model.tau_syn_ms) if model.tau_syn_ms else 0.0
    keep_v, pause = np.exp(-1 / model.tau_mem_ms), round(model.refractory_ms)
    u, v, held, arriving, spikes = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), []
    for step in range(1, steps + 1):
        u = keep_u * u + arriving
        v = keep_v * v + u + bias
        v[held > 0] = 0
        fired = (v > model.threshold) & (held == 0)
        held = np.where(fired, pause, np.maximum(held - 1, 0))
        v[fired] = 0
        spikes += [(step, int(i)) for i in np.flatnonzero(fired)]
        arriving = weights[:, inputs.get(step, [])].sum(axis=1)
    return spikes


@given(st.data())
def test_the_float_twin_equals_its_definition(chip, data):
    n, channels, steps = data.draw(st.integers(1, 4)), 3, 30
    weights = np.array(data.draw(st.lists(st.floats(-1, 1), min_size=3 * n, max_size=3 * n))).reshape(n, 3)
    model = Lif(
        tau_mem_ms=8.0, tau_syn_ms=data.draw(st.sampled_from([0.0, 3.0])), refractory_ms=data.draw(st.integers(0, 3))
    )
    pairs = sorted(data.draw(st.sets(st.tuples(st.integers(1, steps), st.integers(0, channels - 1)), max_size=60)))
    current = data.draw(st.floats(0, 0.3))
    net = Network().population("in", channels, Spikes("in"))
    net = net.population("a", n, replace(model, current="drive")).connect("in", "a", Dense(weights))
    table = np.array(pairs, np.int64).reshape(-1, 2)
    inputs = {"in": SpikesInput(table[:, 0], table[:, 1]), "drive": ValuesInput(np.full((1, n), current), Current())}
    program = program_of(net, steps=steps, inputs=inputs)
    from neuroemu import host

    twin = run_float(net, expand(net, program.seed), host.feed(program), steps, True)
    trains: dict[int, list[int]] = {}
    for step, channel in pairs:
        trains.setdefault(step, []).append(channel)
    ours = list(zip(twin.step["a"].tolist(), twin.index["a"].tolist(), strict=True))
    assert ours == naive_floats(weights, model, trains, steps, current)


class Graded:
    """One graded spike of the host: payload on channel 0 at step 1."""

    def __init__(self, payload):
        self.payload = payload

    def events(self, first_step, n_steps):
        here = np.zeros(1 if first_step == 1 else 0, np.int64)
        return here, here, np.full(here.size, self.payload)


@pytest.mark.parametrize(("message_bits", "units"), [(0, 6), (8, 6 * 5)])
@pytest.mark.parametrize("payload_sign", [1, -1])
def test_a_graded_spike_multiplies_where_the_synapse_takes_payloads(chip, message_bits, units, payload_sign):
    net = Network().population("in", 1, Spikes("in")).population("a", 1, LifRegisters(threshold=131071)).probe("a", "u")
    net = net.connect("in", "a", Dense(np.array([[6.0]])), WeightFormat(message_bits=message_bits))
    plan = Plan(3, 1, 0, {"in": Graded(5 * payload_sign)}, {}, net.probes)
    traces, _ = run(compile_network(net, chip).image, plan)
    sign = payload_sign if message_bits else 1
    assert traces.u["a"][:, 0].tolist() == [0, sign * units * 64, 0]
    assert traces.payload.tolist() == [5 * payload_sign]


def test_sums_of_graded_spikes_may_exceed_32_bits(chip):
    # 254 * 2**24 = 4261412864 > 2**32 in the ring, then 2**6 times that in u, which nothing wraps here.
    wide = replace(chip, arithmetic=chip.arithmetic._replace(q_bits=0, u_overflow=0, bias_overflow=0))
    net = Network().population("in", 1, Spikes("in")).population("a", 1, LifRegisters(threshold=131071)).probe("a", "u")
    net = net.connect("in", "a", Dense(np.array([[254.0]])), WeightFormat(message_bits=8))
    plan = Plan(2, 1, 0, {"in": Graded(2**24)}, {}, net.probes)
    traces, _ = run(compile_network(net, wide).image, plan)
    assert traces.u["a"][:, 0].tolist() == [0, 254 * 2**24 * 64]


def test_a_run_that_records_too_many_spikes_stops(chip):
    net = Network().population("a", 4, LifRegisters(threshold=0, bias=100))
    image = compile_network(net, chip).image
    assert run(image, Plan(300, 1, 0, {}, {}, most_spikes=1200))[0].step.size == 1200
    with pytest.raises(TooLarge, match="1,024 spikes in 256 of 300 steps"):
        run(image, Plan(300, 1, 0, {}, {}, most_spikes=1000))
