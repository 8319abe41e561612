"""Counts between cores, energy and latency: against twins, by hand, and conserved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.chip import Barrier
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, OneToOne, Sparse
from neuroemu.counters import Counters
from neuroemu.energy import bill, charge
from neuroemu.events import EVENTS, HOPS, MEANING, Event
from neuroemu.latency import BOUNDS, schedule
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.tally import tally
from neuroemu.traffic import slowest_by_step, traffic
from tests import naive
from tests.engine.test_run import run_small
from tests.networks import STEPS, networks, spike_trains


def costs(chip, network, trains, options=None, steps=STEPS):
    image = compile_network(network, chip, options).image
    traces, counters = run_small(image, network, trains, steps)
    messages = traffic(image, traces, steps)
    return image, traces, counters, messages, tally(image, counters, messages)


@given(st.data())
def test_messages_and_hops_equal_their_twin(chip, data):
    network = data.draw(networks())
    options = MappingOptions(
        placement=data.draw(st.sampled_from(["sequential", "hilbert"])),
        parts={p.name: data.draw(st.integers(1, p.size)) for p in network.on_chip},
        share_cores=data.draw(st.booleans()),
    )
    spread = replace(chip, mesh=replace(chip.mesh, cores_per_tile=1, host_tile=(3, 1)))
    image, traces, _, messages, _ = costs(spread, network, data.draw(spike_trains(network)), options)
    spikes = zip(traces.step.tolist(), traces.source.tolist(), traces.payload.tolist(), strict=True)
    sent, received, hops, journeys = naive.messages(image, spikes, STEPS)
    for column, core in enumerate(messages.cores.tolist()):
        for row in range(STEPS):
            assert messages.sent[row, column] == sent.get((row + 1, core), 0)
            assert messages.received[row, column] == received.get((row + 1, core), 0)
    assert messages.hops_by_step.tolist() == hops
    hop_ns = [1.0, 2.5, 4.0, 0.5]
    slowest = [max((np.dot(path, hop_ns) for path in journeys.get(row + 1, [])), default=0.0) for row in range(STEPS)]
    assert slowest_by_step(messages, np.array(hop_ns)).tolist() == pytest.approx(slowest)


@given(st.data())
def test_nothing_is_lost_between_views(chip, loihi, data):
    # The same events, seen by step, by core (and host), and by population.
    network = data.draw(networks())
    options = MappingOptions(parts={p.name: p.size for p in network.on_chip}, share_cores=False)
    image, traces, counters, _, counted = costs(chip, network, data.draw(spike_trains(network)), options)
    totals = counted.by_step.sum(axis=0)
    by_core = counted.by_core.sum(axis=0) + counted.host
    by_population = counted.by_population.sum(axis=0)
    for event in EVENTS:
        if event is not Event.BARRIER:
            assert totals[event] == by_core[event] == by_population[event], event
    assert totals[Event.AXON_IN] == totals[Event.TILE] >= totals[Event.AXON_OUT]
    assert totals[Event.SPIKE_OUT] == np.count_nonzero(traces.source < image.n_compartments)
    assert totals[Event.SPIKE_OUT] == counters.total(Event.SPIKE_OUT)
    unpriced = {e: replace(c, value=7.0 + e) if c.value is None else c for e, c in loihi[1].energy_pj.items()}
    cost = bill(counted, replace(loihi[1], energy_pj=unpriced), 1000.0, image.mesh.n_cores)
    assert sum(cost.by_event.values()) == pytest.approx(cost.dynamic)
    assert sum(cost.by_core.values()) == pytest.approx(cost.dynamic)
    assert sum(cost.by_population.values()) == pytest.approx(cost.dynamic)
    assert cost.by_step.sum() == pytest.approx(cost.dynamic)


def ring(n=4):
    """One channel starts compartment 0; each compartment's spike fires the next, one part each."""
    network = Network().population("in", n, Spikes("in")).population("a", n, LifRegisters(threshold=100))
    network = network.connect("in", "a", OneToOne(np.full(n, 200.0)), WeightFormat())
    weights = np.zeros((n, n))
    weights[(np.arange(n) + 1) % n, np.arange(n)] = 200
    return network.connect("a", "a", Dense(weights), WeightFormat())


def test_energy_and_time_by_hand(chip, loihi):
    # Four cores on tile 0 (compartments 0..3). Step 1: the host's spike enters at tile 0: 1 message, 1 synapse read.
    # Steps 2, 3: one compartment fires: 1 message within the tile, 1 read. At step 1 all four are at rest.
    prices = loihi[1]
    options = MappingOptions(parts={"a": 4}, share_cores=False)
    _, _, _, messages, counted = costs(chip, ring(), {1: [0]}, options, steps=3)
    e = Event
    assert counted.by_step[:, [e.SYNAPSE_READ, e.COMPARTMENT_ACTIVE, e.COMPARTMENT_INACTIVE, e.SPIKE_OUT]].tolist() == [
        [1, 0, 4, 0],
        [1, 1, 3, 1],
        [1, 2, 2, 1],  # compartment 0 still has a current to forget
    ]
    assert counted.by_step[:, [e.AXON_OUT, e.AXON_IN, e.TILE, e.BARRIER]].tolist() == [
        [0, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
    ]
    cost = bill(counted, prices, 0.0, 128)
    # 3 reads, 3 active, 9 inactive, 3 messages
    assert cost.dynamic == pytest.approx(3 * 23.6 + 3 * 81 + 9 * 52 + 3 * 1.7)
    times = schedule(counted, messages, prices, 1)
    # Step 1: core 0 does an inactive update (5.3 ns) and a read (3.5); a message crosses a tile (2.1); barrier 113.
    # Step 2: core 0 is active (8.4), core 1 is inactive and reads (8.8): the slowest is core 1.
    assert times.step_ns.tolist() == pytest.approx([8.8 + 2.1 + 113, 8.8 + 2.1 + 113, 8.8 + 2.1 + 113])
    assert times.slowest_core.tolist() == [0, 1, 2]
    assert [BOUNDS[k] for k in times.bound] == ["barrier"] * 3


def test_hops_cost_by_direction(chip, loihi):
    # One core a tile, 2 x 2 mesh, sequential: cores 0 (0,0), 1 (0,1), 2 (1,0), 3 (1,1); the ring goes 0 1 2 3 0.
    small = replace(chip, mesh=replace(chip.mesh, width=2, height=2, cores_per_tile=1))
    options = MappingOptions(parts={"a": 4}, share_cores=False)
    _, _, _, messages, counted = costs(small, ring(), {1: [0]}, options, steps=5)
    # step 2: 0 -> 1 north; step 3: 1 -> 2 east, south; step 4: 2 -> 3 north; step 5: 3 -> 0 west, south
    assert messages.hops_by_step.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 1]]
    by_event = bill(counted, loihi[1], 0.0, 4).by_event
    assert [by_event[MEANING[e].key] for e in HOPS] == pytest.approx([3.0, 3.0, 8.0, 8.0])


def test_the_slowest_message_is_not_the_one_with_most_hops(chip, loihi):
    # Compartment 0 sends three tiles east (12.3 ns), and two tiles north (13.0 ns), in one step.
    mesh = replace(chip.mesh, width=4, height=3, cores_per_tile=1)
    net = Network().population("in", 2, Spikes("in")).population("a", 12, LifRegisters(threshold=100))
    net = net.connect("in", "a", Sparse([0, 1], [0, 0], [200.0, 200.0]), WeightFormat())
    both = net.connect("a", "a", Sparse([0, 0], [9, 2], [2.0, 2.0]), WeightFormat())
    options = MappingOptions(parts={"a": 12}, share_cores=False)
    _, _, _, messages, counted = costs(replace(chip, mesh=mesh), both, {1: [0]}, options, steps=2)
    assert schedule(counted, messages, loihi[1], 1).network_ns[1] == pytest.approx(2.1 + 2 * 6.5)


def test_static_energy_is_power_times_time(chip, loihi):
    _, _, _, _, counted = costs(chip, ring(), {1: [0]}, steps=3)
    # 0.816 mW a core, 128 cores, 1000 ns: 0.816e-3 W * 128 * 1e-6 s = 104.448 nJ
    assert bill(counted, loihi[1], 1000.0, 128).static == pytest.approx(104448.0)


def test_an_event_without_a_price_is_not_zero_in_the_report(chip, loihi):
    _, _, _, _, counted = costs(chip, ring(), {1: [0]}, steps=3)
    cost = bill(counted, loihi[1], 0.0, 128)
    assert cost.by_event["axon_out"] is None
    assert "energy of axon_out" in loihi[1].not_modelled()


def test_doubling_every_price_doubles_the_bill(chip, loihi):
    prices = loihi[1]
    doubled = replace(
        prices,
        energy_pj={e: replace(c, value=None if c.value is None else 2 * c.value) for e, c in prices.energy_pj.items()},
    )
    _, _, _, _, counted = costs(chip, ring(), {1: [0]}, steps=20)
    assert bill(counted, doubled, 0.0, 1).dynamic == pytest.approx(2 * bill(counted, prices, 0.0, 1).dynamic)
    assert charge(counted.by_step, doubled).tolist() == pytest.approx((2 * charge(counted.by_step, prices)).tolist())


@pytest.mark.parametrize(
    ("tiles", "log", "step"), [(1, 113.0, 113.0), (32, 465.0, 465.0), (2, 183.4, 113.0), (64, 465.0, 465.0)]
)
def test_the_barrier_between_the_points_of_its_table(tiles, log, step):
    points = ((1, 113.0), (32, 465.0))
    assert Barrier(points, "log", "", "").time_ns(tiles) == pytest.approx(log)
    assert Barrier(points, "step", "", "").time_ns(tiles) == pytest.approx(step)


def test_counters_total_only_what_parts_do():
    counters = Counters(np.ones((2, 3, 5), np.int64), np.zeros((1, 4), np.int64))
    assert counters.total(Event.SYNAPSE_READ) == 6
    assert counters.total(Event.BARRIER) == 0
