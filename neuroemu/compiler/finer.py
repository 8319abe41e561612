"""Finer: near a scale, the one whose weights come out with the least error.

The largest weight need not fill its mantissa. A scale a little larger makes every step smaller and limits a few weights; one
a little smaller may fit the grid better. Scales an octave apart differ in exponents only, so one octave is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..calibration import Calibration
from ..chip import Chip
from ..connect import SynapseList
from ..network import Projection, WeightFormat
from ..pieces import different
from .weights import lost_bits, on_grid, sign_mode

SAMPLE = 1 << 14  # weights of a projection that are looked at, evenly taken from its list
STEPS = 8  # scales looked at on either side, half an octave each
WORTH = 0.9  # of the error: a smaller gain is left, so that the largest weight is exact where that costs nothing


@dataclass(frozen=True)
class Weighed:
    """Weights of a projection, and how much the error of each counts.  weights, counts: (k,)."""

    bits: int
    mode: str
    weights: np.ndarray
    counts: np.ndarray


def weighed(projection: Projection, given: SynapseList, calibration: Calibration | None) -> Weighed:
    """A sample of a projection's weights. Each counts as often as its source fires, if that is known, else once."""
    mode, values, n = sign_mode(given.weight), different(given.weight), given.weight.size
    every = max(1, n // SAMPLE)
    some = values[::every] if values.size == n else np.repeat(values, -(-n // every))
    counts = np.full(some.size, n / max(some.size, 1))
    if calibration is not None:
        counts = counts * calibration.rates[projection.source][given.pre[::every]]
    return Weighed(projection.bits, mode, some, counts)


def finer(
    scale: float, exponents: dict[str, int], cap: float, incoming: dict[str, Weighed], chip: Chip
) -> tuple[float, dict[str, int]]:
    """The scale, at most `cap`, and the exponents with the least sum of squared errors, or those given if about as good.

    incoming: by projection.
    """
    best, limit = (scale, exponents), WORTH * sum(_error(scale, exponents[name], incoming[name]) for name in incoming)
    for step in range(-STEPS, STEPS + 1):
        other = scale * 2.0 ** (step / (2 * STEPS))
        if other > cap:
            break
        total, chosen = 0.0, {}
        for name, one in incoming.items():
            errors = {e: _error(other, e, one) for e in _exponents(other, one, chip)}
            chosen[name] = min(errors, key=lambda e: (errors[e], -e))
            total += errors[chosen[name]]
        if total < limit:
            best, limit = (other, chosen), total
    return best


def _exponents(scale: float, one: Weighed, chip: Chip) -> list[int]:
    """The exponent that just holds the largest weight, and the one below it, as far as the chip has them."""
    lost = lost_bits(one.bits, one.mode)
    low, high = max(-lost, chip.synapse.exponent_min), chip.synapse.exponent_max
    largest = float(np.abs(one.weights).max(initial=0.0))
    wanted = math.ceil(math.log2(scale * largest / 2.0**8) - 1e-9) if largest else 0
    return sorted({min(max(e, low), high) for e in (wanted - 1, wanted, wanted + 1)})


def _error(scale: float, exponent: int, one: Weighed) -> float:
    """The sum of squared errors, in the network's own units."""
    kept = on_grid(one.weights, scale, WeightFormat(one.bits, exponent, one.mode)) * 2.0**exponent / scale
    return float(np.sum(one.counts * np.square(kept - one.weights)))
