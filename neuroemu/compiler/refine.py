"""Refine: single compartments moved between blocks on the exact objective, by rules that partitioners do not know.

The objective is the sum over all sources of their weight times the distance from their own block to each block they reach:
with every distance 1, messages; with hops, packet-hops. A move is made if it gains and no limit is passed: compartments, axons
in and out, and words, of which a bound from above is kept (exact where all lists are sparse). The moves are those of Fiduccia
and Mattheyses (1982), without their hill-climbing. No random numbers; same blocks in, same blocks out.
"""

from __future__ import annotations

import numpy as np

from ..jit import njit
from .load import Load, use_of

MOST_COUNTS = 150_000_000  # keys times blocks: 4 bytes each
PASSES = 6
CANDIDATES = 6
LEAST = 1e-3  # of the objective that a pass must gain to be followed by another


def refine(load: Load, block: np.ndarray, between: np.ndarray, host: np.ndarray, passes: int = PASSES) -> np.ndarray:
    """(n_compartments,) better blocks; as they were where the counts would take too much memory.

    between: (blocks, blocks) distances, symmetric, 0 from a block to itself.  host: (blocks,) from the host.
    """
    n_blocks = between.shape[0]
    if load.source_of.size * n_blocks > MOST_COUNTS or n_blocks < 2:
        return block
    found = block.astype(np.int64).copy()
    use = use_of(load, found, n_blocks)
    counts = np.zeros((load.source_of.size, n_blocks), np.int32)
    sparse, lists = np.zeros(n_blocks, np.int64), np.zeros(n_blocks, np.int64)
    _tally(load, found, counts, sparse, lists)
    key_first = np.searchsorted(load.source_of, np.arange(load.first.size))
    is_sparse = sparse == use.words
    alone = np.bincount(load.tree, minlength=load.n)[load.tree] == 1
    step = int(np.diff(load.dense, axis=1).max(initial=0))
    order = (np.arange(load.n) * 2654435761) % load.n
    before = np.inf
    for _ in range(passes):
        gained, now = _pass(load, order, alone, found, counts, key_first, between, host, *use, is_sparse, lists, step)
        if gained <= LEAST * max(now, 1.0) or now >= before:
            break
        before = now
    return found


@njit
def _tally(load, block, counts, sparse, lists):
    for t in range(block.size):
        for e in range(load.in_first[t], load.in_first[t + 1]):
            counts[load.in_key[e], block[t]] += 1
    for key in range(load.source_of.size):
        p = load.projection_of[key]
        for b in range(sparse.size):
            if counts[key, b] > 0:
                sparse[b] += load.sparse[p, counts[key, b]]
                lists[b] += 1


@njit
def _reaches(counts, key_first, source, b):
    """Synapses of a source in a block."""
    n = 0
    for key in range(key_first[source], key_first[source + 1]):
        n += counts[key, b]
    return n


@njit
def _pass(
    load, order, alone, block, counts, key_first, between, host, compartments, axons_in, axons_out, words, is_sparse,
    lists, step,
):  # fmt: skip
    """Offers every compartment the blocks that it is bound to most. Returns (gained, objective before the pass)."""
    n, n_blocks = block.size, host.size
    bound = np.zeros(n_blocks)
    reached = np.zeros(n_blocks, np.bool_)
    listed = np.empty(n_blocks, np.int64)
    gained = now = 0.0
    for s in range(load.first.size - 1):
        for b in range(n_blocks):
            if load.weight[s] and _reaches(counts, key_first, s, b):
                now += load.weight[s] * (between[block[s], b] if s < n else host[b])
    for v in order:
        if not alone[v]:
            continue
        a = block[v]
        n_listed = 0
        # what leaves block a with it, and which blocks it is bound to
        leaves, frees = 0.0, 0
        e, end = load.in_first[v], load.in_first[v + 1]
        while e < end:
            source, mine = load.source_of[load.in_key[e]], 0
            while e < end and load.source_of[load.in_key[e]] == source:
                mine, e = mine + 1, e + 1
            w = load.weight[source]
            if _reaches(counts, key_first, source, a) == mine:
                frees += 1
                if source != v:
                    leaves += w * (between[block[source], a] if source < n else host[a])
            if source < n and source != v:
                bound[block[source]] += w
        n_reached = 0
        for e2 in range(load.first[v], load.first[v + 1]):
            c = block[load.target[e2]] if load.target[e2] != v else a
            if not reached[c]:
                reached[c] = True
                listed[n_listed] = c
                n_listed += 1
        n_reached = n_listed
        for k in range(n_reached):
            bound[listed[k]] += load.weight[v]
        for _ in range(CANDIDATES):
            b = int(np.argmax(bound))
            if bound[b] <= 0.0:
                break
            bound[b] = 0.0
            if b == a or compartments[b] >= load.compartments:
                continue
            gain, new_axons, new_words = leaves, 0, 0
            loop = False  # whether it is its own target
            for k in range(n_reached):
                c = listed[k]
                gain += load.weight[v] * (between[a, c] - between[b, c])
            e = load.in_first[v]
            while e < end:
                source = load.source_of[load.in_key[e]]
                missing = _reaches(counts, key_first, source, b) == 0
                if source == v:
                    loop = True
                elif missing:
                    gain -= load.weight[source] * (between[block[source], b] if source < n else host[b])
                new_axons += 1 if missing else 0
                before, several = -1, 0
                while e < end and load.source_of[load.in_key[e]] == source:
                    key = load.in_key[e]
                    several = several + 1 if key == before else 0
                    before = key
                    p, length = load.projection_of[key], counts[key, b] + several
                    new_words += load.sparse[p, length + 1] - load.sparse[p, length]
                    e += 1
            if loop or gain <= 1e-9 * max(now, 1.0):
                continue
            widened = 0 if is_sparse[b] else lists[b] * step  # every dense list gets a place more
            new_words += widened
            if axons_in[b] + new_axons > load.axons_in or words[b] + new_words > load.words:
                continue
            if not _room_out(load, counts, key_first, block, v, a, b, n_reached, axons_out):
                continue
            _move(load, counts, key_first, block, v, a, b, axons_in, axons_out, words, is_sparse, lists)
            words[b] += widened
            axons_out[a] -= n_reached
            axons_out[b] += n_reached
            compartments[a] -= 1
            compartments[b] += 1
            gained += gain
            break
        bound[:] = 0.0
        for k in range(n_reached):
            reached[listed[k]] = False
    return gained, now


@njit
def _room_out(load, counts, key_first, block, v, a, b, n_reached, axons_out):
    """Whether every core, that of v included, has room for the messages if v goes from a to b.

    A source that reaches b only now counts as new even where it would no longer reach a: at most one too many.
    """
    axons_out[a] -= n_reached
    axons_out[b] += n_reached
    fits = axons_out[b] <= load.axons_out
    for sign in (1, -1):
        before = -1
        for e in range(load.in_first[v], load.in_first[v + 1]):
            source = load.source_of[load.in_key[e]]
            if source != before and source < block.size and _reaches(counts, key_first, source, b) == 0:
                axons_out[block[source]] += sign
                if axons_out[block[source]] > load.axons_out and sign > 0:
                    fits = False
            before = source
    axons_out[a] += n_reached
    axons_out[b] -= n_reached
    return fits


@njit
def _move(load, counts, key_first, block, v, a, b, axons_in, axons_out, words, is_sparse, lists):
    """Takes the lists of v from a to b, and v with them. Its own axons out are the caller's."""
    n = block.size
    e, end = load.in_first[v], load.in_first[v + 1]
    while e < end:
        source = load.source_of[load.in_key[e]]
        before_b = _reaches(counts, key_first, source, b)
        while e < end and load.source_of[load.in_key[e]] == source:
            key = load.in_key[e]
            p = load.projection_of[key]
            if is_sparse[a]:
                words[a] += load.sparse[p, counts[key, a] - 1] - load.sparse[p, counts[key, a]]
            words[b] += load.sparse[p, counts[key, b] + 1] - load.sparse[p, counts[key, b]]
            counts[key, a] -= 1
            counts[key, b] += 1
            if counts[key, a] == 0:
                lists[a] -= 1
            if counts[key, b] == 1:
                lists[b] += 1
            e += 1
        if _reaches(counts, key_first, source, a) == 0:
            axons_in[a] -= 1
            if source < n:
                axons_out[block[source]] -= 1
        if before_b == 0:
            axons_in[b] += 1
            if source < n:
                axons_out[block[source]] += 1
    block[v] = b
