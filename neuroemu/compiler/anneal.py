"""Anneal: simulated annealing of an arrangement on messages times hops (Kirkpatrick, Gelatt and Vecchi 1983).

A move swaps what lies on two cores, one of which may be empty; it costs as many operations as the two blocks have partners.
Most moves bring a block near one of its partners, chosen at random, as moves to anywhere are hardly ever taken once it has
become cool. Same flow, mesh and seed: same arrangement on one machine; where blocks are alike, the eigenvectors of the spectral
start (starts.py) depend on the LAPACK there is, and with them the arrangement, never a spike. The generator is a counter hashed
by splitmix64 (Steele et al. 2014).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..chip import Mesh
from ..jit import njit
from .flow import Distances, Flow, cost
from .starts import starts

# tools/bench_map.py, conv network on 42 blocks and small world on 146: four times as many moves gain less than 1 %.
MOVES_A_BLOCK = 20_000
MOST_WORK = 3_000_000_000  # partners looked at in all, about 10 s
COOLEST = 1e-3  # of the first temperature
LEVELS = 120
NEAR = 8  # tiles around a partner that a block is brought to


class Partners(NamedTuple):
    """Whom each block sends to or hears from: first (blocks + 1,), block and messages (both ways together), (n,) each.

    host: (blocks,) float64 messages of the host.
    """

    first: np.ndarray
    block: np.ndarray
    messages: np.ndarray
    host: np.ndarray


def partners_of(flow: Flow) -> Partners:
    """Both directions added up: routes there and back are equally long."""
    both = (flow.between + flow.between.T).astype(np.float64)
    np.fill_diagonal(both, 0.0)
    row, column = np.nonzero(both)
    first = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=flow.host.size))]).astype(np.int64)
    return Partners(first, column.astype(np.int64), both[row, column], flow.host.astype(np.float64))


def place(
    flow: Flow, far: Distances, mesh: Mesh, seed: int, start: np.ndarray | None = None, moves: int = MOVES_A_BLOCK
) -> np.ndarray:
    """(blocks,) int64 cores.  start: an arrangement to improve; None takes the best of starts.py.  moves: for each block."""
    found = [start] if start is not None else starts(flow, mesh)
    core = min(found, key=lambda each: cost(flow, far, each // mesh.cores_per_tile)).astype(np.int64)
    n = core.size
    if n < 2 and mesh.n_cores < 2:
        return core
    partners = partners_of(flow)
    tiles_near = np.argsort(far.between, axis=1, kind="stable")[:, : NEAR + 1].astype(np.int64)
    degree = max(partners.block.size / n, 1.0)
    n_moves = int(min(moves * n, MOST_WORK / (2 * degree)))
    warmth = 1.0 if start is None else 0.1
    best, _ = _anneal(
        partners, far, tiles_near, core, mesh.n_cores, mesh.cores_per_tile, np.uint64(seed), n_moves, warmth
    )
    return best


@njit
def _random(state):
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit
def _below(state, n):
    """Uniform in 0..n-1 but for 2**-32 of n."""
    return np.int64(((_random(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@njit
def _moved(partners, far, core, each, i, to_tile, other):
    """What it adds to bring block i onto a tile, the block `other` aside."""
    here = core[i] // each
    change = partners.host[i] * (far.host[to_tile] - far.host[here])
    for e in range(partners.first[i], partners.first[i + 1]):
        j = partners.block[e]
        if j != other:
            tile = core[j] // each
            change += partners.messages[e] * (far.between[to_tile, tile] - far.between[here, tile])
    return change


@njit
def _swapped(partners, far, core, block, each, a, b):
    """What it adds to swap what lies on cores a and b. The way between the two is as long after as before."""
    i, j = block[a], block[b]
    change = 0.0
    if i >= 0:
        change += _moved(partners, far, core, each, i, b // each, j)
    if j >= 0:
        change += _moved(partners, far, core, each, j, a // each, i)
    return change


@njit
def _swap(core, block, a, b):
    i, j = block[a], block[b]
    block[a], block[b] = j, i
    if i >= 0:
        core[i] = b
    if j >= 0:
        core[j] = a


@njit
def _proposed(partners, tiles_near, core, each, n_cores, state):
    """Two cores to swap, the first of a block."""
    i = _below(state, core.size)
    a = core[i]
    n_partners = partners.first[i + 1] - partners.first[i]
    if n_partners == 0 or _below(state, 4) == 0:
        return a, _below(state, n_cores)
    partner = partners.block[partners.first[i] + _below(state, n_partners)]
    tile = tiles_near[core[partner] // each, _below(state, tiles_near.shape[1])]
    return a, tile * each + _below(state, each)


@njit
def _anneal(partners, far, tiles_near, start, n_cores, each, seed, moves, warmth):
    core, block = start.copy(), np.full(n_cores, -1, np.int64)
    for i in range(core.size):
        block[core[i]] = i
    state = np.array([seed], np.uint64)
    # As warm as swaps are dear on average: then most of them are taken.
    total, samples = 0.0, 1000
    for _ in range(samples):
        a, b = _proposed(partners, tiles_near, core, each, n_cores, state)
        total += abs(_swapped(partners, far, core, block, each, a, b))
    warm = warmth * 0.5 * total / samples
    best, at, lowest = core.copy(), 0.0, 0.0
    for level in range(LEVELS + 1):
        temperature = warm * COOLEST ** (level / LEVELS) if level < LEVELS else 0.0
        for _ in range(moves // LEVELS):
            a, b = _proposed(partners, tiles_near, core, each, n_cores, state)
            if a // each == b // each:
                continue
            change = _swapped(partners, far, core, block, each, a, b)
            draw = np.float64(_random(state) >> np.uint64(11)) * 2.0**-53
            if change <= 0.0 or (temperature > 0.0 and draw < np.exp(-change / temperature)):
                _swap(core, block, a, b)
                at += change
        if at < lowest:
            lowest = at
            for part in range(core.size):  # one by one, which is compiled much faster than whole arrays
                best[part] = core[part]
    return best, lowest
