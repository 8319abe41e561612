"""The integrate-and-fire compartment: a LIF that forgets nothing and has no current.

## What the paper says
Eshraghian et al. 2023, section II-B: the LIF with beta = 1, "the leakage mechanism is removed".
    v = v + input + bias
    spike if v > threshold; then v = 0, or v = v - threshold (soft)
## Our choice
Strictly above, wrapped and clipped as the LIF: bit for bit a LIF with decay_u = 4096, decay_v = 0 and no refractory pause.
It is at rest at any v up to the threshold: what it holds costs nothing until the next input.
"""

from __future__ import annotations

from ..chip import Chip
from ..widths import DECAY_ONE
from . import lif
from .membrane import current, potential, received, shifted_bias, spike, start_of_v, threshold_units
from .table import Columns, Field, Model, table

Parameters = table(
    "Parameters",
    threshold=Field("v must exceed it to spike"),
    soft=Field("1: a spike takes the threshold from v, 0: v becomes 0", 0, 0, 1),
)
State = table("State", v=Field("potential"), bias=Field("added to v in every step"))
Given = table("Given", **{key: lif.Given.fields[key] for key in ("threshold", "soft", "bias", "bias_exponent", "v")})


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    q, over_q = received(a[0], k)
    u, over_u = current(0, q, DECAY_ONE, k)
    v, over_v = potential(s.v, u, s.bias, k)
    payload, v, _ = spike(v, 0, p.threshold, p.soft, 1)
    return payload, State(v, s.bias), over_q + over_u + over_v


def at_rest(p, s):
    """Whether nothing pushes, and no soft reset left v above the threshold."""
    return (s.bias == 0) & (s.v <= p.threshold)


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Mantissas in units of v."""
    return {**threshold_units(given), "soft": given["soft"]}, {
        "v": start_of_v(given, chip),
        "bias": shifted_bias(given),
    }


MODEL = Model("if", Parameters, State, update, at_rest, given=Given, columns=columns, bias="bias")
