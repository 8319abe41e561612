"""The product of two inputs, without memory.

## What Lava does
ProdNeuron, as measured (facts/fixed_point.md section 12; Lava 0.10.0): p = (first * second) >> exp, rounded down;
out = p if |p| > vth, else 0.
## Our choice
The product is exact and then kept to 32 bits after the shift, two's complement; Lava's own product is an int32 and turns
over before the shift. Both agree while |first * second| < 2**31. `product` can be probed, sent or not. Widths: arrival.py.
"""

from __future__ import annotations

from .arrival import arrived, ported
from .table import Field, Model, table

Parameters = table(
    "Parameters",
    vth=Field("the magnitude of the product must exceed it to be sent", 0, 0),
    exp=Field("the product is shifted right by it", 0, 0, 31),
)
State = table(
    "State",
    product=Field("of the last step, after the shift"),
)


def update(p, s, a, now):
    """One step: both inputs are multiplied, and the product goes out where its magnitude exceeds vth."""
    first, second = arrived(a[0], now.arithmetic), arrived(a[1], now.arithmetic)
    shifted = (first * second) >> p.exp
    product = ported(shifted)
    overflow = 1 * ((first != a[0]) | (second != a[1])) + 2 * (product != shifted)
    return (product if abs(product) > p.vth else 0), State(product), overflow


def at_rest(p, s):
    """Whether the last product was 0: then a step without input changes nothing."""
    return s.product == 0


MODEL = Model("prod_neuron", Parameters, State, update, at_rest, ports=("first", "second"))
