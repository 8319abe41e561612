"""Cut: the compartments of a network in parts and the parts in blocks, one a core; and the table in the order of the parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chip import Chip
from ..network import Network, WeightFormat
from .demand import demands, inputs_of
from .gather import gather
from .partition import STRETCHES, Part
from .reorder import reordered
from .table import Table


@dataclass(frozen=True)
class Cut:
    """parts: in the order of the image.  block: (n_parts,) int64, parts of one share a core.

    number: (n_compartments,) int64 the user's number of each compartment in the image's order, empty where both are the same.
    table: in the image's order.
    """

    parts: list[Part]
    block: np.ndarray
    number: np.ndarray
    table: Table

    @property
    def n_blocks(self) -> int:
        return int(self.block.max(initial=-1)) + 1


def stretches(
    name: str,
    network: Network,
    table: Table,
    formats: dict[str, WeightFormat],
    first: dict[str, int],
    chip: Chip,
    wanted: dict[str, int],
    share: bool,
) -> Cut:
    """By one of partition.STRETCHES: the image's order is the user's.  first: number of the first source by population."""
    inputs = {p.name: inputs_of(network, p.name, table, formats, first) for p in network.on_chip}
    parts = STRETCHES[name](network, inputs, chip, wanted)
    return Cut(parts, gather(parts, chip, share), np.empty(0, np.int64), table)


def sets(
    block: np.ndarray,
    network: Network,
    table: Table,
    formats: dict[str, WeightFormat],
    first: dict[str, int],
    chip: Chip,
) -> Cut:
    """From any blocks: a part is what a block holds of a population.  block: (n_compartments,) from 0, none empty."""
    owner = np.repeat(np.arange(len(network.on_chip)), [p.size for p in network.on_chip])
    number = np.lexsort((block, owner))  # stable: the members of a part ascend
    in_order = bool(np.array_equal(number, np.arange(number.size)))
    made = table if in_order else reordered(table, number)
    parts, blocks = [], []
    for population in network.on_chip:
        low = first[population.name]
        mine = block[number[low : low + population.size]]
        edges = np.concatenate([[0], np.flatnonzero(np.diff(mine)) + 1, [population.size]])
        found = demands(inputs_of(network, population.name, made, formats, first), edges, chip)
        for begin, end, demand in zip(edges[:-1].tolist(), edges[1:].tolist(), found, strict=True):
            members = np.empty(0, np.int64) if in_order else number[low + begin : low + end] - low
            parts.append(Part(population.name, begin, end - begin, demand, members))
        blocks.append(mine[edges[:-1]])
    return Cut(parts, np.concatenate(blocks), np.empty(0, np.int64) if in_order else number, made)
