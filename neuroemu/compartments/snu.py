"""The spiking neural unit (SNU): a unit of deep learning that spikes.

## What the paper says
Wozniak et al. 2020 (IBM slides in the seeds): s[t] = g(W x[t] + l s[t-1] (1 - y[t-1])), y[t] = h(s[t] + b), g the ReLU and h
the step function. Its own spike empties it in the step after.
## Our choice
    s = max(decay(s, decay) where it did not spike, else 0, plus input, 0), clipped as v of the LIF
    y = 1 if s + b > 0
decay stands for 1 - l in 1/4096; s and b are in units of the LIF's v, b as a mantissa in 2**6. Where the real l is not a
multiple of 1/4096 the nearest one is at most 1/8192 away.
"""

from __future__ import annotations

from ..chip import Chip
from ..fixedpoint import clip, decay
from ..widths import STATE_UNIT
from .membrane import received, top
from .table import Columns, Field, Model, table

Parameters = table(
    "Parameters",
    decay=Field("decay of s a step, 1 - l in 1/4096", 0, 0, 4096),
    b=Field("s + b must exceed 0 to spike"),
)
State = table("State", s=Field("potential"), y=Field("1: it spiked in the step before"))
Given = table(
    "Given",
    decay=Field("decay of s a step, 1 - l in 1/4096", 0, 0, 4096),
    b=Field("mantissa, in 2**6: s + b must exceed 0 to spike", -1, "-threshold_max", "threshold_max"),
    s=Field("before step 1", 0, 0, 2**23 - 1),
    y=Field("1: as if it had just spiked", 0, 0, 1),
)


def update(p, s, a, now):
    """One time step."""
    q, over_q = received(a[0], now.arithmetic)
    kept, over_s = rectified((0 if s.y else decay(s.s, p.decay)) + q, now.arithmetic)
    y = 1 if kept + p.b > 0 else 0
    return y, State(kept, y), over_q + over_s


def rectified(x, k):
    """(x limited to 0 .. the largest state, 8 where it was too large)."""
    most = top(k)
    return clip(x, 0, most), 8 if x > most else 0


def at_rest(p, s):
    """Whether it is empty, and stays below its threshold so."""
    return ((s.s | s.y) == 0) & (p.b <= 0)


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """The mantissa of b in units of s."""
    return {"decay": given["decay"], "b": given["b"] * STATE_UNIT}, {"s": given["s"], "y": given["y"]}


MODEL = Model("snu", Parameters, State, update, at_rest, given=Given, columns=columns)
