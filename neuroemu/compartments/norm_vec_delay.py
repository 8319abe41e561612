"""A value that waits for its norm: the first input, one step late, times the second.

Part of a network that normalises a vector: `s2` of all elements is summed elsewhere, and comes back as the second input.

## What Lava does
NormVecDelay, as measured (facts/fixed_point.md section 12; Lava 0.10.0): s2 = first**2; out = first(t-1) * second(t) if
its magnitude exceeds vth, else 0. Lava sends s2 through a port of its own.
## Our choice
A compartment sends one payload: the product. s2 can be probed; a prod_neuron that gets the first input at both of its
ports sends it. Products are exact and then kept to 32 bits, two's complement. Widths: arrival.py.
"""

from __future__ import annotations

from .arrival import arrived, ported
from .table import Field, Model, table

Parameters = table(
    "Parameters",
    vth=Field("the magnitude of the product must exceed it to be sent", 0, 0),
)
State = table(
    "State",
    delayed=Field("first input of the last step"),
    s2=Field("its square"),
)


def update(p, s, a, now):
    """One step: what the first port got in the step before goes out times the second port's input."""
    first, second = arrived(a[0], now.arithmetic), arrived(a[1], now.arithmetic)
    square, product = first * first, s.delayed * second
    s2, sent = ported(square), ported(product)
    overflow = 1 * ((first != a[0]) | (second != a[1])) + 2 * ((s2 != square) | (sent != product))
    return (sent if abs(sent) > p.vth else 0), State(first, s2), overflow


def at_rest(p, s):
    """Whether nothing came to the first port in the last step."""
    return (s.delayed | s.s2) == 0


MODEL = Model("norm_vec_delay", Parameters, State, update, at_rest, ports=("first", "second"))
