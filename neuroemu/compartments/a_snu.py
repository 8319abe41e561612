"""The adaptive SNU (a-SNU): its own spikes make it harder to fire.

## What the paper says
IBM slides in the seeds: s[t] = g(W x[t] + l s[t-1] (1 - y[t-1])), b[t] = rho b[t-1] + (1 - rho) y[t-1],
y[t] = h(s[t] + beta b[t] + b0).
## Our choice
    s as the SNU (snu.py)
    b = decay(b, decay_b) + (1 - rho) beta where it spiked in the step before
    y = 1 if s - b + b0 > 0
The sign: a positive beta inhibits, which is what the slides use the term for. decay_b stands for 1 - rho in 1/4096. b is kept
as beta b in units of s, so that one spike adds round(beta decay_b / 4096).
"""

from __future__ import annotations

from ..chip import Chip
from ..fixedpoint import decay
from ..widths import DECAY_BITS, DECAY_ONE, STATE_UNIT
from . import snu
from .membrane import received
from .snu import rectified
from .table import Columns, Field, Model, table

Parameters = table(
    "Parameters",
    decay=Field("decay of s a step, 1 - l in 1/4096", 0, 0, 4096),
    b0=Field("s - b + b0 must exceed 0 to spike"),
    decay_b=Field("decay of b a step, 1 - rho in 1/4096", 0, 0, 4096),
    step=Field("what a spike adds to b"),
)
State = table("State", s=Field("potential"), y=Field("1: it spiked in the step before"), b=Field("beta b: adaptation"))
Given = table(
    "Given",
    decay=snu.Given.fields["decay"],
    b0=Field("mantissa, in 2**6: s - b + b0 must exceed 0 to spike", -1, "-threshold_max", "threshold_max"),
    decay_b=Field("decay of b a step, 1 - rho in 1/4096", 205, 0, 4096),
    beta=Field("mantissa, in 2**6: positive inhibits", 0, "-threshold_max", "threshold_max"),
    s=snu.Given.fields["s"],
    y=snu.Given.fields["y"],
    b=Field("before step 1: beta b", 0, -(2**23) + 1, 2**23 - 1),
)


def update(p, s, a, now):
    """One time step."""
    q, over_q = received(a[0], now.arithmetic)
    kept, over_s = rectified((0 if s.y else decay(s.s, p.decay)) + q, now.arithmetic)
    b = decay(s.b, p.decay_b) + p.step * s.y
    y = 1 if kept - b + p.b0 > 0 else 0
    return y, State(kept, y, b), over_q + over_s


def at_rest(p, s):
    """Whether it is empty, does not adapt any more, and stays below its threshold so."""
    return ((s.s | s.y | s.b) == 0) & (p.b0 <= 0)


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Mantissas in units of s."""
    step = (given["beta"] * STATE_UNIT * given["decay_b"] + DECAY_ONE // 2) >> DECAY_BITS
    parameters = {"decay": given["decay"], "b0": given["b0"] * STATE_UNIT, "decay_b": given["decay_b"], "step": step}
    return parameters, {key: given[key] for key in ("s", "y", "b")}


MODEL = Model("a_snu", Parameters, State, update, at_rest, given=Given, columns=columns)
