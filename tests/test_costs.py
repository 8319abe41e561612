"""Counts between cores, energy and latency: against twins, by hand, and conserved."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroemu.costs as costs_module
from neuroemu.chip import Barrier, Constant, StaticPower
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, OneToOne, Sparse
from neuroemu.costs import Activity, Counted, costs
from neuroemu.counters import Count
from neuroemu.energy import bill, charge, static_mw
from neuroemu.events import EVENTS, HOPS, MEANING, PART_EVENTS, READS, Event
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.schedule import HOP, PARTS
from neuroemu.tally import tally
from neuroemu.traffic import slowest_of_sources, traffic, ways
from neuroemu.wiring import wiring_of
from tests import naive, naive_compiler
from tests.engine.test_run import run_small
from tests.networks import STEPS, networks, roomy, spike_trains


def ran(chip, network, trains, options=None, steps=STEPS):
    """(wiring, activity, traces, counters) of a small run."""
    image = compile_network(network, roomy(chip), options).image
    traces, counters = run_small(image, network, trains, steps)
    return wiring_of(image), Activity(counters.counts, traces.step, traces.source), traces, counters


def counted(wiring, activity):
    """(Traffic, Tally, core_steps) of all steps at once."""
    going = ways(wiring)
    messages = traffic(wiring, going, activity.step - 1, activity.source, activity.n_steps)
    return messages, *tally(wiring, going, activity.counts, messages)


@given(st.data())
def test_messages_and_hops_equal_their_twin(chip, data):
    network = data.draw(networks())
    options = MappingOptions(
        placement=data.draw(st.sampled_from(["sequential", "hilbert"])),
        parts={p.name: data.draw(st.integers(1, p.size)) for p in network.on_chip},
        share_cores=data.draw(st.booleans()),
    )
    spread = replace(chip, mesh=replace(chip.mesh, cores_per_tile=1, host_tile=(3, 1)))
    image = compile_network(network, roomy(spread), options).image
    traces, counters = run_small(image, network, data.draw(spike_trains(network)))
    wiring, activity = wiring_of(image), Activity(counters.counts, traces.step, traces.source)
    messages, _, _ = counted(wiring, activity)
    spikes = zip(traces.step.tolist(), traces.source.tolist(), traces.payload.tolist(), strict=True)
    sent, received, hops, journeys = naive.messages(image, spikes, STEPS)
    for column, core in enumerate(messages.cores.tolist()):
        for row in range(STEPS):
            assert messages.sent[row, column] == sent.get((row + 1, core), 0)
            assert messages.received[row, column] == received.get((row + 1, core), 0)
    assert messages.hops[:, :4].tolist() == hops
    hop_ns = [1.0, 2.5, 4.0, 0.5, 0.0]
    by_source = slowest_of_sources(ways(wiring), np.array(hop_ns))
    for row in range(STEPS):
        fired = activity.source[activity.step == row + 1]
        slowest = max((np.dot(path, hop_ns[:4]) for path in journeys.get(row + 1, [])), default=0.0)
        assert by_source[fired].max(initial=0.0) == pytest.approx(slowest)


@given(st.data())
def test_nothing_is_lost_between_views(chip, loihi, data):
    # The same events, seen by step, by core (and host), by population and by part.
    network = data.draw(networks())
    options = MappingOptions(parts={p.name: p.size for p in network.on_chip}, share_cores=False)
    wiring, activity, traces, counters = ran(chip, network, data.draw(spike_trains(network)), options)
    unpriced = {e: replace(c, value=7.0 + e) if c.value is None else c for e, c in loihi[1].energy_pj.items()}
    found = costs(wiring, activity, replace(loihi[1], energy_pj=unpriced))
    totals, tallied = found.tally.totals, found.tally
    by_core = tallied.by_core.sum(axis=0) + tallied.host
    by_population = tallied.by_population.sum(axis=0)
    for event in EVENTS:
        if event is not Event.BARRIER:
            assert totals[event] == by_core[event] == by_population[event], event
        if event in PART_EVENTS:
            assert totals[event] == tallied.by_part[:, event].sum(), event
    assert totals[Event.AXON_IN] == totals[Event.TILE_IN] == totals[Event.TILE_OUT] >= totals[Event.AXON_OUT]
    assert totals[Event.SPIKE_OUT] == np.count_nonzero(traces.source < wiring.n_compartments)
    assert totals[Event.SPIKE_OUT] == counters.total(Count.SPIKE_OUT)
    assert totals[Event.HOST_IN] == np.count_nonzero(traces.source >= wiring.n_compartments)
    zeros = sum(int(n) * k for n, k in zip(*_zeros_by_source(wiring, traces), strict=True))
    assert totals[list(READS)].sum() - zeros == totals[Event.ACCUMULATE] == counters.total(Count.SYNAPSE_READ)
    assert totals[Event.COMPARTMENT_ACCESS] == wiring.n_compartments * STEPS
    cost = found.bill
    assert sum(cost.by_event.values()) == pytest.approx(cost.dynamic)
    assert sum(cost.by_core.values()) == pytest.approx(cost.dynamic)
    assert sum(cost.by_population.values()) == pytest.approx(cost.dynamic)
    assert cost.by_step.sum() == pytest.approx(cost.dynamic)


def _zeros_by_source(wiring, traces):
    """How often each source fired, and how many zeros each of its spikes reads."""
    rows, fired = wiring.rows, np.bincount(traces.source, minlength=wiring.n_sources)
    bounds = zip(rows.first[:-1], rows.first[1:], strict=True)
    return fired, [int(rows.zeros[a:b].sum()) if rows.zeros.size else 0 for a, b in bounds]


@given(st.data())
def test_stretches_do_not_change_what_a_run_costs(chip, loihi, data):
    network = data.draw(networks())
    wiring, activity, _, _ = ran(chip, network, data.draw(spike_trains(network)))
    whole = costs(wiring, activity, loihi[1])
    with patch.object(costs_module, "STRETCH_BYTES", 1):  # a step at a time
        pieces = costs(wiring, activity, loihi[1])
    assert np.array_equal(whole.tally.by_step, pieces.tally.by_step)
    assert np.array_equal(whole.tally.by_population, pieces.tally.by_population)
    assert np.array_equal(whole.schedule.step_ns, pieces.schedule.step_ns)
    assert whole.bill.by_event == pieces.bill.by_event


@given(st.data())
def test_reads_are_of_the_kinds_of_lists_that_packing_chose(chip, data):
    network = data.draw(st.one_of(networks(), naive_compiler.convolutions()))
    options = MappingOptions(parts={p.name: data.draw(st.integers(1, p.size)) for p in network.on_chip})
    chip = naive_compiler.small(chip, (8, 8, 4))
    compiled = compile_network(network, chip, options)
    rows, n_parts = compiled.image.rows, compiled.image.n_parts
    twin = naive_compiler.reads(network, compiled, chip)
    for source in range(compiled.image.n_sources):
        for row in range(rows.first[source], rows.first[source + 1]):
            part = int(rows.part[row]) if rows.part.size else row - int(rows.first[source])
            assert part < n_parts
            found = [int(kind[row]) if kind.size else 0 for kind in (rows.dense, rows.zeros, rows.shared)]
            assert found == twin.get((source, part), [0, 0, 0])


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
    options = MappingOptions(parts={"a": 4}, share_cores=False)
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, options, steps=3)
    found = costs(wiring, activity, loihi[1], "analytic")
    e, by_step = Event, found.tally.by_step
    assert by_step[:, [e.SYNAPSE_DENSE, e.COMPARTMENT_ACTIVE, e.COMPARTMENT_INACTIVE, e.SPIKE_OUT]].tolist() == [
        [1, 0, 4, 0],
        [1, 1, 3, 1],
        [1, 2, 2, 1],  # compartment 0 still has a current to forget
    ]
    assert by_step[:, [e.AXON_OUT, e.AXON_IN, e.TILE_OUT, e.HOST_IN, e.BARRIER]].tolist() == [
        [0, 1, 1, 1, 1],
        [1, 1, 1, 0, 1],
        [1, 1, 1, 0, 1],
    ]
    # 3 reads, 3 active, 9 inactive, 3 messages
    assert found.bill.dynamic == pytest.approx(3 * 23.6 + 3 * 81 + 9 * 52 + 3 * 1.7)
    # Step 1: all cores do an inactive update (5.3 ns), core 0 reads meanwhile (3.5); a message crosses a tile (2.1);
    # barrier 113. Steps 2, 3: the core that fires is active (8.4).
    times = found.schedule
    assert times.step_ns.tolist() == pytest.approx([5.3 + 2.1 + 113, 8.4 + 2.1 + 113, 8.4 + 2.1 + 113])
    assert times.slowest_core.tolist() == [0, 0, 0]
    assert [PARTS[k] for k in times.bound] == ["barrier"] * 3
    simple = costs(wiring, activity, loihi[1], "simple").schedule
    assert simple.step_ns.tolist() == pytest.approx([5.3 + 113, 8.4 + 113, 8.4 + 113])


def test_hops_cost_by_direction(chip, loihi):
    # One core a tile, 2 x 2 mesh, sequential: cores 0 (0,0), 1 (0,1), 2 (1,0), 3 (1,1); the ring goes 0 1 2 3 0.
    small = replace(chip, mesh=replace(chip.mesh, width=2, height=2, cores_per_tile=1))
    options = MappingOptions(parts={"a": 4}, share_cores=False)
    wiring, activity, _, _ = ran(small, ring(), {1: [0]}, options, steps=5)
    found = costs(wiring, activity, loihi[1], "analytic")
    # step 2: 0 -> 1 north; step 3: 1 -> 2 east, south; step 4: 2 -> 3 north; step 5: 3 -> 0 west, south
    hops = found.tally.by_step[:, HOPS].tolist()
    assert hops == [[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 1]]
    assert [found.bill.by_event[MEANING[e].key] for e in HOPS] == pytest.approx([3.0, 3.0, 8.0, 8.0])


def test_the_slowest_message_is_not_the_one_with_most_hops(chip, loihi):
    # Compartment 0 sends three tiles east (12.3 ns), and two tiles north (13.0 ns), in one step.
    mesh = replace(chip.mesh, width=4, height=3, cores_per_tile=1)
    net = Network().population("in", 2, Spikes("in")).population("a", 12, LifRegisters(threshold=100))
    net = net.connect("in", "a", Sparse([0, 1], [0, 0], [200.0, 200.0]), WeightFormat())
    both = net.connect("a", "a", Sparse([0, 0], [9, 2], [2.0, 2.0]), WeightFormat())
    options = MappingOptions(parts={"a": 12}, share_cores=False)
    wiring, activity, _, _ = ran(replace(chip, mesh=mesh), both, {1: [0]}, options, steps=2)
    assert costs(wiring, activity, loihi[1], "analytic").schedule.path_ns[1, HOP] == pytest.approx(2.1 + 2 * 6.5)


def test_static_energy_is_power_times_time(chip, loihi):
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, steps=3)
    counts = counted(wiring, activity)[1]
    # 0.816 mW a core, 128 cores, 1000 ns: 0.816e-3 W * 128 * 1e-6 s = 104.448 nJ
    assert bill(counts, loihi[1], 1000.0, wiring).static == pytest.approx(104448.0)


@pytest.mark.parametrize(
    ("per", "number"), [("board", 1), ("chip", 6), ("chip_in_use", 1), ("tile", 48), ("core", 96), ("core_in_use", 4)]
)
def test_static_power_is_drawn_by_as_many_as_there_are(per, number, chip, loihi):
    # 3 x 2 chips of 2 x 4 tiles with 2 cores each; four parts on the first four cores.
    board = replace(chip, mesh=replace(chip.mesh, width=6, height=8, cores_per_tile=2, chips=(3, 2)))
    wiring, _, _, _ = ran(board, ring(), {1: [0]}, MappingOptions(parts={"a": 4}, share_cores=False), steps=1)
    power = StaticPower("it", Constant(2.0, 2.0, 2.0, "", ""), per)
    assert static_mw(replace(loihi[1], static=(power,)), wiring) == 2.0 * number


def test_an_event_without_a_price_is_not_zero_in_the_report(chip, loihi):
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, steps=3)
    assert costs(wiring, activity, loihi[1]).bill.by_event["axon_out"] is None
    assert "energy of axon_out" in loihi[1].not_modelled()


def test_doubling_every_price_doubles_the_bill(chip, loihi):
    prices = loihi[1]
    doubled = replace(
        prices,
        energy_pj={e: replace(c, value=None if c.value is None else 2 * c.value) for e, c in prices.energy_pj.items()},
    )
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, steps=20)
    once, twice = costs(wiring, activity, prices), costs(wiring, activity, doubled)
    assert twice.bill.dynamic == pytest.approx(2 * once.bill.dynamic)
    by_step = once.tally.by_step
    assert charge(by_step, doubled).tolist() == pytest.approx((2 * charge(by_step, prices)).tolist())


@pytest.mark.parametrize(
    ("tiles", "log", "step"), [(1, 113.0, 113.0), (32, 465.0, 465.0), (2, 183.4, 113.0), (64, 465.0, 465.0)]
)
def test_the_barrier_between_the_points_of_its_table(tiles, log, step):
    points = ((1, 113.0), (32, 465.0))
    assert Barrier(points, "log", "", "").time_ns(tiles) == pytest.approx(log)
    assert Barrier(points, "step", "", "").time_ns(tiles) == pytest.approx(step)


def test_between_chips_the_barrier_follows_its_own_table():
    barrier = Barrier(((1, 113.0), (32, 465.0)), "log", "", "", chip_points=((1, 465.0), (256, 14300.0)))
    assert barrier.time_ns(32, 1) == 465.0
    assert barrier.time_ns(64, 256) == pytest.approx(14300.0)
    assert barrier.time_ns(64, 16) == pytest.approx((465.0 * 14300.0) ** 0.5)  # half way in both logarithms


def test_a_clock_ends_a_step_with_its_next_tick(chip, loihi):
    barrier = Barrier((), "log", "", "", tick_ns=1e6)
    assert barrier.step_ns(np.array([0.0, 5.0, 1e6, 1e6 + 1, 2.5e6])).tolist() == [1e6, 1e6, 1e6, 2e6, 3e6]
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, steps=3)
    found = costs(wiring, activity, replace(loihi[1], barrier=barrier), "analytic").schedule
    assert (found.total_ns, found.late) == (3e6, 0)
    hurried = costs(wiring, activity, replace(loihi[1], barrier=replace(barrier, tick_ns=10.0)), "analytic").schedule
    assert hurried.late == 3 and hurried.step_ns.tolist() == [30.0, 30.0, 30.0]  # 21.2 ns and 33.6: four updates a core


@pytest.mark.parametrize("room", [0, 600, 1 << 20])
def test_counts_that_are_kept_cost_the_same_under_every_price_list(loihi, room, monkeypatch):
    chip, prices = loihi
    network = (
        Network()
        .population("in", 4, Spikes("x"))
        .population("out", 6, LifRegisters(threshold=3))
        .connect("in", "out", Dense(np.full((6, 4), 60.0)), WeightFormat())
    )
    options = MappingOptions(parts={"out": 3}, share_cores=False)
    wiring, activity, _, _ = ran(chip, network, {1: [0], 2: [1], 4: [3], 5: [0]}, options)
    monkeypatch.setattr(costs_module, "KEPT_BYTES", room)
    monkeypatch.setattr(costs_module, "STRETCH_BYTES", 8 * 23 * 3 * 2)  # two steps a stretch
    kept = Counted()
    for factor in (1.0, 3.0):
        slow = {e: replace(c, value=(c.value or 0.0) * factor) for e, c in prices.time_ns.items()}
        for mode in ("contended", "analytic"):
            found = costs(wiring, activity, replace(prices, time_ns=slow), mode, counted=kept)
            fresh = costs(wiring, activity, replace(prices, time_ns=slow), mode)
            assert found.bill.total == fresh.bill.total and found.reasons == fresh.reasons
            assert np.array_equal(found.schedule.step_ns, fresh.schedule.step_ns)
            assert np.array_equal(found.tally.by_step, fresh.tally.by_step)
