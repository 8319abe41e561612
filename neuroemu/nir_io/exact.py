"""Exact: a graph with everything that its float run needs, and where its nodes went in the Network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .graph import Graph
from .neurons import Neuron
from .notes import Note
from .order import Order
from .origin import Origin


@dataclass(frozen=True)
class Exact:
    """What a framework computes.  neurons: by node.  dtype: what it computes in.

    names: the population of each neuron and Input.  depth: steps that a population is behind the framework on a chip, where
    a spike needs one step to every layer: what the framework does in step t happens there in step t + depth.
    """

    graph: Graph
    origin: Origin
    order: Order
    neurons: dict[str, Neuron]
    dtype: np.dtype
    names: dict[str, str]
    depth: dict[str, int]
    notes: tuple[Note, ...] = field(default=())

    @property
    def most_depth(self) -> int:
        """Steps that the last population is behind."""
        return max(self.depth.values(), default=0)

    @property
    def sources(self) -> dict[str, str]:
        """Input node by population."""
        return {name: node for node, name in self.names.items() if self.graph.nodes[node].kind == "Input"}
