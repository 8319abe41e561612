"""The logarithm of the sigmoid as a chip has it: a small table of integers, and straight lines between its entries."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from .sigmoid import X_BITS

_STEP_BITS = 4  # 1/16 between two entries
_REST_BITS = X_BITS - _STEP_BITS
_END = 16  # beyond +-16 the last entry is taken, as the sigmoid does: no logarithm is below -16


def _table() -> np.ndarray:
    """round(2**16 log(1 + exp(-k/16))) for k = 0 .. 256, and the last once more; Decimal rounds alike on every machine."""
    with localcontext() as context:
        context.prec = 24
        steps = range(_END << _STEP_BITS)
        exact = [(1 + (Decimal(-k) / (1 << _STEP_BITS)).exp()).ln() for k in (*steps, *[len(steps)] * 2)]
        return np.array([round((1 << X_BITS) * x) for x in exact], np.int64)


TABLE = _table()


def log_sigmoid(x):
    """2**16 log(1 / (1 + exp(-x / 2**16))), within 1.4e-4 of 2**16; in nats."""
    magnitude = min(abs(x), _END << X_BITS)
    at = np.uint64(magnitude >> _REST_BITS)  # an index that cannot be negative needs no check
    low, high = TABLE[at], TABLE[at + np.uint64(1)]
    value = low + (((high - low) * (magnitude & ((1 << _REST_BITS) - 1))) >> _REST_BITS)
    return -value if x >= 0 else -(magnitude + value)
