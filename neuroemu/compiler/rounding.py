"""Rounding of weights: what quantisation did to a projection, as numbers for the report."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..network import Projection
from ..pieces import different, pieces, total
from .weights import Weights, largest_magnitude, lost_bits, top_mantissa


@dataclass(frozen=True)
class ProjectionRounding:
    """What quantisation did to one projection; errors relative to its largest weight.

    pruned: synapses whose weight became 0 and was not.
    """

    name: str
    bits: int
    exponent: int
    sign_mode: str
    synapses: int
    pruned: int
    saturated: int
    max_error: float
    rms_error: float


def exact(mantissas: np.ndarray, kept: Weights) -> bool:
    """Whether the chip applies integer weights as they were given."""
    wanted, units, unit = different(mantissas), different(kept.units), _unit(kept)
    return all(np.array_equal(units[piece], wanted[piece] * unit) for piece in pieces(wanted.size))


def _unit(kept: Weights) -> float:
    """What a mantissa of 1 stands for in units."""
    return 1.0 if kept.sum_shift else 2.0**kept.format.exponent


def integer_report(projection: Projection, mantissas: np.ndarray, kept: Weights) -> ProjectionRounding:
    """The report of a projection whose weights were given as mantissas."""
    on_sum = kept._replace(format=replace(kept.format, exponent=0)) if kept.sum_shift else kept
    report = projection_report(projection, mantissas, _unit(kept), on_sum)
    return replace(report, exponent=kept.format.exponent)


def projection_report(projection: Projection, weights: np.ndarray, scale: float, kept: Weights) -> ProjectionRounding:
    largest, n = largest_magnitude(weights), weights.size
    lost = lost_bits(kept.format.bits, kept.format.sign_mode)
    too_large = top_mantissa(kept.format.bits, kept.format.sign_mode) + (1 << lost) / 2
    pruned, saturated, worst = 0, 0, 0.0

    def squares(piece: slice) -> np.ndarray:
        nonlocal pruned, saturated, worst
        units, wanted = kept.units[piece], weights[piece]
        error = np.abs(units.astype(np.float64) / scale - wanted)
        if largest:
            error /= largest
        pruned += int(np.count_nonzero((units == 0) & (wanted != 0)))
        saturated += int(np.count_nonzero(np.abs(wanted) * scale / 2.0**kept.format.exponent > too_large))
        worst = max(worst, float(error.max(initial=0.0)))
        return np.square(error, out=error)

    sum_of_squares = total(n, squares)
    return ProjectionRounding(
        projection.name,
        kept.format.bits,
        kept.format.exponent,
        kept.format.sign_mode,
        n,
        pruned,
        saturated,
        worst,
        float(np.sqrt(sum_of_squares / n)) if n else 0.0,
    )
