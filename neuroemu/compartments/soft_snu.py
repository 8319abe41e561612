"""The soft SNU (sSNU): its output is analog, and sent as a graded spike.

## What the paper says
Wozniak et al. 2020 (IBM slides in the seeds): s[t] = g(W x[t] + l s[t-1] (1 - y[t-1])), y[t] = h(s[t] + b) with h the sigmoid.
## Our choice
    s = max(decay(s, decay) (1 - y) + input, 0), clipped as v of the LIF
    y = sigmoid((s + b) / 2**unit), 24 bits, from a table (sigmoid.py)
    payload = y in 8 bits, rounded, at most 255: 256 would be 1.0; sent in every step in which it is not 0
The port 'in' takes spikes of 1; 'graded' takes such payloads (WeightFormat(message_bits=8)) and divides its sum by 256, rounded
down, so that weights mean the same at both. It is at rest where s is 0 and the sigmoid of b is below 1/512.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..fixedpoint import decay
from ..widths import STATE_SHIFT, STATE_UNIT
from .membrane import accumulated
from .sigmoid import ONE, ONE_BITS, sigmoid_of
from .snu import Given as SnuGiven
from .snu import rectified
from .table import Columns, Field, Model, table

PAYLOAD_BITS = 8
_ROUND_BITS = ONE_BITS - PAYLOAD_BITS

Parameters = table(
    "Parameters",
    decay=Field("decay of s a step, 1 - l in 1/4096", 0, 0, 4096),
    b=Field("added to s before the sigmoid"),
    unit=Field("s of 2**unit is 1.0 to the sigmoid"),
    empty=Field("y while s is 0"),
)
State = table("State", s=Field("potential"), y=Field("output, in 1/2**24"))
Given = table(
    "Given",
    decay=SnuGiven.fields["decay"],
    b=Field("mantissa, in 2**6, added to s before the sigmoid", 0, "-threshold_max", "threshold_max"),
    unit=Field("s of 2**unit is 1.0 to the sigmoid; 12 is a weight of 64", 12, 0, 23),
    s=SnuGiven.fields["s"],
    y=Field("before step 1, in 1/2**24", 0, 0, ONE),
)


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    q, over_q = accumulated((a[0] << STATE_SHIFT) + ((a[1] << STATE_SHIFT) >> PAYLOAD_BITS), k)
    left = (decay(s.s, p.decay) * (ONE - s.y)) >> ONE_BITS
    kept, over_s = rectified(left + q, k)
    y = sigmoid_of(kept + p.b, p.unit)
    return sent(y), State(kept, y), over_q + over_s


def sent(y):
    """The payload of an output."""
    return min((y + (1 << (_ROUND_BITS - 1))) >> _ROUND_BITS, (1 << PAYLOAD_BITS) - 1)


def at_rest(p, s):
    """Whether it is empty and too low to send anything."""
    return (s.s == 0) & (s.y == p.empty) & (sent(p.empty) == 0)


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """The mantissa of b in units of s, and y while s is 0."""
    b, unit = given["b"] * STATE_UNIT, given["unit"]
    empty = np.array([sigmoid_of(int(x), int(u)) for x, u in zip(b, unit, strict=True)], np.int64)
    return {"decay": given["decay"], "b": b, "unit": unit, "empty": empty}, {"s": given["s"], "y": given["y"]}


MODEL = Model("soft_snu", Parameters, State, update, at_rest, ports=("in", "graded"), given=Given, columns=columns)
