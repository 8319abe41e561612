"""The CUBA LIF compartment: current-based leaky integrate-and-fire in the chip's integers.

## What the chip does
In every time step, for every compartment (facts/fixed_point.md section 2; recordings of the chip agree):
    q = input of this step (+ noise), wrapped to 22 bits
    u = decay(u, decay_u) + q, wrapped to 24 bits
    v = decay(v, decay_v) + u + bias (+ noise), u + bias wrapped to 24 bits, v clipped
    v = 0 while refractory
    spike if v > threshold (strictly); then v = 0 and the refractory counter starts
## Our choice
A compartment is at rest if u, v, bias, input and its counter are zero and it has no noise. A ternary compartment also
fires when v < threshold_low, with payload -1 (as Lava's TernaryLIF). The wrap of u + bias is what nengo-loihi does; no
recording settles it. Soft reset takes the threshold from v instead of zeroing it: not Loihi 1, which resets to zero.
Periodic reset zeroes u and v at the start of a step (as Lava's LIFReset).
"""

from __future__ import annotations

import numpy as np

from ..chip import Arithmetic, Chip
from ..fixedpoint import clip, decay, wrap, wrap_once
from ..widths import STATE_SHIFT, STATE_UNIT
from .noise import noise
from .table import Columns, Field, Model, table

UNBOUNDED = 2**62
PLAIN = 0  # 1 where a population has neither noise nor periodic reset

Parameters = table(
    "Parameters",
    decay_u=Field("effective decay of u a step, in 1/4096", 4096, 0, 4096),
    decay_v=Field("effective decay of v a step, in 1/4096", 0, 0, 4096),
    threshold=Field("v must exceed it to spike"),
    threshold_low=Field("v below it spikes with payload -1", -UNBOUNDED),
    v_min=Field("v is kept above it"),
    v_max=Field("v is kept below it"),
    refractory=Field("steps from a spike until v integrates again", 1),
    soft=Field("1: a spike takes the threshold from v, 0: v becomes 0", 0, 0, 1),
    reset_interval=Field("steps between resets, 0 never"),
    reset_offset=Field("of the reset, 0 .. interval - 1"),
    noise_exponent=Field("0 is no noise"),
    noise_mantissa=Field("mean of the noise, in 64"),
    noise_at_membrane=Field("1: added to u + bias, 0: to the input"),
    noise_enabled=Field("1: this compartment has noise"),
)
State = table(
    "State",
    u=Field("current"),
    v=Field("potential"),
    bias=Field("added to u in every step"),
    held=Field("steps still held at 0 after a spike"),
    charge=Field("input waiting for the first step"),
)
Given = table(
    "Given",
    decay_u=Field("register of the decay of u", 4095, 0, "decay_max"),
    decay_v=Field("register of the decay of v", 0, 0, "decay_max"),
    threshold=Field("mantissa, in 2**6", 1, 0, "threshold_max"),
    threshold_low=Field("mantissa, in 2**6; ternary where given", None, "-threshold_max", 0),
    bias=Field("mantissa: bias << bias_exponent is added to u", 0, "bias_min", "bias_max"),
    bias_exponent=Field("of the bias", 0, "bias_exponent_min", "bias_exponent_max"),
    refractory=Field("steps, 1 is no pause", 1, 1, "refractory_max"),
    soft=Field("1: soft reset", 0, 0, 1),
    u=Field("before step 1", 0, -(2**31), 2**31),
    v=Field("before step 1", 0, -(2**31), 2**31),
    charge=Field("input waiting for step 1", 0, -(2**31), 2**31),
    v_min=Field("lower limit of v; else the chip's", None, -(2**31), 0),
    v_max=Field("upper limit of v; else the chip's", None, 0, 2**31),
    reset_interval=Field("periodic reset, 0 never", 0, 0),
    reset_offset=Field("of the periodic reset", 0, 0),
    noise_exponent=Field("0 is no noise", 0, 0, 23),
    noise_mantissa=Field("mean of the noise, in 64"),
    noise_at_membrane=Field("1: at v instead of u", 0, 0, 1),
    noise_enabled=Field("1: has noise", 1, 0, 1),
)


def update(p, s, a, now):
    """One time step of one compartment; branch-free but for constants, so that it compiles to vector code."""
    k = now.arithmetic
    u, v = s.u, s.v
    if not PLAIN and p.reset_interval > 0 and now.sample_step % p.reset_interval == p.reset_offset:
        u, v = 0, 0
    x = 0 if PLAIN else noise(p, now)
    summed = (a[0] << STATE_SHIFT) + s.charge + (0 if p.noise_at_membrane else x)
    q = wrap(summed, k.q_bits) if k.q_bits > 0 else summed
    raised = decay(u, p.decay_u) + q
    u = raised
    if k.u_overflow == 1:
        u = wrap(raised, k.state_bits)
    elif k.u_overflow == 2:
        u = wrap_once(raised, k.state_bits)
    wanted = u + s.bias + (x if p.noise_at_membrane else 0)
    drive = wrap(wanted, k.state_bits) if k.bias_overflow == 1 else wanted
    lifted = decay(v, p.decay_v) + drive
    v = clip(lifted, p.v_min, p.v_max)
    overflow = (q != summed) + 2 * (u != raised) + 4 * (drive != wanted) + 8 * (v != lifted)
    held = s.held > 0
    v = 0 if held else v
    high, low = (not held) & (v > p.threshold), (not held) & (v < p.threshold_low)
    passed = p.threshold if high else p.threshold_low
    v = (v - passed if p.soft else 0) if high | low else v
    left = p.refractory - 1 if high | low else (s.held - 1 if held else 0)
    payload = (1 if high else 0) - (1 if low else 0)
    return payload, State(u, v, s.bias, left, 0), overflow


def at_rest(p, s):
    """Whether a step without input changes nothing: thresholds lie on their own sides of zero."""
    return ((s.u | s.v | s.bias | s.held | s.charge) == 0) & ((p.noise_exponent == 0) | (p.noise_enabled == 0))


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as the chip applies them: effective decays, thresholds in units of v, biases shifted."""
    a, n = chip.arithmetic, given["u"].size
    limit = v_limit(a)
    exponent, interval = given["bias_exponent"], given["reset_interval"]
    parameters = {
        "decay_u": given["decay_u"] + a.decay_u_offset,
        "decay_v": given["decay_v"] + a.decay_v_offset,
        "threshold": given["threshold"] * STATE_UNIT,
        "threshold_low": given["threshold_low"] * STATE_UNIT if "threshold_low" in given else np.full(n, -UNBOUNDED),
        "v_min": given.get("v_min", np.full(n, -limit)),
        "v_max": given.get("v_max", np.full(n, limit)),
        "reset_offset": given["reset_offset"] % np.maximum(interval, 1),
        **{key: given[key] for key in ("refractory", "soft", "reset_interval")},
        **{key: given[key] for key in ("noise_exponent", "noise_mantissa", "noise_at_membrane", "noise_enabled")},
    }
    bias = np.where(exponent >= 0, given["bias"] << np.maximum(exponent, 0), given["bias"] >> np.maximum(-exponent, 0))
    state = {"u": given["u"], "v": given["v"], "bias": bias, "held": np.zeros(n, np.int64), "charge": given["charge"]}
    return parameters, state


def v_limit(a: Arithmetic) -> int:
    """The largest magnitude of v."""
    return (1 << (a.state_bits - 1)) - 1 if a.v_clip else UNBOUNDED


def switches(parameters: Columns) -> dict[str, int]:
    """What a population uses at all."""
    unused = not (np.any(parameters["noise_exponent"]) or np.any(parameters["reset_interval"]))
    return {"PLAIN": int(unused)}


def draws(parameters: Columns) -> np.ndarray:
    """One a step where there is noise."""
    return ((parameters["noise_exponent"] != 0) & (parameters["noise_enabled"] != 0)).astype(np.int64)


MODEL = Model(
    "lif", Parameters, State, update, at_rest,
    given=Given, columns=columns, switches=switches, bias="bias", draws=draws,
)  # fmt: skip
