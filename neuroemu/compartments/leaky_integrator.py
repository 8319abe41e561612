"""The leaky integrator: current and potential of a LIF that never spikes, to read a network out.

## What the paper says
Eshraghian et al. 2023, section III-C2: a readout of the membrane potential, its threshold infinite.
    u = decay(u, decay_u) + input
    v = decay(v, decay_v) + u + bias
## Our choice
Wrapped and clipped as the LIF: bit for bit a LIF whose threshold is out of reach. Probe v.
"""

from __future__ import annotations

from ..chip import Chip
from ..fixedpoint import decay
from . import lif
from .membrane import current, decays, potential, received, shifted_bias, start_of_v
from .table import Columns, Field, Model, table

Parameters = table(
    "Parameters",
    decay_u=Field("effective decay of u a step, in 1/4096", 4096, 0, 4096),
    decay_v=Field("effective decay of v a step, in 1/4096", 0, 0, 4096),
)
State = table("State", u=Field("current"), v=Field("potential"), bias=Field("added to u in every step"))
Given = table(
    "Given", **{key: lif.Given.fields[key] for key in ("decay_u", "decay_v", "bias", "bias_exponent", "u", "v")}
)


def update(p, s, a, now):
    """One time step; the payload is always 0."""
    k = now.arithmetic
    q, over_q = received(a[0], k)
    u, over_u = current(s.u, q, p.decay_u, k)
    v, over_v = potential(decay(s.v, p.decay_v), u, s.bias, k)
    return 0, State(u, v, s.bias), over_q + over_u + over_v


def at_rest(p, s):
    """Whether there is nothing left to decay."""
    return (s.u | s.v | s.bias) == 0


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as the chip applies them."""
    return decays(given, chip), {"u": given["u"], "v": start_of_v(given, chip), "bias": shifted_bias(given)}


MODEL = Model("li", Parameters, State, update, at_rest, given=Given, columns=columns, bias="bias")
