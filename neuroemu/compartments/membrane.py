"""What the models of the LIF's kind share: input, current, potential, spike, and the registers that these need.

The same steps as in lif.py, one function each, without noise and periodic reset. k is the chip's Arithmetic.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..fixedpoint import clip, decay, wrap, wrap_once
from ..widths import STATE_SHIFT, STATE_UNIT
from .lif import UNBOUNDED, v_limit
from .table import Columns


def received(x, k):
    """(input of a step in units of v, 1 where it wrapped); x: sum of weight x payload."""
    return accumulated(x << STATE_SHIFT, k)


def accumulated(summed, k):
    """(what the accumulator keeps of a sum in units of v, 1 where it wrapped)."""
    q = wrap(summed, k.q_bits) if k.q_bits > 0 else summed
    return q, 1 if q != summed else 0


def top(k):
    """The largest magnitude of a state that is clipped; lif.v_limit for the compiler."""
    return (1 << (k.state_bits - 1)) - 1 if k.v_clip else UNBOUNDED


def clipped(x, k):
    """(x limited to what a state holds, 8 where it was too large)."""
    most = top(k)
    kept = clip(x, -most, most)
    return kept, 8 if kept != x else 0


def current(u, q, decay_u, k):
    """(u one step later, 2 where it wrapped)."""
    raised = decay(u, decay_u) + q
    kept = raised
    if k.u_overflow == 1:
        kept = wrap(raised, k.state_bits)
    elif k.u_overflow == 2:
        kept = wrap_once(raised, k.state_bits)
    return kept, 2 if kept != raised else 0


def potential(kept, u, bias, k):
    """(v, overflow) from what is left of the v before, u and bias."""
    wanted = u + bias
    drive = wrap(wanted, k.state_bits) if k.bias_overflow == 1 else wanted
    v, over = clipped(kept + drive, k)
    return v, over + (4 if drive != wanted else 0)


def spike(v, held, threshold, soft, refractory):
    """(1 for a spike or 0, v, steps still held): v is 0 while held, and 0 or lower by the threshold after a spike."""
    holds = held > 0
    v = 0 if holds else v
    fires = (not holds) & (v > threshold)
    v = (v - threshold if soft else 0) if fires else v
    left = refractory - 1 if fires else (held - 1 if holds else 0)
    return 1 if fires else 0, v, left


def shifted_bias(given: Columns) -> np.ndarray:
    """mantissa << exponent; a negative exponent shifts to the right."""
    exponent = given["bias_exponent"]
    return np.where(exponent >= 0, given["bias"] << np.maximum(exponent, 0), given["bias"] >> np.maximum(-exponent, 0))


def decays(given: Columns, chip: Chip) -> Columns:
    """The registers of both decays as the chip applies them."""
    a = chip.arithmetic
    return {"decay_u": given["decay_u"] + a.decay_u_offset, "decay_v": given["decay_v"] + a.decay_v_offset}


def threshold_units(given: Columns) -> Columns:
    """The threshold's mantissa in units of v."""
    return {"threshold": given["threshold"] * STATE_UNIT}


def start_of_v(given: Columns, chip: Chip) -> np.ndarray:
    """v before step 1, within what the chip holds."""
    most = v_limit(chip.arithmetic)
    return np.clip(given["v"], -most, most)
