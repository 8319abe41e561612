"""The soma: the spiking root of a dendritic tree, a LIF compartment that also takes what its dendrites pass.

## What the chip does
See dendrite.py: no public rule to the bit.
## Our choice
    u = decay(u) + input, wrapped to 24 bits
    v = decay(v) + join(u + bias, what the dendrites pass), clipped to 24 bits; 0 while refractory
    spike if v > threshold, or, joined by or, if any dendrite has passed anything; then v = 0
"""

from __future__ import annotations

from ..fixedpoint import clip, decay, wrap
from ..widths import STATE_SHIFT
from .dendrite import LIMIT
from .joins import OR, joined
from .table import Field, Model, table

Parameters = table(
    "Parameters",
    decay_u=Field("decay of u a step, in 1/4096", 4096, 0, 4096),
    decay_v=Field("decay of v a step, in 1/4096", 0, 0, 4096),
    threshold=Field("v must exceed it to spike, in units of v (2**6 of a weight)", 64, 0, LIMIT),
    refractory=Field("steps from a spike until v integrates again, 1 is no pause", 1, 1, "refractory_max"),
    join=Field("with the dendrites: 0 add, 1 max, 2 min, 3 or; set by the branches of the network", 0, 0, 3),
)
State = table(
    "State",
    u=Field("current", 0, -LIMIT, LIMIT),
    v=Field("potential", 0, -LIMIT, LIMIT),
    bias=Field("added to u in every step", 0, -LIMIT, LIMIT),
    held=Field("steps still held at 0 after a spike", 0, 0, 63),
)


def update(p, s, a, now):
    """One step."""
    raised = decay(s.u, p.decay_u) + (a[0] << STATE_SHIFT)
    u = wrap(raised, 24)
    lifted = decay(s.v, p.decay_v) + joined(u + s.bias, a[1], p.join)
    v = clip(lifted, -LIMIT, LIMIT)
    overflow = 2 * (u != raised) + 8 * (v != lifted)
    held = s.held > 0
    fires = (not held) & ((v > p.threshold) | ((p.join == OR) & (a[1] != 0)))
    left = p.refractory - 1 if fires else (s.held - 1 if held else 0)
    return (1 if fires else 0), State(u, 0 if held | fires else v, s.bias, left), overflow


def at_rest(p, s):
    """Whether a step without input changes nothing."""
    return (s.u | s.v | s.bias | s.held) == 0


MODEL = Model("soma", Parameters, State, update, at_rest, ports=("in", "dendrites"), bias="bias")
