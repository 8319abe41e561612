"""Encoders: what they send, when, and that cutting a run into spans changes nothing."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.encode import Bernoulli, Correlated, Current, Delta, Latency, Span, unfit
from neuroemu.host import Encoded, Listed
from neuroemu.streams import stream


def whole(steps, step_ms=1.0, seed=0):
    """All of a sample."""
    return Span(1, steps, 1, steps, step_ms, seed, 5)


def pairs(events):
    """[(row, channel)]"""
    return list(zip(*(column.tolist() for column in events), strict=True))


# ---- Bernoulli -----------------------------------------------------------------------------------------------------

X = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])


def test_the_mean_of_a_rate_code_is_its_value():
    # facts/seed_rules.md B1: max |mean - x| <= .004 at T = 20000 (one standard error at x = .5 is .0035)
    _, channel = Bernoulli().events(X, whole(20000))
    assert np.abs(np.bincount(channel, minlength=X.size) / 20000 - X).max() <= 0.004


@pytest.mark.parametrize("seed", range(5))
def test_every_channel_keeps_its_rate_within_4_standard_errors(seed):
    x = np.linspace(0, 1, 101)
    _, channel = Bernoulli().events(x, whole(2000, seed=seed))
    error = np.abs(np.bincount(channel, minlength=101) / 2000 - x)
    assert np.all(error <= 4 * (x * (1 - x) / 2000) ** 0.5)


def test_steps_and_channels_of_a_rate_code_are_independent():
    step, channel = Bernoulli().events(np.full(2, 0.5), whole(20000))
    spikes = np.zeros((20000, 2))
    spikes[step, channel] = 1
    assert abs(np.corrcoef(spikes[:, 0], spikes[:, 1])[0, 1]) < 4 / 20000**0.5
    assert abs(np.corrcoef(spikes[1:, 0], spikes[:-1, 0])[0, 1]) < 4 / 20000**0.5


@pytest.mark.parametrize(("value", "gain", "spikes"), [(0.0, 1.0, 0), (-3.0, 1.0, 0), (1.0, 1.0, 50), (0.5, 4.0, 50)])
def test_the_probability_of_a_rate_code_is_limited_to_0_to_1(value, gain, spikes):
    assert len(pairs(Bernoulli(gain).events(np.array([value]), whole(50)))) == spikes


RATES, TIMES = "0..1", "at most 1"


@pytest.mark.parametrize(
    ("encoder", "values", "at", "said", "allowed", "remedy"),
    [
        (Bernoulli(), [[2.0, -1.0, 50, 0.5]], (0, 0), "3 of 4 values are no probability; the first is 2", RATES, ""),
        (
            Bernoulli(),
            [[0.2, 0.5], [0.5, 8]],
            (1, 1),
            "1 of 4 values is no probability: 8 at [1][1]",
            RATES,
            "gain: 0.125",
        ),
        (Bernoulli(3.0), [0.1, 0.7], (1,), "1 of 2 values times the gain 3 is no", "0..0.3333 with", "gain: 1.42"),
        (Bernoulli(-1.0), [0.1], (0,), "the value times the gain -1 is no probability: 0.1", "at least 0", ""),
        (Bernoulli(), [[0.5, np.nan]], (0, 1), "1 of 2 values is no number to encode: nan", "finite", ""),
        (Correlated(0.5, 1), [[[0.5, 1.5]]], (0, 0, 1), "1.5 at [0][0][1]", RATES, "gain: 0.666"),
        (
            Latency(linear=True),
            [[1.0, 1.5, -1]],
            (0, 1),
            "1 of 3 values would spike before the first step: 1.5",
            TIMES,
            "",
        ),
        (Latency(), [[np.inf, 1.0]], (0, 0), "inf at [0][0]", "finite", ""),
        (Delta(), [[[0.0], [-np.inf]]], (0, 1, 0), "-inf at [0][1][0]", "finite", ""),
    ],
)
def test_what_an_encoder_does_not_take_is_counted_and_placed(encoder, values, at, said, allowed, remedy):
    found = unfit(encoder, np.array(values))
    assert found.at == at and said in found.what and allowed in found.allowed and found.remedy == remedy


@pytest.mark.parametrize(
    ("encoder", "values"),
    [
        (Bernoulli(), np.array([1.0000001, 0.0, -0.0000001], np.float32)),  # rounding of single precision
        (Bernoulli(0.02), [50.0, 0.0]),
        (Latency(), [7.0, -2.0]),  # driven hard, and never
        (Latency(linear=True), [1.0, -2.0]),
        (Delta(), [[-5.0], [7.0]]),
        (Current(), [-1e6, 1e6]),
    ],
)
def test_what_an_encoder_takes_is_no_mistake(encoder, values):
    assert unfit(encoder, np.asarray(values)) is None


@pytest.mark.parametrize(("high", "gain"), [(2.0, 0.5), (3.0, 0.333), (7.0, 0.142), (1e9, 1e-9), (1.5, 0.666)])
def test_the_gain_that_is_advised_is_taken(high, gain):
    values = np.array([0.0, high])
    assert float(unfit(Bernoulli(), values).remedy.removeprefix("gain: ")) == gain
    assert unfit(Bernoulli(gain), values) is None


def test_gain_scales_the_rate():
    _, channel = Bernoulli(0.5).events(np.array([0.8]), whole(20000))
    assert abs(channel.size / 20000 - 0.4) < 4 * (0.4 * 0.6 / 20000) ** 0.5


def test_a_rate_code_follows_a_signal_by_step():
    values = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert pairs(Bernoulli().events(values, whole(3))) == [(0, 0), (1, 1), (2, 0), (2, 1)]


def test_samples_of_one_value_are_drawn_anew():
    encoded = Encoded(np.full((2, 8), 0.5), Bernoulli(), 20, 1.0, 0, 5)
    assert pairs(encoded.events(1, 20)) != pairs(encoded.events(21, 20))


@pytest.mark.parametrize("what", [{"seed": 1}, {"stream": 6}])
def test_another_seed_or_input_is_drawn_anew(what):
    names = {"seed": 0, "stream": 5}
    first, second = (Encoded(np.full((1, 8), 0.5), Bernoulli(), 20, 1.0, **n) for n in (names, names | what))
    assert pairs(first.events(1, 20)) != pairs(second.events(1, 20))


def test_a_channel_does_not_know_of_the_others():
    few, many = (pairs(Bernoulli().events(np.full(n, 0.5), whole(30))) for n in (3, 9))
    assert few == [(row, channel) for row, channel in many if channel < 3]


# ---- latency -------------------------------------------------------------------------------------------------------

# facts/seed_rules.md B2: t = 10 ln(x / (x - .2)), and the steps (from 1) of 1 ms that these times fall into.
B2 = [(0.2, math.inf, None), (0.25, 16.094379, 17), (0.5, 5.108256, 6), (1.0, 2.231436, 3), (2.0, 1.053605, 2)]


@pytest.mark.parametrize(("x", "time_ms", "step"), B2)
def test_the_latency_is_that_of_a_leaky_integrator(x, time_ms, step):
    assert Latency(10.0, 0.2).times_ms(np.array([x]), whole(100))[0] == pytest.approx(time_ms, abs=1e-6)


@pytest.mark.parametrize(("x", "time_ms", "step"), B2)
def test_a_latency_falls_into_its_step(x, time_ms, step):
    rows = [row + 1 for row, _ in pairs(Latency(10.0, 0.2).events(np.array([x]), whole(100)))]
    assert rows == ([] if step is None else [step])


@pytest.mark.parametrize(("x", "time_ms", "step"), B2)
@pytest.mark.parametrize("step_ms", [0.5, 2.0])
def test_a_latency_counts_steps_of_any_length(x, time_ms, step, step_ms):
    rows = [row for row, _ in pairs(Latency(10.0, 0.2).events(np.array([x]), whole(100, step_ms)))]
    assert rows == ([] if step is None else [int(time_ms / step_ms)])


@pytest.mark.parametrize(("x", "time_ms", "step"), B2[1:])
def test_a_latency_equals_an_integrator_driven_by_x_within_a_step(x, time_ms, step):
    v, t = 0.0, 0
    while v <= 0.2:  # v' = (x - v) / 10 ms, exactly over each step of 1 ms
        v, t = x + (v - x) * math.exp(-0.1), t + 1
    assert abs(t - step) <= 1


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=10), st.integers(1, 60), st.booleans())
def test_a_channel_spikes_at_most_once_and_rows_ascend(values, steps, linear):
    row, channel = Latency(5.0, 0.1, linear).events(np.array(values), whole(steps))
    assert len(set(channel.tolist())) == channel.size
    assert row.tolist() == sorted(row.tolist())


@given(st.floats(0.11, 2.0), st.floats(0.11, 2.0), st.booleans())
def test_the_larger_value_is_never_later(x, y, linear):
    times = Latency(5.0, 0.1, linear).times_ms(np.array([max(x, y), min(x, y)]), whole(50))
    assert times[0] <= times[1]


def test_a_latency_past_the_end_of_the_sample_is_lost():
    # x = .25 wants step 17 (above)
    assert pairs(Latency(10.0, 0.2).events(np.array([0.25]), whole(17))) == [(16, 0)]
    assert pairs(Latency(10.0, 0.2).events(np.array([0.25]), whole(16))) == []


@pytest.mark.parametrize("steps", [1, 2, 10, 37])
def test_linear_latency_goes_from_the_first_step_to_the_last(steps):
    events = pairs(Latency(threshold=0.25, linear=True).events(np.array([1.0, 0.25, 0.2499, 3.0]), whole(steps)))
    assert sorted(events) == sorted([(0, 0), (steps - 1, 1), (0, 3)])


def test_linear_latency_is_linear_between():
    # threshold 0, 11 steps: x = .7 waits for .3 of the 10 ms to the last step
    values = np.array([1.0, 0.9, 0.7, 0.5, 0.1])
    assert pairs(Latency(threshold=0.0, linear=True).events(values, whole(11))) == [
        (0, 0),
        (1, 1),
        (3, 2),
        (5, 3),
        (9, 4),
    ]


# ---- delta ---------------------------------------------------------------------------------------------------------


def test_delta_sends_on_where_a_signal_rose_and_off_where_it_fell():
    #        first  +1   0  -2  -.5  +1
    signal = np.array([[0.0], [1.0], [1.0], [-1.0], [-1.5], [-0.5]])
    assert pairs(Delta(1.0).events(signal, whole(6))) == [(1, 0), (3, 1), (5, 0)]


def test_delta_puts_off_behind_all_on():
    signal = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert pairs(Delta(0.5).events(signal, whole(2))) == [(1, 0), (1, 4)]  # channel 1 is OFF at 3 + 1
    assert Delta().channels(3) == 6


def test_delta_may_do_without_off():
    signal = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert pairs(Delta(0.5, off=False).events(signal, whole(2))) == [(1, 0)]
    assert Delta(off=False).channels(2) == 2


def test_delta_never_spikes_in_step_1():
    assert pairs(Delta(0.1).events(np.array([[5.0]]), whole(1))) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_a_change_of_exactly_the_threshold_counts_whatever_its_last_bit(sign):
    # 0, .1, .2, ... : in doubles .3 - .2 is .09999999999999998
    ramp = sign * np.arange(10)[:, None] / 10
    assert [row for row, _ in pairs(Delta(0.1).events(ramp, whole(10)))] == list(range(1, 10))


# ---- current -------------------------------------------------------------------------------------------------------


def test_a_current_makes_no_spikes():
    with pytest.raises(TypeError):
        Current().events(np.ones(3), whole(3))


# ---- spans ---------------------------------------------------------------------------------------------------------


def cut_anywhere(source, total, cuts):
    """The events of steps 1..total as [(step, channel)], asked for in spans that end at the cuts."""
    bounds = sorted({0, total, *(cut for cut in cuts if cut < total)})
    found = []
    for start, end in pairwise(bounds):
        events = pairs(source.events(start + 1, end - start))
        assert all(0 <= row < end - start for row, _ in events)
        found += [(start + row, channel) for row, channel in events]
    return found


@given(
    st.sampled_from(
        [
            Bernoulli(),
            Bernoulli(2.0),
            Latency(3.0, 0.1),
            Latency(3.0, 0.1, linear=True),
            Delta(0.3),
            Delta(0.3, off=False),
        ]
    ),
    st.integers(1, 12),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from([0.5, 1.0]),
    st.sets(st.integers(1, 47)),
    st.integers(0, 2**32),
)
def test_a_run_may_be_cut_anywhere(encoder, steps, samples, by_step, step_ms, cuts, seed):
    by_step = isinstance(encoder, Delta) or (by_step and isinstance(encoder, Bernoulli))
    shape = (samples, steps, 3) if by_step else (samples, 3)
    encoded = Encoded(np.random.default_rng(seed).random(shape), encoder, steps, step_ms, seed, stream("encode", "x"))
    total = steps * samples
    assert cut_anywhere(encoded, total, cuts) == cut_anywhere(encoded, total, [])


@given(st.integers(1, 12), st.integers(1, 4), st.sets(st.integers(1, 47)), st.integers(0, 2**32))
def test_every_sample_of_a_rate_code_equals_its_own_steps(steps, samples, cuts, seed):
    # A sample's draws are those of its global steps, so a run of one sample that starts there gives the same.
    values = np.random.default_rng(seed).random((samples, 3))
    encoded = Encoded(values, Bernoulli(), steps, 1.0, seed, 5)
    for k in range(samples):
        alone = Bernoulli().events(values[k], Span(k * steps + 1, steps, k * steps + 1, steps, 1.0, seed, 5))
        assert pairs(alone) == pairs(encoded.events(k * steps + 1, steps))


@given(
    st.sets(st.tuples(st.integers(1, 15), st.integers(0, 3)), max_size=20),
    st.integers(1, 12),
    st.integers(1, 4),
    st.sets(st.integers(1, 47)),
)
def test_a_list_of_spikes_is_the_same_in_every_sample_however_cut(spikes, steps, samples, cuts):
    table = np.array(sorted(spikes), np.int64).reshape(-1, 2)
    found = cut_anywhere(Listed(table[:, 0], table[:, 1], None, steps), steps * samples, cuts)
    assert found == [
        (sample * steps + step - 1, channel)
        for sample in range(samples)
        for step, channel in sorted(spikes)
        if step <= steps  # what lies past the end of the sample is lost
    ]
