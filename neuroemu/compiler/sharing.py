"""Sharing: blocks whose compartments share few enough configurations and synapse formats for the registers of a core.

load.py does not count these: they seldom bind, and which formats a core needs is known only when its lists are packed.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from . import fill
from .cut import sets
from .demand import excess, learns, together
from .draft import Draft
from .load import Load
from .packing import KINDS


def shared(load: Load, block: np.ndarray, given: Draft, chip: Chip) -> np.ndarray:
    """The blocks, cut where they ask for too many.  block: (n_compartments,) from 0, none empty."""
    if not _may_bind(given, chip):
        return block
    alike = _by_configuration(given)

    def split(members: np.ndarray, pieces: int) -> np.ndarray:
        piece = np.empty(members.size, np.int64)
        piece[np.argsort(alike[members], kind="stable")] = np.arange(members.size) * pieces // members.size
        return piece

    def asked(load: Load, block: np.ndarray) -> np.ndarray:
        cut = sets(block, given, chip)
        demands = [[part.demand for part, at in zip(cut.parts, cut.block.tolist(), strict=True) if at == b] for b in
                   range(cut.n_blocks)]  # fmt: skip
        exactly = np.array([excess(together(each), chip) for each in demands])
        return np.maximum(exactly, fill.asked(load, block))

    return fill.lawful(load, block, split, asked)


def _may_bind(given: Draft, chip: Chip) -> bool:
    """Whether all of the network on one core would be too much for its registers."""
    shared = given.shared.values()
    needed = (
        (chip.core.compartment_configs, np.unique(np.concatenate([each.compartment for each in shared])).size),
        (chip.core.threshold_configs, np.unique(np.concatenate([each.threshold for each in shared])).size),
        (
            chip.core.synapse_formats,
            len(KINDS) * len(given.network.projections) * max(len(chip.synapse.index_widths), 1),
        ),
        (chip.core.stdp_profiles, sum(learns(projection) for projection in given.network.projections)),
    )
    return any(limit is not None and n > limit for limit, n in needed)


def _by_configuration(given: Draft) -> np.ndarray:
    """(n_compartments,) a number each, near for those that share configurations."""
    columns = []
    for population in given.network.on_chip:
        each = given.shared[population.name]
        columns.append([np.broadcast_to(column, (population.size,)) for column in (each.compartment, each.threshold)])
    compartment, threshold = (np.concatenate(column) for column in zip(*columns, strict=True))
    rank = np.empty(compartment.size, np.int64)
    rank[np.lexsort((threshold, compartment))] = np.arange(compartment.size)
    return rank
