"""Noise of a compartment, scaled as nengo-loihi models the chip's (facts/fixed_point.md section 8).

trunc((x + 64 mantissa) 2**(exponent - 7)), x uniform in -127..127. The chip's own generator is not public; ours is
counter-based (philox.py), or x is a recording's.
"""

from __future__ import annotations

import numpy as np

from ..philox import draw

NOISE_TOP = 127
_RANGE = np.uint64(2 * NOISE_TOP + 1)
_HALF = np.uint64(32)


def noise(p, now):
    """The noise of one compartment in one step; p has the columns noise_exponent, _mantissa and _enabled."""
    if p.noise_exponent == 0 or p.noise_enabled == 0:
        return 0
    if now.recorded.shape[0] > 0:
        x = now.recorded[now.sample_step - 1, now.entity]
    else:
        word, _, _, _ = draw(now.seed, now.stream, now.entity, now.step)
        # A 32-bit word times 255, high half: each of 255 values within 2**-24 of equally likely.
        x = np.int64((word * _RANGE) >> _HALF) - NOISE_TOP
    scaled = x + 64 * p.noise_mantissa
    shift = p.noise_exponent - 7
    if shift >= 0:
        return scaled << shift
    return scaled >> -shift if scaled >= 0 else -(-scaled >> -shift)
