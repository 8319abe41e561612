"""Start: the state from which a chip's compartment is where the framework's is when the first input comes.

Spikes need one step to every layer, so a compartment d layers behind the input has taken d steps with nothing but its bias
when the framework's first step begins. It starts where those d steps end in the framework's start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MOST = 4.0  # thresholds that a start may be away: any chip's registers hold that beside weights that count
MOST_BIASES = 64.0  # the same for what never spikes


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

    All (n,).  What keeps nothing needs no start. Where a start would be too far away, as nearly all of it is forgotten, or
    would spike on its way, it is 0 and reached is False.
    """
    most = np.where(np.isfinite(threshold), MOST * threshold, MOST_BIASES * np.maximum(np.abs(bias), np.abs(v)))
    spiked = np.zeros(v.shape, bool)
    for _ in range(steps):
        spiked |= v > threshold
        v = np.where(keep_v > 0, (v - u - bias) / np.where(keep_v > 0, keep_v, 1.0), 0.0)
        u = np.where(keep_u > 0, u / np.where(keep_u > 0, keep_u, 1.0), 0.0)
        v, u = (np.clip(state, -1e12, 1e12) for state in (v, u))
    if steps:  # what keeps nothing is at its bias, whatever its start
        spiked |= (keep_v == 0) & (u * keep_u + bias > threshold)
    lost = spiked | (np.abs(u) > most) | (np.abs(v) > most)
    return Start(np.where(lost, 0.0, u), np.where(lost, 0.0, v), not np.any(lost))
