"""RuleTables: what the engine takes of a Learning, as plain numbers and arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .microcode import Slot, compiled
from .peers import brian2_factor, brian2_rest, is_seen, nengo_factor
from .rule import TARGETS, Rule
from .settings import LAWS, N_ALL_NUMBERS, N_NUMBERS, PAYLOADS, SHIFTS, TRACE_NAMES, WORN, Learning, Trace


class RuleTables(NamedTuple):
    """code: (n, 4) int64.  slots: (k,) int64 that it reads.  factors: (5,) what a step leaves of x1, x2, y1, y2, y3.
    rests: (5,) the same, where another number makes the chance of rounding up.
    impulses: (5, 2) int64, whole and in 1/256.  limits: (3, 4) int64 by w, d, t: lowest and highest whole part of the
    accumulator, lowest and highest value stored.  grid: (3,) int64 low bits that are not stored.  numbers: (n, 14) recorded
    random numbers, or (0, 14): decays of the five traces, their impulses, impulses of y1, y2, y3 in between, weight.
    bits: of the widest product, its sign apart.  every: bit k for u_k.  on_first: an epoch in which all u_k are on.
    uses, writes: bits 1, 2, 4 for w, d, t that rules read or change, and that they change.  law: index in LAWS.
    lava_seed: of the generator 'lava', -1 for another.  The rest as in Learning.
    """

    code: np.ndarray
    slots: np.ndarray
    factors: np.ndarray
    rests: np.ndarray
    impulses: np.ndarray
    limits: np.ndarray
    grid: np.ndarray
    numbers: np.ndarray
    bits: int
    epoch: int
    uses: int
    writes: int
    every: int
    on_first: int
    by_axon: int
    by_compartment: int
    shift_rounding: int
    accumulator_low: int
    impulse_shift: int
    bumps_up: int
    payload_mode: int
    from_model: int
    wears: int
    law: int
    reward: str
    lava_seed: int


def tables(learning: Learning, sign_mode: str, lost_bits: int, delay_max: int) -> RuleTables:
    """sign_mode: of the projection's weights.  lost_bits: low bits of a weight that are not stored.

    delay_max: the longest that may be learned.
    """
    dialect = learning.dialect
    code = compiled(_seen(learning), dialect.mantissa_bits, learning.epoch, dialect.law)
    traces = [_trace(learning, name) for name in TRACE_NAMES]
    from_model = learning.third == "model"
    factors = np.array([_factor(trace, dialect.law, learning.epoch) for trace in traces])
    if from_model and dialect.wears:
        factors[2:] = WORN
    grid = lost_bits if dialect.on_grid else 0
    return RuleTables(
        code.instructions,
        np.array(code.slots, np.int64),
        factors,
        np.array([brian2_rest(trace) for trace in traces]),
        np.array([_impulse(trace, 128 if dialect.law == "nengo" else 256) for trace in traces], np.int64),
        np.array(
            [_weights(sign_mode, grid, dialect.law), (0, 256, 0, delay_max), (-257, 256, dialect.tag_low, 255)],
            np.int64,
        ),
        np.array([grid, 0, 0], np.int64),
        all_numbers(np.empty((0, N_NUMBERS)) if learning.numbers is None else learning.numbers),
        code.bits,
        learning.epoch,
        _bits({*code.writes, *(Slot(slot).name.lower() for slot in code.slots if slot < Slot.U0)}),
        _bits(set(code.writes)),
        sum(1 << k for k in code.decimations),
        int(dialect.law == "brian2"),
        int("x0" in code.gates),
        int("y0" in code.gates),
        SHIFTS.index(learning.shift),
        dialect.accumulator_low,
        32 - dialect.impulse_bits,
        int(dialect.bumps_up),
        PAYLOADS.index(learning.payload),
        int(from_model),
        int(dialect.wears),
        LAWS.index(dialect.law),
        learning.reward or "",
        learning.lava_seed if learning.generator == "lava" else -1,
    )


def _bits(names: set[str]) -> int:
    return sum(1 << index for index, name in enumerate(TARGETS) if name in names)


def _trace(learning: Learning, name: str) -> Trace:
    return learning.traces.get(name, Trace())


def all_numbers(numbers: np.ndarray) -> np.ndarray:
    """(n, 14) of (n, 6), where all traces of a side share theirs; (n, 14) as they are."""
    numbers = np.asarray(numbers, np.float64)
    if numbers.shape[1] != N_ALL_NUMBERS:
        x, x_impulse, y, y_between, y_impulse, weight = range(N_NUMBERS)
        numbers = numbers[:, [x, x, y, y, y, *[x_impulse] * 2, *[y_impulse] * 3, *[y_between] * 3, weight]]
    return np.ascontiguousarray(numbers)


def _seen(learning: Learning) -> tuple[Rule, ...]:
    """The rules without products that are always 0 in the dialect."""
    if learning.dialect.law != "brian2":
        return learning.rules
    names = set(learning.traces)
    return tuple(
        replace(rule, products=tuple(p for p in rule.products if is_seen(p, names))) for rule in learning.rules
    )


def _factor(trace: Trace, law: str, epoch: int) -> float:
    """What a step leaves of a trace; with nengo-loihi an epoch."""
    if law == "brian2":
        return brian2_factor(trace)
    return nengo_factor(trace, epoch) if law == "nengo" else trace.factor


def _impulse(trace: Trace, parts: int) -> tuple[int, int]:
    """Whole, and in 1/256.  parts: of one that are kept; where they are 1/128, what is less is cut off."""
    whole = int(np.floor(trace.impulse))
    fraction = parts * (trace.impulse - whole)
    return whole, int(np.rint(fraction)) if parts == 256 else 2 * int(fraction)


def _weights(sign_mode: str, grid: int, law: str) -> tuple[int, int, int, int]:
    top = (255 >> grid) << grid
    if law == "brian2":  # whatever the grid
        return {
            "mixed": (-257, 256, -256, 254),
            "excitatory": (-257, 256, 0, 255),
            "inhibitory": (-257, 256, -256, 0),
        }[sign_mode]
    if law == "nengo" and sign_mode == "mixed":
        return -257, 256, -top, top
    if sign_mode == "excitatory":
        return 0, 256, 0, top
    if sign_mode == "inhibitory":
        return -257, 0, -top, 0
    return -257, 256, -256, top
