"""Resonate-and-fire: a complex state that turns and decays, and fires when it comes round with enough amplitude.

## What Lava does
RF, as measured (facts/fixed_point.md section 12; Lava 0.10.0), with S(x) = sign(x) * (|x| >> decay_bits):
    real' = S(cos_decay real) - S(sin_decay imag) + (re << state_exp), limited to +-(2**23 - 1)
    imag' = S(sin_decay real) + S(cos_decay imag) + (im << state_exp), limited likewise
    spike if real' >= vth and imag' >= 0 and imag < 0; nothing is reset
sin_decay, cos_decay = trunc((1 - alpha) (sin, cos)(2 pi / period) 2**decay_bits); vth is what the user means, shifted left by
state_exp. All are given here as these integers.
## Our choice
The limit is that of the chip's state_bits. The defaults are a period of 10 steps and alpha 0.07. Widths: arrival.py.
"""

from __future__ import annotations

from ..fixedpoint import clip, shift_toward_zero
from .arrival import arrived
from .table import Field, Model, table

_TOP = 2**23 - 1

Parameters = table(
    "Parameters",
    sin_decay=Field("(1 - alpha) sin(2 pi / period), in 2**-decay_bits", 2239, -65535, 65535),
    cos_decay=Field("(1 - alpha) cos(2 pi / period), in 2**-decay_bits", 3081, -65535, 65535),
    vth=Field("real reaches it to spike, in 2**-state_exp", 1),
    state_exp=Field("inputs are shifted left by it", 0, 0, 24),
    decay_bits=Field("of sin_decay and cos_decay", 12, 0, 31),
)
State = table(
    "State",
    real=Field("real part", 0, -_TOP, _TOP),
    imag=Field("imaginary part", 0, -_TOP, _TOP),
)


def turned(p, s, a, k):
    """(real, imag, overflow): the state of p and s after one step of turning, decaying and taking its inputs."""
    re, im = arrived(a[0], k), arrived(a[1], k)
    bits, top = p.decay_bits, (1 << (k.state_bits - 1)) - 1
    wide_real = shift_toward_zero(p.cos_decay * s.real, bits) - shift_toward_zero(p.sin_decay * s.imag, bits)
    wide_imag = shift_toward_zero(p.sin_decay * s.real, bits) + shift_toward_zero(p.cos_decay * s.imag, bits)
    wide_real, wide_imag = wide_real + (re << p.state_exp), wide_imag + (im << p.state_exp)
    real, imag = clip(wide_real, -top, top), clip(wide_imag, -top, top)
    overflow = 1 * ((re != a[0]) | (im != a[1])) + 8 * ((real != wide_real) | (imag != wide_imag))
    return real, imag, overflow


def update(p, s, a, now):
    """One step; fires where imag comes up through 0 while real is at least vth."""
    real, imag, overflow = turned(p, s, a, now.arithmetic)
    fires = (real >= p.vth) & (imag >= 0) & (s.imag < 0)
    return (1 if fires else 0), State(real, imag), overflow


def at_rest(p, s):
    """Whether there is nothing to turn; imag is not below 0 then, so nothing fires whatever the threshold."""
    return (s.real | s.imag) == 0


MODEL = Model("rf", Parameters, State, update, at_rest, ports=("re", "im"))
