"""The SNU with lateral inhibition (LI-SNU): a spike of any unit of the layer empties all of them.

## What the paper says
IBM slides in the seeds: s[t] = g(W x[t] + l s[t-1] (1 - max(y[t-1]))), y[t] = h(s[t] + b), the maximum over the layer.
## Our choice
The SNU (snu.py), emptied also by any input at the port 'inhibit' other than 0. Connect the layer all to all with itself there,
with any positive weight: the one step that a spike travels is the t - 1 of the equation. The own spike counts without a
synapse.
"""

from __future__ import annotations

from ..fixedpoint import decay
from . import snu
from .membrane import received
from .snu import rectified
from .table import Model

Parameters, State = snu.Parameters, snu.State


def update(p, s, a, now):
    """One time step."""
    q, over_q = received(a[0], now.arithmetic)
    emptied = (s.y != 0) | (a[1] != 0)
    kept, over_s = rectified((0 if emptied else decay(s.s, p.decay)) + q, now.arithmetic)
    y = 1 if kept + p.b > 0 else 0
    return y, State(kept, y), over_q + over_s


MODEL = Model(
    "li_snu",
    Parameters,
    State,
    update,
    snu.at_rest,
    ports=("in", "inhibit"),
    given=snu.Given,
    columns=snu.columns,
)
