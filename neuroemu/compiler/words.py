"""Words: what any compartments that share a core take of its synapse memory, counted as packing.py packs their lists.

Also how many axons lead to them. One pass over their synapses; load.py and fill.py ask for it block by block.
A compartment that is reached more than twice by one list, where lists are dense only, is taken as reached twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..jit import njit

if TYPE_CHECKING:
    from .load import Load


class Tally(NamedTuple):
    """Scratch, between two counts as it was made; by key (load.Load) unless it says otherwise.

    held: synapses of each list.  twice: whether it holds a compartment more than once.  base: the place of its first target
    among the compartments of its population.  mark: equal where lists are but for the base.  keys: in the order in which they
    are met.  size: (populations,) compartments.  seen: (sources,) which are counted.
    alike, alone: of lists that may be shared, in the order of their keys: equal where they are, and the words each takes alone.
    """

    held: np.ndarray
    twice: np.ndarray
    base: np.ndarray
    mark: np.ndarray
    keys: np.ndarray
    size: np.ndarray
    seen: np.ndarray
    alike: np.ndarray
    alone: np.ndarray


def tally_for(load: Load) -> Tally:
    n, m = load.source_of.size, load.source_of.size if load.content.size else 0
    return Tally(
        np.zeros(n, np.int32),
        np.zeros(n, np.bool_),
        np.zeros(m, np.int32),
        np.zeros(m, np.uint64),
        np.empty(n, np.int32),
        np.zeros(int(load.population.max(initial=-1)) + 1, np.int64),
        np.zeros(load.first.size, np.bool_),
        np.empty((m, 2), np.uint64),
        np.empty(m, np.int64),
    )


@njit
def _mixed(one, other):
    """A uint64 that depends on every bit of both, as Sebastiano Vigna's splitmix64 mixes; sums of them tell sets apart."""
    z = one * np.uint64(0x9E3779B97F4A7C15) + other * np.uint64(0xD1342543DE82EF95) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit
def count(load, members, tally, shared, plain):
    """Axons that lead to some compartments; what their lists take goes into shared and plain, which are added to.

    members: ascending.  shared: (populations,) words, lists shared where that takes fewer.  plain: were no list shared.
    """
    n_keys = _meet(load, members, tally)
    axons = n_alike = 0
    for k in range(n_keys):
        key = tally.keys[k]
        p = load.projection_of[key]
        each, size = load.sparse[p, tally.held[key]], tally.size[load.into[p]]
        # No core holds more: what is too large is refused for its compartments, whatever its lists take.
        if not tally.twice[key] and size < load.dense.shape[1]:
            each = min(each, load.dense[p, size])
        elif load.sparse[p, 0] > 0 and size < load.dense.shape[1]:
            each = 2 * load.dense[p, size]  # no sparse lists here: one dense list behind the other
        shared[load.into[p]] += each
        plain[load.into[p]] += each
        if load.repeats[p]:
            window = np.uint64(tally.base[key] // load.bases)
            at = (np.uint64(p) << np.uint64(48)) | (window << np.uint64(32)) | np.uint64(tally.held[key])
            tally.alike[n_alike, 0], tally.alike[n_alike, 1] = _mixed(tally.mark[key], at), np.uint64(key)
            tally.alone[n_alike] = each
            n_alike += 1
        if not tally.seen[load.source_of[key]]:
            tally.seen[load.source_of[key]] = True
            axons += 1
    _share(load, tally, n_alike, shared)
    for k in range(n_keys):
        key = tally.keys[k]
        tally.held[key], tally.twice[key], tally.seen[load.source_of[key]] = 0, False, False
        if load.content.size:
            tally.mark[key] = np.uint64(0)
    tally.size[:] = 0
    return axons


@njit
def _meet(load, members, tally):
    """Counts the synapses of every list into these compartments. Returns how many lists there are."""
    n_keys = 0
    for t in members:
        place = tally.size[load.population[t]]
        tally.size[load.population[t]] += 1
        before = -1
        for e in range(load.in_first[t], load.in_first[t + 1]):
            key = load.in_key[e]
            if key == before:
                tally.twice[key] = True
            before = key
            if tally.held[key] == 0:
                tally.keys[n_keys] = key
                n_keys += 1
                if load.content.size:
                    tally.base[key] = place
            tally.held[key] += 1
            if load.content.size:
                tally.mark[key] += _mixed(np.uint64(place - tally.base[key]), np.uint64(load.content[e]))
    return n_keys


@njit
def _share(load, tally, n_alike, shared):
    """Takes off what sharing saves: of lists that are alike one is stored, as a sparse one, where that is less."""
    order = np.argsort(tally.alike[:n_alike, 0])
    begin = 0
    while begin < n_alike:
        end, alone = begin, 0
        while end < n_alike and tally.alike[order[end], 0] == tally.alike[order[begin], 0]:
            alone += tally.alone[order[end]]
            end += 1
        key = np.int64(tally.alike[order[begin], 1])
        p = load.projection_of[key]
        once = load.sparse[p, tally.held[key]]
        if end - begin > 1 and once < alone:
            shared[load.into[p]] += once - alone
        begin = end
