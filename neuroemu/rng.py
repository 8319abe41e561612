"""Many random numbers at once, for those who build and encode: arrays of draws of philox.py."""

from __future__ import annotations

import numpy as np

from . import philox
from .jit import jitted, njit

draw = jitted(philox.draw)
uniform = jitted(philox.uniform)
_TO_UNIT = philox._TO_UNIT


@njit
def uniforms(seed, stream, first, n, step):
    """(n,) doubles in [0, 1) for the entities first..first+n-1 at one step."""
    out = np.empty(n, np.float64)
    for i in range(n):
        out[i] = uniform(seed, stream, first + i, step)
    return out


@njit
def normals(seed, stream, first, n, step):
    """(n,) standard normal doubles (Box-Muller) for the entities first..first+n-1 at one step."""
    out = np.empty(n, np.float64)
    for i in range(n):
        a, b, c, d = draw(seed, stream, first + i, step)
        # 1 - uniform lies in (0, 1], so the logarithm is finite.
        radius = np.sqrt(-2.0 * np.log(1.0 - np.float64((a << np.uint64(21)) ^ (b >> np.uint64(11))) * _TO_UNIT))
        out[i] = radius * np.cos(2.0 * np.pi * np.float64((c << np.uint64(21)) ^ (d >> np.uint64(11))) * _TO_UNIT)
    return out
