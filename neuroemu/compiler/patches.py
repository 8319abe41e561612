"""Patches: blocks of populations that are images, as one more start for networks of convolutions.

A patch is a run of pixels along a Hilbert curve, with all their channels: a block takes as many as fit. The kernels of most of
its pixels are alike, so that lists are shared, and what lies beside it in one layer is beside it in the next.
Populations are cut each for itself, or joined with those they talk to, patches of one place together: which of them, is tried.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..network import Network
from . import fill
from .load import Load

MOST_TRIALS = 60  # of joining two groups of populations


def patches(load: Load, network: Network, score: Callable[[np.ndarray], tuple[int, float]]) -> np.ndarray | None:
    """(n_compartments,) lawful blocks, the best that joining two groups at a time finds; None where no list repeats.

    score: of blocks, the less the better.
    """
    if not load.repeats.any():
        return None
    group = np.arange(len(network.on_chip))
    along = _along(network)
    best = _cut(load, along, group)
    least, trials = score(best), 0
    while trials < MOST_TRIALS:
        found: list[tuple[tuple[int, float], int, np.ndarray, np.ndarray]] = []
        for joined in _joins(load, network, group):
            block = _cut(load, along, joined)
            found.append((score(block), len(found), joined, block))
        trials += len(found)
        if not found or min(found)[0] >= least:
            break
        least, _, group, best = min(found)
    return best


def _joins(load: Load, network: Network, group: np.ndarray) -> list[np.ndarray]:
    """(populations,) groups with two made one, of which one sends to the other."""
    names = [population.name for population in network.on_chip]
    ends = [
        (group[names.index(p.source)], group[names.index(p.target)]) for p in network.projections if p.source in names
    ]
    pairs = sorted({(min(a, b), max(a, b)) for a, b in ends if a != b})
    return [np.where(group == b, a, group) for a, b in pairs]


def _along(network: Network) -> np.ndarray:
    """(n_compartments,) where each lies on a Hilbert curve through all images; 0 in populations that are none."""
    images = [population.shape[1:] for population in network.on_chip if len(population.shape) == 3]
    side = 1 << (max((max(shape) for shape in images), default=1) - 1).bit_length()
    found = []
    for population in network.on_chip:
        if len(population.shape) != 3:
            found.append(np.zeros(population.size, np.int64))
            continue
        _, height, width = population.shape
        y, x = np.divmod(np.arange(height * width), width)
        found.append(np.tile(_hilbert(x * side // width, y * side // height, side), population.shape[0]))
    return np.concatenate(found)


def _hilbert(x: np.ndarray, y: np.ndarray, side: int) -> np.ndarray:
    """How far along the curve that fills a square of side 2**k each point is (Warren, Hacker's Delight, chapter 16)."""
    distance, half = np.zeros_like(x), side // 2
    while half:
        right, up = (x & half) > 0, (y & half) > 0
        distance += half * half * ((3 * right) ^ up)
        x, y = np.where(right & ~up, side - 1 - x, x), np.where(right & ~up, side - 1 - y, y)
        x, y = np.where(up, x, y), np.where(up, y, x)
        half //= 2
    return distance


def _cut(load: Load, along: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Blocks of groups of populations, filled in the order of the curve.  group: (populations,)."""
    root, of_root = load.tree, load.population[load.tree]
    order = np.lexsort((np.arange(load.n), root, of_root, along[root], group[of_root]))
    rank = np.empty(load.n, np.int64)
    rank[order] = np.arange(load.n)

    def split(members: np.ndarray, pieces: int) -> np.ndarray:
        return np.argsort(np.argsort(rank[members])) * pieces // members.size

    return fill.lawful(load, fill.fill(load, order, group[of_root]), split)
