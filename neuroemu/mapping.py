"""How a user wants a network mapped; what comes of it is the compiler's Mapping."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

# What a method stands for, (partition, placement).
METHODS = {
    "plain": ("equal", "sequential"),
    "fast": ("layer", "force"),
    "best": ("hypergraph", "anneal"),
}
WEIGH_BY = ("synapses", "spikes")


class Seats(NamedTuple):
    """A mapping that is given.  block: (n_compartments,) which share a core.  core: (blocks,) where."""

    block: np.ndarray
    core: np.ndarray


@dataclass(frozen=True)
class MappingOptions:
    """partition, placement: methods of compiler/partition.py and compiler/place.py, by name.

    parts: fewest parts of a population, by name; for the partition 'equal'.  share_cores: parts of several populations may
    share a core.
    weigh_by: what traffic a mapping is made for, every source sending once ('synapses') or as often as it did in a run
    ('spikes').  profile: the folder of that run, '' for a short run of its own, of profile_steps steps.
    file, seats: a mapping.json, or a mapping itself, to take as it is in place of partition and placement.
    """

    partition: str = "equal"
    placement: str = "sequential"
    parts: dict[str, int] = field(default_factory=dict)
    share_cores: bool = True
    weigh_by: str = "synapses"
    profile: str = ""
    profile_steps: int = 100
    file: str = ""
    seats: Seats | None = None
