"""LIF with an adaptive threshold and relative refractoriness: every spike raises both, and they decay.

## What Lava does
ATRLIF, as measured (facts/fixed_point.md section 12; Lava 0.10.0), with D = fixedpoint.decay:
    i = D(i, decay_i + 1) + (input << 6), wrapped
    v = D(v, decay_v) + i + bias, clipped
    theta = D(theta - theta_0, decay_theta) + theta_0;  r = D(r, decay_r)
    spike if v - r >= theta; then r = r + 2 theta, theta = theta + theta_step; v is not reset
A decay register holds 4096 delta, where Lava's user gives the fraction delta; theta_0 and theta_step are mantissas in 2**6.
## Our choice
Input, i, i + bias and v wrap or clip as the chip's switches say, as in lif.py; under the switches of Lava that is what Lava
does. theta and r are not limited, as in Lava: where they do not decay and theta starts below zero, r may pass 32 bits.
A fraction that is no multiple of 1/4096 has no register. The defaults are Lava's, rounded.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..fixedpoint import clip, decay, wrap, wrap_once
from ..widths import STATE_SHIFT, STATE_UNIT
from .table import Columns, Field, Model, table

Parameters = table(
    "Parameters",
    decay_i=Field("effective decay of i a step, in 1/4096", 1639, 0, 4096),
    decay_v=Field("decay of v a step, in 1/4096", 1638, 0, 4096),
    decay_theta=Field("decay of theta - theta_0 a step, in 1/4096", 819, 0, 4096),
    decay_r=Field("decay of r a step, in 1/4096", 819, 0, 4096),
    theta_0=Field("theta at rest"),
    theta_step=Field("added to theta by a spike"),
)
State = table(
    "State",
    i=Field("current"),
    v=Field("potential"),
    theta=Field("threshold"),
    r=Field("refractory potential"),
    bias=Field("added to i in every step"),
)
Given = table(
    "Given",
    decay_i=Field("register of the decay of i", 1638, 0, "decay_max"),
    decay_v=Field("register of the decay of v", 1638, 0, "decay_max"),
    decay_theta=Field("register of the decay of theta", 819, 0, "decay_max"),
    decay_r=Field("register of the decay of r", 819, 0, "decay_max"),
    theta_0=Field("mantissa of theta at rest, in 2**6", 5, 0, "threshold_max"),
    theta_step=Field("mantissa of what a spike adds to theta, in 2**6", 4, 0, "threshold_max"),
    bias=Field("mantissa: bias << bias_exponent is added to i", 0, "bias_min", "bias_max"),
    bias_exponent=Field("of the bias", 0, "bias_exponent_min", "bias_exponent_max"),
    i=Field("before step 1", 0, -(2**23), 2**23),
    v=Field("before step 1", 0, -(2**23), 2**23),
    theta=Field("before step 1; else theta_0", None, -(2**24), 2**24),
    r=Field("before step 1", 0, -(2**24), 2**24),
)


def update(p, s, a, now):
    """One step of one compartment."""
    k = now.arithmetic
    summed = a[0] << STATE_SHIFT
    q = wrap(summed, k.q_bits) if k.q_bits > 0 else summed
    raised = decay(s.i, p.decay_i) + q
    i = raised
    if k.u_overflow == 1:
        i = wrap(raised, k.state_bits)
    elif k.u_overflow == 2:
        i = wrap_once(raised, k.state_bits)
    wanted = i + s.bias
    drive = wrap(wanted, k.state_bits) if k.bias_overflow == 1 else wanted
    lifted = decay(s.v, p.decay_v) + drive
    top = (1 << (k.state_bits - 1)) - 1
    v = clip(lifted, -top, top) if k.v_clip else lifted
    theta = decay(s.theta - p.theta_0, p.decay_theta) + p.theta_0
    r = decay(s.r, p.decay_r)
    fires = v - r >= theta
    r, theta = r + (2 * theta if fires else 0), theta + (p.theta_step if fires else 0)
    overflow = (q != summed) + 2 * (i != raised) + 4 * (drive != wanted) + 8 * (v != lifted)
    return (1 if fires else 0), State(i, v, theta, r, s.bias), overflow


def at_rest(p, s):
    """Whether everything is 0 and theta has come home, to a threshold that 0 does not reach."""
    return ((s.i | s.v | s.r | s.bias) == 0) & (s.theta == p.theta_0) & (p.theta_0 > 0)


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as the chip applies them: effective decays, thresholds in units of v, biases shifted."""
    a, exponent = chip.arithmetic, given["bias_exponent"]
    parameters = {
        "decay_i": given["decay_i"] + a.decay_u_offset,
        "decay_v": given["decay_v"] + a.decay_v_offset,
        "theta_0": given["theta_0"] * STATE_UNIT,
        "theta_step": given["theta_step"] * STATE_UNIT,
        **{key: given[key] for key in ("decay_theta", "decay_r")},
    }
    bias = np.where(exponent >= 0, given["bias"] << np.maximum(exponent, 0), given["bias"] >> np.maximum(-exponent, 0))
    state = {key: given[key] for key in ("i", "v", "r")}
    return parameters, state | {"theta": given.get("theta", parameters["theta_0"]), "bias": bias}


MODEL = Model("atrlif", Parameters, State, update, at_rest, given=Given, columns=columns, bias="bias")
