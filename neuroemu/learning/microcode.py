"""Microcode: what a rule is compiled to, and what each instruction means.

Takes Rules, gives Code: a table of instructions over vectors of synapses, and the slots of values that they read. The engine
runs it in engine/learning/run_code.py; run_code of tests/naive_learning.py is the reference of every opcode, one synapse at a
time.

For each rule: LOAD, then for each product GATE, its factors, SCALE, SHIFT, ADD; then STORE. All rules of a projection read
the old w, d and t and are stored together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .rule import TARGETS, WIDTH, Factor, Product, Rule

FRACTION = 7  # bits of the accumulator below one unit of w, d or t
ACCUMULATOR = 15  # bits besides the sign
MOST_BITS = 60  # of a product before it is shifted: the host computes it in 64


class Op(IntEnum):
    """Operands a, b, c: as `compiled` makes them."""

    LOAD = 0
    GATE = 1
    MULTIPLY = 2
    MULTIPLY_SIGN = 3
    SCALE = 4
    SHIFT = 5
    ADD = 6
    STORE = 7


class Slot(IntEnum):
    """A value that instructions read, one a synapse. Traces at three times: at the last spike of the axon in the epoch
    (_TX), at the last of the compartment (_TY), at the end of the epoch (_END).
    """

    X0 = 0
    Y0 = 1
    R0 = 2
    W = 3
    D = 4
    T = 5
    R1 = 6
    X1_TX = 7
    X1_TY = 8
    X1_END = 9
    X2_TX = 10
    X2_TY = 11
    X2_END = 12
    Y1_TX = 13
    Y1_TY = 14
    Y1_END = 15
    Y2_TX = 16
    Y2_TY = 17
    Y2_END = 18
    Y3_TX = 19
    Y3_TY = 20
    Y3_END = 21
    U0 = 22  # and U0 + k


N_SLOTS = Slot.U0 + 10
_TIME = {"x0": 0, "y0": 1, "u": 2}


@dataclass(frozen=True)
class Code:
    """instructions: (n, 4) int64 rows of (Op, a, b, c).  slots: those that are read, ascending.

    bits: the widest product, besides its sign.  decimations: k of every u_k, ascending.
    gates: of 'x0', 'y0', 'u' those that products have: who is visited at the end of an epoch.
    writes: which of w, d, t are changed.
    """

    instructions: np.ndarray
    slots: tuple[int, ...]
    bits: int
    decimations: tuple[int, ...]
    gates: frozenset[str]
    writes: tuple[str, ...]

    @property
    def n_products(self) -> int:
        return int(np.sum(self.instructions[:, 0] == Op.ADD))


def compiled(rules: tuple[Rule, ...], mantissa_bits: int = 4, epoch: int = 2) -> Code:
    """The code of the rules of a projection, one a target at most.

    mantissa_bits: of a product's scale, as the chip's profile has it.  epoch: in steps; in an epoch of one step all three times
    of a trace are the same.
    """
    instructions: list[tuple[int, int, int, int]] = []
    slots: set[int] = set()
    widest = 0
    for rule in rules:
        target = TARGETS.index(rule.target)
        instructions.append((Op.LOAD, target, 0, 0))
        for product in rule.products:
            made, width = _product(product, mantissa_bits, epoch)
            instructions += [(Op.GATE, made[0][1], len(made) - 1, 0), *made[1:]]
            slots |= {a for op, a, _, _ in made if op in (Op.GATE, Op.MULTIPLY, Op.MULTIPLY_SIGN)}
            widest = max(widest, width)
        instructions.append((Op.STORE, target, 0, 0))
    products = [product for rule in rules for product in rule.products]
    return Code(
        np.array(instructions, np.int64).reshape(-1, 4),
        tuple(sorted(int(slot) for slot in slots)),
        widest,
        tuple(sorted({product.decimation for product in products if product.gate == "u"})),
        frozenset(product.gate for product in products),
        tuple(rule.target for rule in rules),
    )


def width_of(product: Product, mantissa_bits: int = 4) -> int:
    """Bits of a product before it is shifted, its scale's mantissa (with its sign) included."""
    return mantissa_bits + sum(WIDTH[factor.name] for factor in product.factors)


def shift_of(product: Product, mantissa_bits: int = 4) -> int:
    """Places by which a product is shifted to the right to fit the accumulator."""
    return max(0, width_of(product, mantissa_bits) - ACCUMULATOR)


def _product(product: Product, mantissa_bits: int, epoch: int) -> tuple[list[tuple[int, int, int, int]], int]:
    gate = Slot.U0 + product.decimation if product.gate == "u" else Slot[product.gate.upper()]
    made = [(int(Op.GATE), int(gate), 0, 0)]
    for factor in product.factors:
        slot = int(slot_of(factor, product.gate, epoch))
        if factor.sign_only:
            made.append((Op.MULTIPLY_SIGN, slot, factor.plus, 0))
        else:
            made.append((Op.MULTIPLY, slot, factor.plus, 1 << WIDTH[factor.name]))
    made.append((Op.SCALE, product.mantissa, 0, 0))
    shift = shift_of(product, mantissa_bits)
    if shift:
        made.append((Op.SHIFT, shift, 0, 0))
    made.append((Op.ADD, product.exponent + FRACTION, 0, 0))
    return made, width_of(product, mantissa_bits)


def slot_of(factor: Factor, gate: str, epoch: int) -> Slot:
    """Where a factor of a product with this gate is read."""
    if factor.name[0] not in "xy" or factor.name[1] == "0":
        return Slot[factor.name.upper()]
    time = 2 if epoch == 1 else _TIME[gate]
    return Slot(Slot[f"{factor.name.upper()}_TX"] + time)
