"""Fill: compartments in a given order onto one core after the other, each as full as its limits allow.

Also how blocks that ask for too much are mended: they are cut, and what comes of that is counted again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..jit import njit
from .load import Load, use_of
from .words import count, tally_for

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
    hint = np.zeros(load.n, np.int64) if hint is None else hint.astype(np.int64)
    return _fill(load, order.astype(np.int64), hint, tally_for(load))


@njit
def _fill(load, order, hint, tally):
    block = np.full(order.size, -1, np.int64)
    seen, ends = np.full(load.first.size, -1, np.int64), np.empty(order.size, np.int64)
    begin = b = 0
    while begin < order.size:
        # As many trees as compartments and axons allow,
        n_ends = axons = 0
        m = begin
        while m < order.size and (m == begin or hint[order[m]] == hint[order[m - 1]]):
            end = m + 1
            while end < order.size and load.tree[order[end]] == load.tree[order[m]]:
                end += 1
            for k in range(m, end):
                for e in range(load.in_first[order[k]], load.in_first[order[k] + 1]):
                    source = load.source_of[load.in_key[e]]
                    if seen[source] != b:
                        seen[source] = b
                        axons += 1
            if m > begin and (end - begin > load.compartments or axons > load.axons_in):
                break
            ends[n_ends] = m = end
            n_ends += 1
        # and of these as many as words allow, or, lists being shared, about as many: more may take fewer words.
        low, high = 0, n_ends - 1
        middle = high
        while low < high:
            if _words(load, order[begin : ends[middle]], tally) <= load.words:
                low = middle
            else:
                high = middle - 1
            middle = (low + high + 1) // 2
        block[order[begin : ends[low]]] = b
        begin, b = ends[low], b + 1
    return block


@njit
def _words(load, members, tally):
    shared, plain = np.zeros((2, tally.size.size), np.int64)
    count(load, np.sort(members), tally, shared, plain)
    return shared.sum()


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
