"""The network in floats, beside the chip: says what quantisation cost.

A network that was imported from a graph is run as its framework computes it (graph.py), any other as the twin of what the
chip does (twin.py).
"""

from __future__ import annotations

from ..connect import SynapseList
from ..host import Feed
from ..network import Network
from .graph import run_exact, sent_to
from .result import FloatRun, Raster, raster
from .twin import run_twin

__all__ = ["FloatRun", "Raster", "raster", "run_float", "sent_to"]


def run_float(
    network: Network, synapses: dict[str, SynapseList], feed: Feed, steps: int, fresh_samples: bool
) -> FloatRun:
    """Runs the network in floats. Raises ProgramError where a population has no float counterpart."""
    if network.exact is not None:
        return run_exact(network.exact, feed, steps, fresh_samples)
    return run_twin(network, synapses, feed, steps, fresh_samples)
