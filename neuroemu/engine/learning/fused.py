"""Fused rules: the microcode of a projection written out as one loop over a row of synapses, compiled for it.

For projections with many synapses; run_code.py does the same an instruction at a time, for the others and for synapses that do
not lie in a row. A test holds one to the other. The loop reads vectors that lie side by side in memory, so that it becomes
vector code: of an all-to-all row they are the tables themselves, of others copies (fused_rows.py).
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np
from numba import types

from ...jit import specialise
from ...learning.microcode import ACCUMULATOR, FRACTION, N_SLOTS, Op, Slot
from ..native import int16s, int32s, int64s
from .draws import mixed

NARROW = 31  # bits of a product, its sign apart, that 32-bit arithmetic holds
VECTORS = frozenset(
    slot for slot in Slot if slot.name.startswith("Y") or slot.name in ("X1_TY", "X2_TY")
)  # the others are alike in a row
NUMBERS = int(N_SLOTS)  # place of the synapses' numbers among the arguments
N_ARGUMENTS = NUMBERS + 1
POSTS = N_ARGUMENTS  # and of their compartments, among the vectors that are gathered
N_GATHERED = POSTS + 1
_HIGH = (1 << ACCUMULATOR) - 1
_SYNAPTIC = (Slot.W, Slot.D, Slot.T)


@cache
def fused(
    code: tuple[tuple[int, int, int, int], ...],
    bits: int,
    rounding: int,
    accumulator_low: int,
    limits: tuple[tuple[int, int, int, int], ...],
    grid: tuple[int, ...],
) -> Any:
    """The C function of a rule: (arguments_at, n, base, key, 0, 0, 0) -> synapses changed + 2**32 products evaluated.

    arguments: (N_ARGUMENTS,) int64 by slot: the value of a slot that is alike for all, the address of n int32 of the VECTORS
    and of the NUMBERS, of n int16 of w, d and t.  base: added to the numbers.  code and the rest: as run_code takes them.
    """
    text = source(code, bits, rounding, accumulator_low, limits, grid)
    made: dict[str, Any] = {"np": np, "int16s": int16s, "int32s": int32s, "int64s": int64s, "mixed": mixed}
    exec(compile(text, f"<rule {hashlib.sha256(text.encode()).hexdigest()[:12]}>", "exec"), made)
    made["rule"].__module__ = __name__
    return specialise(made["rule"], "", types.int64(*[types.int64] * 7))


def source(
    code: tuple[tuple[int, int, int, int], ...],
    bits: int,
    rounding: int,
    accumulator_low: int,
    limits: tuple[tuple[int, int, int, int], ...],
    grid: tuple[int, ...],
) -> str:
    """The loop as Python. Every value is cast to the width of the vectors, as numba would widen it."""
    kind = "np.int32" if bits <= NARROW else "np.int64"
    read = sorted({a for op, a, _, _ in code if op in (Op.GATE, Op.MULTIPLY, Op.MULTIPLY_SIGN)})
    stored = sorted({Slot.W + a for op, a, _, _ in code if op == Op.STORE})
    held = sorted({*stored, *(slot for slot in read if slot in _SYNAPTIC)})
    lines = ["def rule(arguments_at, n, base, key, u1, u2, u3):"]
    lines += [f"    arguments = int64s(arguments_at, {N_ARGUMENTS})"]
    lines += [f"    number = int32s(arguments[{NUMBERS}], n)"]
    lines += [f"    m{slot} = int16s(arguments[{slot}], n)" for slot in held]
    lines += [f"    m{slot} = int32s(arguments[{slot}], n)" for slot in read if slot in VECTORS]
    lines += [f"    s{slot} = {kind}(arguments[{slot}])" for slot in read if slot not in VECTORS and slot not in held]
    lines += ["    changed, evaluated = np.int64(0), np.int64(0)"]
    lines += ["    for i in range(n):"]
    body = [f"s{slot} = {kind}(m{slot}[i])" for slot in held]
    body += [
        f"s{slot} = {kind}(m{slot}[i] > 0)" if slot == Slot.Y0 else f"s{slot} = {kind}(m{slot}[i])"
        for slot in read
        if slot in VECTORS
    ]
    for at, (op, a, b, c) in enumerate(code):
        if op == Op.LOAD:
            body += [f"a = {kind}(s{Slot.W + a} << {FRACTION})"]
        elif op == Op.GATE:
            body += [f"p = s{a}", f"evaluated += s{a}"]
        elif op == Op.MULTIPLY:
            body += [f"p = {kind}(p * min(max({kind}(s{a} + {b}), {kind}({-c})), {kind}({c - 1})))"]
        elif op == Op.MULTIPLY_SIGN:
            body += [f"f = {kind}(s{a} + {b})", f"p = {kind}(p * {kind}({kind}(f > 0) - {kind}(f < 0)))"]
        elif op == Op.SCALE:
            body += [f"p = {kind}(p * {kind}({a}))"]
        elif op == Op.SHIFT:
            body += _shifted(kind, a, rounding, at)
        elif op == Op.ADD:
            body += [f"c = min(max({kind}(p << {a}), {kind}({accumulator_low})), {kind}({_HIGH}))"]
            body += [f"a = min(max({kind}(a + c), {kind}({accumulator_low})), {kind}({_HIGH}))"]
        else:
            body += _stored(kind, a, limits[a], grid[a])
    body += [f"m{slot}[i] = np.int16(n{slot})" for slot in stored]
    moved = " | ".join(f"(n{slot} != s{slot})" for slot in stored)
    body += [f"changed += np.int64({moved})"]
    lines += [f"        {line}" for line in body]
    lines += ["    return changed + (evaluated << 32)"]
    return "\n".join(lines) + "\n"


def _shifted(kind: str, places: int, rounding: int, at: int) -> list[str]:
    mask, half = (1 << places) - 1, 1 << (places - 1)
    down = [f"p = {kind}(p >> {places})"]
    if rounding == 0:
        return down
    rest = [f"r = {kind}(p & {mask})", *down]
    if rounding == 1:
        return [*rest, f"p = {kind}(p + {kind}((r > {half}) | ((r == {half}) & ((p & 1) == 1))))"]
    draw = f"mixed(np.int32(base + number[i]), np.uint64(key) + np.uint64({3 + at})) >> np.uint32({32 - places})"
    return [*rest, f"p = {kind}(p + {kind}({kind}({draw}) < r))"]


def _stored(kind: str, target: int, limits: tuple[int, int, int, int], grid: int) -> list[str]:
    low, high, least, most = limits
    places, slot = FRACTION + grid, Slot.W + target
    draw = f"mixed(np.int32(base + number[i]), np.uint64(key) + np.uint64({target})) >> np.uint32({32 - places})"
    return [
        f"a = min(max(a, {kind}({low << FRACTION})), {kind}({high << FRACTION}))",
        f"up = {kind}({kind}({draw}) < {kind}(a & {(1 << places) - 1}))",
        f"n{slot} = min(max({kind}({kind}({kind}(a >> {places}) + up) << {grid}), {kind}({least})), {kind}({most}))",
    ]
