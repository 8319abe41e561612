"""Delta encoding: sends changes of its input once they are large enough.

## What Lava does
Delta, as measured (facts/fixed_point.md section 12; Lava 0.10.0): as sigma_delta.py, but the new activation is the input of
this step alone, act' = input << (spike_exp + state_exp). vth is what the user means, shifted left likewise.
## Our choice
As in sigma_delta.py.
"""

from __future__ import annotations

from .arrival import arrived, ported
from .sigma_delta import encoded
from .table import Field, Model, table

Parameters = table(
    "Parameters",
    vth=Field("a change reaches it to be sent, in 2**-(spike_exp + state_exp)", 1),
    cum_error=Field("1: errors add up until they reach vth", 0, 0, 1),
    spike_exp=Field("inputs are shifted left by it, and by state_exp", 0, 0, 15),
    state_exp=Field("what is sent is shifted right by it", 0, 0, 15),
)
State = table(
    "State",
    act=Field("input of the last step, shifted"),
    residue=Field("change that is not sent yet"),
    error=Field("sum of changes since the last spike, with cum_error"),
)


def update(p, s, a, now):
    """One step: input to what is sent of its change."""
    arrives = arrived(a[0], now.arithmetic)
    wide = arrives << (p.spike_exp + p.state_exp)
    act = ported(wide)
    sent, residue, error, wrapped = encoded(p, s, act)
    return sent >> p.state_exp, State(act, residue, error), 1 * (arrives != a[0]) + 2 * (wrapped | (act != wide))


def at_rest(p, s):
    """Whether the last input was 0, and nothing is left that a step without input would send or add up."""
    return (s.act == 0) & ((s.residue == 0) | ((p.cum_error == 0) & (abs(s.residue) < p.vth)))


MODEL = Model("delta", Parameters, State, update, at_rest)
