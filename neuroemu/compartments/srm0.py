"""The spike response model with a fixed threshold.

## What the paper says
Skatchkovsky et al. 2021 (VDIB) eq 15-16: u[t] = sum_j w_j (alpha * z_j)[t] + w (beta * z)[t-1] + bias, z[t] = 1 if u[t] > 0.
## Our choice
u is that of spike_response.py: alpha is two decays one after the other, beta one decay. The paper cuts both kernels off after
tau_e steps, ours fade. Nothing is reset: a negative feedback makes the pause after a spike, a negative bias the threshold.
"""

from __future__ import annotations

from . import spike_response
from .spike_response import feed_back, respond
from .table import Model, table

Parameters = table("Parameters", **spike_response.PARAMETERS)
State = table("State", **spike_response.STATES)
Given = table("Given", **spike_response.GIVEN)


def update(p, s, a, now):
    """One time step."""
    x1, x2, u, over_u = respond(p, s, a[0], now.arithmetic)
    payload = 1 if u > 0 else 0
    f, over_f = feed_back(p, s, payload, now.arithmetic)
    return payload, State(x1, x2, f, s.bias, u), over_u | over_f


def at_rest(p, s):
    """Whether every filter is empty and the bias does not fire it."""
    return ((s.x1 | s.x2 | s.f) == 0) & (s.u == s.bias) & (s.bias <= 0)


MODEL = Model("srm0", Parameters, State, update, at_rest, given=Given, columns=spike_response.columns, bias="bias")
