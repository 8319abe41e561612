"""What a run leaves behind: Counters (how often) and Traces (what happened). Integers only; no joule, no nanosecond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .events import N_PART_EVENTS, Event

OVERFLOWS = ("input wrapped", "u wrapped", "u + bias wrapped", "v clipped")


@dataclass(frozen=True)
class Counters:
    """counts[step, part, event]: how often each event of a part happened, int64, events 0..N_PART_EVENTS-1.

    overflows[population, kind]: how often a compartment left a register, kinds as in OVERFLOWS: lawful, and never wanted.
    """

    counts: np.ndarray
    overflows: np.ndarray

    @property
    def n_steps(self) -> int:
        return self.counts.shape[0]

    def total(self, event: Event) -> int:
        """How often an event of a part happened in the whole run."""
        return int(self.counts[:, :, event].sum()) if event < N_PART_EVENTS else 0


@dataclass(frozen=True)
class Traces:
    """Spikes of every source and the probed states.

    step: (n,) int64 from 1, ascending.  source: (n,) int32, ascending within a step.
    payload: (n,) int32, 1 or -1 of compartments, anything of the host.
    u, v: {population: (steps, probed compartments) int64, row k = end of step k + 1}; index of the columns in *_index.
    """

    step: np.ndarray
    source: np.ndarray
    payload: np.ndarray
    u: dict[str, np.ndarray]
    v: dict[str, np.ndarray]
    u_index: dict[str, np.ndarray]
    v_index: dict[str, np.ndarray]

    def of(self, first: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Steps, indices within the population and payloads of the spikes of the sources first..first+size-1."""
        mine = np.flatnonzero((self.source >= first) & (self.source < first + size))
        return self.step[mine], self.source[mine] - first, self.payload[mine]
