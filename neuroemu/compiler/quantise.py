"""Quantise: from the network's floats to the chip's integers.

Takes a Network, its expanded synapse lists and a Chip; gives registers and effective weights, and a report of what the
rounding did. One scale a population (every projection into it shares it) and one exponent a projection: no partition or
placement can change a number. Knows nothing of cores.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from ..calibration import Calibration
from ..chip import Chip
from ..connect import SynapseList
from ..errors import Problem, QuantisationError
from ..network import Lif, Network, WeightFormat
from ..pieces import different
from .formats import check_delays, check_format, grid_format
from .registers import PopulationRounding, Tables, lif_registers, misfits, own_registers
from .rounding import ProjectionRounding, exact, integer_report, projection_report
from .scales import choose_scale
from .trees import joins
from .weights import Weights, mantissas_of, on_grid, sign_mode, stored_weights


@dataclass(frozen=True)
class Rounding:
    """What quantising did: scale[population] (units of 2**6 for 1.0), and a report of each population and projection.

    Projections of integer weights are reported where the chip stores others.
    silent[projection]: how many synapses it has, if none of them weighs anything and none learns.
    """

    scale: dict[str, float]
    populations: tuple[PopulationRounding, ...]
    projections: tuple[ProjectionRounding, ...]
    silent: dict[str, int]


@dataclass(frozen=True)
class Quantised(Rounding):
    """registers[population], weights[projection]; and the Rounding, which alone is kept once the image is built."""

    registers: dict[str, Tables]
    weights: dict[str, Weights]

    @property
    def rounding(self) -> Rounding:
        return Rounding(self.scale, self.populations, self.projections, self.silent)


def quantise(
    network: Network, synapses: dict[str, SynapseList], chip: Chip, calibration: Calibration | None = None
) -> Quantised:
    """The chip's integers for a network. Raises QuantisationError with everything that has none.

    calibration: what its populations saw in floats, for the choice of scales.
    """
    problems: list[Problem] = []
    registers, weights, scales, silent = {}, {}, {}, {}
    population_reports, projection_reports = [], []
    for population in network.on_chip:
        incoming = [p for p in network.projections if p.target == population.name]
        unfit = misfits(population)
        if unfit:
            problems += unfit
            continue
        if isinstance(population.model, Lif):
            scale, exponents = choose_scale(population, incoming, synapses, chip, network.step_ms, calibration)
            registers[population.name], report = lif_registers(population, scale, network.step_ms, chip, problems)
            population_reports.append(report)
        else:
            scale, exponents = 1.0, {}
            registers[population.name] = own_registers(population, chip, problems, joins(network, population.name))
        scales[population.name] = scale
        for projection in incoming:
            given = synapses[projection.name]
            check_delays(projection, given, network[projection.source].axon_delay, chip, problems)
            if isinstance(population.model, Lif):
                format = grid_format(projection, given.weight, exponents[projection.name], chip, problems)
                mantissas = partial(on_grid, scale=scale, format=format)
                kept = stored_weights(given.weight, format, chip.arithmetic, mantissas)
                projection_reports.append(projection_report(projection, given.weight, scale, kept))
            else:
                format = projection.format or WeightFormat(projection.bits, 0, sign_mode(given.weight))
                check_format(projection, format, given.weight, chip, problems)
                kept = stored_weights(given.weight, format, chip.arithmetic)
                if not problems and not exact(given.weight, kept):  # mixed weights are even, and few bits are coarse
                    projection_reports.append(integer_report(projection, given.weight, kept))
            if projection.learning is not None:  # mantissas learn; their exponent is applied when they are delivered
                kept = mantissas_of(
                    given.weight, kept, chip.arithmetic, mantissas if isinstance(population.model, Lif) else None
                )
            elif not np.any(different(kept.units)):
                silent[projection.name] = int(given.weight.size)
            weights[projection.name] = kept
    if problems:
        raise QuantisationError(problems)
    return Quantised(scales, tuple(population_reports), tuple(projection_reports), silent, registers, weights)
