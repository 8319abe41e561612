"""Hypergraph: blocks by Mt-KaHyPar, which minimises what is counted as messages: for each source the blocks it reaches besides
its own (connectivity minus one). Its deterministic preset gives the same answer for a seed whatever the threads.

Heuer, Maas and Schlag, "Multilevel hypergraph partitioning with vertex weights revisited" (2021), and Gottesbueren and others.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .netlist import Netlist

IMBALANCE = 0.03


def available() -> bool:
    try:
        import mtkahypar  # noqa: F401
    except ImportError:
        return False
    return True


@cache
def _started() -> Any:
    import mtkahypar

    return mtkahypar.initialize(2, False)


def partition(nets: Netlist, share: np.ndarray, n_blocks: int, seed: int) -> np.ndarray:
    """(vertices,) the block of each.  share: (vertices,) int64 what each takes of a core, whole numbers."""
    import mtkahypar

    if n_blocks < 2 or share.size <= n_blocks or not nets.weight.size:
        return np.arange(share.size) % max(n_blocks, 1)
    mtkahypar.set_seed(seed % 2**31)
    context = _started().context_from_preset(mtkahypar.PresetType.DETERMINISTIC)
    context.set_partitioning_parameters(n_blocks, IMBALANCE, mtkahypar.Objective.KM1)
    context.logging = False
    made = _started().create_hypergraph(
        context, share.size, nets.weight.size, nets.lists(), share.tolist(), nets.weight.tolist()
    )
    return np.array(made.partition(context).get_partition(), np.int64)
