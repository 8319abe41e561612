"""The dendrite: a compartment of a tree that passes its potential to its parent in the same step, and never spikes itself.

## What the chip does
Loihi's neurons may be trees of compartments, joined by ADD, MAX, MIN, OR or PASS; no public reference gives the rule to the
bit (facts/fixed_point.md section 11).
## Our choice
    u = decay(u) + input, wrapped to 24 bits
    drive = join(u + bias, what the children pass)       add, max, min; or: u + bias alone
    v = decay(v) + drive, clipped to 24 bits
    passes v; if gated, v only where v > threshold, else 0 ('pass' of the chip)
Joined by or, a compartment counts as above its threshold when a child has passed anything, and then passes at least 1.
Children go before their parents, all in one step, in the order of the populations. A value passed is folded by the
parent's join: the sum, the largest, the smallest, or whether any is not 0. v is not reset.
"""

from __future__ import annotations

from ..fixedpoint import clip, decay, wrap
from ..widths import STATE_SHIFT
from .joins import OR, joined
from .table import Field, Model, table

LIMIT = 2**23 - 1

Parameters = table(
    "Parameters",
    decay_u=Field("decay of u a step, in 1/4096", 4096, 0, 4096),
    decay_v=Field("decay of v a step, in 1/4096", 0, 0, 4096),
    threshold=Field("v above it is passed where gated", 0, 0, LIMIT),
    gated=Field("1: passes nothing at or below the threshold", 0, 0, 1),
    join=Field("with the children: 0 add, 1 max, 2 min, 3 or; set by the branches of the network", 0, 0, 3),
)
State = table(
    "State",
    u=Field("current", 0, -LIMIT, LIMIT),
    v=Field("potential", 0, -LIMIT, LIMIT),
    bias=Field("added to u in every step", 0, -LIMIT, LIMIT),
)


def update(p, s, a, now):
    """One step; the payload is what goes to the parent."""
    raised = decay(s.u, p.decay_u) + (a[0] << STATE_SHIFT)
    u = wrap(raised, 24)
    lifted = decay(s.v, p.decay_v) + joined(u + s.bias, a[1], p.join)
    v = clip(lifted, -LIMIT, LIMIT)
    child = (p.join == OR) & (a[1] != 0)
    above = child | (v > p.threshold)
    least = max(v, 1) if child else v
    passed = least if above | (p.gated == 0) else 0
    return passed, State(u, v, s.bias), 2 * (u != raised) + 8 * (v != lifted)


def at_rest(p, s):
    """Whether a step without input changes nothing and passes nothing."""
    return (s.u | s.v | s.bias) == 0


MODEL = Model("dendrite", Parameters, State, update, at_rest, ports=("in", "dendrites"), passes_up=True, bias="bias")
