"""Start: the state from which a chip's compartment is where the framework's is when the first input comes.

Spikes need one step to every layer, so a compartment d layers behind the input has taken d steps with nothing but its bias
when the framework's first step begins. It starts where those d steps end in the framework's start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SMALLEST = 2.0**-6  # of what d steps leave of a state: below it, a start would have to be 64 times what it becomes


class Start(NamedTuple):
    """u, v: (n,) before step 1.  reached: whether d steps lead where they should, without a spike on the way."""

    u: np.ndarray
    v: np.ndarray
    reached: bool


def start_of(
    keep_u: np.ndarray,
    keep_v: np.ndarray,
    bias: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    steps: int,
    threshold: np.ndarray,
) -> Start:
    """The state that `steps` steps of u = keep_u u, v = keep_v v + u + bias bring to (u, v).

    All (n,).  Where a state is forgotten on the way, or would spike, it starts at 0 and reached is False.
    """
    moved = (u != 0) | (v != 0) | (bias != 0)
    forgotten = moved & (keep_v**steps < SMALLEST) | ((u != 0) & (keep_u**steps < SMALLEST))
    safe_u, safe_v = (np.where(keep ** max(steps, 1) < SMALLEST, 1.0, keep) for keep in (keep_u, keep_v))
    spiked = np.zeros(v.shape, bool)
    for _ in range(steps):
        spiked |= v > threshold
        v = (v - u - bias) / safe_v
        u = u / safe_u
    lost = forgotten | (spiked & moved)
    return Start(np.where(lost, 0.0, u), np.where(lost, 0.0, v), not np.any(lost))
