"""Dialects of brian2-loihi and nengo-loihi: what they refuse, and a step or two reckoned by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroemu.errors import ProgramError
from neuroemu.learning import DIALECTS, Trace, learning
from neuroemu.learning.microcode import Op, exact_bits
from neuroemu.learning.rule import parse
from neuroemu.learning.tables import tables
from neuroemu.network import WeightFormat
from tools.replay.learning_peers import DOWN, Synapse, _compiled, _differs, _plan, _values, run

BRIAN2, NENGO = DIALECTS["brian2_loihi"], DIALECTS["nengo_loihi"]
BOTH = {"x1": Trace(24, 6), "y1": Trace(16, 4)}
MIXED, COARSE = (
    WeightFormat(8, 0, "mixed", clip=True),
    WeightFormat(5, 0, "excitatory", clip=True),
)  # steps of 2 and of 8


def brian2(dw, traces=None, **more):
    return learning(dw, traces=BOTH if traces is None else traces, dialect=BRIAN2, **more)


def nengo(dw, **more):
    settings = {"epoch": 2, "third": "model", "traces": {"x1": Trace(100.5, 5)}, "dialect": NENGO} | more
    return learning(dw, **settings)


def steps(made, pre, orders, w0=0, format=MIXED, number=DOWN, copies=1):
    """Values after each step of one synapse by 'w' and names of traces, or of copies.

    number: what every random number is, None for those of the engine.
    """
    synapses = [Synapse(np.array(pre), np.array(orders), w0, {})] * copies
    image = _compiled(synapses, made, format, apart=False)
    if number is not None:
        (each,) = image.plastic
        image = replace(
            image, plastic=(each._replace(rule=each.rule._replace(numbers=np.full((len(pre), 14), number))),)
        )
    traces, _ = run(image, _plan(synapses, 0, apart=False))
    return _values(traces.synapses["w0"], 0 if copies == 1 else slice(None))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: brian2("2^-2*x1*y0", epoch=2), "brian2_loihi with epoch 2"),
        (lambda: brian2("2^-2*x1*y0", shift="half_even"), "shift half_even"),
        (lambda: brian2("2^-2*x1*y0", generator="lava"), "generator lava"),
        (lambda: brian2("u0*x1", {"x1": Trace(9, 9)}, third="model"), "third model"),
        (lambda: learning("2^-2*x1*y0", "x0", None, BOTH, dialect=BRIAN2), "rule for dd"),
        (lambda: learning("2^-2*x1*y0", None, "x0", BOTH, dialect=BRIAN2), "rule for dt"),
        (lambda: brian2("u0*t"), "knows no 't'"),
        (lambda: brian2("u0*d"), "knows no 'd'"),
        (lambda: brian2("u0*r1", reward="r"), "knows no 'r1'"),
        (lambda: brian2("2^-2*x1*y0", {"x1": Trace(10.5, 3)}), "impulse of 10.5"),
        (lambda: brian2("2^-2*x1*y0", {"x1": Trace(0, 3)}), "impulse of 0"),
        (lambda: brian2("2^-2*x1*y0", {"x1": Trace(10, 0)}), "and 0 steps"),
        (lambda: brian2("2^-2*x1*y0", {"x1": Trace(10, 2.5)}), "and 2.5 steps"),
        (lambda: brian2("x0*w*w*w*w*w*w*w"), "bits together"),
        (lambda: nengo("2^-2*x1*y0"), "in the dialect nengo_loihi"),
        (lambda: nengo("u1*x1*y1 - u1*x1"), "in the dialect nengo_loihi"),
        (lambda: nengo("u1*x1*(y1-3)"), "in the dialect nengo_loihi"),
        (lambda: nengo("u1*x1*y1", third="spikes", traces=BOTH), "third spikes"),
        (lambda: nengo("u1*x1*y1", payload="overwrite"), "payload overwrite"),
    ],
)
def test_what_an_emulator_does_not_have_is_refused(make, what):
    with pytest.raises(ProgramError) as caught:
        make()
    assert what in str(caught.value) and all(problem.allowed for problem in caught.value.problems)


# ---- brian2-loihi


def test_brian2_writes_its_factor_with_15_digits_and_draws_from_all_of_them():
    # 24 (1 - 1/6) is 19 and never 20: 24 * 0.833333333333333 is just below, and 24 * 0.8333333333333334 has no fraction.
    for number in (0.0, DOWN):
        assert steps(brian2("2^-2*x1*y0"), [1, 0], [0, 0], number=number)["x1"].tolist() == [24, 19]


def test_the_chance_of_a_trace_is_that_of_its_value_before_the_impulse():
    # 19 + 24 = 43, of which 5/6 are 35.83; of 19 they are 15.83. 25 * 5/6 = 20.83, but the fraction of 1 * 5/6 counts, too.
    for number, last in ((DOWN, 35), (0.82, 36), (0.84, 35)):
        assert steps(brian2("2^-2*x1*y0"), [1, 1, 0], [0, 0, 0], number=number)["x1"].tolist() == [24, 43, last]
    # Full at 127, whatever the trace was: of 120 + 120 it is 127 * 0.5 = 63.5, and 60 is whole, so that nothing is drawn.
    made = brian2("2^-2*x1*y0", {"x1": Trace(120, 2)})
    for number in (0.0, DOWN):
        assert steps(made, [1, 1, 0], [0, 0, 0], number=number)["x1"].tolist() == [120, 127, 63]


def test_an_impulse_of_a_compartment_counts_at_once_and_is_recorded_a_step_later():
    found = steps(brian2("-1*x0*y1"), [1, 0, 0], [1, 0, 0])
    assert found["w"].tolist() == [-16, -16, -16] and found["y1"].tolist() == [0, 12, 9]


def test_a_change_is_rounded_away_from_zero_then_cut_to_the_grid():
    # 2^-4 x1 = 24/16 = 1.5, 2 after rounding; a mixed weight of 8 bits stores steps of 2, one of 7 bits steps of 4.
    for sign in (1, -1):
        made = brian2(f"{sign}*2^-4*x1*x0")
        assert steps(made, [1], [0])["w"].tolist() == [2 * sign]
        assert steps(made, [1], [0], format=WeightFormat(7, 0, "mixed", clip=True))["w"].tolist() == [0]


def test_a_change_is_added_to_a_weight_that_is_off_the_grid():
    assert steps(brian2("8*x0"), [1, 1], [0, 0], 61, COARSE)["w"].tolist() == [69, 77]


def test_products_of_brian2_are_neither_shifted_nor_saturated():
    made = brian2("2^-7*x1*y1*u0 + 7*2^3*x1*y0 - 7*2^3*x1*y0", {"x1": Trace(120, 10**9), "y1": Trace(120, 10**9)})
    # x1 is full at the second step and y1 has its 120: 127 * 120 / 128 = 119.1, cut to steps of 2; the others cancel.
    assert steps(made, [1, 1], [0, 1])["w"].tolist() == [0, 120]


def test_constants_may_make_any_scale():
    assert steps(brian2("2^-7*x1*2^-4*x0*11*13"), [1], [0])["w"].tolist() == [2]  # 24 * 143 / 2048 = 1.68


def test_only_products_with_u_and_without_a_literal_2_to_the_minus_e_draw():
    for dw, expected in (
        ("1*u0", 108), ("-3*u0", 92), ("2^-1*u0", 100), ("2^-1*2^3*u0", 100), ("8*2^-1*u0", 100), ("1*x0", 100),
        ("1*u0*x0", 100), ("9*u0", 116), ("1*u0 + 7*x0", 116),
    ):  # fmt: skip
        assert steps(brian2(dw), [1], [0], 100, COARSE, number=0.0)["w"].tolist() == [expected], dw


def test_a_draw_sees_traces_before_the_impulses_of_the_step():
    made = brian2("1*u0*x1", {"x1": Trace(13, 10**9)})
    # 13: 8 is added at the first step, the rest of 5 is drawn only from the next one on.
    assert steps(made, [1, 0], [0, 0], 100, COARSE, number=0.0)["w"].tolist() == [108, 124]


def test_the_chance_of_a_draw_is_the_rest():
    found = steps(brian2("-3*u0"), [0], [0], 100, COARSE, number=None, copies=4000)["w"]
    assert set(np.unique(found)) == {92, 100}
    assert abs((found == 92).mean() - 3 / 8) < 4 * np.sqrt(15 / 64 / 4000)


def test_u_counts_from_the_first_step():
    assert steps(brian2("2*u2"), [0] * 6, [0] * 6)["w"].tolist() == [2, 2, 2, 2, 4, 4]


def test_without_a_trace_on_its_side_a_spike_is_not_seen():
    assert steps(brian2("8*y0 + 2*x0 + 4*u0*y0", {"x1": Trace(1, 1)}), [0, 1, 0], [1, 1, 1])["w"].tolist() == [0, 2, 2]
    assert steps(brian2("8*y0 + 2*x0", {"y3": Trace(1, 1)}), [0, 1, 0], [1, 1, 0])["w"].tolist() == [8, 16, 16]
    assert steps(brian2("8*y0", {}), [1], [1])["w"].tolist() == [0]


@pytest.mark.parametrize(
    ("mode", "limits"), [("mixed", (-256, 254)), ("excitatory", (0, 255)), ("inhibitory", (-256, 0))]
)
def test_weights_end_where_brian2_ends_them_whatever_they_store(mode, limits):
    for sign, limit in zip((-1, 1), limits, strict=True):
        made = brian2(f"{sign}*7*2^3*u0")
        for bits in (5, 8):
            assert steps(made, [0] * 12, [0] * 12, 0, WeightFormat(bits, 0, mode, clip=True))["w"][-1] == limit


def test_exact_products_have_the_bits_that_they_need():
    # x1 * w of 7 + 9 bits, 3 of the mantissa and 5 of the fraction: at most 127 * 256 * 7 + 1 * 32 in 1/32.
    assert exact_bits(parse("w", "7*2^-5*x0*x1*w + u0")) == (128 * 512 * 7 + 32).bit_length()


# ---- nengo-loihi


def test_a_trace_of_nengo_decays_once_and_takes_one_impulse_an_epoch():
    # e^(-2/5) = 0.670: 100 * 0.67 = 67.03, and with the impulse of 100.5 too much for 127.
    found = steps(nengo("2^-7*u1*x1*y1"), [1, 1, 0, 0, 1, 0], [0] * 6)
    assert found["x1"].tolist() == [0, 100, 100, 67, 67, 127]
    assert steps(nengo("2^-7*u1*x1*y1"), [1, 1], [0] * 2, number=0.0)["x1"].tolist() == [0, 101]


def test_decay_and_impulse_of_nengo_are_rounded_together():
    # 40 * 0.670 + 40.25 = 26.81 + 40.25 = 67.06; rounded down by themselves they were 66.
    made = nengo("2^-7*u1*x1*y1", traces={"x1": Trace(40.25, 5)})
    assert steps(made, [1, 0, 1, 0], [0] * 4)["x1"].tolist() == [0, 40, 40, 67]


def test_of_an_impulse_nengo_keeps_128ths():
    made = nengo("2^-7*u1*x1*y1", traces={"x1": Trace(86.38, 5)})  # 86 + 48.64/128
    assert tables(made, "mixed", 1, 62).impulses[0].tolist() == [86, 96]


@pytest.mark.parametrize(("error", "down", "up"), [(50, 8, 10), (-50, -8, -10)])
def test_nengo_rounds_a_weight_by_its_magnitude(error, down, up):
    # 100 * 50 / 4 = 1250 of 1/128: 9.77, in steps of 2; -1250 by its magnitude, too.
    orders = [0, 0, 0, (error & 65535) << 8]
    made = nengo("2^-7*u1*x1*y1", traces={"x1": Trace(100, 1e9)})
    for number, expected in ((DOWN, down), (0.1, up)):
        assert steps(made, [0, 0, 1, 0], orders, number=number)["w"].tolist() == [0, 0, 0, expected]


def test_nengo_shifts_once():
    # 2^-5: 101 * 1 * 2^(7 - 5 - 2), and not floor(101 / 4) * 4
    made = nengo("2^-5*u1*x1*y1", traces={"x1": Trace(101, 1e9)})
    assert tables(made, "mixed", 1, 62).code[-2].tolist() == [Op.SUM, 0, 0, 0]
    assert Op.SHIFT not in tables(made, "mixed", 1, 62).code[:, 0]


def test_weights_of_nengo_end_where_their_grid_does():
    made = nengo("7*u0*x1*y1", traces={"x1": Trace(100, 1e9)})
    for error in (100, -100):
        assert steps(made, [1, 0], [(error & 65535) << 8] * 2)["w"].tolist() == [0, 254 * np.sign(error)]


# ---- the replay


def test_the_replay_finds_the_numbers_behind_what_is_recorded():
    # 24 -> 19 -> 15.83: 16 is right and so is 15, 17 is not.
    for last, right in ((15, True), (16, True), (17, False)):
        expected = {"x1": np.array([24, 19, last]), "w": np.zeros(3, int)}
        synapse = Synapse(np.array([1, 0, 0]), np.zeros(3, int), 0, expected)
        assert (_differs([synapse], brian2("4*y0"), MIXED) == "") == right
