"""The potential of the spike response models: filtered input, filtered own spikes, and a bias (srm0.py, glm.py).

    x1 = decay(x1, decay_1) + input
    x2 = decay(x2, decay_2) + x1
    u = gain x2 / 4096 (rounded down) + f + bias
    f = decay(f, decay_f) + feedback where it spiked, after the spike of the step: it counts from the next step on
x1, x2, f and u are clipped as v of the LIF. With both decays alike the response to a spike is, n steps after it was sent,
n r**(n-1): the alpha kernel (n/tau) exp(1 - n/tau) with r = exp(-1/tau) and the gain of `alpha`, whose 0 at n = 0 is the
step that a spike travels. decay_1 = 4096 makes it an exponential.
"""

from __future__ import annotations

import math

import numpy as np

from ..chip import Chip
from ..fixedpoint import decay
from ..widths import DECAY_BITS, DECAY_ONE, STATE_UNIT
from . import lif
from .membrane import clipped, received, shifted_bias
from .table import Columns, Field

PARAMETERS = {
    "decay_1": Field("decay of x1 a step, in 1/4096", 4096, 0, 4096),
    "decay_2": Field("decay of x2 a step, in 1/4096", 0, 0, 4096),
    "gain": Field("of x2, in 1/4096"),
    "decay_f": Field("decay of f a step, in 1/4096", 0, 0, 4096),
    "feedback": Field("what an own spike adds to f"),
}
STATES = {
    "x1": Field("input, filtered once"),
    "x2": Field("input, filtered twice"),
    "f": Field("own spikes, filtered"),
    "bias": Field("added to u in every step"),
    "u": Field("potential of this step"),
}
_WITHIN_STATE = (-(2**23) + 1, 2**23 - 1)
GIVEN = {
    "decay_1": Field("decay of x1 a step, in 1/4096", 4096, 0, 4096),
    "decay_2": Field("decay of x2 a step, in 1/4096", 4096, 0, 4096),
    "gain": Field("of x2, in 1/4096", 4096, 0, 2**20 - 1),
    "decay_f": Field("decay of f a step, in 1/4096", 4096, 0, 4096),
    "feedback": Field("mantissa, in 2**6, of what an own spike adds to f", 0, "-threshold_max", "threshold_max"),
    "bias": lif.Given.fields["bias"],
    "bias_exponent": lif.Given.fields["bias_exponent"],
    "x1": Field("before step 1", 0, *_WITHIN_STATE),
    "x2": Field("before step 1", 0, *_WITHIN_STATE),
    "f": Field("before step 1", 0, *_WITHIN_STATE),
}


def respond(p, s, x, k):
    """(x1, x2, u, overflow) of a step; x: sum of weight x payload."""
    q, over_q = received(x, k)
    x1, over_1 = clipped(decay(s.x1, p.decay_1) + q, k)
    x2, over_2 = clipped(decay(s.x2, p.decay_2) + x1, k)
    u, over_u = clipped(((p.gain * x2) >> DECAY_BITS) + s.f + s.bias, k)
    return x1, x2, u, over_q + (over_1 | over_2 | over_u)


def feed_back(p, s, payload, k):
    """(f, overflow) after the spike of a step."""
    return clipped(decay(s.f, p.decay_f) + p.feedback * payload, k)


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Mantissas in units of u; u before step 1 is the bias."""
    parameters = {key: given[key] for key in ("decay_1", "decay_2", "gain", "decay_f")}
    bias = shifted_bias(given)
    state = {**{key: given[key] for key in ("x1", "x2", "f")}, "bias": bias, "u": np.array(bias)}
    return {**parameters, "feedback": given["feedback"] * STATE_UNIT}, state


def alpha(tau: float) -> dict[str, int]:
    """Registers of the alpha kernel with the time constant tau in steps, at least 0.2, whose peak is the weight."""
    rate = math.exp(-1 / tau)
    decay_register = round(DECAY_ONE * (1 - rate))
    return {"decay_1": decay_register, "decay_2": decay_register, "gain": round(DECAY_ONE * math.e / tau * rate)}
