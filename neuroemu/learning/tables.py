"""RuleTables: what the engine takes of a Learning, as plain numbers and arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .microcode import Slot, compiled
from .rule import TARGETS
from .settings import PAYLOADS, SHIFTS, TRACE_NAMES, WORN, Learning, Trace


class RuleTables(NamedTuple):
    """code: (n, 4) int64.  slots: (k,) int64 that it reads.  factors: (5,) what a step leaves of x1, x2, y1, y2, y3.
    impulses: (5, 2) int64, whole and in 1/256.  limits: (3, 4) int64 by w, d, t: lowest and highest whole part of the
    accumulator, lowest and highest value stored.  grid: (3,) int64 low bits that are not stored.  numbers: (n, 6) recorded
    random numbers, or (0, 6).  bits: of the widest product, its sign apart.  every: bit k for u_k.  uses, writes: bits 1, 2, 4
    for w, d, t that rules read or change, and that they change.  lava_seed: of the generator 'lava',
    -1 for another.  The rest as in Learning.
    """

    code: np.ndarray
    slots: np.ndarray
    factors: np.ndarray
    impulses: np.ndarray
    limits: np.ndarray
    grid: np.ndarray
    numbers: np.ndarray
    bits: int
    epoch: int
    uses: int
    writes: int
    every: int
    by_axon: int
    by_compartment: int
    shift_rounding: int
    accumulator_low: int
    impulse_shift: int
    bumps_up: int
    payload_mode: int
    from_model: int
    wears: int
    reward: str
    lava_seed: int


def tables(learning: Learning, sign_mode: str, lost_bits: int, delay_max: int) -> RuleTables:
    """sign_mode: of the projection's weights.  lost_bits: low bits of a weight that are not stored.

    delay_max: the longest that may be learned.
    """
    dialect = learning.dialect
    code = compiled(learning.rules, dialect.mantissa_bits, learning.epoch)
    traces = [_trace(learning, name) for name in TRACE_NAMES]
    from_model = learning.third == "model"
    factors = np.array([trace.factor for trace in traces])
    if from_model and dialect.wears:
        factors[2:] = WORN
    grid = lost_bits if dialect.on_grid else 0
    return RuleTables(
        code.instructions,
        np.array(code.slots, np.int64),
        factors,
        np.array([_impulse(trace) for trace in traces], np.int64),
        np.array([_weights(sign_mode, grid), (0, 256, 0, delay_max), (-257, 256, dialect.tag_low, 255)], np.int64),
        np.array([grid, 0, 0], np.int64),
        np.empty((0, 6)) if learning.numbers is None else np.ascontiguousarray(learning.numbers, np.float64),
        code.bits,
        learning.epoch,
        _bits({*code.writes, *(Slot(slot).name.lower() for slot in code.slots if slot < Slot.U0)}),
        _bits(set(code.writes)),
        sum(1 << k for k in code.decimations),
        int("x0" in code.gates),
        int("y0" in code.gates),
        SHIFTS.index(learning.shift),
        dialect.accumulator_low,
        32 - dialect.impulse_bits,
        int(dialect.bumps_up),
        PAYLOADS.index(learning.payload),
        int(from_model),
        int(dialect.wears),
        learning.reward or "",
        learning.lava_seed if learning.generator == "lava" else -1,
    )


def _bits(names: set[str]) -> int:
    return sum(1 << index for index, name in enumerate(TARGETS) if name in names)


def _trace(learning: Learning, name: str) -> Trace:
    return learning.traces.get(name, Trace())


def _impulse(trace: Trace) -> tuple[int, int]:
    whole = int(np.floor(trace.impulse))
    return whole, int(np.rint(256 * (trace.impulse - whole)))


def _weights(sign_mode: str, grid: int) -> tuple[int, int, int, int]:
    top = (255 >> grid) << grid
    if sign_mode == "excitatory":
        return 0, 256, 0, top
    if sign_mode == "inhibitory":
        return -257, 0, -top, 0
    return -257, 256, -256, top
