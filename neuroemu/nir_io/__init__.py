"""NIR in: a graph of the Neuromorphic Intermediate Representation as a Network for a chip, and as what its framework computes.

read -> shapes -> origin -> neurons and linear maps -> lower (to a Network).  The float run of the graph is ../reference/.
Knows nothing of chips: what a chip cannot do is said in the terms of the Network.
"""

from .convert import Calibration, from_ann
from .graph import Graph, Node
from .lower import from_nir, lower
from .notes import Note
from .origin import Origin

__all__ = ["Calibration", "Graph", "Node", "Note", "Origin", "from_ann", "from_nir", "lower"]
