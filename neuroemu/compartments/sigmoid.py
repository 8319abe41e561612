"""The sigmoid as a chip has it: a small table of integers, and straight lines between its entries."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

ONE_BITS = 24
ONE = 1 << ONE_BITS  # the value that stands for 1.0
X_BITS = 16  # fraction bits of the argument
_STEP_BITS = 4  # 1/16 between two entries
_REST_BITS = X_BITS - _STEP_BITS
_END = 16  # beyond +-16 the last entry is taken: 1.1e-7 from 0 or 1


def _table() -> np.ndarray:
    """round(2**24 / (1 + exp(-k/16))) for k = 0 .. 256, and the last once more; Decimal rounds alike on every machine."""
    with localcontext() as context:
        context.prec = 24
        steps = range(_END << _STEP_BITS)
        entries = [round(ONE / (1 + (Decimal(-k) / (1 << _STEP_BITS)).exp())) for k in (*steps, *[len(steps)] * 2)]
    return np.array(entries, np.int64)


TABLE = _table()


def sigmoid(x):
    """2**24 / (1 + exp(-x / 2**16)), within 5e-5 of 2**24; sigmoid(-x) = 2**24 - sigmoid(x)."""
    magnitude = min(abs(x), _END << X_BITS)
    at = np.uint64(magnitude >> _REST_BITS)  # an index that cannot be negative needs no check
    low, high = TABLE[at], TABLE[at + np.uint64(1)]
    value = low + (((high - low) * (magnitude & ((1 << _REST_BITS) - 1))) >> _REST_BITS)
    return value if x >= 0 else ONE - value


def sigmoid_of(u, unit):
    """sigmoid of a state of which 2**unit stands for 1.0."""
    return sigmoid((u << X_BITS) >> unit)
