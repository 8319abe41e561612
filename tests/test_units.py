"""Quantities: what a user may write, what comes of it, and every kind of bad quantity."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.units import UNITS, counted, parse, ratio, show

SI = sorted({(si, unit) for unit, (si, _, _) in UNITS.items()})


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("23.6 pJ", "pJ", 23.6),  # exactly 23.6, not 23.599999999999998
        ("0.0236 nJ", "pJ", 23.6),
        ("2 J", "pJ", 2e12),
        ("0 pJ", "pJ", 0.0),
        ("3.5 ns", "ns", 3.5),
        ("3.5 ns", "ms", 3.5e-6),
        ("10 ms", "ms", 10.0),
        ("10ms", "ms", 10.0),
        (" 10 ms ", "ms", 10.0),
        ("1 s", "ms", 1000.0),
        ("20 us", "ms", 0.02),
        ("20 µs", "ms", 0.02),
        ("0.8 mW", "mW", 0.8),
        ("1 W", "mW", 1000.0),
        ("750 mV", "V", 0.75),
        ("1 kHz", "Hz", 1000.0),
        ("-5 mV", "V", -0.005),  # a sign is lawful here; where it is not, the file that asks says so
    ],
)
def test_a_quantity_is_read_in_the_unit_asked_for(text, unit, value):
    assert parse(text, unit) == value


@pytest.mark.parametrize("text", ["1e3 pJ", "1.0e+3 pJ", "1E3 pJ", "1e0 nJ", "1e-9 J"])
def test_an_exponent_and_a_prefix_may_stand_together(text):
    assert parse(text, "pJ") == 1000.0


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_inf_needs_no_unit(unit):
    assert parse("inf", unit) == math.inf


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_the_example_of_every_unit_can_be_read(unit):
    assert parse(UNITS[unit][2], unit) == float(UNITS[unit][2].split()[0])


@pytest.mark.parametrize(
    "bad",
    [None, True, False, [10], {"ms": 10}, b"10 ms", 1 + 2j],
)
def test_what_is_neither_text_nor_a_number_is_no_quantity(bad):
    with pytest.raises(ValueError, match="is not a quantity"):
        parse(bad, "ms")


@pytest.mark.parametrize("bad", [10, 2.5, 0, math.nan, math.inf, "10", "1e3", "10 m", "5 k", "-inf"])
def test_a_number_without_a_unit_is_refused(bad):
    with pytest.raises(ValueError, match="no unit"):
        parse(bad, "ms")


@pytest.mark.parametrize(
    "bad", ["", "   ", "ms", "ten ms", "10 ms extra", "10 ms 20 ms", "0x10 s", "infinity", "1.2.3 s"]
)
def test_text_that_holds_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="is not a quantity"):
        parse(bad, "ms")


@pytest.mark.parametrize(
    "bad", ["10 pJ", "10 V", "10 min", "10 S", "10 mms", "1e3 mms", "5 %", "$5", "3 J/s", "10 msec"]
)
def test_another_unit_is_refused(bad):
    with pytest.raises(ValueError, match="has the unit"):
        parse(bad, "ms")


def test_capitals_matter():
    with pytest.raises(ValueError, match="has the unit 'j'"):
        parse("10 pj", "pJ")


def test_not_a_number_is_refused_even_with_a_unit():
    with pytest.raises(ValueError, match="is not a number"):
        parse("nan J", "pJ")


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_every_refusal_shows_what_to_write(unit):
    for bad in (None, 10, "10", "x", "10 foo"):
        with pytest.raises(ValueError) as error:
            parse(bad, unit)
        assert UNITS[unit][2] in str(error.value)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.36e6, "pJ", "2.36 uJ"),
        (0.0, "pJ", "0 J"),
        (0.5, "pJ", "500 fJ"),
        (1500.0, "ns", "1.5 us"),
        (10.0, "ms", "10 ms"),
        (0.8, "mW", "800 uW"),
        (-3.5, "ns", "-3.5 ns"),
        (math.inf, "ms", "inf s"),
        (1234.56, "pJ", "1.235 nJ"),  # four digits, rounded
        (None, "pJ", "not modelled"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value, unit, text):
    assert show(value, unit) == text


@given(st.floats(1e-6, 1e9), st.sampled_from(sorted(UNITS)))
def test_what_is_shown_can_be_read_again(value, unit):
    assert parse(show(value, unit), unit) == pytest.approx(value, rel=5e-4)  # four digits are shown


@given(st.floats(-1e6, 1e6, allow_nan=False), st.sampled_from(SI), st.sampled_from(["", "m", "u", "n", "p", "k"]))
def test_a_prefix_is_a_power_of_ten(value, si_and_unit, prefix):
    si, unit = si_and_unit
    power = {"": 0, "m": -3, "u": -6, "n": -9, "p": -12, "k": 3}[prefix]
    assert parse(f"{value:.6f} {prefix}{si}", unit) == pytest.approx(
        float(f"{value:.6f}") * 10.0**power * UNITS[unit][1], rel=1e-12
    )


def test_infinity_may_have_a_unit():
    assert parse("inf ms", "ms") == parse("inf", "ms") == math.inf
    for text in ("inf mV", "nan ms", "nan"):
        with pytest.raises(ValueError, match="unit 'V'" if "V" in text else "not a number"):
            parse(text, "ms")


@pytest.mark.parametrize(
    ("n", "words", "text"),
    [(1, ("core",), "1 core"), (0, ("core",), "0 cores"), (2048, ("core",), "2,048 cores"), (1, ("try", "tries"), "1 try"),
     (3, ("try", "tries"), "3 tries")],
)  # fmt: skip
def test_a_count_agrees_with_its_noun(n, words, text):
    assert counted(n, *words) == text


@pytest.mark.parametrize(
    "one, other, text",
    [
        (2, 3, "1.5 times"),
        (3, 3, "1 times"),
        (14045.4, 14045.1, "-0.0021 %"),
        (1e6, 1e6 + 20, "+0.002 %"),
        (-1e6, -1e6 - 20, "-0.002 %"),
        (1000, 1001, "1.001 times"),
        (5, 0, "0 times"),
    ],
)
def test_a_ratio_never_reads_as_once_where_two_differ(one, other, text):
    assert ratio(one, other) == text
