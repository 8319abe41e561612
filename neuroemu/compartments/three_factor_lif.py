"""A LIF that keeps the factors of a three-factor rule: how near it is to a spike, and what it is told of the error.

## What the chip does
Loihi 2's neurons write post-traces that the learning engine reads as y1, y2, y3 (facts/learning_engine.md section 10; Lava's
LearningNeuronModel). What they hold is the microcode's matter; no public source has one for gradients.
## Our choice
    u, v and spike as the LIF (lif.py), without noise and periodic reset
    y1 = 127 - 127 |v - threshold| / width, rounded up, not below 0, v before its reset; 0 while refractory; width 0: 127
    signal = decay(signal, decay_signal) + input of the port 'signal', clipped as v
    y2 = signal >> signal_shift, toward zero, within -127..127
    y3 = y1 y2 >> 7, toward zero
y1 is the surrogate derivative of the spike (S3 SuperSpike, S4 e-prop), y2 the learning signal, and y3 their product, so that a
rule needs two factors only: dw = 2^-k*u0*x1*y3. Shifts go toward zero, for a floor would make every small error a depression.
`signal` is at the scale of weight x payload and is not shifted by 2**6. It is at rest when nothing is left to decay.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..fixedpoint import clip, decay, shift_toward_zero
from ..widths import STATE_UNIT
from . import lif
from .arrival import arrived
from .membrane import clipped, current, decays, potential, received, shifted_bias, spike, start_of_v, threshold_units
from .table import Columns, Field, Model, table

TOP = 127  # of a post-trace
TRACE_BITS = 7
SLOPE_BITS = 24
FAR = 1 << 30  # v further from the threshold is as far as that: the product with the slope stays within 64 bits

Parameters = table(
    "Parameters",
    decay_u=Field("effective decay of u a step, in 1/4096", 4096, 0, 4096),
    decay_v=Field("effective decay of v a step, in 1/4096", 0, 0, 4096),
    threshold=Field("v must exceed it to spike"),
    refractory=Field("steps from a spike until v integrates again", 1),
    soft=Field("1: a spike takes the threshold from v, 0: v becomes 0", 0, 0, 1),
    slope=Field("what a unit of |v - threshold| takes from y1, in 1/2**24", 0, 0),
    decay_signal=Field("decay of signal a step, in 1/4096", 4096, 0, 4096),
    signal_shift=Field("y2 is signal shifted right by it", 0, 0, 30),
)
State = table(
    "State",
    u=Field("current"),
    v=Field("potential"),
    bias=Field("added to u in every step"),
    held=Field("steps still held at 0 after a spike"),
    signal=Field("input of the port 'signal', filtered"),
    y1=Field("surrogate derivative, 0..127"),
    y2=Field("learning signal, -127..127"),
    y3=Field("their product / 128, -126..126"),
)
_LIF = ("decay_u", "decay_v", "threshold", "refractory", "soft", "bias", "bias_exponent", "u", "v")
Given = table(
    "Given",
    **{key: lif.Given.fields[key] for key in _LIF},
    width=Field(
        "mantissa, in 2**6, of the distance from the threshold at which y1 is 0; 0: it is always 127",
        0,
        0,
        "threshold_max",
    ),
    decay_signal=Field("decay of signal a step, in 1/4096", 4096, 0, 4096),
    signal_shift=Field("y2 is signal shifted right by it", 0, 0, 30),
    signal=Field("before step 1", 0, -(2**23) + 1, 2**23 - 1),
)


def surrogate(v, threshold, slope):
    """The triangle around the threshold, 0..127.  v: before the reset."""
    distance = clip(abs(v - threshold), 0, FAR)
    return max(TOP - ((distance * slope) >> SLOPE_BITS), 0)


def factors(s, came, near, p, k):
    """(signal, y1, y2, y3, overflow) after a step.  came: at the port 'signal'; near: the surrogate of v before its reset."""
    told = arrived(came, k)
    signal, overflow = clipped(decay(s.signal, p.decay_signal) + told, k)
    y1 = 0 if (s.held > 0) & (p.slope > 0) else near
    y2 = clip(shift_toward_zero(signal, p.signal_shift), -TOP, TOP)
    return signal, y1, y2, shift_toward_zero(y1 * y2, TRACE_BITS), overflow | (1 * (told != came))


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    q, over_q = received(a[0], k)
    u, over_u = current(s.u, q, p.decay_u, k)
    reached, over_v = potential(decay(s.v, p.decay_v), u, s.bias, k)
    payload, v, held = spike(reached, s.held, p.threshold, p.soft, p.refractory)
    signal, y1, y2, y3, over_s = factors(s, a[1], surrogate(reached, p.threshold, p.slope), p, k)
    return payload, State(u, v, s.bias, held, signal, y1, y2, y3), (over_q + over_u + over_v) | over_s


def at_rest(p, s):
    """Whether there is nothing left to decay, and y1 is what it is at v = 0."""
    return ((s.u | s.v | s.bias | s.held | s.signal | s.y2 | s.y3) == 0) & (s.y1 == surrogate(0, p.threshold, p.slope))


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as the chip applies them; post-traces are those of v and signal before step 1."""
    width = given["width"] * STATE_UNIT
    parameters = {
        **decays(given, chip),
        **threshold_units(given),
        **{key: given[key] for key in ("refractory", "soft", "decay_signal", "signal_shift")},
        "slope": np.where(width > 0, -(-(TOP << SLOPE_BITS) // np.maximum(width, 1)), 0),
    }
    v, bias = start_of_v(given, chip), shifted_bias(given)
    traces = first_factors(given, v, parameters["threshold"], parameters["slope"])
    return parameters, {"u": given["u"], "signal": given["signal"], "v": v, "bias": bias, "held": 0 * bias, **traces}


def first_factors(given: Columns, v: np.ndarray, threshold: np.ndarray, slope: np.ndarray) -> Columns:
    """y1, y2, y3 (n,) before step 1."""
    rows = zip(v, threshold, slope, strict=True)
    y1 = np.array([surrogate(int(at), int(limit), int(falls)) for at, limit, falls in rows], np.int64)
    y2 = np.sign(given["signal"]) * np.minimum(np.abs(given["signal"]) >> given["signal_shift"], TOP)
    return {"y1": y1, "y2": y2, "y3": np.sign(y2) * (y1 * np.abs(y2) >> TRACE_BITS)}


MODEL = Model(
    "three_factor_lif", Parameters, State, update, at_rest,
    ports=("in", "signal"), given=Given, columns=columns, bias="bias",
)  # fmt: skip
