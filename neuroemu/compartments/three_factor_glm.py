"""A GLM that keeps the factors of a three-factor rule: by how much it missed its spike, and what it is told of the loss.

## What the paper says
Simeone's slides in the seeds (Jang et al. 2018): dw = eta l (a * s_j) (s_i - sigma(u_i)), the learning signal l being 1 where
spikes are observed, and l = kappa l + (1 - kappa) sum log p(s|u) over the observed ones where they are not. VDIB (Skatchkovsky
et al. 2021) eq 13, 19: the same with the loss of a decoder and log p(y)/q(y) of the encoder's spikes in the place of l.
## Our choice
    u, p, and a drawn spike as the GLM (glm.py); clamped, the spike is what the port 'clamp' brings, if anything
    log_p = log of the probability of what happened, spike or none, in 1/2**16 nat, from a table (log_sigmoid.py)
    signal = decay(signal, decay_signal) + input of the port 'signal', clipped as v
    y1 = error (spike - p), rounded; within -127..127
    y2 = (signal - baseline) >> signal_shift, toward zero, within -127..127
    y3 = y1 y2 >> 7, toward zero
    baseline = baseline + (signal - baseline) follow / 4096, 8 more bits, toward zero; after y2
    payload by `sends`: 0 the spike; 1 log_p in 2**-log_unit nat, which is not above 0; 2 the same, but above 0 (and at least 1)
    where it spiked, so that one message tells both. What is 0 is not sent.
A spike of step t is in x1 of the step t but in u of t + 1: a rule takes it off again, as in dw = 2^-7*u0*x1*y1 - 2^-5*u0*x0*y1
with an impulse of 32 (x1 y1 is shifted by 3). Feedback is that of the spike, whatever is sent. Never at rest.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..fixedpoint import clip, decay, shift_toward_zero
from ..philox import draw
from . import glm, spike_response
from .arrival import arrived
from .glm import WORD_BITS
from .log_sigmoid import log_sigmoid
from .membrane import clipped
from .sigmoid import ONE_BITS, X_BITS, sigmoid
from .spike_response import feed_back, respond
from .table import Columns, Field, Model, table

TOP = 127  # of a post-trace
TRACE_BITS = 7
BASELINE_BITS = 8  # of the baseline, below the unit of signal
RATE_BITS = 12
SPIKE, LOG_P, BOTH = range(3)

_FACTORS = {
    "clamped": Field("1: the spike is what the port 'clamp' brings, 0: it is drawn", 0, 0, 1),
    "error": Field("y1 where a spike came that had no probability", TOP, 0, TOP),
    "decay_signal": Field("decay of signal a step, in 1/4096", 4096, 0, 4096),
    "follow": Field("how far baseline goes to signal in a step, in 1/4096", 0, 0, 4096),
    "signal_shift": Field("y2 is signal less baseline, shifted right by it", 0, 0, 30),
    "sends": Field("0: the spike, 1: log_p, 2: log_p, above 0 where it spiked", SPIKE, SPIKE, BOTH),
    "log_unit": Field("a payload of 2**log_unit is 1 nat", 8, 0, 12),
}
Parameters = table("Parameters", **glm.Parameters.fields, **_FACTORS)
State = table(
    "State",
    **glm.State.fields,
    log_p=Field("log-probability of what happened in this step, in 1/2**16 nat"),
    signal=Field("input of the port 'signal', filtered"),
    baseline=Field("mean of signal, in 1/2**8"),
    y1=Field("spike less its probability, -127..127"),
    y2=Field("learning signal, -127..127"),
    y3=Field("their product / 128, -126..126"),
)
_WITHIN_STATE = (-(2**23) + 1, 2**23 - 1)
Given = table(
    "Given",
    **glm.Given.fields,
    **_FACTORS,
    signal=Field("before step 1", 0, *_WITHIN_STATE),
    baseline=Field("before step 1, in units of signal", 0, *_WITHIN_STATE),
)


def missed(spike, probability, error):
    """error (spike - p), rounded; probability: 0..2**24."""
    return (error * ((spike << ONE_BITS) - probability) + (1 << (ONE_BITS - 1))) >> ONE_BITS


def told(signal, baseline, shift):
    """The learning signal, -127..127.  baseline: in 1/2**8."""
    return clip(shift_toward_zero(signal - shift_toward_zero(baseline, BASELINE_BITS), shift), -TOP, TOP)


def sent(spike, log_p, sends, unit):
    """The payload of what happened.  log_p: in 1/2**16 nat, not above 0."""
    surprise = (-log_p + ((1 << (X_BITS - 1)) >> unit)) >> (X_BITS - unit)
    if sends == SPIKE:
        return spike
    return max(surprise, 1) if (sends == BOTH) & (spike == 1) else -surprise


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    x1, x2, u, over_u = respond(p, s, a[0], k)
    argument = (u << X_BITS) >> p.unit
    probability = sigmoid(argument)
    if p.clamped == 1:
        spike = 1 if a[1] != 0 else 0
    else:
        word, _, _, _ = draw(now.seed, now.stream, now.entity, now.step)
        spike = 1 if np.int64(word >> WORD_BITS) < probability else 0
    log_p = log_sigmoid(argument if spike == 1 else -argument)
    f, over_f = feed_back(p, s, spike, k)
    arriving = arrived(a[2], k)
    signal, over_s = clipped(decay(s.signal, p.decay_signal) + arriving, k)
    y1 = missed(spike, probability, p.error)
    y2 = told(signal, s.baseline, p.signal_shift)
    y3 = shift_toward_zero(y1 * y2, TRACE_BITS)
    baseline = s.baseline + shift_toward_zero(((signal << BASELINE_BITS) - s.baseline) * p.follow, RATE_BITS)
    after = State(x1, x2, f, s.bias, u, probability, log_p, signal, baseline, y1, y2, y3)
    return sent(spike, log_p, p.sends, p.log_unit), after, over_u | over_f | over_s | (1 * (arriving != a[2]))


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Those of the spike response and the factors; post-traces are those of signal before step 1, y1 is 0."""
    parameters, state = spike_response.columns(given, chip)
    parameters |= {key: given[key] for key in ("unit", *_FACTORS)}
    signal, baseline = given["signal"], given["baseline"] << BASELINE_BITS
    rows = zip(signal, baseline, given["signal_shift"], strict=True)
    y2 = np.array([told(int(x), int(mean), int(shift)) for x, mean, shift in rows], np.int64)
    none = np.zeros_like(signal)
    state |= {"p": given["p"], "signal": signal, "baseline": baseline, "y2": y2}
    return parameters, state | {"log_p": none, "y1": none.copy(), "y3": none.copy()}


def draws(parameters: Columns) -> np.ndarray:
    """One a step where it is not clamped."""
    return 1 - parameters["clamped"]


MODEL = Model(
    "three_factor_glm", Parameters, State, update,
    ports=("in", "clamp", "signal"), given=Given, columns=columns, bias="bias", draws=draws,
)  # fmt: skip
