"""Sigma-delta: sums what arrives, and sends changes of its activation once they are large enough.

## What Lava does
SigmaDelta, as measured (facts/fixed_point.md section 12; Lava 0.10.0):
    sigma = sigma + input;  act' = sigma + bias, not below 0 with relu
    d = act' - act + residue;  with cum_error: error = error + d
    it fires if |d| >= vth (with cum_error: |error| >= vth); s = d if it fires, else 0
    residue = d - s;  act = act';  out = s >> state_exp, rounded down;  a spike clears error
vth and bias are what the user means, shifted left by spike_exp + state_exp; all are given here as these integers. Lava's
documentation says that |d| must exceed vth, its code fires from vth on; this follows the code.
## Our choice
All states turn over at 32 bits, as Lava's int32 do, and are not limited to 24. What fires with d = 0 sends nothing and
clears nothing; what is 0 after the shift is cleared but sends nothing. Widths: arrival.py.
"""

from __future__ import annotations

from .arrival import arrived, ported
from .table import Field, Model, table

Parameters = table(
    "Parameters",
    vth=Field("a change reaches it to be sent, in 2**-(spike_exp + state_exp)", 1),
    relu=Field("1: the activation is not below 0", 1, 0, 1),
    cum_error=Field("1: errors add up until they reach vth", 0, 0, 1),
    state_exp=Field("what is sent is shifted right by it", 0, 0, 15),
)
State = table(
    "State",
    sigma=Field("sum of all inputs"),
    act=Field("activation"),
    residue=Field("change that is not sent yet"),
    error=Field("sum of changes since the last spike, with cum_error"),
    bias=Field("added to sigma, in 2**-(spike_exp + state_exp)"),
)


def encoded(p, s, act):
    """(sent, residue, error, wrapped): what becomes of a new activation; p and s are rows of a model with these fields."""
    wide = act - s.act + s.residue
    d = ported(wide)
    wide_error = s.error + (d if p.cum_error else 0)
    error = ported(wide_error)
    sent = d if abs(error if p.cum_error else d) >= p.vth else 0
    cleared = (p.cum_error != 0) & (sent != 0)
    return sent, d - sent, (0 if cleared else error), (d != wide) | (error != wide_error)


def update(p, s, a, now):
    """One step: input to sum to activation to what is sent of its change."""
    arrives = arrived(a[0], now.arithmetic)
    sigma = ported(s.sigma + arrives)
    biased = ported(sigma + s.bias)
    act = max(biased, 0) if p.relu else biased
    sent, residue, error, wrapped = encoded(p, s, act)
    wrapped |= (sigma != s.sigma + arrives) | (biased != sigma + s.bias)
    return sent >> p.state_exp, State(sigma, act, residue, error, s.bias), 1 * (arrives != a[0]) + 2 * wrapped


def at_rest(p, s):
    """Whether the activation stays as it is, and nothing is left that a step without input would send or add up."""
    biased = ported(s.sigma + s.bias)
    stays = (max(biased, 0) if p.relu else biased) == s.act
    return stays & ((s.residue == 0) | ((p.cum_error == 0) & (abs(s.residue) < p.vth)))


MODEL = Model("sigma_delta", Parameters, State, update, at_rest, bias="bias")
