"""The chip's scalar integer arithmetic: decay, wrap, clip.

Plain functions on int64, compiled into the kernels that use them; nothing here knows of compartments or time.
Twins in tests/naive.py.
"""

from __future__ import annotations

from .widths import DECAY_BITS, DECAY_ONE


def decay(x, d):
    """One time step of exponential decay, rounding toward zero.

    x: value, any sign.  d: 0..4096, in 1/4096 per time step (4096 forgets everything, 0 keeps everything).
    Returns sign(x) * floor(|x| * (4096 - d) / 4096).
    Source: facts/fixed_point.md section 2; confirmed there by recordings of the chip (3305 of 3305 values).
    """
    # Branch-free: signs are as good as random, and a mispredicted branch costs more than the whole formula.
    sign = x >> 63  # 0 or -1
    magnitude = (x ^ sign) - sign
    return (((magnitude * (DECAY_ONE - d)) >> DECAY_BITS) ^ sign) - sign


def wrap(x, bits):
    """x as a two's complement number of `bits` bits: what a register keeps of a sum too large for it."""
    half = 1 << (bits - 1)
    return ((x + half) & ((1 << bits) - 1)) - half


def wrap_once(x, bits):
    """Lava's overflow: one turn at most, and the range is (-2**(bits-1), 2**(bits-1)], so +2**(bits-1) stays."""
    half = 1 << (bits - 1)
    if x > half:
        return x - 2 * half
    if x <= -half:
        return x + 2 * half
    return x


def clip(x, low, high):
    """x limited to low..high."""
    return min(max(x, low), high)


def shift_toward_zero(x, bits):
    """sign(x) * (|x| >> bits): a right shift that forgets the same of -x as of x."""
    sign = x >> 63  # 0 or -1
    return ((((x ^ sign) - sign) >> bits) ^ sign) - sign
