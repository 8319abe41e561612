"""A linear unit that keeps its rate, the mean of its rate's square, and the product of the rule of Bienenstock and others.

## What the papers say
Bienenstock, Cooper & Munro, J. Neurosci. 2:32, 1982, as in the seeds (S3): dw = eta x phi(y, theta), tau dtheta/dt = -theta +
y^2 / kappa, phi = y (y - theta). Oja, J. Math. Biol. 15:267, 1982: dw = eta (x y - w y^2), whose y^2 compensates at once.
## What the chip does
Loihi 2's neurons write post-traces that the learning engine reads as y1, y2, y3 (facts/learning_engine.md section 10).
## Our choice
    v      = decay(v, decay_v) + input, clipped as v of the LIF; no spikes
    y1     = v / 2**rate_shift, to the nearest, within -127..127
    square = square + (2**9 y1^2 - square) / 2**tau, toward zero, in every step of a sample that 2**epoch divides
    y2     = square / 2**(9 + square_shift), to the nearest, at most 127
    theta  = square / 2**(9 + theta_shift), rounded down
    y3     = y1 (y1 - theta) / 2**phi_shift, toward zero, within -127..127
Input is at the scale of weight x payload and is not shifted by 2**6. With tau = 0, y2 follows at once (Oja); a large tau makes
the compensation slow. square has 9 bits of fraction: with tau > 9 it stops short by up to 2**(tau - 9).
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..fixedpoint import clip, decay, shift_toward_zero
from .arrival import arrived
from .lif import v_limit
from .membrane import clipped
from .table import Columns, Field, Model, table

TOP = 127  # of a post-trace
FRACTION = 9  # bits of square below 1

_SETTINGS = {
    "decay_v": Field("decay of v a step, in 1/4096", 0, 0, 4096),
    "rate_shift": Field("y1 is v shifted right by it", 0, 0, 22),
    "tau": Field("square moves by 2**-tau of its distance", 0, 0, 22),
    "epoch": Field("2**epoch steps lie between two moves of square", 0, 0, 20),
    "square_shift": Field("y2 is the mean square of y1 shifted right by it", 7, 0, 14),
    "theta_shift": Field("theta is the mean square of y1 shifted right by it", 7, 0, 14),
    "phi_shift": Field("y3 is y1 (y1 - theta) shifted right by it", 7, 0, 22),
}
Parameters = table("Parameters", **_SETTINGS)
State = table(
    "State",
    v=Field("input, filtered"),
    square=Field("mean of y1 squared, in 1/2**9"),
    y1=Field("rate, -127..127"),
    y2=Field("mean of its square, 0..127"),
    y3=Field("BCM's product of rate and distance from the threshold, -127..127"),
)
Given = table(
    "Given",
    **_SETTINGS,
    v=Field("before step 1", 0, -(2**23) + 1, 2**23 - 1),
    square=Field("before step 1", 0, 0, 2**23 - 1),
)


def nearest(x, bits):
    """x / 2**bits, to the nearest, halves up."""
    return (x + ((1 << bits) >> 1)) >> bits


def product(y1, square, theta_shift, phi_shift):
    """y3."""
    theta = square >> (FRACTION + theta_shift)
    return clip(shift_toward_zero(y1 * (y1 - theta), phi_shift), -TOP, TOP)


def update(p, s, a, now):
    """One time step."""
    k = now.arithmetic
    told = arrived(a[0], k)
    v, over_v = clipped(decay(s.v, p.decay_v) + told, k)
    y1 = clip(nearest(v, p.rate_shift), -TOP, TOP)
    due = (now.sample_step & ((1 << p.epoch) - 1)) == 0
    moved = s.square + shift_toward_zero(((y1 * y1) << FRACTION) - s.square, p.tau)
    square = moved if due else s.square
    y2 = min(nearest(square, FRACTION + p.square_shift), TOP)
    return 0, State(v, square, y1, y2, product(y1, square, p.theta_shift, p.phi_shift)), over_v | 1 * (told != a[0])


def at_rest(p, s):
    """Whether v has decayed, and square is as near to 0 as it comes."""
    still = (s.square >> p.tau) == 0
    return ((s.v | s.y1 | s.y3) == 0) & still & (s.y2 == min(nearest(s.square, FRACTION + p.square_shift), TOP))


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Registers as they are; post-traces are those of v and square before step 1."""
    parameters = {key: given[key] for key in _SETTINGS}
    most = v_limit(chip.arithmetic)
    v, square = np.clip(given["v"], -most, most), given["square"]
    rate = [nearest(int(x), int(bits)) for x, bits in zip(v, given["rate_shift"], strict=True)]
    mean = [nearest(int(x), FRACTION + int(bits)) for x, bits in zip(square, given["square_shift"], strict=True)]
    y1 = np.clip(np.array(rate, np.int64), -TOP, TOP)
    rows = zip(y1, square, given["theta_shift"], given["phi_shift"], strict=True)
    y3 = np.array([product(*(int(x) for x in row)) for row in rows], np.int64)
    return parameters, {"v": v, "square": square, "y1": y1, "y2": np.minimum(np.array(mean, np.int64), TOP), "y3": y3}


MODEL = Model("bcm", Parameters, State, update, at_rest, given=Given, columns=columns)
