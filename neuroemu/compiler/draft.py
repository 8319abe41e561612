"""Draft: everything of a network that no mapping decides, in the chip's integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..calibration import Calibration
from ..chip import Chip
from ..network import Network, WeightFormat
from .configs import Configs, configs
from .expand import expand
from .partition import Part
from .quantise import Quantised, quantise
from .table import Table, build

Stage = Callable[[str], None]


@dataclass(frozen=True)
class Draft:
    """A network in the chip's integers, not yet mapped, and what its mapping is to go by.

    formats: by projection.  first: number of the first source by population.  source_first: bounds of the host's channels.
    shared: configurations by population.  table: compartments by the user's numbers.
    weight: (n_sources,) how often each source is taken to spike, None: all alike.  border: what a link between chips counts
    more than another, in hops.  calibration: what the scales were chosen by, if any.
    cuts: what was cut from it so far (cut.parts_of).
    """

    network: Network
    quantised: Quantised
    formats: dict[str, WeightFormat]
    sum_shifts: list[int]
    table: Table
    first: dict[str, int]
    source_first: np.ndarray
    shared: dict[str, Configs]
    seed: int
    weight: np.ndarray | None
    border: float
    calibration: Calibration | None
    cuts: dict[tuple[object, ...], list[Part]] = field(default_factory=dict)


def draft(
    network: Network,
    chip: Chip,
    seed: int,
    stage: Stage,
    weight: np.ndarray | None = None,
    border: float = 0.0,
    calibration: Calibration | None = None,
) -> Draft:
    """Raises ProgramError (connections), QuantisationError (numbers)."""
    stage("connections")
    synapses = expand(network, seed)
    stage("quantising")
    quantised = quantise(network, synapses, chip, calibration)
    formats = {name: weights.format for name, weights in quantised.weights.items()}
    sum_shifts = [quantised.weights[projection.name].sum_shift for projection in network.projections]
    first, source_first = _numbering(network)
    stage("sorting synapses")
    table = build(network, synapses, quantised.weights, first, int(source_first[-1]))  # empties both dicts
    shared = configs(quantised.registers)
    return Draft(
        network, quantised, formats, sum_shifts, table, first, source_first, shared, seed, weight, border, calibration
    )


def _numbering(network: Network) -> tuple[dict[str, int], np.ndarray]:
    """First global source number by population name; and (n_spike_sources + 1,) bounds of the host's channels."""
    first, n = {}, 0
    for population in network.on_chip:
        first[population.name] = n
        n += population.size
    bounds = [n]
    for population in network.sources:
        first[population.name] = n
        n += population.size
        bounds.append(n)
    return first, np.array(bounds, np.int64)
