"""Cut: the compartments of a network in parts and the parts in blocks, one a core; and the table in the order of the parts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..chip import Chip
from ..mapping import MappingOptions
from .demand import demands, inputs_of
from .destinations import axons_out, messages_of
from .draft import Draft
from .gather import gather
from .image import Parts
from .partition import STRETCHES, Part
from .reorder import reordered
from .rows import count_rows
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


def stretches(given: Draft, chip: Chip, options: MappingOptions, plan_out: bool) -> Cut:
    """By one of partition.STRETCHES: the image's order is the user's.

    plan_out: whether parts share cores by the axons out that each may need at most.
    """
    table, parts = given.table, parts_of(given, chip, options)
    if plan_out:
        parts = [
            replace(part, demand=replace(part.demand, axons_out=most))
            for part, most in zip(parts, _most_out(given, parts), strict=True)
        ]
    return Cut(parts, gather(parts, chip, options.share_cores), np.empty(0, np.int64), table)


def parts_of(given: Draft, chip: Chip, options: MappingOptions) -> list[Part]:
    """The parts by one of partition.STRETCHES, none by others. They do not look at the mesh, so are cut once for all meshes."""
    if options.seats is not None or options.partition not in STRETCHES:
        return []
    key = (options.partition, chip.core, chip.synapse, tuple(sorted(options.parts.items())))
    if key not in given.cuts:
        while len(given.cuts) > 1:  # the first, which others come back to, and one more: each is as large as the table
            given.cuts.popitem()
        shared = "shared" in chip.synapse.lists
        inputs = {
            p.name: inputs_of(
                given.network, p.name, given.table, given.formats, given.first, given.shared[p.name], shared
            )
            for p in given.network.on_chip
        }
        given.cuts[key] = STRETCHES[options.partition](given.network, inputs, chip, options.parts)
    return given.cuts[key]


def _most_out(given: Draft, parts: list[Part]) -> list[int]:
    """Axons out of each part if every part had a core of its own."""
    n = np.array([part.size for part in parts], np.int64)
    alone = Parts(np.zeros(n.size, np.int64), np.cumsum(n) - n, n, np.arange(n.size))
    rows = count_rows(given.table.first, given.table.target, n)
    return axons_out(messages_of(rows, alone), alone).tolist()


def sets(block: np.ndarray, given: Draft, chip: Chip) -> Cut:
    """From any blocks: a part is what a block holds of a population.  block: (n_compartments,) from 0, none empty."""
    network, table, first = given.network, given.table, given.first
    owner = np.repeat(np.arange(len(network.on_chip)), [p.size for p in network.on_chip])
    number = np.lexsort((block, owner))  # stable: the members of a part ascend
    in_order = bool(np.array_equal(number, np.arange(number.size)))
    made = table if in_order else reordered(table, number)
    parts, blocks = [], []
    for population in network.on_chip:
        low = first[population.name]
        order = number[low : low + population.size]
        mine = block[order]
        edges = np.concatenate([[0], np.flatnonzero(np.diff(mine)) + 1, [population.size]])
        shared = given.shared[population.name].ordered(order - low)
        inputs = inputs_of(network, population.name, made, given.formats, first, shared, "shared" in chip.synapse.lists)
        found = demands(inputs, edges, chip)
        for begin, end, demand in zip(edges[:-1].tolist(), edges[1:].tolist(), found, strict=True):
            members = np.empty(0, np.int64) if in_order else order[begin:end] - low
            parts.append(Part(population.name, begin, end - begin, demand, members))
        blocks.append(mine[edges[:-1]])
    return Cut(parts, np.concatenate(blocks), np.empty(0, np.int64) if in_order else number, made)
