"""Slots: where in a row of the delay ring the input of each compartment is summed.

Every input of a population is a stretch of slots of its own, padded to whole groups of LANES: one a port, and, where the
weight exponent belongs to the sum (compatibility with Lava), one a delay of each such projection, as Lava has them.
The stretches of a population follow each other, populations in their order: slots ascend as compartments do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..network import Network
from ..widths import LANES
from .table import Table


class Slots(NamedTuple):
    """width: of a ring row.  inputs[population]: rows of (first slot, port, shift to the right of the sum).

    offset: (projections, longest delay + 1) int32: a synapse onto compartment i adds to slot i + offset[projection, delay].
    """

    width: int
    inputs: dict[str, list[tuple[int, int, int]]]
    offset: np.ndarray

    @property
    def moves(self) -> bool:
        """Whether any slot is not the number of its compartment."""
        return bool(self.offset.any())

    def of(self, target: np.ndarray, projection: np.ndarray, delay: np.ndarray) -> np.ndarray:
        """(m,) slots of synapses.  target: (m,) compartments; projection, delay: (m,)."""
        return target + self.offset[projection, delay]


def slots(network: Network, first: dict[str, int], table: Table, sum_shifts: list[int]) -> Slots:
    """first: number of the first compartment of each population.  sum_shifts: by projection, > 0 where a sum is shifted."""
    longest = max((int(used.max()) for used in table.delays if used.size), default=0)
    offset, width = np.zeros((len(sum_shifts), longest + 1), np.int32), 0
    inputs: dict[str, list[tuple[int, int, int]]] = {}
    for population in network.on_chip:
        name, ports = population.name, population.compartment.ports
        padded = -(-population.size // LANES) * LANES
        rows = [(width + port * padded, port, 0) for port in range(len(ports))]
        for index, projection in enumerate(network.projections):
            if projection.target != name:
                continue
            port = ports.index(projection.port) if projection.port else 0
            offset[index] = rows[port][0] - first[name]
            for delay in table.delays[index] if sum_shifts[index] else ():
                slot = width + len(rows) * padded
                rows.append((slot, port, sum_shifts[index]))
                offset[index, delay] = slot - first[name]
        inputs[name] = rows
        width += len(rows) * padded
    return Slots(width, inputs, offset)
