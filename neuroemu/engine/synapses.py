"""Synapses: the spikes of a step walk their lists and add weights to the rows of the delay ring.

Sums are in units of 2**6, in integers wide enough for any of them, and are wrapped only when a compartment takes them up,
so order of delivery cannot matter.
"""

from __future__ import annotations

import numpy as np

from ..jit import njit


@njit
def deliver(sources, step, synapses, ring):
    """Adds the weights of each source's list to the rows in which they arrive; a spike of step t arrives at t + 1 + delay.

    sources: (n,) int64, one entry a spike.  Any payload counts as 1.
    """
    first, target, weight, delay = synapses.first, synapses.target, synapses.weight, synapses.delay
    n_slots = ring.shape[0]
    if delay.size == 0:
        row = ring[(step + 1) % n_slots]
        for source in sources:
            for k in range(first[source], first[source + 1]):
                row[np.uint32(target[k])] += weight[k]  # unsigned: numba need not look for negative indices
    else:
        for source in sources:
            for k in range(first[source], first[source + 1]):
                ring[np.uint64(step + 1 + delay[k]) % np.uint64(n_slots), np.uint32(target[k])] += weight[k]


@njit
def deliver_graded(sources, payloads, step, synapses, ring):
    """The same with weights multiplied by the payload of the spike.  payloads: (n,) int64."""
    first, target, weight, delay = synapses.first, synapses.target, synapses.weight, synapses.delay
    n_slots = ring.shape[0]
    for i in range(sources.size):
        for k in range(first[sources[i]], first[sources[i] + 1]):
            later = delay[k] if delay.size else 0
            ring[(step + 1 + later) % n_slots, target[k]] += weight[k] * payloads[i]


@njit
def count_reads(sources, rows, reads):
    """Adds the synapses that each spike reads to reads[part], exactly, from the static rows (part, synapses there)."""
    first, part, synapses = rows.first, rows.part, rows.synapses
    for source in sources:
        for r in range(first[source], first[source + 1]):
            reads[np.uint32(part[r])] += synapses[r]
