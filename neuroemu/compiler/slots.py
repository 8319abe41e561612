"""Slots: where in a row of the delay ring the input of each compartment is summed.

Every input of a population is a stretch of slots of its own, padded to whole groups of LANES: one a port, and, where the
weight exponent belongs to the sum (compatibility with Lava), one a delay of each such projection, as Lava has them.
The stretches of a population follow each other, populations in their order: slots ascend as compartments do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..connect import SynapseList
from ..errors import InternalError
from ..network import Network
from ..widths import LANES
from .quantise import Quantised


@dataclass(frozen=True)
class Slots:
    """width: of a ring row.  inputs[population]: (k, 3) int64 rows of (first slot, port, shift to the right).

    first[projection]: slot of compartment 0 of its target; or, by delay, of each stretch.
    """

    width: int
    inputs: dict[str, np.ndarray]
    first: dict[str, int | dict[int, int]]

    def of(self, projection: str, post: np.ndarray, delay: np.ndarray) -> np.ndarray:
        """(n,) int64 slots of synapses onto the compartments post of the projection's target."""
        first = self.first[projection]
        if isinstance(first, int):
            return first + post
        slots = np.empty(post.size, np.int64)
        for value, slot in first.items():
            mine = delay == value
            slots[mine] = slot + post[mine]
        return slots


def slots_of(network: Network, synapses: dict[str, SynapseList], quantised: Quantised, weight_shift: int = 0) -> Slots:
    """The slots of a network.  weight_shift: what a stored weight is shifted to the left by to be in 2**6."""
    inputs: dict[str, np.ndarray] = {}
    first: dict[str, int | dict[int, int]] = {}
    width = 0
    for population in network.on_chip:
        model, padded = quantised.models[population.name], -(-population.size // LANES) * LANES
        rows: list[tuple[int, int, int]] = []

        def stretch(port: int, shift: int, padded: int = padded, rows: list = rows) -> int:
            nonlocal width
            rows.append((width, port, shift - weight_shift))
            width += padded
            return width - padded

        ports = [stretch(port, 0) for port in range(len(model.ports))]
        for projection in network.projections:
            if projection.target != population.name:
                continue
            port = model.ports.index(projection.port) if projection.port else 0
            shift = quantised.weights[projection.name].sum_shift
            if not shift:
                first[projection.name] = ports[port]
                continue
            delays = np.unique(synapses[projection.name].delay[quantised.weights[projection.name].units != 0])
            first[projection.name] = {int(delay): stretch(port, shift) for delay in delays}
        inputs[population.name] = np.array(rows, np.int64)
    if width > 2**31 - 1:
        raise InternalError("more slots than 32 bits count")
    return Slots(width, inputs, first)
