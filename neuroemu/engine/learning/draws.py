"""Random numbers of the learning engine, each a pure function of who draws and when.

Traces draw from Philox as everything else does. Synapses are many: for them Philox gives one key a projection and epoch, and
a synapse's number picks a word of SplitMix64 with that key, whose words are random access and a fifth of the price.
Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

import numpy as np

from ...jit import jitted, njit
from ...philox import draw as _draw

draw = jitted(_draw)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32, _ONE = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32), np.uint64(1)
_TO_UNIT = 2.0**-32


@njit
def split_mix(state):
    """The word of SplitMix64 at a state; uint64."""
    state = (state ^ (state >> _S30)) * _M1
    state = (state ^ (state >> _S27)) * _M2
    return state ^ (state >> _S31)


@njit
def key_of(seed, stream, epoch):
    """The key of a projection's synapses in an epoch; uint64."""
    a, b, _, _ = draw(seed, stream, np.int64(0), epoch)
    return (a << _S32) | b


@njit
def stochastic_bits(key, number, purpose, bits):
    """`bits` random bits of synapse `number` for one of 256 purposes."""
    index = (np.uint64(number) << np.uint64(8)) + np.uint64(purpose)
    return np.int64(split_mix(np.uint64(key) + index * _GOLDEN) >> np.uint64(64 - bits))


@njit
def unit(word):
    """A 32-bit word as a double in [0, 1)."""
    return np.float64(word) * _TO_UNIT
