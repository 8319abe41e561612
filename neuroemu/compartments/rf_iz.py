"""Resonate-and-fire as Izhikevich has it: fires when the imaginary part reaches the threshold, and is reset.

## What Lava does
RF_IZ, as measured (facts/fixed_point.md section 12; Lava 0.10.0): the state turns, decays and is limited as in rf.py; spike
if imag' >= vth, and then real = 0, imag = vth - 1.
## Our choice
As in rf.py. A threshold of 0 or less fires in every step without input, so such a compartment is never at rest.
"""

from __future__ import annotations

from .rf import Parameters, State, turned
from .table import Model


def update(p, s, a, now):
    """One step; fires where imag reaches vth."""
    real, imag, overflow = turned(p, s, a, now.arithmetic)
    fires = imag >= p.vth
    return (1 if fires else 0), State(0 if fires else real, p.vth - 1 if fires else imag), overflow


def at_rest(p, s):
    """Whether there is nothing to turn, and 0 does not fire."""
    return ((s.real | s.imag) == 0) & (p.vth > 0)


MODEL = Model("rf_iz", Parameters, State, update, at_rest, ports=("re", "im"))
