"""Weights: mantissas as a chip stores and applies them, and float weights on the grid of mantissas.

A weight has a width (bits), an exponent shared by its projection, and a sign mode. Knows nothing of scales or cores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..chip import EXPONENT_STAGE, WEIGHT_ROUNDING, Arithmetic
from ..network import WeightFormat
from ..pieces import again, different, integers


class Weights(NamedTuple):
    """Stored weights of one projection.  units: (n,) int16, or int64 where a profile allows more; effective weight / 64
    (before a sum-stage exponent), one value seen n times where the weights are.

    sum_shift: > 0 where the exponent is applied to the sum (compatibility with Lava), else 0.
    """

    units: np.ndarray
    format: WeightFormat
    sum_shift: int


def sign_mode(weights: np.ndarray) -> str:
    """'excitatory' if no weight is negative, 'inhibitory' if none is positive, else 'mixed'."""
    values = different(weights)
    if values.size == 0 or values.min() >= 0:
        return "excitatory"
    return "inhibitory" if values.max() <= 0 else "mixed"


def largest_magnitude(weights: np.ndarray) -> float:
    """The largest |weight|, 0.0 without any."""
    values = different(weights)
    return float(max(abs(values.min()), abs(values.max()))) if values.size else 0.0


def lost_bits(bits: int, mode: str) -> int:
    """Low bits of an 8-bit mantissa that a weight of `bits` bits does not store; a sign costs one."""
    return max(8 - bits, 0) + (1 if mode == "mixed" else 0)


def top_mantissa(bits: int, mode: str) -> int:
    """The largest mantissa magnitude that is stored exactly on both sides."""
    return 256 - (1 << lost_bits(bits, mode))


def mantissa_range(mode: str, arithmetic: Arithmetic) -> tuple[int, int]:
    """The mantissas that a sign mode takes, both ends allowed."""
    ranges = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-arithmetic.weight_magnitude, 0)}
    return ranges[mode]


def stored_weights(
    weights: np.ndarray,
    format: WeightFormat,
    arithmetic: Arithmetic,
    mantissas: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> Weights:
    """Weights as the chip keeps and applies them.

    weights: (n,) numbers as the user gave them.  mantissas: makes mantissas of a piece of them; else they are mantissas.
    """
    values = different(weights)
    units = integers(values.size, lambda piece: _units(mantissas(values[piece]), format, arithmetic))
    on_sum = (
        arithmetic.weight_rounding != WEIGHT_ROUNDING["nearest"]
        and arithmetic.exponent_stage == EXPONENT_STAGE["sum"]
        and format.exponent < 0
    )
    return Weights(again(units, weights), format, -format.exponent if on_sum else 0)


def mantissas_of(
    weights: np.ndarray,
    stored: Weights,
    arithmetic: Arithmetic,
    mantissas: Callable[[np.ndarray], np.ndarray] | None,
) -> Weights:
    """Stored weights before their exponent: what a plastic synapse keeps.  stored: what stored_weights gave for them."""
    plain = stored_weights(weights, replace(stored.format, exponent=0), arithmetic, mantissas or np.asarray)
    return Weights(plain.units, stored.format, stored.sum_shift)


def _units(mantissas: np.ndarray, format: WeightFormat, arithmetic: Arithmetic) -> np.ndarray:
    """(n,) int64 units: mantissas clipped, truncated to the bits, shifted by the exponent, limited.

    Source: facts/fixed_point.md sections 3 and 7.
    """
    lost = lost_bits(format.bits, format.sign_mode)
    low, high = mantissa_range(format.sign_mode, arithmetic)
    step = 1 << lost
    clipped = np.clip(mantissas, low, high)
    if arithmetic.weight_rounding == WEIGHT_ROUNDING["nearest"]:
        return _nearest_units(clipped, lost, format.exponent)
    if arithmetic.weight_rounding == WEIGHT_ROUNDING["exact"]:
        stored = np.floor(mantissas).astype(np.int64)
    elif arithmetic.weight_rounding == WEIGHT_ROUNDING["toward_zero"] or format.sign_mode == "inhibitory":
        stored = np.trunc(np.trunc(clipped) / step).astype(np.int64) * step
    else:
        stored = (np.floor(clipped).astype(np.int64) >> lost) << lost
    if format.exponent >= 0:
        units = stored << format.exponent
    elif arithmetic.exponent_stage == EXPONENT_STAGE["sum"]:
        units = stored
    else:
        units = stored >> -format.exponent
    if arithmetic.weight_limit_bits:
        limit = (1 << (arithmetic.weight_limit_bits - 6)) - 1
        units = np.clip(units, -limit, limit)
    return units


def _nearest_units(mantissas: np.ndarray, lost: int, exponent: int) -> np.ndarray:
    """Weights as nengo-loihi's quantiser makes them: half to even, once to the bits and once more to the exponent.

    mantissas may be fractional.  The second rounding stays within the shifted range, floor at both ends, so that the
    largest positive weight is not rounded up.  Found from golden/fixed_point/nengo_wtable_*.
    """
    top = (256 >> lost) - 1
    rounded = np.clip(np.rint(mantissas / (1 << lost)), -top, top).astype(np.int64)
    shift = lost + exponent
    if shift >= 0:
        return rounded << shift
    return np.clip(np.rint(rounded * 2.0**shift).astype(np.int64), -top >> -shift, top >> -shift)


def on_grid(weights: np.ndarray, scale: float, format: WeightFormat) -> np.ndarray:
    """Float weights as mantissas, the nearest that the format stores exactly on both sides."""
    step = 1 << lost_bits(format.bits, format.sign_mode)
    top = max(top_mantissa(format.bits, format.sign_mode), 0)
    return np.clip(np.rint(weights * scale / 2.0**format.exponent / step) * step, -top, top)
