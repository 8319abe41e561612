"""Resonate-and-fire with graded spikes: at the zero crossing of the phase it sends its amplitude.

## What Lava does
RFZero, as measured (facts/fixed_point.md section 12; Lava 0.10.0), all shifts rounding down:
    u' = (u lct >> 15) - (v lst >> 15) + input u
    v' = (v lct >> 15) + (u lst >> 15) + input v
    payload u' if u' > uth and v' >= 0 and v < 0
lst, lct = trunc(exp(-dt / tau) (sin, cos)(2 pi dt frequency) 2**15).
## Our choice
u and v turn over at 32 bits, as Lava's int32 do, and are not limited to 24; products are exact. The defaults are a period
of 10 steps that keeps 0.95 of the amplitude a step. Widths: arrival.py.
"""

from __future__ import annotations

from .arrival import arrived, ported
from .table import Field, Model, table

DECAY_BITS = 15
_ONE = 1 << DECAY_BITS

Parameters = table(
    "Parameters",
    lst=Field("sine of the angle of a step times the decay, in 2**-15", 18297, -_ONE, _ONE),
    lct=Field("its cosine times the decay, in 2**-15", 25184, -_ONE, _ONE),
    uth=Field("u must exceed it to spike", 1),
)
State = table(
    "State",
    u=Field("in phase"),
    v=Field("a quarter turn behind"),
)


def update(p, s, a, now):
    """One step; sends u where v comes up through 0 while u exceeds uth."""
    u_in, v_in = arrived(a[0], now.arithmetic), arrived(a[1], now.arithmetic)
    wide_u = ((s.u * p.lct) >> DECAY_BITS) - ((s.v * p.lst) >> DECAY_BITS) + u_in
    wide_v = ((s.v * p.lct) >> DECAY_BITS) + ((s.u * p.lst) >> DECAY_BITS) + v_in
    u, v = ported(wide_u), ported(wide_v)
    fires = (u > p.uth) & (v >= 0) & (s.v < 0)
    overflow = 1 * ((u_in != a[0]) | (v_in != a[1])) + 2 * ((u != wide_u) | (v != wide_v))
    return (u if fires else 0), State(u, v), overflow


def at_rest(p, s):
    """Whether there is nothing to turn; v is not below 0 then, so nothing fires."""
    return (s.u | s.v) == 0


MODEL = Model("rf_zero", Parameters, State, update, at_rest, ports=("u", "v"))
