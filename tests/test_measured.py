"""The table of published measurements: what must be met, and that every row comes from a file with a source."""

from __future__ import annotations

import pytest

from neuroemu import library
from neuroemu.events import Event
from tools.measured import chip as chip_of
from tools.measured import load, markdown, rows, total_mw

ROWS = rows()


def found(name, text="", quantity=""):
    return [row for row in ROWS if row.id == name and text in row.workload and quantity in row.quantity]


def test_truenorths_third_point_follows_from_the_two_that_it_was_fitted_to():
    fitted = [*found("truenorth_sweep", "11.58 Hz"), *found("truenorth_sweep", "95.93 Hz")]
    assert all(row.circular and abs(row.error) < 0.001 for row in fitted)
    (held,) = found("truenorth_sweep", "20.07 Hz")
    assert not held.circular and abs(held.error) < 0.02


@pytest.mark.parametrize("mhz", [1.3, 20.0, 75.0])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_odins_power_is_its_closed_form(mhz, share):
    rate = share * mhz * 1e6 / 2
    made = load(
        chip_of(f"{{extends: odin, clock: {{frequency: {mhz} MHz}}}}"), 1, 256, 1.0, {Event.SYNAPSE_DENSE: rate}
    )
    low, power, high = made.ends(total_mw(1.0))
    closed = 27.3e-3 + 1.78e-3 * mhz + 8.43e-9 * round(rate)
    assert (low, power, high) == pytest.approx((closed, closed, closed), rel=1e-12)


def test_odins_rows_agree_to_the_digits_published():
    assert all(abs(row.error) < 0.005 for row in found("odin_power"))


def test_boards_of_spinnaker_within_15_percent():
    (row,) = found("pd14_spinnaker", "12 boards")
    assert abs(row.error) < 0.15


def test_stromatias_lies_in_the_band():
    (total,) = found("stromatias2013", quantity="a synaptic event")
    assert total.low <= total.measured <= total.high
    (power,) = found("stromatias2013", quantity="power")
    assert power.nominal < 1.0


def test_keywords_stay_below_what_was_measured_for_all():
    for row in found("kws_blouw", quantity="dynamic"):
        assert row.nominal <= row.measured[1]


def test_converted_networks_by_order_of_magnitude():
    for row in found("nxtf"):
        assert 1 / 5 < row.nominal / row.measured < 5


def test_every_row_is_in_order_and_has_a_source_and_a_chip_of_the_library():
    for row in ROWS:
        assert row.low <= row.nominal * (1 + 1e-12) and row.nominal <= row.high * (1 + 1e-12), row
        assert row.source and row.chip in library.names("chips")
    assert markdown().count("\n| ") == len(ROWS) + 1


@pytest.mark.parametrize("chip", ["spinnaker1-48chip", "reckon", "tianjic", "truenorth"])
def test_high_ends_charge_no_joule_twice(chip):
    """Where a static power or one event contains the energy of others, only one of them has a range."""
    _, prices = chip_of(chip)
    widened = {power.name for power in prices.static if power.mw.high != (power.mw.value or 0.0)}
    synapse, update = (prices.energy_pj[event] for event in (Event.SYNAPSE_DENSE, Event.COMPARTMENT_ACTIVE))
    if chip in ("spinnaker1-48chip", "tianjic"):  # 34 mW of a core at work; 400 mW of all of a chip at work
        assert widened and synapse.high == synapse.value and update.high in (None, update.value)
    elif chip == "reckon":  # 5.3 pJ is all of its power
        assert not widened and [power.mw.value for power in prices.static] == [0.0]
    else:  # 2.297 pJ contains the hops: with them, the ends are a difference of 25 and 27 mW instead of 26
        hops = 64 / 3 * 2 / 128 * prices.energy_pj[Event.HOP_EAST].high
        ends = (synapse.low + hops, synapse.high + hops)
        assert ends == pytest.approx((2.297 * 25 / 26, 2.297 * 27 / 26), rel=0.002)


def test_stromatias_above_rest_is_the_power_of_working_cores_at_its_ends():
    # 816 cores of 17.6 to 34 mW over 1.8 G events a second: 8 to 15.4 nJ; the rest of the board, up to 10.04 W, 5.6 more.
    (row,) = found("stromatias2013", quantity="the same above rest")
    assert (row.low, row.nominal, row.high) == pytest.approx((7.98, 15.41, 15.41 + 5.58), rel=0.01)
