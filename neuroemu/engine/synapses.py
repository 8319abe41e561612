"""Synapses: the spikes of a step walk their lists and add weights to the rows of the delay ring.

Sums are in integers wide enough for any of them and are wrapped only when a compartment takes them up, so order of delivery
cannot matter. A thread walks the stretch begin[source]..end[source] of each list: the targets that it owns.
"""

from __future__ import annotations

import numpy as np

from ..jit import njit
from ..widths import LANES
from .native import prefetch

_LANES, _ONE = np.uint32(LANES), np.uint64(1)
AHEAD = 4  # spikes; 2..8 are alike (tools/bench.py engine), none at all takes 2.4 times as long


@njit
def _look_ahead(sources, i, begin, end, synapses):
    """Lists lie scattered in memory: that of a spike a few further on is fetched while this one's is walked."""
    if i + AHEAD < sources.size:
        later = sources[i + AHEAD]
        prefetch(synapses.packed, begin[later], end[later])


@njit
def deliver(sources, begin, end, step, synapses, ring):
    """Adds the weights of each source's list to the row of the next step; for lists without delays.

    sources: (n,) int32, one entry a spike.  Any payload counts as 1.
    """
    packed, bits = synapses.packed, synapses.slot_bits
    mask = (1 << bits) - 1
    row = ring[(step + 1) % ring.shape[0]]
    for i in range(sources.size):
        _look_ahead(sources, i, begin, end, synapses)
        source = sources[i]
        for k in range(begin[source], end[source]):
            row[np.uint32(packed[k] & mask)] += packed[k] >> bits  # unsigned: numba need not look for negative indices


@njit
def deliver_marking(sources, begin, end, step, synapses, ring, touched):
    """The same, and marks who gets input: touched (rows, groups) uint64, a bit a slot."""
    packed, bits = synapses.packed, synapses.slot_bits
    mask = (1 << bits) - 1
    row, marks = ring[(step + 1) % ring.shape[0]], touched[(step + 1) % ring.shape[0]]
    for i in range(sources.size):
        _look_ahead(sources, i, begin, end, synapses)
        source = sources[i]
        for k in range(begin[source], end[source]):
            slot = np.uint32(packed[k] & mask)
            row[slot] += packed[k] >> bits
            marks[slot // _LANES] |= _ONE << np.uint64(slot % _LANES)


@njit
def deliver_late(sources, begin, end, step, synapses, ring, touched):
    """The same with delays: a spike of step t arrives at t + 1 + delay."""
    packed, bits, delay = synapses.packed, synapses.slot_bits, synapses.delay
    mask = (1 << bits) - 1
    n_rows = np.uint64(ring.shape[0])
    for source in sources:
        for k in range(begin[source], end[source]):
            row, slot = np.uint64(step + 1 + np.int64(delay[k])) % n_rows, np.uint32(packed[k] & mask)
            ring[row, slot] += packed[k] >> bits
            touched[row, slot // _LANES] |= _ONE << np.uint64(slot % _LANES)


@njit
def deliver_graded(sources, payloads, begin, end, step, synapses, ring, touched):
    """The same with weights multiplied by the payload of the spike.  payloads: (n,) int32."""
    packed, bits, delay = synapses.packed, synapses.slot_bits, synapses.delay
    mask = (1 << bits) - 1
    n_rows = np.uint64(ring.shape[0])
    for i in range(sources.size):
        payload = np.int64(payloads[i])
        for k in range(begin[sources[i]], end[sources[i]]):
            later = np.int64(delay[k]) if delay.size else 0
            row, slot = np.uint64(step + 1 + later) % n_rows, np.uint32(packed[k] & mask)
            ring[row, slot] += (packed[k] >> bits) * payload
            touched[row, slot // _LANES] |= _ONE << np.uint64(slot % _LANES)


@njit
def count_reads(sources, rows, reads):
    """Adds the synapses that each spike reads to reads[part], exactly, from the static count rows.  reads: (parts,) int64."""
    first, part, synapses = rows.first, rows.part, rows.synapses
    whole, n_parts = part.size == 0, np.int64(reads.size)
    for i in range(sources.size):
        if i + AHEAD < sources.size:
            later = sources[i + AHEAD]
            prefetch(synapses, first[later], first[later + 1])
            if not whole:
                prefetch(part, first[later], first[later + 1])
        begin, end = first[sources[i]], first[sources[i] + 1]
        if not whole:
            for r in range(begin, end):
                reads[np.uint32(part[r])] += synapses[r]
        elif end > begin:
            row = synapses[begin:end]
            for k in range(n_parts):
                reads[np.uint32(k)] += row[np.uint32(k)]


@njit
def cut(synapses, boundary):
    """(n_sources,) int64: where in each source's list the first slot of at least `boundary` stands."""
    first, packed, mask = synapses.first, synapses.packed, (1 << synapses.slot_bits) - 1
    at = np.empty(first.size - 1, np.int64)
    for source in range(at.size):
        low, high = first[source], first[source + 1]
        while low < high:
            middle = (low + high) // 2
            if packed[middle] & mask < boundary:
                low = middle + 1
            else:
                high = middle
        at[source] = low
    return at
