"""The adaptive LIF: every spike raises the threshold, which then relaxes.

## What the paper says
Eshraghian et al. 2023, eq 52-53: theta[t] = theta0 + b[t], b[t+1] = alpha b[t] + (1 - alpha) S[t].
## Our choice
    u, v as the LIF (lif.py), without noise and periodic reset
    spike if v > threshold + b; then v = 0, or v = v - threshold - b (soft; clipped), and the refractory counter starts
    b = decay(b, decay_b) + step where it spiked, clipped as v: a spike of step t is in the threshold of step t + 1
step stands for (1 - alpha) in the threshold's unit, so that it need not be tied to the decay. b relaxes while v is held.
This is not Lava's ATRLIF, which adapts a threshold and a refractory state of its own and does not reset v.
"""

from __future__ import annotations

from ..chip import Chip
from ..fixedpoint import decay
from ..widths import STATE_UNIT
from . import lif
from .membrane import clipped, current, decays, potential, received, shifted_bias, spike, start_of_v, threshold_units
from .table import Columns, Field, Model, table

Parameters = table(
    "Parameters",
    decay_u=Field("effective decay of u a step, in 1/4096", 4096, 0, 4096),
    decay_v=Field("effective decay of v a step, in 1/4096", 0, 0, 4096),
    threshold=Field("v must exceed it, plus b, to spike"),
    refractory=Field("steps from a spike until v integrates again", 1),
    soft=Field("1: a spike takes threshold + b from v, 0: v becomes 0", 0, 0, 1),
    decay_b=Field("decay of b a step, in 1/4096", 0, 0, 4096),
    step=Field("what a spike adds to b"),
)
State = table(
    "State",
    u=Field("current"),
    v=Field("potential"),
    bias=Field("added to u in every step"),
    held=Field("steps still held at 0 after a spike"),
    b=Field("adaptation: how far the threshold is raised"),
)
_LIF = ("decay_u", "decay_v", "threshold", "refractory", "soft", "bias", "bias_exponent", "u", "v")
Given = table(
    "Given",
    **{key: lif.Given.fields[key] for key in _LIF},
    decay_b=Field("decay of b a step, in 1/4096", 41, 0, 4096),
    step=Field("mantissa of what a spike adds to b, in 2**6", 0, "-threshold_max", "threshold_max"),
    b=Field("before step 1", 0, -(2**23) + 1, 2**23 - 1),
)


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    q, over_q = received(a[0], k)
    u, over_u = current(s.u, q, p.decay_u, k)
    v, over_v = potential(decay(s.v, p.decay_v), u, s.bias, k)
    payload, v, held = spike(v, s.held, p.threshold + s.b, p.soft, p.refractory)
    v, over_s = clipped(v, k)  # a threshold below 0 raises v where it is taken away
    b, over_b = clipped(decay(s.b, p.decay_b) + p.step * payload, k)
    return payload, State(u, v, s.bias, held, b), (over_q + over_u + over_v) | over_s | over_b


def at_rest(p, s):
    """Whether everything has decayed, the threshold included."""
    return (s.u | s.v | s.bias | s.held | s.b) == 0


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as the chip applies them, thresholds in units of v."""
    kept = {key: given[key] for key in ("refractory", "soft", "decay_b")}
    parameters = {**decays(given, chip), **threshold_units(given), **kept, "step": given["step"] * STATE_UNIT}
    v, bias = start_of_v(given, chip), shifted_bias(given)
    return parameters, {"u": given["u"], "v": v, "bias": bias, "held": 0 * bias, "b": given["b"]}


MODEL = Model("alif", Parameters, State, update, at_rest, given=Given, columns=columns, bias="bias")
