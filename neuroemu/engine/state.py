"""ChipState: everything on the chip that changes during a run, and how it starts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..compiler.image import ChipImage
from ..counters import OVERFLOWS


class ChipState(NamedTuple):
    """u, v, refractory (steps still held), bias: (n,) int64.  charge: (n,) int64, input waiting besides the ring's.

    ring: (n_slots, width) input in 2**(6 + weight_shift), row t % n_slots is what arrives at step t; int32 where no sum can
    exceed it.
    overflows: (n_blocks, 4) int64, how often a block left its registers: OVERFLOWS of counters.py. Grows over the whole run.
    """

    u: np.ndarray
    v: np.ndarray
    refractory: np.ndarray
    bias: np.ndarray
    charge: np.ndarray
    ring: np.ndarray
    overflows: np.ndarray


def start(image: ChipImage) -> ChipState:
    """The state before step 1."""
    n, width = image.n_compartments, image.n_compartments * (1 + image.accumulator_shift.size)
    c = image.compartments
    return ChipState(
        c.u.copy(),
        c.v.copy(),
        np.zeros(n, np.int64),
        c.bias.copy(),
        c.charge.copy(),
        np.zeros((image.n_slots, width), np.int32 if image.sums_fit_32_bits else np.int64),
        np.zeros((len(image.names), len(OVERFLOWS)), np.int64),
    )


def restart(state: ChipState, image: ChipImage) -> None:
    """Puts the state back to where it started, as a host does between samples; biases are kept."""
    state.u[:], state.v[:] = image.compartments.u, image.compartments.v
    state.charge[:] = image.compartments.charge
    state.refractory[:] = 0
    state.ring[:] = 0
