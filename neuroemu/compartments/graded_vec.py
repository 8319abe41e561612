"""A value without memory: passes on what arrives where it is large enough.

## What Lava does
GradedVec, as measured (facts/fixed_point.md section 12; Lava 0.10.0): out = a if |a| > vth, else 0.
## Our choice
`a` can be probed: the input of the step, whether or not it was sent. Widths: arrival.py.
"""

from __future__ import annotations

from .arrival import arrived
from .table import Field, Model, table

Parameters = table(
    "Parameters",
    vth=Field("the magnitude of the input must exceed it to be sent", 0, 0),
)
State = table(
    "State",
    a=Field("input of the last step"),
)


def update(p, s, a, now):
    """One step: the input goes out where its magnitude exceeds vth."""
    arrives = arrived(a[0], now.arithmetic)
    return (arrives if abs(arrives) > p.vth else 0), State(arrives), 1 * (arrives != a[0])


def at_rest(p, s):
    """Whether nothing came in the last step: then a step without input changes nothing."""
    return s.a == 0


MODEL = Model("graded_vec", Parameters, State, update, at_rest)
