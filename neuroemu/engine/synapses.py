"""Synapses: a spike walks its list and adds weights to the rows of the delay ring.

Sums are int64 in units of 2**6 and are wrapped only when a compartment takes them up, so order of delivery cannot matter.
"""

from __future__ import annotations

from ..jit import njit


@njit
def deliver(source, payload, step, synapses, ring):
    """Adds the weights of one source's list, times payload, to the rows in which they arrive.

    A spike of step t arrives at t + 1 + delay.
    """
    low, high = synapses.first[source], synapses.first[source + 1]
    n_slots = ring.shape[0]
    if synapses.delay.size == 0:
        row = ring[(step + 1) % n_slots]
        for k in range(low, high):
            row[synapses.target[k]] += synapses.weight[k] * payload
    else:
        for k in range(low, high):
            ring[(step + 1 + synapses.delay[k]) % n_slots, synapses.target[k]] += synapses.weight[k] * payload
