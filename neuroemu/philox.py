"""Philox4x32-10, a counter-based generator: plain functions on 64-bit words, compiled into the kernels that draw.

Every draw is a pure function of (seed, stream, entity, step), so no thread, placement or visiting order can change it.
A stream is a purpose with its owner's name ('noise:hidden', see streams.py), an entity an index inside the owner.
Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; known answers in tests/test_rng.py.
"""

from __future__ import annotations

import numpy as np

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
_TO_UNIT = 2.0**-53


def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32. Counter c0..c3 and key k0, k1: uint64 holding 32-bit words. Returns four such words."""
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _SHIFT) ^ c1 ^ k0, p1 & _LOW, (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


def draw(seed, stream, entity, step):
    """Four random 32-bit words (uint64) for one entity at one step. seed: uint64; stream: uint32; entity, step: >= 0."""
    s, at = np.uint64(seed), np.uint64(step)
    return philox(np.uint64(entity), at & _LOW, at >> _SHIFT, np.uint64(stream), s & _LOW, s >> _SHIFT)


def uniform(seed, stream, entity, step):
    """One double in [0, 1) with 53 random bits."""
    a, b, _, _ = draw(seed, stream, entity, step)
    return np.float64((a << np.uint64(21)) ^ (b >> np.uint64(11))) * _TO_UNIT
