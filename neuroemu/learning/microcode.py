"""Microcode: what a rule is compiled to, and what each instruction means.

Takes Rules, gives Code: a table of instructions over vectors of synapses, and the slots of values that they read. The engine
runs it in engine/learning/run_code.py; run_code of tests/naive_learning.py is the reference of every opcode, one synapse at a
time.

For each rule: LOAD, then for each product GATE, its factors, SCALE, SHIFT, ADD; then STORE. All rules of a projection read
the old w, d and t and are stored together. Rules in the dialect of another emulator end in instructions of its own (peers.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .peers import draws
from .rule import TARGETS, WIDTH, Factor, Product, Rule

FRACTION = 7  # bits of the accumulator below one unit of w, d or t
ACCUMULATOR = 15  # bits besides the sign
MOST_BITS = 60  # of a product before it is shifted: the host computes it in 64
UNBOUNDED = 1 << 20  # no factor is that large


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
    CLEAR = 8
    SUM = 9
    HOLD = 10
    STORE_MAGNITUDE = 11
    STORE_CHANGE = 12


class Slot(IntEnum):
    """A value that instructions read, one a synapse. Traces at three times: at the last spike of the axon in the epoch
    (_TX), at the last of the compartment (_TY), at the end of the epoch (_END); and, where an epoch is one step, _BEFORE its
    impulses.
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
    U0 = 22  # and U0 + k, to U9
    X1_BEFORE = 32
    X2_BEFORE = 33
    Y1_BEFORE = 34
    Y2_BEFORE = 35
    Y3_BEFORE = 36


N_SLOTS = Slot.Y3_BEFORE + 1
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
        """Those behind HOLD, which counts anew."""
        ops = self.instructions[:, 0].tolist()
        first = ops.index(Op.HOLD) if Op.HOLD in ops else 0
        return sum(op in (Op.ADD, Op.SUM) for op in ops[first:])


def compiled(rules: tuple[Rule, ...], mantissa_bits: int = 4, epoch: int = 2, law: str = "chip") -> Code:
    """The code of the rules of a projection, one a target at most.

    mantissa_bits: of a product's scale, as the chip's profile has it.  epoch: in steps; in an epoch of one step all three times
    of a trace are the same.  law: of the dialect.
    """
    body = {"chip": _chip, "brian2": _brian2, "nengo": _nengo}[law]
    instructions = [each for rule in rules for each in body(rule, mantissa_bits, epoch)]
    products = [product for rule in rules for product in rule.products]
    slots = {a for op, a, _, _ in instructions if op in (Op.GATE, Op.MULTIPLY, Op.MULTIPLY_SIGN)}
    return Code(
        np.array(instructions, np.int64).reshape(-1, 4),
        tuple(sorted(int(slot) for slot in slots)),
        max((width_of(product, mantissa_bits) for product in products), default=0),
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


def exact_bits(rule: Rule) -> int:
    """Bits of a sum of products that are neither clipped nor shifted, its fraction included."""
    places = _places(rule)
    return sum(_most(product) << (product.exponent + places) for product in rule.products).bit_length()


def _most(product: Product) -> int:
    """No smaller than the magnitude of mantissa * factors."""
    found = abs(product.mantissa)
    for factor in product.factors:
        found *= 1 if factor.sign_only else (1 << WIDTH[factor.name]) + abs(factor.plus)
    return found


def _places(rule: Rule) -> int:
    """Bits of the fraction of the exact sum of products."""
    return max([0, *(-product.exponent for product in rule.products)])


Instruction = tuple[int, int, int, int]


def _chip(rule: Rule, mantissa_bits: int, epoch: int) -> list[Instruction]:
    target = TARGETS.index(rule.target)
    made = [_op(Op.LOAD, target)]
    for product in rule.products:
        shift = shift_of(product, mantissa_bits)
        end = [*_shift(shift), _op(Op.ADD, product.exponent + FRACTION)]
        made += _gated(product, _factors(product, epoch), end)
    return [*made, _op(Op.STORE, target)]


def _nengo(rule: Rule, mantissa_bits: int, epoch: int) -> list[Instruction]:
    """Shifted once, by what width and exponent ask for together; summed without an end; stored by its magnitude."""
    target = TARGETS.index(rule.target)
    made = [_op(Op.LOAD, target)]
    for product in rule.products:
        left = product.exponent + FRACTION - shift_of(product, mantissa_bits)
        made += _gated(product, _factors(product, epoch), [*_shift(-left), _op(Op.SUM, max(left, 0))])
    return [*made, _op(Op.STORE_MAGNITUDE, target)]


def _brian2(rule: Rule, mantissa_bits: int, epoch: int) -> list[Instruction]:
    """What is there before the spikes is held for the draw; then the change, exact."""
    target, places = TARGETS.index(rule.target), _places(rule)
    made = [_op(Op.CLEAR)]
    for product in rule.products:
        if draws(product):
            made += _gated(product, _factors(product, epoch, UNBOUNDED, before=True), [_op(Op.SUM, product.exponent)])
    made += [_op(Op.HOLD), _op(Op.CLEAR)]
    for product in rule.products:
        made += _gated(product, _factors(product, epoch, UNBOUNDED), [_op(Op.SUM, product.exponent + places)])
    return [*made, _op(Op.STORE_CHANGE, target, places)]


def _op(op: Op, a: int = 0, b: int = 0, c: int = 0) -> Instruction:
    return int(op), int(a), int(b), int(c)


def _shift(places: int) -> list[Instruction]:
    return [_op(Op.SHIFT, places)] if places > 0 else []


def _gated(product: Product, factors: list[Instruction], end: list[Instruction]) -> list[Instruction]:
    """GATE, factors, SCALE, and how a product ends."""
    gate = Slot.U0 + product.decimation if product.gate == "u" else Slot[product.gate.upper()]
    made = [*factors, _op(Op.SCALE, product.mantissa), *end]
    return [_op(Op.GATE, gate, len(made)), *made]


def _factors(product: Product, epoch: int, bound: int = 0, before: bool = False) -> list[Instruction]:
    """bound: what factors are clipped to, 0 for their width.  before: traces as they are before the impulses of a step."""
    made = []
    for factor in product.factors:
        slot = slot_of(factor, product.gate, epoch)
        if before and factor.name[0] in "xy":
            slot = Slot[f"{factor.name.upper()}_BEFORE"]
        if factor.sign_only:
            made.append(_op(Op.MULTIPLY_SIGN, slot, factor.plus))
        else:
            made.append(_op(Op.MULTIPLY, slot, factor.plus, bound or 1 << WIDTH[factor.name]))
    return made


def slot_of(factor: Factor, gate: str, epoch: int) -> Slot:
    """Where a factor of a product with this gate is read."""
    if factor.name[0] not in "xy" or factor.name[1] == "0":
        return Slot[factor.name.upper()]
    time = 2 if epoch == 1 else _TIME[gate]
    return Slot(Slot[f"{factor.name.upper()}_TX"] + time)
