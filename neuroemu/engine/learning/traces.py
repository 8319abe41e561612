"""Traces: what spikes leave behind in an axon or a compartment, as 7-bit integers with stochastic decay.

Within an epoch only the last spike's step is kept; a spike before it has put its impulse into the stored value at once. At the
end of the epoch the history is made anew from the stored value: decay each step, impulse at the step of the last spike.
Source: facts of 2026, learning engine, section 3 (Lava 0.10).
"""

from __future__ import annotations

import numpy as np

from ...jit import njit
from .draws import draw, unit

TOP = 127
DECAYS, IMPULSES, BUMPS = 0, 1, 2  # what a draw is for


@njit
def decayed(value, factor, chance):
    """value * factor, rounded down, and up with the chance of its fraction.  value: any sign; chance: in [0, 1)."""
    exact = value * factor
    whole = np.floor(exact)
    return np.int64(whole) + (chance < exact - whole)


@njit
def raised(value, whole, fraction, chance):
    """value + impulse, within 0..TOP.  fraction, chance: of the impulse, and random, both in the same unit."""
    return min(max(value + whole + (fraction > 0 and chance < fraction), 0), TOP)


@njit
def words(seed, stream, entity, step, purpose):
    """Four 32-bit words of an axon or compartment for one purpose at one step."""
    return draw(seed, stream, np.int64(entity) * 4 + purpose, step)


@njit
def history(
    stored,
    factor,
    whole,
    fraction,
    spike_at,
    log,
    seed,
    stream,
    entity,
    epoch_first,
    trace,
    fixed,
    fixed_impulse,
    shift,
):
    """Fills log[0..T] with the values of a trace through an epoch of T steps; returns the last.

    stored: at its start.  factor: e**(-1/tau).  whole, fraction: of the impulse, fraction in 1/256.
    spike_at: 1..T, 0 for none.  epoch_first: number of its first step.  trace: which of the words are its.
    shift: of a 32-bit word to the impulse's random number.
    fixed: >= 0 is the decay's random number at every step, fixed_impulse the impulse's, an integer.
    """
    value = np.int64(stored)
    log[0] = value
    for j in range(1, log.size):
        if value != 0:
            chance = fixed
            if chance < 0.0:
                chance = unit(words(seed, stream, entity, epoch_first + j - 1, DECAYS)[trace])
            value = decayed(value, factor, chance)
        if j == spike_at:
            chance_of_impulse = fixed_impulse
            if chance_of_impulse < 0 and fraction > 0:
                chance_of_impulse = np.int64(
                    words(seed, stream, entity, epoch_first + j - 1, IMPULSES)[trace] >> np.uint64(shift)
                )
            value = raised(value, whole, fraction, chance_of_impulse)
        log[j] = value
    return value
