"""Fill: compartments in a given order onto one core after the other, each as full as its limits allow.

Also how blocks that ask for too much are mended: they are cut, and what comes of that is counted again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..jit import njit
from .load import Load, use_of

ROUNDS = 30

# (members of a block, pieces wanted) -> (members,) the piece of each
Splitter = Callable[[np.ndarray, int], np.ndarray]
Asked = Callable[[Load, np.ndarray], np.ndarray]


def layer(load: Load) -> np.ndarray:
    """(n_compartments,) blocks filled in the user's order, layer after layer; trees stay together."""
    return lawful(load, fill(load, np.lexsort((np.arange(load.n), _first_of_tree(load)))), in_halves)


def _first_of_tree(load: Load) -> np.ndarray:
    lowest = np.full(load.n, load.n)
    np.minimum.at(lowest, load.tree, np.arange(load.n))
    return lowest[load.tree]


def fill(load: Load, order: np.ndarray, hint: np.ndarray | None = None) -> np.ndarray:
    """(n_compartments,) blocks, a new one begun where the next tree would exceed compartments, axons in or words.

    order: all compartments, those of a tree in a row.  hint: (n_compartments,) a new block is begun where it changes, too.
    Axons out are not looked at: they depend on where the targets end up.
    """
    return _fill(load, order.astype(np.int64), np.zeros(load.n, np.int64) if hint is None else hint.astype(np.int64))


@njit
def _fill(load, order, hint):
    block = np.full(order.size, -1, np.int64)
    count, twice = np.zeros(load.source_of.size, np.int32), np.zeros(load.source_of.size, np.bool_)
    sources, size = np.zeros(load.first.size, np.int32), np.zeros(load.population.max() + 1, np.int64)
    keys = np.empty(load.source_of.size, np.int32)
    n_keys = axons = words = members = begin = 0  # words: were every list sparse
    b = m = 0
    while m < order.size:
        end = m + 1
        while end < order.size and load.tree[order[end]] == load.tree[order[m]]:
            end += 1
        for _ in range(2):
            for k in range(m, end):
                t, before = order[k], -1
                size[load.population[t]] += 1
                members += 1
                for e in range(load.in_first[t], load.in_first[t + 1]):
                    key = load.in_key[e]
                    p, source = load.projection_of[key], load.source_of[key]
                    if key == before:
                        twice[key] = True
                    before = key
                    if count[key] == 0:
                        keys[n_keys] = key
                        n_keys += 1
                        if sources[source] == 0:
                            axons += 1
                        sources[source] += 1
                    words += load.sparse[p, count[key] + 1] - load.sparse[p, count[key]]
                    if load.sparse[p, 0] > 0:  # no sparse lists here: only exact words will do
                        words = load.words + 1
                    count[key] += 1
            fits = members <= load.compartments and axons <= load.axons_in
            fits = fits and (words <= load.words or _exact(load, keys, n_keys, count, twice, size) <= load.words)
            if begin == m or (fits and hint[order[m]] == hint[order[m - 1]]):
                break
            for k in range(n_keys):  # on to a new core, with these alone
                sources[load.source_of[keys[k]]] = 0
                count[keys[k]], twice[keys[k]] = 0, False
            size[:] = 0
            n_keys = axons = words = members = 0
            begin, b = m, b + 1
        for k in range(m, end):
            block[order[k]] = b
        m = end
    return block


@njit
def _exact(load, keys, n_keys, count, twice, size):
    words = 0
    for k in range(n_keys):
        key = keys[k]
        p = load.projection_of[key]
        each, members = load.sparse[p, count[key]], size[load.into[p]]
        if not twice[key] and members < load.dense.shape[1]:
            each = min(each, load.dense[p, members])
        elif load.sparse[p, 0] > 0 and members < load.dense.shape[1]:
            each = 2 * load.dense[p, members]  # no sparse lists here: one dense list behind the other
        words += each
    return words


def in_halves(members: np.ndarray, pieces: int) -> np.ndarray:
    """The splitter that knows nothing: equal stretches in the user's order."""
    return np.arange(members.size) * pieces // members.size


def asked(load: Load, block: np.ndarray) -> np.ndarray:
    """(blocks,) the largest part of a core's limit that each asks for, configurations and synapse formats left out."""
    return use_of(load, block, int(block.max()) + 1).excess(load)


def lawful(
    load: Load, block: np.ndarray, split: Splitter, excess_of: Asked = asked, rounds: int = ROUNDS
) -> np.ndarray:
    """Blocks of which those that ask for more than a core has are cut, until none does or nothing more can be cut.

    Cutting a block makes more messages, so that others may now have too many axons out: it takes several rounds.  Trees stay
    together.
    """
    block = np.unique(block, return_inverse=True)[1]
    for _ in range(rounds):
        n_blocks = int(block.max()) + 1
        excess = excess_of(load, block)
        wrong = np.flatnonzero(excess > 1)
        changed = False
        for b in wrong.tolist():
            members = np.flatnonzero(block == b)
            pieces = min(max(2, int(np.ceil(excess[b]))), np.unique(load.tree[members]).size)
            if pieces < 2:
                continue
            piece = _by_tree(load, members, np.asarray(split(members, pieces)))
            if not piece.any() or np.all(piece == piece[0]):  # it was kept whole
                piece = _by_tree(load, members, in_halves(members, 2))
            if np.all(piece == piece[0]):
                continue
            labels = np.unique(piece, return_inverse=True)[1]
            block[members] = np.where(labels == 0, b, n_blocks - 1 + labels)
            n_blocks += int(labels.max())
            changed = True
        if not changed:
            break
    return block


def _by_tree(load: Load, members: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Every compartment in the piece of the last of its tree."""
    found = np.zeros(load.n, piece.dtype)
    found[load.tree[members]] = piece
    return found[load.tree[members]]
