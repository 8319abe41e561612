"""How a user wants a network mapped; what comes of it is the compiler's Mapping."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MappingOptions:
    """partition, placement: methods of compiler/partition.py and compiler/place.py, by name.

    parts: fewest parts of a population, by name.  share_cores: parts of several populations may share a core.
    """

    partition: str = "equal"
    placement: str = "sequential"
    parts: dict[str, int] = field(default_factory=dict)
    share_cores: bool = True
