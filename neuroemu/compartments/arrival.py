"""What arrives at a port, for the models that take their input as it is, not in 2**6 as LIF does.

Lava's ports carry int32 ("24 bit" stands in an annotation that nothing enforces), so sums and payloads of these models are
two's complement in 32 bits. Our choice: on a chip whose input accumulator is narrower (Arithmetic.q_bits), its width holds.
"""

from __future__ import annotations

from ..fixedpoint import wrap

PORT_BITS = 32


def arrived(a, k):
    """The summed input of a port as a chip with the arithmetic k holds it."""
    return wrap(a, k.q_bits if k.q_bits > 0 else PORT_BITS)


def ported(x):
    """A number as a register or a message of 32 bits keeps it."""
    return wrap(x, PORT_BITS)
