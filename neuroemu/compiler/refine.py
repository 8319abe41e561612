"""Refine: single compartments moved between blocks on the exact objective, by rules that partitioners do not know.

The objective is the sum over all sources of their weight times the distance from their own block to each block they reach:
with every distance 1, messages; with hops, packet-hops. A move is made only where no limit is passed: compartments, axons in
and out, and words, of which a bound from above is kept (exact where all lists are sparse). What a block holds of a population
is pinned there if it fits only because its lists are shared: no move leaves lists alike that were.

relieve: blocks that ask for too much send compartments off, those that cost least first.
dissolve: whole blocks are sent off, as fewer and fuller cores lie closer together.
refine: moves that gain, those of Fiduccia and Mattheyses (1982) without their hill-climbing.
No random numbers; same blocks in, same blocks out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..jit import njit
from .load import Load, lists_of, use_of

MOST_COUNTS = 150_000_000  # keys times blocks: 4 bytes each
PASSES = 6
CANDIDATES = 6  # blocks that a compartment is offered, those that it is bound to most
LEAST = 1e-3  # of the objective that a pass must gain to be followed by another
FAILURES = 6  # blocks that could not be dissolved, after which no more are tried


class Blocks(NamedTuple):
    """What moves change.  counts: (keys, blocks) int32 synapses of each list; lists: (blocks,) how many each has.

    lists, and what is said of words, leave pinned ones out: (blocks, populations) bool, of what is not to move.
    words: a bound from above; is_sparse: where it is exact, all lists being sparse.  alone: (n_compartments,) free to move.
    between (blocks, blocks), host (blocks,): distances.  step: words that a dense list may grow by a compartment more.
    """

    block: np.ndarray
    counts: np.ndarray
    lists: np.ndarray
    compartments: np.ndarray
    axons_in: np.ndarray
    axons_out: np.ndarray
    words: np.ndarray
    is_sparse: np.ndarray
    pinned: np.ndarray
    alone: np.ndarray
    key_first: np.ndarray
    between: np.ndarray
    host: np.ndarray
    step: int


class Seen(NamedTuple):
    """Scratch of a compartment: bound (blocks,), how much it is tied to each; listed (blocks,), those its own spikes reach."""

    bound: np.ndarray
    reached: np.ndarray
    listed: np.ndarray


def fits_memory(load: Load, n_blocks: int) -> bool:
    """Whether moves can be counted in the memory that there is for it."""
    return n_blocks > 1 and load.source_of.size * n_blocks <= MOST_COUNTS


def refine(load: Load, block: np.ndarray, between: np.ndarray, host: np.ndarray, passes: int = PASSES) -> np.ndarray:
    """(n_compartments,) better blocks; as they were where the counts would take too much memory.

    between: (blocks, blocks) distances, symmetric, 0 from a block to itself.  host: (blocks,) from the host.
    """
    if not fits_memory(load, between.shape[0]):
        return block
    found, seen = _blocks(load, block, between, host), _seen(between.shape[0])
    order = (np.arange(load.n) * 2654435761) % load.n
    spent = _objective(load, found)
    for _ in range(passes):
        gained = _pass(load, found, seen, order, spent)
        spent -= gained
        if gained <= LEAST * max(spent, 1.0):
            break
    return found.block


def relieve(load: Load, block: np.ndarray) -> np.ndarray:
    """(n_compartments,) blocks that ask for less, where others have room for what they have too much of."""
    n_blocks = int(block.max()) + 1
    if not fits_memory(load, n_blocks):
        return block
    found, seen = _blocks(load, block, 1.0 - np.eye(n_blocks), np.ones(n_blocks)), _seen(n_blocks)
    excess = use_of(load, block, n_blocks).excess(load)
    for b in np.flatnonzero(excess > 1).tolist():
        _send_off(load, found, seen, b, np.flatnonzero(found.block == b), False)
    return found.block


def dissolve(load: Load, block: np.ndarray) -> np.ndarray:
    """(n_compartments,) fewer blocks, numbered from 0, as far as others have room for all that a block holds.

    Messages cross about as many links as the root of the number of blocks, if these lie in a patch: a block goes only where the
    messages that this costs are outweighed.
    """
    n_blocks = int(block.max()) + 1
    if not fits_memory(load, n_blocks):
        return block
    found, seen = _blocks(load, block, 1.0 - np.eye(n_blocks), np.ones(n_blocks)), _seen(n_blocks)
    spent, left, failures = _objective(load, found), n_blocks, 0
    for b in np.argsort(use_of(load, block, n_blocks).excess(load), kind="stable").tolist():
        if found.pinned[b].any():
            continue
        kept = [column.copy() for column in found[:7]]
        done, lost = _send_off(load, found, seen, b, np.flatnonzero(found.block == b), True)
        if left > 1 and done and lost <= spent * (np.sqrt(left / (left - 1)) - 1):
            spent, left = spent + lost, left - 1
            continue
        for column, before in zip(found[:7], kept, strict=True):
            column[:] = before
        failures += 1
        if failures == FAILURES:
            break
    return np.unique(found.block, return_inverse=True)[1]


def _seen(n_blocks: int) -> Seen:
    return Seen(np.zeros(n_blocks), np.zeros(n_blocks, np.bool_), np.empty(n_blocks, np.int64))


def _blocks(load: Load, block: np.ndarray, between: np.ndarray, host: np.ndarray) -> Blocks:
    n_blocks = between.shape[0]
    found = block.astype(np.int64).copy()
    use = use_of(load, found, n_blocks)
    pinned, pinned_words, words = _pinned(load, found, n_blocks)
    counts = np.zeros((load.source_of.size, n_blocks), np.int32)
    sparse, lists = pinned_words.copy(), np.zeros(n_blocks, np.int64)
    _tally(load, found, pinned, counts, sparse, lists)
    key_first = np.searchsorted(load.source_of, np.arange(load.first.size))
    alone = np.bincount(load.tree, minlength=load.n)[load.tree] == 1
    step = int(np.diff(load.dense, axis=1).max(initial=0))
    return Blocks(
        found,
        counts,
        lists,
        use.compartments,
        use.axons_in,
        use.axons_out,
        words,
        sparse == words,
        pinned,
        alone,
        key_first,
        np.ascontiguousarray(between, np.float64),
        np.ascontiguousarray(host, np.float64),
        step,
    )


def _pinned(load: Load, block: np.ndarray, n_blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is pinned, those first that save most by sharing; (blocks,) its words, and the words of all with no other shared."""
    _, _, shared, plain = lists_of(load, block, n_blocks)
    saved = plain - shared
    first = np.argsort(-saved, axis=1, kind="stable")
    left = np.take_along_axis(saved, first, axis=1)
    without = plain.sum(axis=1)[:, None] - np.cumsum(left, axis=1) + left  # words, were only those before pinned
    fits = shared.sum(axis=1) <= load.words  # what asks for too much even so is to be moved
    pinned = np.zeros(shared.shape, np.bool_)
    np.put_along_axis(pinned, first, (without > load.words) & fits[:, None], axis=1)
    return pinned, np.where(pinned, shared, 0).sum(axis=1), np.where(pinned, shared, plain).sum(axis=1)


@njit
def _tally(load, block, pinned, counts, sparse, lists):
    for t in range(block.size):
        for e in range(load.in_first[t], load.in_first[t + 1]):
            counts[load.in_key[e], block[t]] += 1
    for key in range(load.source_of.size):
        p = load.projection_of[key]
        for b in range(sparse.size):
            if counts[key, b] > 0 and not pinned[b, load.into[p]]:
                sparse[b] += load.sparse[p, counts[key, b]]
                lists[b] += 1


@njit
def _reaches(at, source, b):
    """Synapses of a source in a block."""
    n = 0
    for key in range(at.key_first[source], at.key_first[source + 1]):
        n += at.counts[key, b]
    return n


@njit
def _way(at, source, b):
    """How far it is from a source to a block."""
    return at.between[at.block[source], b] if source < at.block.size else at.host[b]


@njit
def _objective(load, at):
    total = 0.0
    for s in range(load.first.size - 1):
        for b in range(at.host.size):
            if load.weight[s] and _reaches(at, s, b):
                total += load.weight[s] * _way(at, s, b)
    return total


@njit
def _look(load, at, seen, v):
    """Fills `seen` for a compartment. Returns (what is saved where it leaves its block, blocks listed, is its own target)."""
    a, saved, n_listed, loop = at.block[v], 0.0, 0, False
    seen.bound[:] = 0.0
    e, end = load.in_first[v], load.in_first[v + 1]
    while e < end:
        source, mine = load.source_of[load.in_key[e]], 0
        while e < end and load.source_of[load.in_key[e]] == source:
            mine, e = mine + 1, e + 1
        if source == v:
            loop = True
        elif _reaches(at, source, a) == mine:
            saved += load.weight[source] * _way(at, source, a)
        if source < at.block.size and source != v:
            seen.bound[at.block[source]] += load.weight[source]
    for e in range(load.first[v], load.first[v + 1]):
        b = at.block[load.target[e]]
        if not seen.reached[b]:
            seen.reached[b] = True
            seen.listed[n_listed] = b
            n_listed += 1
    for k in range(n_listed):
        seen.bound[seen.listed[k]] += load.weight[v]
        seen.reached[seen.listed[k]] = False
    seen.bound[a] = 0.0
    return saved, n_listed, loop


@njit
def _best(load, at, seen, v, least, offers):
    """(gain, block) of the best move of a compartment that gains more than `least` and passes no limit; block -1 for none.

    offers: how many blocks are looked at, those first that it is bound to most.
    """
    saved, n_listed, loop = _look(load, at, seen, v)
    best, most = -1, least
    a, population = at.block[v], load.population[v]
    if loop or not at.alone[v] or at.pinned[a, population]:
        return most, best
    seen.bound[a] = -1.0
    for _ in range(offers):
        b = int(np.argmax(seen.bound))
        if seen.bound[b] < 0.0 or (seen.bound[b] == 0.0 and offers <= CANDIDATES):
            break
        seen.bound[b] = -1.0
        if at.compartments[b] >= load.compartments or at.pinned[b, population]:
            continue
        gain, new_axons, new_words = saved, 0, 0 if at.is_sparse[b] else at.lists[b] * at.step
        for k in range(n_listed):
            c = seen.listed[k]
            gain += load.weight[v] * (at.between[a, c] - at.between[b, c])
        e, end = load.in_first[v], load.in_first[v + 1]
        while e < end and gain > most:  # which only falls from here on
            source = load.source_of[load.in_key[e]]
            if _reaches(at, source, b) == 0:
                gain -= load.weight[source] * _way(at, source, b)
                new_axons += 1
            before, several = -1, 0
            while e < end and load.source_of[load.in_key[e]] == source:
                key = load.in_key[e]
                several = several + 1 if key == before else 0
                before = key
                p, length = load.projection_of[key], at.counts[key, b] + several
                new_words += load.sparse[p, length + 1] - load.sparse[p, length]
                e += 1
        if gain <= most or at.axons_in[b] + new_axons > load.axons_in or at.words[b] + new_words > load.words:
            continue
        if _room_out(load, at, v, a, b, n_listed):
            best, most = b, gain
    return most, best


@njit
def _room_out(load, at, v, a, b, n_listed):
    """Whether every core, that of v included, has room for the messages if v goes from a to b.

    A source that reaches b only now counts as new even where it would no longer reach a: at most one too many.  A core that has
    too many already may keep them, else nothing could leave it.
    """
    most = max(load.axons_out, at.axons_out[a])
    at.axons_out[a] -= n_listed
    at.axons_out[b] += n_listed
    fits = at.axons_out[b] <= load.axons_out
    for sign in (1, -1):
        before = -1
        for e in range(load.in_first[v], load.in_first[v + 1]):
            source = load.source_of[load.in_key[e]]
            if source != before and source < at.block.size and _reaches(at, source, b) == 0:
                home = at.block[source]
                at.axons_out[home] += sign
                if sign > 0 and at.axons_out[home] > (most if home == a else load.axons_out):
                    fits = False
            before = source
    at.axons_out[a] += n_listed
    at.axons_out[b] -= n_listed
    return fits


@njit
def _move(load, at, v, b):
    """Takes a compartment and its lists to block b."""
    n, a, n_listed = at.block.size, at.block[v], 0
    e, end = load.in_first[v], load.in_first[v + 1]
    if not at.is_sparse[b]:
        at.words[b] += at.lists[b] * at.step  # every dense list gets a place more
    while e < end:
        source = load.source_of[load.in_key[e]]
        before_b = _reaches(at, source, b)
        while e < end and load.source_of[load.in_key[e]] == source:
            key = load.in_key[e]
            p = load.projection_of[key]
            if at.is_sparse[a]:
                at.words[a] += load.sparse[p, at.counts[key, a] - 1] - load.sparse[p, at.counts[key, a]]
            at.words[b] += load.sparse[p, at.counts[key, b] + 1] - load.sparse[p, at.counts[key, b]]
            at.counts[key, a] -= 1
            at.counts[key, b] += 1
            if at.counts[key, a] == 0:
                at.lists[a] -= 1
            if at.counts[key, b] == 1:
                at.lists[b] += 1
            e += 1
        if _reaches(at, source, a) == 0:
            at.axons_in[a] -= 1
            if source < n:
                at.axons_out[at.block[source]] -= 1
        if before_b == 0:
            at.axons_in[b] += 1
            if source < n:
                at.axons_out[at.block[source]] += 1
    for c in range(at.host.size):
        n_listed += 1 if _reaches(at, v, c) > 0 else 0
    at.axons_out[a] -= n_listed
    at.axons_out[b] += n_listed
    at.compartments[a] -= 1
    at.compartments[b] += 1
    at.block[v] = b


@njit
def _pass(load, at, seen, order, spent):
    """Offers every compartment the blocks that it is bound to most. Returns what was gained."""
    gained, least = 0.0, 1e-9 * max(spent, 1.0)
    for v in order:
        gain, b = _best(load, at, seen, v, least, CANDIDATES)
        if b >= 0:
            _move(load, at, v, b)
            gained += gain
    return gained


@njit
def _lawful(load, at, a):
    inside = at.compartments[a] <= load.compartments and at.axons_in[a] <= load.axons_in
    return inside and at.axons_out[a] <= load.axons_out and at.words[a] <= load.words


@njit
def _send_off(load, at, seen, a, members, all_of_them):
    """Moves members of a block elsewhere, the cheapest first: all, or until it is lawful.

    Returns whether that was reached, and what the moves cost.
    """
    gains, lost = np.empty(members.size), 0.0
    for k in range(members.size):
        gains[k], _ = _best(load, at, seen, members[k], -np.inf, CANDIDATES)
    for k in np.argsort(-gains, kind="mergesort"):
        if not all_of_them and _lawful(load, at, a):
            return True, lost
        gain, b = _best(load, at, seen, members[k], -np.inf, CANDIDATES)
        if b < 0:  # then anywhere
            gain, b = _best(load, at, seen, members[k], -np.inf, at.host.size)
        if b >= 0:
            _move(load, at, members[k], b)
            lost -= gain
        elif all_of_them:
            return False, lost
    return (at.compartments[a] == 0 if all_of_them else _lawful(load, at, a)), lost
