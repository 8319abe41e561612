"""Formats: which format a projection's weights take, and what of weights, formats and delays the chip does not have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..chip import WEIGHT_ROUNDING, Chip
from ..connect import SynapseList
from ..errors import Problem
from ..network import Projection, WeightFormat
from ..pieces import different, pieces
from ..units import counted
from .weights import mantissa_range, sign_mode, top_mantissa


def grid_format(
    projection: Projection, weights: np.ndarray, exponent: int, chip: Chip, problems: list[Problem]
) -> WeightFormat:
    """The format of float weights: the projection's bits, the exponent, and the sign mode of the weights."""
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
    if bits == 1 and top_mantissa(bits, mode) <= 0:
        problems.append(
            Problem(
                "1-bit weights of both signs: the sign leaves no bit for the size",
                path=projection.name,
                allowed="2 bits or more, or weights of one sign",
                remedy="bits: 2",
            )
        )
    return WeightFormat(bits, exponent, mode)


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
    n_outside, outside = _which(mantissas, lambda m: (m < low) | (m > high))
    if n_outside and not format.clip:
        problems.append(
            Problem(
                f"{counted(n_outside, 'weight mantissa')} out of range, like {outside:g}",
                path=projection.name,
                allowed=f"{low}..{high} for sign_mode {format.sign_mode}",
                remedy="a larger exponent",
            )
        )
    n_broken, broken = _which(mantissas, lambda m: m != np.floor(m))
    if n_broken and chip.arithmetic.weight_rounding != WEIGHT_ROUNDING["nearest"]:
        problems.append(
            Problem(
                f"a weight of {broken:g} leads into a population given by registers",
                path=projection.name,
                allowed="whole mantissas, -256..255",
                remedy="'neuron: lif' for the target, then float weights are quantised for you",
            )
        )


def _which(values: np.ndarray, wrong: Callable[[np.ndarray], np.ndarray]) -> tuple[int, float]:
    """How many values are wrong, and the first of them."""
    given, count, found = different(values), 0, 0.0
    for piece in pieces(given.size):
        bad = np.flatnonzero(wrong(given[piece]))
        if bad.size and not count:
            found = float(given[piece][bad[0]])
        count += bad.size
    return count * (values.size // max(given.size, 1)), found


def check_delays(
    projection: Projection, given: SynapseList, axon_delay: int | np.ndarray, chip: Chip, problems: list[Problem]
) -> None:
    """axon_delay: of the source, which is part of the delays given."""
    if given.delay.size and (given.delay.min() < 0 or given.delay.max() > chip.synapse.delay_max):
        bad = int(given.delay.min() if given.delay.min() < 0 else given.delay.max())
        axon = (
            f", axon_delay of '{projection.source}' (up to {np.max(axon_delay)}) included" if np.any(axon_delay) else ""
        )
        problems.append(
            Problem(
                f"a delay of {bad} steps{axon}",
                path=projection.name,
                allowed=f"0..{chip.synapse.delay_max} on {chip.name}",
            )
        )
