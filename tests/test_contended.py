"""Messages of a run through the network: against a twin, against the counts, and in the report's words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.chip import Barrier, Constant
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, OneToOne, Sparse
from neuroemu.costs import Activity, costs
from neuroemu.energy import by_link
from neuroemu.errors import ChipError
from neuroemu.events import EVENTS, HOPS, Event
from neuroemu.latency import work
from neuroemu.mapping import Seats
from neuroemu.messages import jobs, messages
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.schedule import BARRIER, HOP, LINK, PARTS, RECEIVER, SENDER, TICK
from neuroemu.tally import tally
from neuroemu.topology import topology_of
from neuroemu.traffic import traffic, ways
from neuroemu.wiring import wiring_of
from tests import naive_messages
from tests.engine.test_run import run_small
from tests.networks import STEPS, networks, roomy, spike_trains

# Different primes, so that no event can be taken for another.
PRIMES = dict(
    zip(EVENTS, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83], strict=True)
)


def priced(prices, barrier_ns=0.0, **times):
    """A price list whose times are PRIMES in ns, unless given."""
    given_ns = {event: times.get(event.name, PRIMES[event]) for event in EVENTS}
    time_ns = {event: Constant(ns, ns, ns, "a test", "estimate") for event, ns in given_ns.items()}
    one = Constant(1.0, 1.0, 1.0, "a test", "estimate")
    return replace(prices, time_ns=time_ns, barrier=Barrier(((1, barrier_ns),), "log", "", ""), slot_ns=one)


@st.composite
def runs(draw):
    """(network, trains, options): a small network anywhere on a small mesh."""
    network = draw(networks())
    if draw(st.booleans()):  # any compartment anywhere
        n = sum(p.size for p in network.on_chip)
        core = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
        cores, block = np.unique(core, return_inverse=True)
        return network, draw(spike_trains(network)), MappingOptions(seats=Seats(block, cores))
    options = MappingOptions(
        placement=draw(st.sampled_from(["sequential", "hilbert"])),
        parts={p.name: draw(st.integers(1, p.size)) for p in network.on_chip},
        share_cores=draw(st.booleans()),
    )
    return network, draw(spike_trains(network)), options


def ran(chip, run, steps=STEPS):
    network, trains, options = run
    image = compile_network(network, roomy(replace(chip, mesh=replace(chip.mesh, cores_per_tile=2))), options).image
    traces, counters = run_small(image, network, trains, steps)
    return wiring_of(image), Activity(counters.counts, traces.step, traces.source)


def all_messages(wiring, activity, prices):
    going = ways(wiring)
    given_jobs = jobs(wiring, going, prices.times())
    found = list(messages(wiring, going, given_jobs, activity.counts, activity.step - 1, activity.source))
    assert len(found) == 1 and found[0][0] == 0
    return found[0][1]


@given(runs())
def test_messages_equal_their_twin(chip, loihi, run):
    wiring, activity = ran(chip, run)
    found = all_messages(wiring, activity, priced(loihi[1]))
    twin = naive_messages.messages(wiring, activity, {event.name: ns * 10**6 for event, ns in PRIMES.items()})
    n = wiring.mesh.n_cores + 1
    for step in range(STEPS):
        for sender in range(n):
            low, high = found.first[step * n + sender : step * n + sender + 2]
            sent, tail = twin[step].get(sender, ([], 0))
            columns = (found.core[low:high].tolist(), found.gap_fs[low:high].tolist(), found.work_fs[low:high].tolist())
            assert list(zip(*columns, strict=True)) == sent
            assert found.tail_fs[step, sender] == tail


@given(runs())
def test_senders_and_receivers_work_as_long_as_their_events_take(chip, loihi, run):
    wiring, activity = ran(chip, run)
    prices = priced(loihi[1])
    found = all_messages(wiring, activity, prices)
    going, n = ways(wiring), wiring.mesh.n_cores + 1
    counts = traffic(wiring, going, activity.step - 1, activity.source, STEPS)
    _, core_steps = tally(wiring, going, activity.counts, counts)
    send, receive = work(core_steps, prices.times())
    step_of = np.repeat(np.arange(STEPS), np.diff(found.first[::n]))
    sender_of = np.repeat(np.tile(np.arange(n), STEPS), np.diff(found.first))
    sent, received = found.tail_fs.copy(), np.zeros((STEPS, n - 1), np.int64)
    np.add.at(sent, (step_of, sender_of), found.gap_fs)
    np.add.at(received, (step_of, found.core), found.work_fs)
    assert sent[:, wiring.cores_in_use()].tolist() == (send * 1e6).astype(np.int64).tolist()
    assert received[:, wiring.cores_in_use()].tolist() == (receive * 1e6).astype(np.int64).tolist()


@given(runs())
def test_contention_never_makes_a_step_shorter(chip, loihi, run):
    wiring, activity = ran(chip, run)
    prices = priced(loihi[1], barrier_ns=100.0)
    simple, contended = (costs(wiring, activity, prices, mode).schedule for mode in ("simple", "contended"))
    assert np.all(contended.step_ns >= simple.step_ns - 1e-9)
    assert contended.path_ns[:, BARRIER].tolist() == [100.0] * STEPS
    assert contended.busy_ns.tolist() == simple.busy_ns.tolist()
    work_on_paths = contended.core_path_ns.sum(axis=0)
    assert work_on_paths == pytest.approx(contended.path_ns[:, [SENDER, RECEIVER]].sum(axis=0))
    assert contended.link_path_ns.sum() == pytest.approx(contended.path_ns[:, [LINK, LINK + 1]].sum())


@given(runs(), st.integers(1, 3))
def test_threads_do_not_change_the_schedule(chip, loihi, run, threads):
    wiring, activity = ran(chip, run)
    one, other = (costs(wiring, activity, loihi[1], "contended", n).schedule for n in (1, threads))
    assert np.array_equal(one.path_ns, other.path_ns) and np.array_equal(one.link_path_ns, other.link_path_ns)
    assert np.array_equal(one.slowest_core, other.slowest_core)


def pair(n=2):
    """A channel fires compartment 0, which fires all n others; one part each, one core a tile."""
    network = Network().population("in", 1, Spikes("in")).population("a", n, LifRegisters(threshold=100))
    network = network.connect("in", "a", Sparse([0], [0], [200.0]), WeightFormat())
    weights = np.zeros((n, n))
    weights[1:, 0] = 200
    return network.connect("a", "a", Dense(weights), WeightFormat())


def test_a_message_alone_takes_its_way_and_nothing_else(chip, loihi):
    small = replace(chip, mesh=replace(chip.mesh, width=2, height=1, cores_per_tile=1))
    image = compile_network(pair(), small, MappingOptions(parts={"a": 2}, share_cores=False)).image
    traces, counters = run_small(image, pair(), {1: [0]}, 2)
    wiring, activity = wiring_of(image), Activity(counters.counts, traces.step, traces.source)
    found = costs(wiring, activity, priced(loihi[1]), "contended").schedule
    p = PRIMES
    # Step 2: compartment 0 is active and fires, one message east, one synapse read there (a dense list of one).
    send = p[Event.COMPARTMENT_ACCESS] + p[Event.COMPARTMENT_ACTIVE] + p[Event.SPIKE_OUT] + p[Event.AXON_OUT]
    way = p[Event.TILE_OUT] + p[Event.HOP_EAST] + p[Event.TILE_IN] + 1  # and the link into the core for a slot
    read = p[Event.AXON_IN] + p[Event.SYNAPSE_DENSE] + p[Event.ACCUMULATE]
    assert found.path_ns[1, [SENDER, HOP, RECEIVER]].tolist() == pytest.approx([send, way, read])
    assert found.step_ns[1] == pytest.approx(send + way + read)


def busy(n=12):
    """One population of which everyone fires everyone in every step."""
    network = Network().population("in", n, Spikes("in")).population("busy", n, LifRegisters(threshold=1))
    network = network.connect("in", "busy", OneToOne(np.full(n, 200.0)), WeightFormat())
    return network.connect("busy", "busy", Dense(np.full((n, n), 8.0)), WeightFormat())


def ran_busy(chip, parts, share):
    network = busy()
    image = compile_network(network, chip, MappingOptions(parts={"busy": parts}, share_cores=share)).image
    traces, counters = run_small(image, network, {1: list(range(12))}, 6)
    return wiring_of(image), Activity(counters.counts, traces.step, traces.source)


def test_why_names_the_core_that_others_wait_for_and_what_moving_its_parts_gives(chip, loihi):
    # Four parts on one core, read from dense lists that cost a fifth of sparse ones, on a chip whose messages cost nothing.
    wiring, activity = ran_busy(chip, 4, True)
    assert wiring.n_parts == 4 and wiring.cores_in_use().size == 1 and wiring.rows.dense.size
    free = dict.fromkeys(["AXON_IN", "AXON_OUT", "TILE_OUT", "TILE_IN", *(e.name for e in HOPS)], 0.0)
    prices = priced(loihi[1], SYNAPSE_DENSE=10.0, SYNAPSE_SPARSE=50.0, **free)
    found = costs(wiring, activity, prices, "contended")
    first = found.reasons[0]
    assert first.part == "receiver" and first.core == 0 and "busy" in first.text and first.moved >= 1
    assert first.share == pytest.approx(found.schedule.shares[PARTS.index("receiver")])
    moved = np.array([0, 1, 2, 3][: first.moved + 1] + [0] * (3 - first.moved))
    again = costs(wiring.placed(np.sort(moved)), activity, prices, "contended").schedule
    assert found.schedule.total_ns / again.total_ns == pytest.approx(first.gain, rel=0.07)


def test_why_promises_nothing_that_a_tick_takes_away(chip, loihi):
    wiring, activity = ran_busy(chip, 4, True)
    clocked = replace(loihi[1], barrier=replace(loihi[1].barrier, tick_ns=1e6))
    assert all(reason.gain == 1.0 for reason in costs(wiring, activity, clocked, "contended").reasons)


@pytest.mark.parametrize(("cores_per_tile", "gains"), [(4, True), (1, False)])
def test_why_counts_the_longer_barrier_of_further_tiles(cores_per_tile, gains, chip, loihi):
    # A barrier of two tiles takes a millisecond: moving parts helps within the tile and nowhere else.
    wiring, activity = ran_busy(replace(chip, mesh=replace(chip.mesh, cores_per_tile=cores_per_tile)), 4, True)
    prices = replace(priced(loihi[1]), barrier=Barrier(((1, 10.0), (2, 1e6)), "step", "", ""))
    assert any(reason.gain > 1.0 for reason in costs(wiring, activity, prices, "contended").reasons) == gains


def test_the_energy_of_links_is_that_of_hops_tiles_and_borders(chip, loihi):
    mesh = replace(chip.mesh, width=4, height=3, cores_per_tile=1, chips=(2, 3))
    wiring, activity = ran_busy(replace(chip, mesh=mesh), 12, False)
    energy = {event: Constant(PRIMES[event], PRIMES[event], PRIMES[event], "a test", "estimate") for event in EVENTS}
    prices = replace(priced(loihi[1]), energy_pj=energy)
    found = costs(wiring, activity, prices, "contended")
    totals, ways_of = found.tally.totals, [Event.TILE_OUT, Event.TILE_IN, *HOPS, Event.CHIP_HOP]
    assert totals[Event.CHIP_HOP] > 0
    spent = by_link(found.schedule.links.carried, topology_of(mesh), prices).sum()
    assert spent == sum(int(totals[event]) * PRIMES[event] for event in ways_of)


def test_cores_of_a_tile_do_not_wait_for_links_between_tiles(chip, loihi):
    wiring, activity = ran_busy(replace(chip, mesh=replace(chip.mesh, cores_per_tile=12)), 12, False)
    assert wiring.tiles_in_use().size == 1
    narrow = Constant(1000.0, 1000.0, 1000.0, "a test", "estimate")
    held = replace(priced(loihi[1]), slot_ns=narrow)
    free = replace(held, own_core_slot_ns=Constant(0.0, 0.0, 0.0, "a test", "estimate"))
    waits = [costs(wiring, activity, prices, "contended").schedule.path_ns[:, LINK].sum() for prices in (held, free)]
    assert waits[0] > 1000.0 > 0.1 > waits[1]


@pytest.mark.parametrize("mode", ["analytic", "simple", "contended"])
def test_the_host_takes_its_time_in_every_mode(mode, chip, loihi):
    # Twelve spikes of a microsecond each: no core has as much to do.
    wiring, activity = ran_busy(chip, 4, True)
    slow = costs(wiring, activity, priced(loihi[1], HOST_IN=1000.0), mode).schedule
    assert slow.step_ns[0] >= 12000.0 and slow.slowest_core[0] == wiring.mesh.n_cores
    assert slow.core_path_ns[-1, 0] >= 12000.0


def test_a_step_too_long_for_its_clock_of_femtoseconds_is_refused(chip, loihi):
    wiring, activity = ran_busy(chip, 4, True)
    with pytest.raises(ChipError, match="latency: analytic"):
        costs(wiring, activity, priced(loihi[1], SYNAPSE_DENSE=1e13), "contended")


def test_shares_of_the_reasons_are_shares_of_the_time(chip, loihi):
    image = compile_network(pair(4), chip, MappingOptions(parts={"a": 4}, share_cores=False)).image
    traces, counters = run_small(image, pair(4), {1: [0]}, 3)
    wiring, activity = wiring_of(image), Activity(counters.counts, traces.step, traces.source)
    clocked = replace(loihi[1], barrier=replace(loihi[1].barrier, tick_ns=1000.0))
    reasons = costs(wiring, activity, clocked, "contended").reasons
    assert [reason.share for reason in reasons] == sorted((reason.share for reason in reasons), reverse=True)
    assert reasons[0].part == PARTS[TICK] and sum(reason.share for reason in reasons) <= 1 + 1e-9


@pytest.mark.parametrize("topology", ["mesh", "torus", "tree"])
def test_flit_takes_what_contended_takes(topology, chip, loihi):
    mesh = replace(chip.mesh, topology=topology, cores_per_tile=1, width=4, height=3)
    wiring, activity = ran_busy(replace(chip, mesh=mesh), 12, False)
    prices = replace(loihi[1], slot_ns=Constant(2.0, 2.0, 2.0, "a test", "estimate"))
    contended, flit, simple = (
        costs(wiring, activity, prices, mode).schedule.step_ns for mode in ("contended", "flit", "simple")
    )
    assert flit == pytest.approx(contended, rel=0.1)
    assert np.all(flit[1:] > simple[1:])


def test_a_tree_of_copies_crosses_each_link_once(chip, loihi):
    small = replace(chip, mesh=replace(chip.mesh, width=4, height=1, cores_per_tile=1))
    totals = {}
    for multicast in ("source", "tree"):
        mesh = replace(small.mesh, multicast=multicast)
        image = compile_network(
            pair(4), replace(small, mesh=mesh), MappingOptions(parts={"a": 4}, share_cores=False)
        ).image
        traces, counters = run_small(image, pair(4), {1: [0]}, 2)
        wiring, activity = wiring_of(image), Activity(counters.counts, traces.step, traces.source)
        totals[multicast] = costs(wiring, activity, loihi[1], "analytic").tally.by_step[1]
        if multicast == "tree":
            with pytest.raises(ChipError, match="latency: analytic"):
                costs(wiring, activity, loihi[1], "contended")
    hops = [totals[way][[Event.HOP_EAST, Event.AXON_OUT, Event.AXON_IN, Event.TILE_OUT]].tolist() for way in totals]
    assert hops == [[1 + 2 + 3, 3, 3, 3], [3, 1, 3, 1]]


def test_flit_without_a_slot_is_refused(chip, loihi):
    image = compile_network(pair(), chip, MappingOptions(parts={"a": 2}, share_cores=False)).image
    traces, counters = run_small(image, pair(), {1: [0]}, 2)
    nothing = replace(loihi[1], slot_ns=Constant(None, None, None, "a test", "estimate"))
    with pytest.raises(ChipError, match=r"link\.slot"):
        costs(wiring_of(image), Activity(counters.counts, traces.step, traces.source), nothing, "flit")
