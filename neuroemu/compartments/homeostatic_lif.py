"""The homeostatic LIF: its threshold moves until its activity lies between a minimum and a maximum.

## What the chip does
Loihi has homeostasis of the threshold, with the parameters activity_min, activity_max, gain, impulse, decay and epoch
(facts/fixed_point.md section 11). No public source has its rule bit by bit.
## Our choice
    u, v and spike as the LIF (lif.py), without noise and periodic reset, at the threshold of this step
    activity = decay(activity, decay_activity) + impulse where it spiked, clipped as v
    in every step of a sample that 2**epoch divides, after that:
        threshold += gain where activity > activity_max
        threshold -= gain where activity < activity_min, kept within threshold_min .. threshold_max
At a rate of r spikes a step the activity settles around r * impulse * 4096 / decay_activity. A silent compartment is at rest
once its threshold can fall no further; with activity_min = 0 that is at once.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..errors import Problem, ProgramError
from ..fixedpoint import clip, decay
from ..widths import STATE_UNIT
from . import lif
from .membrane import clipped, current, decays, potential, received, shifted_bias, spike, start_of_v
from .table import Columns, Field, Model, table

Parameters = table(
    "Parameters",
    decay_u=Field("effective decay of u a step, in 1/4096", 4096, 0, 4096),
    decay_v=Field("effective decay of v a step, in 1/4096", 0, 0, 4096),
    refractory=Field("steps from a spike until v integrates again", 1),
    soft=Field("1: a spike takes the threshold from v, 0: v becomes 0", 0, 0, 1),
    threshold_min=Field("the threshold stays above it"),
    threshold_max=Field("the threshold stays below it"),
    gain=Field("what the threshold moves by in one epoch"),
    activity_min=Field("less activity lowers the threshold"),
    activity_max=Field("more activity raises the threshold"),
    impulse=Field("what a spike adds to the activity"),
    decay_activity=Field("decay of the activity a step, in 1/4096", 0, 0, 4096),
    epoch=Field("2**epoch steps lie between two moves"),
)
State = table(
    "State",
    u=Field("current"),
    v=Field("potential"),
    bias=Field("added to u in every step"),
    held=Field("steps still held at 0 after a spike"),
    threshold=Field("v must exceed it to spike"),
    activity=Field("trace of the own spikes"),
)
_LIF = ("decay_u", "decay_v", "threshold", "refractory", "soft", "bias", "bias_exponent", "u", "v")
Given = table(
    "Given",
    **{key: lif.Given.fields[key] for key in _LIF},
    threshold_min=Field("mantissa, in 2**6", 0, 0, "threshold_max"),
    threshold_max=Field("mantissa, in 2**6; else the largest that the chip has", None, 0, "threshold_max"),
    gain=Field("mantissa, in 2**6, of what the threshold moves by in one epoch", 0, 0, "threshold_max"),
    activity_min=Field("less activity lowers the threshold", 0, 0, 2**23 - 1),
    activity_max=Field("more activity raises the threshold", 2**23 - 1, 0, 2**23 - 1),
    impulse=Field("what a spike adds to the activity", 4096, 0, 2**16 - 1),
    decay_activity=Field("decay of the activity a step, in 1/4096", 41, 0, 4096),
    epoch=Field("2**epoch steps lie between two moves", 6, 0, 20),
    activity=Field("before step 1", 0, 0, 2**23 - 1),
)


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    q, over_q = received(a[0], k)
    u, over_u = current(s.u, q, p.decay_u, k)
    v, over_v = potential(decay(s.v, p.decay_v), u, s.bias, k)
    payload, v, held = spike(v, s.held, s.threshold, p.soft, p.refractory)
    activity, over_a = clipped(decay(s.activity, p.decay_activity) + p.impulse * payload, k)
    steer = (1 if activity > p.activity_max else 0) - (1 if activity < p.activity_min else 0)
    due = (now.sample_step & ((1 << p.epoch) - 1)) == 0
    moved = clip(s.threshold + p.gain * steer, p.threshold_min, p.threshold_max)
    threshold = moved if due else s.threshold
    return payload, State(u, v, s.bias, held, threshold, activity), (over_q + over_u + over_v) | over_a


def at_rest(p, s):
    """Whether everything has decayed and the threshold can fall no further."""
    inside = clip(s.threshold, p.threshold_min, p.threshold_max) == s.threshold
    still = inside & ((p.activity_min == 0) | (p.gain == 0) | (s.threshold <= p.threshold_min))
    return ((s.u | s.v | s.bias | s.held | s.activity) == 0) & still


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as the chip applies them, thresholds in units of v. Raises ProgramError where a minimum exceeds its maximum."""
    n = given["u"].size
    names = ("refractory", "soft", "activity_min", "activity_max", "impulse", "decay_activity", "epoch")
    highest = given.get("threshold_max", np.full(n, chip.registers.threshold_max))
    _check_order("threshold", given["threshold_min"], highest)
    _check_order("activity", given["activity_min"], given["activity_max"])
    parameters = {
        **decays(given, chip),
        **{key: given[key] for key in names},
        "threshold_min": given["threshold_min"] * STATE_UNIT,
        "threshold_max": highest * STATE_UNIT,
        "gain": given["gain"] * STATE_UNIT,
    }
    state = {
        **{key: given[key] for key in ("u", "activity")},
        "v": start_of_v(given, chip),
        "bias": shifted_bias(given),
        "held": np.zeros(n, np.int64),
        "threshold": clip_columns(given["threshold"], given["threshold_min"], highest) * STATE_UNIT,
    }
    return parameters, state


def _check_order(name: str, low: np.ndarray, high: np.ndarray) -> None:
    wrong = np.flatnonzero(low > high)
    if wrong.size:
        first = wrong[0]
        what = f"{name}_min is {low[first]}, above {name}_max, {high[first]} (compartment {first})"
        raise ProgramError([Problem(what, allowed=f"{name}_min of at most {name}_max")])


def clip_columns(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """x within low..high, each by each."""
    return np.minimum(np.maximum(x, low), high)


MODEL = Model("homeostatic_lif", Parameters, State, update, at_rest, given=Given, columns=columns, bias="bias")
