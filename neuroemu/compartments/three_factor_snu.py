"""The soft SNU with the factors of online spatio-temporal learning (OSTL): how much of its state lasts, and its error.

## What the paper says
Bohnstingl et al. 2020 (IBM slides in the seeds): with s and y as the soft SNU's, eps[t] = ds[t]/dw = g'(s[t]) (x[t] + k[t] eps[t-1])
where k[t] = l (1 - y[t-1]) - l s[t-1] y'(s[t-1]), and dw = -alpha dE/dy y'(s) eps. With sigmoid and cross-entropy,
-dE/dy y'(s) is the target less y.
## Our choice
    s and y as the soft SNU (soft_snu.py)
    y1 = 64 (1 - k[t+1]), rounded down, within 0..127; 64 where s was cut off at 0: then nothing of eps lasts
    y2 = 127 (z - y), rounded, where s was not cut off, else 0; z = 1 where anything came at the port 'target', else 0
    y3 = 127 (z - y), rounded
y1 is that of the step to come, so that the tag is eps at the time when dw reads it: a spike of step t stands in x0 at t and in s
at t + 1. The rule of OSTL is dt = 2^5*x0 - 2^-1*u0*t*y1, dw = 2^-6*u0*t*y2 (t y1 and t y2 are shifted by 5): the product of tag
and trace is a decay of the tag for each compartment by itself. Never at rest, as its error is not.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..fixedpoint import clip, decay
from ..widths import DECAY_BITS, DECAY_ONE, STATE_SHIFT
from . import soft_snu
from .membrane import accumulated
from .sigmoid import ONE, ONE_BITS, sigmoid_of
from .snu import rectified
from .soft_snu import PAYLOAD_BITS, sent
from .table import Columns, Field, Model, table

TOP = 127  # of a post-trace
LOST_BITS = 6  # y1 of 64 is 1.0
_PART_BITS = 12  # of what lasts, on the way

Parameters = table(
    "Parameters", **{key: soft_snu.Parameters.fields[key] for key in soft_snu.Parameters._fields if key != "empty"}
)
State = table(
    "State",
    **soft_snu.State.fields,
    y1=Field("what of the tag does not last, 64 is all of it"),
    y2=Field("target less output where s was not cut off, -127..127"),
    y3=Field("target less output, -127..127"),
)
Given = soft_snu.Given


def lasting(s, y, p):
    """ds[t+1]/ds[t] in 1/4096: l (1 - y) (1 - y s / 2**unit), each factor rounded down; s, y: of step t."""
    slope = (y * s) >> (ONE_BITS - _PART_BITS + p.unit)
    open_ = (ONE - y) >> (ONE_BITS - _PART_BITS)
    return (((DECAY_ONE - p.decay) * open_) >> DECAY_BITS) * ((1 << _PART_BITS) - slope) >> _PART_BITS


def missed(z, y):
    """127 (z - y), rounded."""
    return (TOP * ((z << ONE_BITS) - y) + (1 << (ONE_BITS - 1))) >> ONE_BITS


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    q, over_q = accumulated((a[0] << STATE_SHIFT) + ((a[1] << STATE_SHIFT) >> PAYLOAD_BITS), k)
    wanted = ((decay(s.s, p.decay) * (ONE - s.y)) >> ONE_BITS) + q
    kept, over_s = rectified(wanted, k)
    y = sigmoid_of(kept + p.b, p.unit)
    y3 = missed(1 if a[2] != 0 else 0, y)
    lost = clip(((1 << _PART_BITS) - lasting(kept, y, p)) >> (_PART_BITS - LOST_BITS), 0, TOP)
    y1 = lost if wanted >= 0 else 1 << LOST_BITS
    return sent(y), State(kept, y, y1, y3 if wanted >= 0 else 0, y3), over_q + over_s


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Those of the soft SNU; post-traces are 0 before step 1."""
    parameters, state = soft_snu.columns(given, chip)
    none = np.zeros_like(state["s"])
    traces = {"y1": none, "y2": none.copy(), "y3": none.copy()}
    return {key: parameters[key] for key in Parameters._fields}, state | traces


MODEL = Model(
    "three_factor_snu", Parameters, State, update, ports=("in", "graded", "target"), given=Given, columns=columns
)
