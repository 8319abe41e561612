"""A leaky readout that is told what it should be: it keeps what came, and sends what is missing.

## What the papers say
e-prop (Bellec et al. 2020; seeds S1, S2 eq. 20-22): y = kappa y + sum of w z + b, and the learning signal of a neuron is
sum over k of B (y*_k - y_k). The readout's own weights change with (y*_k - y_k) times the filtered spikes.
## Our choice
    v = decay(v, decay_v) + input of the port 'in' + bias, clipped as a LIF's
    error = (input of the port 'target' - v) >> error_shift, toward zero
    y1 = error within -127..127, the post-trace of the readout's own rule;  payload = y1, sent where it is not 0
v is at the scale of weight x payload, not in 2**6; so is the target, which lasts for a step and is 0 where nothing is told.
A shift toward zero leaves a dead zone of 2**error_shift on either side: there nothing is learned, and nothing sent.
"""

from __future__ import annotations

from ..fixedpoint import clip, decay, shift_toward_zero
from .arrival import arrived
from .membrane import clipped
from .table import Field, Model, table

TOP = 127  # of a post-trace

Parameters = table(
    "Parameters",
    decay_v=Field("decay of v a step, in 1/4096", 0, 0, 4096),
    error_shift=Field("the error is what v misses of the target shifted right by it", 0, 0, 30),
)
State = table(
    "State",
    v=Field("what came, filtered", 0, -(2**23) + 1, 2**23 - 1),
    bias=Field("added to v in every step", 0, -(2**23) + 1, 2**23 - 1),
    y1=Field("the error, -127..127", 0, -TOP, TOP),
)


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    came, wanted = arrived(a[0], k), arrived(a[1], k)
    v, over_v = clipped(decay(s.v, p.decay_v) + came + s.bias, k)
    y1 = clip(shift_toward_zero(wanted - v, p.error_shift), -TOP, TOP)
    return y1, State(v, s.bias, y1), 1 * ((came != a[0]) | (wanted != a[1])) | over_v


def at_rest(p, s):
    """Whether nothing is kept, and nothing was missing."""
    return (s.v | s.bias | s.y1) == 0


MODEL = Model("leaky_error", Parameters, State, update, at_rest, ports=("in", "target"), bias="bias")
