"""Force: every block is drawn to the core where its partners, as they lie now, would be nearest.

The pull of a block is messages times hops to all that it talks to. Blocks take their turn, those with the most to gain first;
each swaps with whatever lies on the core that costs it least, if both together gain; until a round changes nothing. Much faster
than annealing, and it stays in the first valley that it comes to. No random numbers.
"""

from __future__ import annotations

import numpy as np

from ..chip import Mesh
from .anneal import _swap, _swapped, partners_of
from .flow import Distances, Flow, cost
from .starts import starts

ROUNDS = 50
TRIED = 8  # of the cores that cost a block least


def place(flow: Flow, far: Distances, mesh: Mesh, seed: int) -> np.ndarray:
    """(blocks,) int64 cores.  seed: not needed."""
    core = min(starts(flow, mesh), key=lambda each: cost(flow, far, each // mesh.cores_per_tile)).astype(np.int64)
    block = np.full(mesh.n_cores, -1, np.int64)
    block[core] = np.arange(core.size)
    partners, each = partners_of(flow), mesh.cores_per_tile
    both = (flow.between + flow.between.T).astype(np.float64)
    np.fill_diagonal(both, 0.0)
    for _ in range(ROUNDS):
        tile = core // each
        costs = both @ far.between[tile] + flow.host[:, None] * far.host  # (blocks, tiles)
        gains = costs[np.arange(core.size), tile] - costs.min(axis=1)
        changed = False
        for i in np.argsort(-gains, kind="stable"):
            if gains[i] <= 0:
                break
            pull = both[i] @ far.between[core // each] + flow.host[i] * far.host
            for to in np.argsort(pull, kind="stable")[:TRIED]:
                if pull[to] >= pull[core[i] // each]:
                    break
                there = np.arange(to * each, to * each + each)
                change = [_swapped(partners, far, core, block, each, core[i], b) for b in there]
                if min(change) < 0:
                    _swap(core, block, core[i], there[int(np.argmin(change))])
                    changed = True
                    break
        if not changed:
            break
    return core
