"""Microcode: what rules are compiled to, and every opcode of the engine against its meaning, one synapse at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.engine.learning.run_code import CHUNK, FLOOR, HALF_EVEN, STOCHASTIC, run_code
from neuroemu.learning.microcode import N_SLOTS, Op, Slot, compiled, shift_of, width_of
from neuroemu.learning.rule import parse
from tests import naive_learning as naive
from tests.learning.rules import rules

ROUNDINGS = {"floor": FLOOR, "half_even": HALF_EVEN, "stochastic": STOCHASTIC}
LIMITS = [(-257, 256, -256, 254), (0, 256, 0, 62), (-257, 256, -257, 255)]
KEY, N = 0xFEDCBA9876543210, 9


def code_of(text, **settings):
    return compiled((parse("w", text),), **settings)


def rows(*instructions):
    return np.array([(int(op), *abc, *[0] * (3 - len(abc))) for op, *abc in instructions], np.int64)


def both(code, values, old, rounding="floor", lowest=-32769, grid=(0, 0, 0), chance=-1.0):
    """(new, tally) of the engine for N synapses and of the twin one by one.  values: {slot: (N,)}; old: (3, N)."""
    table, before, new = np.zeros((N_SLOTS, CHUNK), np.int64), np.zeros((3, CHUNK), np.int64), np.zeros((3, CHUNK), int)
    for slot, row in values.items():
        table[slot, :N] = row
    before[:, :N] = new[:, :N] = old
    scratch, tally, number = np.zeros((3, CHUNK), np.int64), np.zeros(CHUNK, np.int32), np.zeros(CHUNK, np.int32)
    number[:N] = np.arange(N) * 77
    run_code(
        code, N, table, before, new, scratch, tally, ROUNDINGS[rounding], lowest, np.array(LIMITS), np.array(grid),
        chance, np.uint64(KEY), number,
    )  # fmt: skip
    named = [(Op(op).name, a, b, c) for op, a, b, c in code.tolist()]
    told = []
    for i in range(N):

        def drawn(which, i=i):
            return naive.Fraction(naive.mixed(77 * i, KEY + which), 2**32)

        told.append(
            naive.run_code(
                named, table[:, i].tolist(), before[:, i].tolist(), rounding, lowest, LIMITS, grid,
                (lambda target: naive.Fraction(chance)) if chance >= 0 else drawn, lambda at, d=drawn: d(3 + at),
            )
        )  # fmt: skip
    return [(new[:, i].tolist(), int(tally[i])) for i in range(N)], told


def numbers(low, high):
    """N of them, edges more often than others."""
    edges = [low, high, 0, 1, -1, low + 1, high - 1]
    each = st.sampled_from([edge for edge in edges if low <= edge <= high]) | st.integers(low, high)
    return st.lists(each, min_size=N, max_size=N)


OLD = st.tuples(numbers(-256, 255), numbers(0, 62), numbers(-257, 255))
GATES = st.lists(st.integers(0, 1), min_size=N, max_size=N)
ENDS = {"LOAD": (Op.LOAD, 2), "GATE": (Op.GATE, Slot.X0, 0), "ADD": (Op.ADD, 7), "STORE": (Op.STORE, 2)}


@given(st.integers(0, 2), OLD)
def test_load_and_store_leave_a_variable_as_it_is_within_its_limits(target, old):
    found, told = both(rows((Op.LOAD, target), (Op.STORE, target)), {}, old)
    assert found == told
    least, most = LIMITS[target][2:]
    assert [new[target] for new, _ in found] == np.clip(old[target], least, most).tolist()


@given(OLD, GATES)
def test_a_gate_adds_itself_and_is_counted(old, gates):
    code = rows(*(ENDS[name] for name in ("LOAD", "GATE", "ADD", "STORE")))
    found, told = both(code, {Slot.X0: gates}, old)
    assert found == told
    assert [tally for _, tally in found] == gates


@given(OLD, GATES)
def test_what_stands_behind_a_gate_that_is_shut_for_all_is_passed_over(old, gates):
    # The code behind is passed over only where no synapse of the chunk is gated; no result shows it, not even in a tag of
    # -257, which Lava knows, and which the saturation of the accumulator puts back.
    code = rows(ENDS["LOAD"], (Op.GATE, Slot.X0, 2), (Op.SCALE, 3), ENDS["ADD"], ENDS["STORE"])
    for each in (gates, [0] * N):
        found, told = both(code, {Slot.X0: each}, old)
        assert found == told


@given(OLD, numbers(-32768, 32767), st.integers(-511, 511), st.sampled_from([2, 128, 512]), numbers(-300, 300))
def test_multiply_adds_and_clips_to_the_width_of_the_factor(old, factors, plus, bound, others):
    code = rows(
        ENDS["LOAD"], (Op.GATE, Slot.X0, 3), (Op.MULTIPLY, Slot.W, plus, bound), (Op.MULTIPLY, Slot.D, 0, 512),
        (Op.SHIFT, 3), (Op.ADD, 0), ENDS["STORE"],
    )  # fmt: skip
    found, told = both(code, {Slot.X0: [1] * N, Slot.W: factors, Slot.D: others}, old)
    assert found == told


@given(OLD, numbers(-256, 255), st.integers(-300, 300), GATES)
def test_multiply_sign_takes_the_sign_of_the_sum(old, factors, plus, gates):
    code = rows(ENDS["LOAD"], ENDS["GATE"], (Op.MULTIPLY_SIGN, Slot.T, plus), ENDS["ADD"], ENDS["STORE"])
    found, told = both(code, {Slot.X0: gates, Slot.T: factors}, old)
    assert found == told


@given(OLD, numbers(-128, 127), st.integers(-8, 7), st.integers(0, 15))
def test_scale_and_add_saturate_the_change_and_the_sum(old, factors, mantissa, places):
    code = rows(
        ENDS["LOAD"], (Op.GATE, Slot.X0, 4), (Op.MULTIPLY, Slot.X1_TX, 0, 128), (Op.SCALE, mantissa), (Op.ADD, places),
        (Op.ADD, places), ENDS["STORE"],
    )  # fmt: skip
    for lowest in (-32768, -32769):
        found, told = both(code, {Slot.X0: [1] * N, Slot.X1_TX: factors}, old, lowest=lowest)
        assert found == told


@pytest.mark.parametrize("rounding", sorted(ROUNDINGS))
@given(data=st.data())
def test_shift_rounds_as_it_is_told(rounding, data):
    factors = [data.draw(numbers(-512, 511)) for _ in range(5)]  # five of nine bits: 45 and a mantissa
    n, places = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 31))
    slots = [Slot.W, Slot.D, Slot.T, Slot.R1, Slot.R0][:n]
    code = rows(
        ENDS["LOAD"], (Op.GATE, Slot.X0, 0), *((Op.MULTIPLY, slot, 0, 512) for slot in slots), (Op.SCALE, -8),
        (Op.SHIFT, places), (Op.ADD, 0), ENDS["STORE"],
    )  # fmt: skip
    values = {Slot.X0: [1] * N, **dict(zip(slots, factors, strict=False))}
    found, told = both(code, values, data.draw(OLD), rounding)
    assert found == told


@given(OLD, numbers(-32767, 32767), st.sampled_from([0.0, 0.25, 0.5, 0.999999, -1.0]), st.integers(0, 7))
def test_store_rounds_up_with_the_chance_of_the_fraction(old, changes, chance, grid):
    for target in range(3):
        code = rows(
            (Op.LOAD, target), (Op.GATE, Slot.X0, 0), (Op.MULTIPLY, Slot.W, 0, 1 << 15), (Op.ADD, 0), (Op.STORE, target)
        )
        found, told = both(code, {Slot.X0: [1] * N, Slot.W: changes}, old, grid=(grid, 0, 0), chance=chance)
        assert found == told


CHANCES = st.sampled_from([0.0, 0.25, 0.5, 0.999999, -1.0])


@given(OLD, numbers(-32767, 32767), CHANCES, st.integers(0, 9))
def test_store_magnitude_rounds_up_away_from_zero_with_the_chance_of_the_fraction(old, changes, chance, grid):
    code = rows(
        (Op.LOAD, 0), (Op.GATE, Slot.X0, 0), (Op.MULTIPLY, Slot.W, 0, 1 << 15), (Op.SUM, 2), (Op.STORE_MAGNITUDE, 0)
    )
    found, told = both(code, {Slot.X0: [1] * N, Slot.W: changes}, old, grid=(grid, 0, 0), chance=chance)
    assert found == told


@given(OLD, numbers(-999, 999), numbers(-99999, 99999), CHANCES, st.integers(0, 9), st.integers(0, 14))
def test_store_change_adds_a_change_that_is_rounded_apart_and_what_was_held_draws(
    old, early, changes, chance, grid, places
):
    code = rows(
        (Op.CLEAR,), (Op.GATE, Slot.U0, 0), (Op.MULTIPLY, Slot.R1, 0, 1 << 20), (Op.SUM, 0), (Op.HOLD,),
        (Op.CLEAR,), (Op.GATE, Slot.X0, 0), (Op.MULTIPLY, Slot.W, 0, 1 << 20), (Op.SUM, 0), (Op.STORE_CHANGE, 0, places),
    )  # fmt: skip
    values = {Slot.U0: [1] * N, Slot.X0: [1] * N, Slot.R1: early, Slot.W: changes}
    found, told = both(code, values, old, grid=(grid, 0, 0), chance=chance)
    assert found == told
    assert [tally for _, tally in found] == [1] * N  # what is held is not counted


@pytest.mark.parametrize("rounding", sorted(ROUNDINGS))
@given(data=st.data())
def test_whole_rules_give_what_their_definition_gives(rounding, data):
    targets = data.draw(st.lists(st.sampled_from("wdt"), min_size=1, max_size=3, unique=True))
    texts = {target: data.draw(rules())[1] for target in sorted(targets, key="wdt".index)}
    code = compiled(tuple(parse(target, text) for target, text in texts.items()), data.draw(st.sampled_from([3, 4])), 3)
    lowest, grid = data.draw(st.sampled_from([-32768, -32769])), (data.draw(st.integers(0, 3)), 0, 0)
    old = data.draw(OLD)
    old = (*old[:2], [max(tag, -256) if lowest == -32768 else tag for tag in old[2]])
    values = {slot: data.draw(numbers(-128, 127)) for slot in code.slots}
    values |= {slot: data.draw(GATES) for slot in code.slots if slot < 3 or slot >= Slot.U0}
    values |= {Slot.W: old[0], Slot.D: old[1], Slot.T: old[2]}
    found, told = both(code.instructions, values, old, rounding, lowest, grid)
    assert found == told


# ---- compiling


def test_the_code_of_a_rule_by_hand():
    # Two traces and the mantissa are 4 + 7 + 7 = 18 bits: shifted by 3, then by e + 7.
    code = code_of("2^-2*y0*x1*(y2-20) - 3*x0*sgn(w-80)")
    assert [(Op(op), a, b, c) for op, a, b, c in code.instructions.tolist()] == [
        (Op.LOAD, 0, 0, 0),
        (Op.GATE, Slot.Y0, 5, 0),
        (Op.MULTIPLY, Slot.X1_TY, 0, 128),
        (Op.MULTIPLY, Slot.Y2_TY, -20, 128),
        (Op.SCALE, 1, 0, 0),
        (Op.SHIFT, 3, 0, 0),
        (Op.ADD, 5, 0, 0),
        (Op.GATE, Slot.X0, 3, 0),
        (Op.MULTIPLY_SIGN, Slot.W, -80, 0),
        (Op.SCALE, -3, 0, 0),
        (Op.ADD, 7, 0, 0),
        (Op.STORE, 0, 0, 0),
    ]
    assert (code.n_products, code.bits, code.gates, code.writes) == (2, 18, {"x0", "y0"}, ("w",))
    assert code.slots == (Slot.X0, Slot.Y0, Slot.W, Slot.X1_TY, Slot.Y2_TY)


@pytest.mark.parametrize(
    ("text", "width", "shift"),
    # facts, section 5: one trace is not divided, two by 8, t*y by 32, three traces by 1024
    [("u0", 4, 0), ("u0*x1", 11, 0), ("u0*x1*y1", 18, 3), ("u0*t*y1", 20, 5), ("u0*x1*y1*y2", 25, 10)],
)
def test_the_effective_scale_of_a_product(text, width, shift):
    (product,) = parse("w", text).products
    assert (width_of(product), shift_of(product)) == (width, shift)
    assert shift_of(product, 3) == max(0, width - 1 - 15)


TIMES = {"x0": "TX", "y0": "TY", "u0": "END"}
READERS = {
    **{slot: ("x0*" + slot.name.lower()) for slot in (Slot.X0, Slot.Y0, Slot.R0, Slot.W, Slot.D, Slot.T, Slot.R1)},
    **{
        Slot[f"{trace.upper()}_{time}"]: f"{gate}*{trace}"
        for trace in ("x1", "x2", "y1", "y2", "y3")
        for gate, time in TIMES.items()
    },
    **{Slot.U0 + k: f"u{k}" for k in range(10)},
}
EARLY_READERS = {Slot[f"{trace.upper()}_BEFORE"]: f"u0*{trace}" for trace in ("x1", "x2", "y1", "y2", "y3")}


def test_every_slot_has_a_rule_that_reads_it():
    assert sorted([*READERS, *EARLY_READERS]) == list(range(N_SLOTS))
    for slot, text in [*READERS.items(), *EARLY_READERS.items()]:
        code = code_of(text, epoch=1, law="brian2") if slot in EARLY_READERS else code_of(text)
        assert slot in code.slots
        assert slot in code.instructions[:, 1][np.isin(code.instructions[:, 0], [Op.GATE, Op.MULTIPLY])]


def test_in_an_epoch_of_one_step_all_times_are_its_end():
    code = code_of("x0*x1 + y0*x1 + u0*x1", epoch=1)
    assert code.slots == (Slot.X0, Slot.Y0, Slot.X1_END, Slot.U0)


def test_every_opcode_is_compiled_to():
    laws = [code_of("x0*x1*y1*sgn(w) + u0", law=law) for law in ("chip", "brian2", "nengo")]
    assert {op for code in laws for op in code.instructions[:, 0].tolist()} == set(Op)


def test_the_code_of_a_rule_in_the_dialect_of_brian2_loihi():
    # What is due by u_k and has no literal 2^-e is held for the draw, of traces before the impulses; the change has 5 bits of
    # fraction, as the smallest power asks for.
    code = code_of("3*u1*x1 - 2^-5*y0*w*y1", epoch=1, law="brian2")
    most = 1 << 20
    assert [(Op(op), a, b, c) for op, a, b, c in code.instructions.tolist()] == [
        (Op.CLEAR, 0, 0, 0),
        (Op.GATE, Slot.U0 + 1, 3, 0),
        (Op.MULTIPLY, Slot.X1_BEFORE, 0, most),
        (Op.SCALE, 3, 0, 0),
        (Op.SUM, 0, 0, 0),
        (Op.HOLD, 0, 0, 0),
        (Op.CLEAR, 0, 0, 0),
        (Op.GATE, Slot.U0 + 1, 3, 0),
        (Op.MULTIPLY, Slot.X1_END, 0, most),
        (Op.SCALE, 3, 0, 0),
        (Op.SUM, 5, 0, 0),
        (Op.GATE, Slot.Y0, 4, 0),
        (Op.MULTIPLY, Slot.W, 0, most),
        (Op.MULTIPLY, Slot.Y1_END, 0, most),
        (Op.SCALE, -1, 0, 0),
        (Op.SUM, 0, 0, 0),
        (Op.STORE_CHANGE, 0, 5, 0),
    ]
    assert code.n_products == 2
