"""NeuroBench: its metrics under its own names, of a network in its framework's floats and of a run on the chip.

Source: NeuroBench 2.3.0 (Yik et al., Nature Communications 16:1545, 2025); the definitions are those of facts/neurobench.md,
recounted from its source. Operations and updates are of one sample, on average; step 1 of a sample updates every neuron, later
steps those whose potential changed.
"""

from __future__ import annotations

from .chip import of_chip
from .graph import of_graph

__all__ = ["of_chip", "of_graph"]
