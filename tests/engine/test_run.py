"""The engine against its twin, and what must not matter: placement, partition, stretches, jit."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, OneToOne
from neuroemu.counters import Count
from neuroemu.engine import run as engine
from neuroemu.engine import shares
from neuroemu.engine.run import Plan, run
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from tests import naive
from tests.networks import STEPS, Listed, arithmetics, networks, spike_trains, with_arithmetic


def run_small(image, network, trains, steps=STEPS, samples=1, seed=5):
    """Runs with every state probed."""
    for population in network.on_chip:
        network = network.probe(population.name, "u").probe(population.name, "v")
    inputs = {population.name: Listed(trains) for population in network.sources}
    return run(image, Plan(steps, samples, seed, inputs, {}, network.probes))


@given(data=st.data())
def test_the_engine_equals_its_twin(chip, data):
    check_against_twin(chip, data.draw(networks()), data.draw(arithmetics()), data)


@settings(max_examples=20)  # each is a kernel of its own, which takes half a second to compile
@given(data=st.data())
def test_kernels_made_to_measure_equal_it_too(chip, data):
    # Large populations get them; here small ones do.
    with patch.object(shares, "LARGE", 1):
        check_against_twin(chip, data.draw(networks()), chip.arithmetic, data)


def check_against_twin(chip, network, arithmetic, data):
    trains = data.draw(spike_trains(network))
    image = compile_network(network, with_arithmetic(chip, arithmetic)).image
    traces, counters = run_small(image, network, trains)
    first = image.n_compartments
    spikes, us, vs, counts = naive.run(image, {s: [c + first for c in cs] for s, cs in trains.items()}, STEPS, seed=5)
    ours = list(zip(traces.step.tolist(), traces.source.tolist(), traces.payload.tolist(), strict=True))
    assert ours == spikes
    assert np.concatenate([traces.u[name] for name in image.names], axis=1).tolist() == us
    assert np.concatenate([traces.v[name] for name in image.names], axis=1).tolist() == vs
    events = [Count.SYNAPSE_READ, Count.ACTIVE, Count.INACTIVE, Count.SPIKE_OUT]
    assert counters.counts[:, :, events].tolist() == counts


@given(st.data())
def test_spikes_do_not_depend_on_mapping(chip, data):
    network = data.draw(networks())
    trains = data.draw(spike_trains(network))
    one = MappingOptions()
    other = MappingOptions(
        placement="hilbert",
        parts={p.name: data.draw(st.integers(1, p.size)) for p in network.on_chip},
        share_cores=data.draw(st.booleans()),
    )
    results = []
    for options in (one, other):
        traces, counters = run_small(compile_network(network, chip, options).image, network, trains)
        table = np.stack([traces.step, traces.source, traces.payload]).tolist()
        results.append((table, {k: v.tolist() for k, v in traces.v.items()}, counters.counts.sum(axis=1).tolist()))
    assert results[0] == results[1]


def chain(delay=0, refractory=1):
    """One channel to one compartment that fires on every input."""
    return (
        Network()
        .population("in", 1, Spikes("in"))
        .population("a", 1, LifRegisters(decay_u=4095, threshold=100, refractory=refractory))
        .connect("in", "a", Dense(np.array([[200.0]]), delay), WeightFormat())
    )


@pytest.mark.parametrize("delay", [0, 1, 7, 62])
def test_a_spike_arrives_after_its_delay(chip, delay):
    network = chain(delay)
    traces, _ = run_small(compile_network(network, chip).image, network, {1: [0]}, steps=70)
    assert traces.step[traces.source == 0].tolist() == [1 + 1 + delay]


@pytest.mark.parametrize(("refractory", "spikes"), [(1, [2, 3, 4, 5, 6, 7]), (2, [2, 4, 6]), (3, [2, 5]), (64, [2])])
def test_a_refractory_register_of_r_pauses_r_minus_1_steps(chip, refractory, spikes):
    network = chain(refractory=refractory)
    image = compile_network(network, chip).image
    traces, _ = run_small(image, network, {s: [0] for s in range(1, 7)}, steps=7)
    assert traces.step[traces.source == 0].tolist() == spikes


def test_a_threshold_reached_exactly_does_not_fire(chip):
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("a", 2, LifRegisters(threshold=np.array([200, 199])))
        .connect("in", "a", Dense(np.full((2, 1), 200.0)), WeightFormat())
    )
    traces, _ = run_small(compile_network(network, chip).image, network, {1: [0]}, steps=3)
    assert traces.source[traces.source < 2].tolist() == [1]


def test_the_order_of_delivery_cannot_matter_because_sums_are_wrapped_once(chip):
    # 200 inputs of 254 << 13 = 2080768 each: in between the sum passes 2**22 and 2**23 many times.
    weights = np.where(np.arange(200) % 2, 254.0, -254.0)[None, :]
    network = (
        Network()
        .population("in", 200, Spikes("in"))
        .population("a", 1, LifRegisters(decay_u=0))
        .connect("in", "a", Dense(weights), WeightFormat(exponent=7))
    )
    traces, _ = run_small(compile_network(network, chip).image, network, {1: list(range(200))}, steps=2)
    assert traces.u["a"][:, 0].tolist() == [0, 0]


def test_a_stretch_that_fills_its_spike_buffer_goes_on_with_another(chip, monkeypatch):
    network = (
        Network()
        .population("in", 3, Spikes("in"))
        .population("a", 3, LifRegisters(threshold=1))
        .connect("in", "a", OneToOne(np.full(3, 100.0)), WeightFormat())
    )
    image = compile_network(network, chip).image
    trains = {s: [0, 1, 2] for s in range(1, 41)}
    whole, counted = run_small(image, network, trains, steps=40)
    monkeypatch.setattr(engine, "STRETCH_SPIKES", 1)
    monkeypatch.setattr(engine, "STRETCH_STEPS", 7)
    cut, recounted = run_small(image, network, trains, steps=40)
    assert np.array_equal(whole.source, cut.source) and np.array_equal(whole.step, cut.step)
    assert np.array_equal(counted.counts, recounted.counts)


def test_every_sample_starts_from_the_same_state(chip):
    network = chain()
    image = compile_network(network, chip).image
    traces, _ = run_small(image, network, {9: [0]}, steps=10, samples=1)
    assert traces.step[traces.source == 0].tolist() == [10]
    # The spike of step 10 of the first sample is in flight when the second begins: it is gone with the state.
    traces, _ = run_small(image, network, {10: [0], 11: [0]}, steps=10, samples=2)
    assert traces.step[traces.source == 0].tolist() == [12]


def test_nothing_happens_to_a_compartment_at_rest(chip):
    network = Network().population("in", 1, Spikes("in")).population("a", 5, LifRegisters(threshold=0))
    traces, counters = run_small(compile_network(network, chip).image, network, {}, steps=4)
    assert counters.counts[:, 0, Count.INACTIVE].tolist() == [5, 5, 5, 5]
    assert traces.step.size == 0


def test_the_engine_gives_the_same_bits_without_jit(chip):
    script = (
        "import numpy as np, neuroemu, hashlib\n"
        "from neuroemu.files import program_file\n"
        "r = neuroemu.run(program_file.read('quickstart', steps=20))\n"
        "print(hashlib.sha256(r.traces.step.tobytes() + r.traces.source.tobytes() + r.counters.counts.tobytes()).hexdigest())"
    )
    digests = set()
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout.strip())
    assert len(digests) == 1
