"""Ranges: against costs.costs one list at a time, by hand, and what must hold of every run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroemu
from neuroemu import ranges as ranges_of
from neuroemu.chip import Barrier, Constant, StaticPower
from neuroemu.compiler import MappingOptions
from neuroemu.costs import costs
from neuroemu.events import EVENTS, Event
from neuroemu.ranges import Lists, at_ends, drawn, ends, lists_of, price_many, ranges
from tests.networks import networks, spike_trains
from tests.test_costs import ran, ring
from tools.synthetic import run_of

SPREAD = MappingOptions(parts={"a": 4}, share_cores=False)


def at(prices, lists: Lists, k: int):
    """The k-th list as a PriceList; barrier and static power are taken over where they have no range."""

    def fixed(table, numbers):
        return {e: replace(c, value=float(numbers[k, e])) for e, c in table.items()}

    return replace(
        prices, energy_pj=fixed(prices.energy_pj, lists.energy_pj), time_ns=fixed(prices.time_ns, lists.time_ns)
    )


@pytest.mark.parametrize("mode", ["analytic", "simple"])
@given(data=st.data())
def test_many_lists_cost_what_each_alone_costs(mode, chip, loihi, data):
    network = data.draw(networks())
    options = MappingOptions(
        parts={p.name: data.draw(st.integers(1, p.size)) for p in network.on_chip}, share_cores=False
    )
    spread = replace(chip, mesh=replace(chip.mesh, cores_per_tile=1, width=6, height=6, chips=(2, 3), host_tile=(3, 1)))
    wiring, activity, _, _ = ran(spread, network, data.draw(spike_trains(network)), options)
    far = {
        e: Constant(c.value or 1.0, 0.0, 9.0, f"{e}", "") for e, c in loihi[1].time_ns.items()
    }  # every time has a range
    tick = data.draw(st.sampled_from([0.0, 100.0]))
    prices = replace(loihi[1], time_ns=far, static=(), barrier=Barrier(((1, 13.0),), "log", "", "", tick_ns=tick))
    lists = drawn(prices, 6, seed=data.draw(st.integers(0, 9)))
    many = price_many(wiring, activity, lists, mode)
    for k in range(lists.n):
        alone = costs(wiring, activity, at(prices, lists, k), mode)
        assert many.dynamic_pj[k] == pytest.approx(alone.bill.dynamic)
        assert many.time_ns[k] == pytest.approx(alone.schedule.total_ns)


def test_whole_price_lists_of_different_chips(chip):
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, SPREAD, steps=5)
    prices = [
        neuroemu.read_chip(name)[1] for name in ("loihi1-davies2018", "loihi1-sanafe", "truenorth", "generic-7nm")
    ]
    many = price_many(wiring, activity, lists_of(prices))
    for k, one in enumerate(prices):
        alone = costs(wiring, activity, one, "analytic")
        assert many.total_pj[k] == pytest.approx(alone.bill.total)
        assert many.time_ns[k] == pytest.approx(alone.schedule.total_ns)


def test_one_list_in_the_interval_by_hand(chip, loihi):
    # 3 reads (23.6 to 35.5 pJ), 3 active (72.8, 81), 9 inactive (51.2, 52, 72.8), 2 spikes (0 to 69.3), 2 messages out
    # (unpublished, 0 to 111), 3 entering a tile (1.7); see test_costs.test_energy_and_time_by_hand.
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, SPREAD, steps=3)
    many = price_many(wiring, activity, ends(loihi[1]))
    low = 3 * 23.6 + 3 * 72.8 + 9 * 51.2 + 3 * 1.7
    high = 3 * 35.5 + 3 * 81 + 9 * 72.8 + 2 * 69.3 + 2 * 111 + 3 * 1.7
    assert many.dynamic_pj.tolist() == pytest.approx([low, 3 * 23.6 + 3 * 81 + 9 * 52 + 3 * 1.7, high])


def test_the_range_of_a_barrier_of_several_chips_counts_only_there():
    barrier = Barrier(((1, 10.0),), "log", "", "", chip_points=((1, 10.0), (4, 100.0)), low=0.5, high=3.0)
    assert (barrier.factors(1), barrier.factors(2)) == ((1.0, 1.0), (0.5, 3.0))
    assert replace(barrier, chip_points=()).factors(1) == (0.5, 3.0)


def test_draws_stay_within_their_ranges_and_follow_the_seed(loihi):
    prices = loihi[1]
    lists, same, other = (drawn(prices, 200, seed) for seed in (1, 1, 2))
    for event in EVENTS:
        constant = prices.energy_pj[event]
        assert np.all(lists.energy_pj[:, event] >= (constant.low or 0.0) - 1e-12)
        assert np.all(lists.energy_pj[:, event] <= (constant.high or 0.0) + 1e-12)
    assert np.array_equal(lists.energy_pj, same.energy_pj) and not np.array_equal(lists.energy_pj, other.energy_pj)


def test_a_constant_that_events_share_is_drawn_once(loihi):
    lists = drawn(loihi[1], 50)
    assert np.array_equal(lists.energy_pj[:, Event.HOP_NORTH], lists.energy_pj[:, Event.HOP_SOUTH])
    assert np.array_equal(lists.energy_pj[:, Event.SYNAPSE_DENSE], lists.energy_pj[:, Event.SYNAPSE_SPARSE])
    assert np.unique(lists.energy_pj[:, Event.SYNAPSE_DENSE]).size == 50


def test_the_top_of_the_triangle_is_the_value(loihi):
    # Range 0 to 10 with its top at 2: mean (0 + 2 + 10) / 3. Without a value: even, mean 5.
    energy = {e: Constant(0.0, 0.0, 0.0, "", "") for e in EVENTS}
    energy[Event.AXON_IN], energy[Event.AXON_OUT] = Constant(2.0, 0, 10, "", ""), Constant(None, 0, 10, "", "")
    lists = drawn(replace(loihi[1], energy_pj=energy), 20_000)
    assert lists.energy_pj[:, Event.AXON_IN].mean() == pytest.approx(4.0, abs=0.05)
    assert lists.energy_pj[:, Event.AXON_OUT].mean() == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("mode", ["contended", "analytic", "simple"])
@pytest.mark.parametrize("name", ["loihi1-davies2018", "generic-14nm", "truenorth"])
def test_low_nominal_and_high_are_in_order_and_draws_between(name, mode):
    structure, prices = neuroemu.read_chip(name)
    wiring, activity = run_of(structure, parts=9, size=8, steps=20, reach=3, rate=0.1)
    found = costs(wiring, activity, prices, mode)
    result = ranges(wiring, activity, found, prices, mode, seed=3, n=60)
    for figure, interval in result["interval"].items():
        draws = result["draws"][figure]
        slack = 1 + 1e-9
        assert interval["low"] <= interval["nominal"] * slack and interval["nominal"] <= interval["high"] * slack
        assert interval["low"] <= draws["p5"] * slack and draws["p95"] <= interval["high"] * slack
        assert draws["p5"] <= draws["p50"] <= draws["p95"]
    assert result["interval"]["total_pj"]["nominal"] == pytest.approx(found.bill.total)
    assert result["interval"]["time_ns"]["nominal"] == pytest.approx(found.schedule.total_ns)
    assert ("analytic" in result["time"]) == (mode == "contended")


def test_what_counts_in_ranges_only_is_named_and_is_in_the_draws(chip, loihi):
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, SPREAD, steps=3)
    unknown = StaticPower("fans", Constant(None, 0.0, 5.0, "", ""), "board")
    prices = replace(loihi[1], static=(unknown,))
    result = ranges(wiring, activity, costs(wiring, activity, prices, "simple"), prices, "simple", n=20)
    assert result["only_in_ranges"] == [
        "energy of axon_out",
        "time of axon_out",
        "time of axon_in",
        "static power of fans",
    ]
    assert (
        0
        < result["draws"]["static_pj"]["p5"]
        < result["draws"]["static_pj"]["p95"]
        < result["interval"]["static_pj"]["high"]
    )
    assert result["interval"]["static_pj"] == {
        "low": 0.0, "nominal": 0.0, "high": pytest.approx(5.0 * result["interval"]["time_ns"]["high"])
    }  # fmt: skip


def board_with_busy_links(loihi):
    """Two tiles and a narrow link between them, whose slot is the one constant with a range: 1000, 2000, 8000 ns."""
    fixed = {e: replace(c, low=c.value or 0.0, high=c.value or 0.0) for e, c in loihi[1].time_ns.items()}
    return replace(loihi[1], time_ns=fixed, slot_ns=Constant(2000.0, 1000.0, 8000.0, "", ""))


@pytest.mark.parametrize("mode", ["contended", "flit"])
def test_ends_of_time_are_priced_with_contention_links_included(mode, chip, loihi, monkeypatch):
    prices = board_with_busy_links(loihi)
    wiring, activity = run_of(chip, parts=6, size=8, steps=4, reach=5, rate=0.2)
    found = costs(wiring, activity, prices, mode)
    result = ranges(wiring, activity, found, prices, mode, n=20)
    time = result["interval"]["time_ns"]
    for end, slot in (("low", 1000.0), ("high", 8000.0)):
        alone = costs(wiring, activity, replace(prices, slot_ns=Constant(slot, slot, slot, "", "")), mode)
        assert time[end] == alone.schedule.total_ns
    assert time["low"] < 0.6 * time["nominal"] and time["high"] > 3 * time["nominal"]
    assert result["time"].startswith(f"interval: {mode}; draws: analytic")
    static = sum(p.mw.high for p in prices.static) * chip.mesh.n_cores
    assert result["interval"]["static_pj"]["high"] == pytest.approx(static * time["high"])
    monkeypatch.setitem(ranges_of.MOST_MESSAGES, mode, 10)  # too many now: the analytic times know nothing of links
    large = ranges(wiring, activity, found, prices, mode, n=20)
    assert large["time"].startswith("analytic") and large["interval"]["time_ns"]["high"] == time["nominal"]


def test_ends_of_prices_are_those_of_the_lists(loihi):
    barrier = Barrier(((1, 10.0),), "log", "", "", chip_points=((1, 10.0), (4, 100.0)), low=0.5, high=3.0)
    prices = replace(loihi[1], barrier=barrier)
    lists = ends(prices, 4)
    for k, one in zip((0, 2), at_ends(prices, 4), strict=True):
        assert np.array_equal(one.energies(), lists.energy_pj[k]) and np.array_equal(one.times(), lists.time_ns[k])
        assert one.barrier.time_ns(8, 4) == pytest.approx(100.0 * lists.barrier_factor[k])
        assert np.array_equal(lists_of([one]).static_mw[0], lists.static_mw[k])


def test_no_draws_leave_the_interval(chip, loihi):
    wiring, activity, _, _ = ran(chip, ring(), {1: [0]}, SPREAD, steps=3)
    result = ranges(wiring, activity, costs(wiring, activity, loihi[1], "simple"), loihi[1], "simple", n=0)
    assert result["draws"]["n"] == 0 and result["draws"]["time_ns"] == {"p5": None, "p50": None, "p95": None}
    assert result["interval"]["time_ns"]["high"] > 0


def test_a_constant_without_a_range_lies_between_itself_and_itself(loihi):
    times = {e: Constant(7.0, None, None, "", "") for e in EVENTS}
    prices = replace(loihi[1], time_ns=times)
    assert np.all(ends(prices).time_ns == 7.0) and np.all(drawn(prices, 5).time_ns == 7.0)
    assert all(np.all(one.times() == 7.0) for one in at_ends(prices))
