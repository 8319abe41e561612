"""Random numbers of the learning engine, each a pure function of who draws and when.

Traces draw from Philox as everything else does. Synapses are many: for them Philox gives one key a projection and epoch, and
a synapse's number is mixed with it in two rounds of a 32-bit hash, which become vector code.
The rounds are `triple32`'s, whose bias is measured (C. Wellons, "Prospecting for hash functions", 2018).
"""

from __future__ import annotations

import numpy as np

from ...jit import jitted, njit
from ...philox import draw as _draw

draw = jitted(_draw)
_M1, _M2, _M3 = np.uint32(0xED5AD4BB), np.uint32(0xAC4C1B51), np.uint32(0x31848BAB)
_S17, _S11, _S15, _S14 = np.uint32(17), np.uint32(11), np.uint32(15), np.uint32(14)
_S32 = np.uint64(32)
_TO_UNIT = 2.0**-32


@njit
def key_of(seed, stream, epoch):
    """The key of a projection's synapses in an epoch; uint64."""
    a, b, _, _ = draw(seed, stream, np.int64(0), epoch)
    return (a << _S32) | b


@njit
def mixed(number, key):
    """32 random bits of synapse `number`, uint32.  key: uint64; keys that differ by little give other bits, too."""
    state = np.uint32(number) ^ np.uint32(key >> _S32)
    state = np.uint32((state ^ np.uint32(state >> _S17)) * _M1)
    state = np.uint32((state ^ np.uint32(state >> _S11)) * _M2)
    state = np.uint32(state + np.uint32(key) * _M3)
    state = np.uint32((state ^ np.uint32(state >> _S15)) * _M3)
    state = np.uint32((state ^ np.uint32(state >> _S14)) * _M1)
    return np.uint32(state ^ np.uint32(state >> _S15))


@njit
def unit(word):
    """A 32-bit word as a double in [0, 1)."""
    return np.float64(word) * _TO_UNIT
