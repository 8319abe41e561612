"""three_factor_lif with the adaptive threshold of alif: what e-prop and its kin learn long memories with.

## What the papers say
Bellec et al. 2020 (e-prop): A[t] = v_th + beta a[t], a[t+1] = rho a[t] + z[t], and the pseudo-derivative is that of v - A. The
eligibility of an ALIF has a second part for each synapse, eps_a[t+1] = psi x + (rho - psi beta) eps_a[t], and is
psi (x - beta eps_a). Eshraghian et al. 2023 (S4), eq. 52-53, has the same threshold with beta = 1 - alpha.
## Our choice
    u, v, spike and b as alif.py
    y1 = 127 - 127 |v - threshold - b| / width: how far it is from the threshold as it is raised in that step
    pauses, width 0, signal, y2, y3 as three_factor_lif
A synapse has one tag, and that holds x psi. eps_a would need a second state of the synapse. The delay is one that a rule can
write, but it delays the synapse too; so eps_a is left out, and what a spike does through the threshold is not learned from.
What this costs is measured in programs/seeds (row D20).
"""

from __future__ import annotations

from ..chip import Chip
from ..fixedpoint import decay
from ..widths import STATE_UNIT
from . import alif, three_factor_lif
from .membrane import clipped, current, potential, received, spike
from .table import Columns, Model, table
from .three_factor_lif import at_rest as all_else_rests
from .three_factor_lif import factors, first_factors, surrogate

_ADAPTS = {key: alif.Parameters.fields[key] for key in ("decay_b", "step")}
Parameters = table("Parameters", **three_factor_lif.Parameters.fields, **_ADAPTS)
State = table("State", **three_factor_lif.State.fields, b=alif.State.fields["b"])
Given = table(
    "Given", **three_factor_lif.Given.fields, **{key: alif.Given.fields[key] for key in ("decay_b", "step", "b")}
)


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    q, over_q = received(a[0], k)
    u, over_u = current(s.u, q, p.decay_u, k)
    reached, over_v = potential(decay(s.v, p.decay_v), u, s.bias, k)
    threshold = p.threshold + s.b
    payload, v, held = spike(reached, s.held, threshold, p.soft, p.refractory)
    v, over_r = clipped(v, k)  # a threshold below 0 raises v where it is taken away
    b, over_b = clipped(decay(s.b, p.decay_b) + p.step * payload, k)
    signal, y1, y2, y3, over_s = factors(s, a[1], surrogate(reached, threshold, p.slope), p, k)
    overflow = (over_q + over_u + over_v) | over_r | over_b | over_s
    return payload, State(u, v, s.bias, held, signal, y1, y2, y3, b), overflow


def at_rest(p, s):
    """Whether everything has decayed, the threshold included."""
    return all_else_rests(p, s) & (s.b == 0)


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as the chip applies them; post-traces are those of v, b and signal before step 1."""
    parameters, state = three_factor_lif.columns(given, chip)
    traces = first_factors(given, state["v"], parameters["threshold"] + given["b"], parameters["slope"])
    adapts = {"decay_b": given["decay_b"], "step": given["step"] * STATE_UNIT}
    return {**parameters, **adapts}, {**state, **traces, "b": given["b"]}


MODEL = Model(
    "three_factor_alif", Parameters, State, update, at_rest,
    ports=("in", "signal"), given=Given, columns=columns, bias="bias",
)  # fmt: skip
