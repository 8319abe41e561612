"""Weights: mantissas as a chip stores and applies them, and float weights on the grid of mantissas.

A weight has a width (bits), an exponent shared by its projection, and a sign mode. Knows nothing of scales or cores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..chip import EXPONENT_STAGE, WEIGHT_ROUNDING, Arithmetic, Chip
from ..connect import SynapseList
from ..errors import Problem
from ..network import Projection, WeightFormat


class Weights(NamedTuple):
    """Stored weights of one projection.  units: (n,) int64, effective weight / 64 (before a sum-stage exponent).

    sum_shift: > 0 where the exponent is applied to the sum (compatibility with Lava), else 0.
    """

    units: np.ndarray
    format: WeightFormat
    sum_shift: int


@dataclass(frozen=True)
class ProjectionRounding:
    """What quantisation did to one projection; errors relative to its largest weight."""

    name: str
    bits: int
    exponent: int
    sign_mode: str
    synapses: int
    pruned: int
    saturated: int
    max_error: float
    rms_error: float


def sign_mode(weights: np.ndarray) -> str:
    """'excitatory' if no weight is negative, 'inhibitory' if none is positive, else 'mixed'."""
    if weights.size == 0 or weights.min() >= 0:
        return "excitatory"
    return "inhibitory" if weights.max() <= 0 else "mixed"


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


def stored_weights(mantissas: np.ndarray, format: WeightFormat, arithmetic: Arithmetic) -> Weights:
    """Mantissas as the chip keeps and applies them: clipped, truncated to the bits, shifted by the exponent, limited.

    mantissas: (n,) numbers as the user gave them.  Source: facts/fixed_point.md sections 3 and 7.
    """
    lost = lost_bits(format.bits, format.sign_mode)
    low, high = mantissa_range(format.sign_mode, arithmetic)
    step = 1 << lost
    clipped = np.clip(mantissas, low, high)
    if arithmetic.weight_rounding == WEIGHT_ROUNDING["nearest"]:
        return Weights(_nearest_units(clipped, lost, format.exponent), format, 0)
    if arithmetic.weight_rounding == WEIGHT_ROUNDING["exact"]:
        stored = np.floor(mantissas).astype(np.int64)
    elif arithmetic.weight_rounding == WEIGHT_ROUNDING["toward_zero"] or format.sign_mode == "inhibitory":
        stored = np.trunc(np.trunc(clipped) / step).astype(np.int64) * step
    else:
        stored = (np.floor(clipped).astype(np.int64) >> lost) << lost
    if format.exponent >= 0:
        units, shift = stored << format.exponent, 0
    elif arithmetic.exponent_stage == EXPONENT_STAGE["sum"]:
        units, shift = stored, -format.exponent
    else:
        units, shift = stored >> -format.exponent, 0
    if arithmetic.weight_limit_bits:
        limit = (1 << (arithmetic.weight_limit_bits - 6)) - 1
        units = np.clip(units, -limit, limit)
    return Weights(units, format, shift)


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


def quantised_mantissas(
    projection: Projection, weights: np.ndarray, scale: float, exponent: int, chip: Chip, problems: list[Problem]
) -> tuple[np.ndarray, WeightFormat]:
    """Float weights on the grid of mantissas, nearest, and the format that says so."""
    if projection.format is not None:
        problems.append(
            Problem(
                "integer weights (a weight format) lead into a population in physical units",
                path=projection.name,
                allowed="float weights, or a target with 'neuron: lif_registers'",
            )
        )
    mode = sign_mode(weights)
    bits = projection.bits
    if bits not in chip.synapse.weight_bits:
        problems.append(_bits_problem(projection.name, bits, chip))
    step = 1 << lost_bits(bits, mode)
    top = max(top_mantissa(bits, mode), 0)
    if bits == 1 and not top:
        problems.append(
            Problem(
                "1-bit weights of both signs: the sign leaves no bit for the size",
                path=projection.name,
                allowed="2 bits or more, or weights of one sign",
                remedy="bits: 2",
            )
        )
    mantissas = np.clip(np.rint(weights * scale / 2.0**exponent / step) * step, -top, top)
    return mantissas, WeightFormat(bits, exponent, mode)


def _bits_problem(name: str, bits: int, chip: Chip) -> Problem:
    near = min(chip.synapse.weight_bits, key=lambda b: (abs(b - bits), -b))
    return Problem(
        f"weights of {bits} bits",
        path=name,
        allowed=f"{', '.join(map(str, chip.synapse.weight_bits))} on {chip.name}",
        remedy=f"bits: {near}",
    )


def check_format(
    projection: Projection, format: WeightFormat, mantissas: np.ndarray, chip: Chip, problems: list[Problem]
) -> None:
    if format.bits not in chip.synapse.weight_bits:
        problems.append(_bits_problem(projection.name, format.bits, chip))
    if not chip.synapse.exponent_min <= format.exponent <= chip.synapse.exponent_max:
        problems.append(
            Problem(
                f"weight exponent {format.exponent}",
                path=projection.name,
                allowed=f"{chip.synapse.exponent_min}..{chip.synapse.exponent_max} on {chip.name}",
            )
        )
    low, high = mantissa_range(format.sign_mode, chip.arithmetic)
    outside = mantissas[(mantissas < low) | (mantissas > high)]
    if outside.size and not format.clip:
        problems.append(
            Problem(
                f"{outside.size} weight mantissa{'s' if outside.size > 1 else ''} out of range, like {outside[0]:g}",
                path=projection.name,
                allowed=f"{low}..{high} for sign_mode {format.sign_mode}",
                remedy="a larger exponent",
            )
        )
    whole = chip.arithmetic.weight_rounding == WEIGHT_ROUNDING["nearest"] or not np.any(mantissas % 1)
    if not whole:
        problems.append(
            Problem(
                f"a weight of {mantissas[np.flatnonzero(mantissas % 1)[0]]:g} leads into a population given by registers",
                path=projection.name,
                allowed="whole mantissas, -256..255",
                remedy="'neuron: lif' for the target, then float weights are quantised for you",
            )
        )


def check_delays(projection: Projection, given: SynapseList, chip: Chip, problems: list[Problem]) -> None:
    if given.delay.size and (given.delay.min() < 0 or given.delay.max() > chip.synapse.delay_max):
        bad = int(given.delay.min() if given.delay.min() < 0 else given.delay.max())
        problems.append(
            Problem(
                f"a delay of {bad} steps", path=projection.name, allowed=f"0..{chip.synapse.delay_max} on {chip.name}"
            )
        )


def projection_report(
    projection: Projection, weights: np.ndarray, scale: float, kept: Weights, mantissas: np.ndarray
) -> ProjectionRounding:
    largest = float(np.abs(weights).max()) if weights.size else 0.0
    error = kept.units / scale - weights
    relative = np.abs(error) / largest if largest else error
    top = top_mantissa(kept.format.bits, kept.format.sign_mode)
    wanted = np.abs(weights) * scale / 2.0**kept.format.exponent
    return ProjectionRounding(
        projection.name,
        kept.format.bits,
        kept.format.exponent,
        kept.format.sign_mode,
        int(weights.size),
        int(np.count_nonzero(kept.units == 0)),
        int(np.count_nonzero(wanted > top + (1 << lost_bits(kept.format.bits, kept.format.sign_mode)) / 2)),
        float(relative.max()) if weights.size else 0.0,
        float(np.sqrt(np.mean(relative**2))) if weights.size else 0.0,
    )
