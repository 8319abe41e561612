"""Quantise: from the network's floats to the chip's integers.

Takes a Network, its expanded synapse lists and a Chip; gives registers and effective weights, and a report of what the
rounding did. One scale a population (every projection into it shares it) and one exponent a projection: no partition or
placement can change a number. Knows nothing of cores.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..chip import Chip
from ..compartments import Model
from ..connect import SynapseList
from ..errors import Problem, QuantisationError
from ..network import Lif, Network, WeightFormat
from .registers import PopulationRounding, Tables, lif_registers, misfits, own_registers
from .scales import choose_scale
from .weights import (
    ProjectionRounding,
    Weights,
    check_delays,
    check_format,
    projection_report,
    quantised_mantissas,
    sign_mode,
    stored_weights,
)


@dataclass(frozen=True)
class Quantised:
    """registers[population], weights[projection], scale[population] (units of 2**6 for 1.0), and the two reports."""

    registers: dict[str, Tables]
    weights: dict[str, Weights]
    scale: dict[str, float]
    populations: tuple[PopulationRounding, ...]
    projections: tuple[ProjectionRounding, ...]

    @property
    def models(self) -> dict[str, Model]:
        """The compartment model of each population on the chip."""
        return {name: tables.model for name, tables in self.registers.items()}


def quantise(network: Network, synapses: dict[str, SynapseList], chip: Chip) -> Quantised:
    """The chip's integers for a network. Raises QuantisationError with everything that has none."""
    problems: list[Problem] = []
    registers, weights, scales = {}, {}, {}
    population_reports, projection_reports = [], []
    for population in network.on_chip:
        incoming = [p for p in network.projections if p.target == population.name]
        unfit = misfits(population)
        if unfit:
            problems += unfit
            continue
        if isinstance(population.model, Lif):
            scale, exponents = choose_scale(population, incoming, synapses, chip, network.step_ms)
            registers[population.name], report = lif_registers(population, scale, network.step_ms, chip, problems)
            population_reports.append(report)
        else:
            scale, exponents = 1.0, {}
            registers[population.name] = own_registers(population, chip, problems)
        scales[population.name] = scale
        for projection in incoming:
            given = synapses[projection.name]
            check_delays(projection, given, chip, problems)
            if isinstance(population.model, Lif):
                mantissas, format = quantised_mantissas(
                    projection, given.weight, scale, exponents[projection.name], chip, problems
                )
            else:
                format = projection.format or WeightFormat(projection.bits, 0, sign_mode(given.weight))
                mantissas = given.weight
                check_format(projection, format, mantissas, chip, problems)
            weights[projection.name] = stored_weights(mantissas, format, chip.arithmetic)
            if isinstance(population.model, Lif):
                projection_reports.append(
                    projection_report(projection, given.weight, scale, weights[projection.name], mantissas)
                )
    if problems:
        raise QuantisationError(problems)
    return Quantised(registers, weights, scales, tuple(population_reports), tuple(projection_reports))
