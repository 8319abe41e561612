"""Slots: which place in a row of the delay ring a synapse adds its weight to.

A row holds one sum a compartment. Where the exponent belongs to the sum (compatibility with Lava), a projection gets sums
of its own behind them, one a delay value as Lava has them: slots k*n .. (k+1)*n-1 of a row for the k-th.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .table import Table


class Slots(NamedTuple):
    """shift: (k,) int64, by which each extra sum is shifted.

    sums: (projections, longest delay + 1) int32, the sum that a synapse adds to: 0 the compartment's own, 1..k an extra one.
    """

    shift: np.ndarray
    sums: np.ndarray

    def of(self, target: np.ndarray, projection: np.ndarray, delay: np.ndarray, n: int) -> np.ndarray:
        """(m,) slots of synapses.  target: (m,) compartments, of n; projection, delay: (m,)."""
        return target + self.sums[projection, delay] * np.int32(n)


def slots(table: Table, sum_shifts: list[int]) -> Slots:
    """sum_shifts: by projection, > 0 where its sum is shifted as a whole."""
    longest = max((int(used.max()) for used in table.delays if used.size), default=0)
    sums, shift = np.zeros((len(sum_shifts), longest + 1), np.int32), []
    for projection, by in enumerate(sum_shifts):
        if by:
            for delay in table.delays[projection]:
                shift.append(by)
                sums[projection, delay] = len(shift)
    return Slots(np.array(shift, np.int64), sums)
