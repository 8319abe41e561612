"""What a run leaves behind: Counters (how often) and Traces (what happened). Integers only; no joule, no nanosecond."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from .spool import forget


class Count(IntEnum):
    """What the engine counts in a part and a step. Events, which have prices, are worked out from these (tally.py)."""

    SYNAPSE_READ = 0  # synapses read, whatever their list's format
    ACTIVE = 1  # compartments updated that were not at rest
    INACTIVE = 2  # compartments at rest
    SPIKE_OUT = 3  # compartments that fired


class Learned(IntEnum):
    """What the learning engine counts in a part and a step; only where a projection learns."""

    TRACE = 0  # traces of an axon or a compartment brought up to date
    READ = 1  # synapses read
    WRITE = 2  # synapses changed
    PRODUCT = 3  # products of rules evaluated


N_COUNTS = len(Count)
N_LEARNED = len(Learned)
PIECE = 1 << 20  # spikes

OVERFLOWS = ("input wrapped", "u wrapped", "u + bias wrapped", "v clipped")


@dataclass(frozen=True)
class Counters:
    """counts[step, part, Count]: int32.  learned[step, part, Learned]: int32, of no step where nothing learns.

    overflows[population, kind]: how often a compartment left a register, kinds as in OVERFLOWS: lawful, and never wanted.
    membranes[population]: how often a compartment's potential changed, its first step included; None where nobody asked.
    """

    counts: np.ndarray
    overflows: np.ndarray
    learned: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, N_LEARNED), np.int32))
    membranes: np.ndarray | None = None

    @property
    def n_steps(self) -> int:
        return self.counts.shape[0]

    def total(self, count: Count) -> int:
        """How often something happened in the whole run."""
        return int(self.counts[:, :, count].sum(dtype=np.int64))


@dataclass(frozen=True)
class Snapshots:
    """A plastic projection now and then.  step: (k,) int64 at whose ends, 0 is before the first, ascending, the last included.

    pre, post: (n,) int32 the ends of its synapses, by the user's numbers.  weight (mantissas), delay, tag: (k, n) int16.
    exponent: effective weight = mantissa 2**(6 + exponent).
    x: {'x1', 'x2': (k, n_pre) int16}, y: {'y1'..'y3': (k, n_post) int16} traces as they are stored.
    """

    step: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    tag: np.ndarray
    exponent: int
    x: dict[str, np.ndarray]
    y: dict[str, np.ndarray]


@dataclass(frozen=True)
class Traces:
    """Spikes of every source and the probed states.

    step: (n,) int64 from 1, ascending.  source: (n,) int32, ascending within a step.
    payload: (n,) int32, of LIF 1 or -1, of graded models and of the host anything but 0.
    states: {(population, field): (steps, probed compartments) int64, row k = end of step k + 1}; state_index: which
    compartments of the population the columns are.  synapses: of projections that
    learn.  u, v, u_index, v_index: those fields, by population.
    """

    step: np.ndarray
    source: np.ndarray
    payload: np.ndarray
    states: dict[tuple[str, str], np.ndarray]
    state_index: dict[tuple[str, str], np.ndarray]
    synapses: dict[str, Snapshots] = field(default_factory=dict)

    @property
    def u(self) -> dict[str, np.ndarray]:
        return _named(self.states, "u")

    @property
    def v(self) -> dict[str, np.ndarray]:
        return _named(self.states, "v")

    @property
    def u_index(self) -> dict[str, np.ndarray]:
        return _named(self.state_index, "u")

    @property
    def v_index(self) -> dict[str, np.ndarray]:
        return _named(self.state_index, "v")

    def of(self, first: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Steps, indices within the population and payloads of the spikes of the sources first..first+size-1."""
        found: list[tuple[np.ndarray, ...]] = [(self.step[:0], self.source[:0], self.payload[:0])]
        for step, source, payload in self.pieces():
            mine = np.flatnonzero((source >= first) & (source < first + size))
            found.append((step[mine], source[mine] - first, payload[mine]))
        step, index, payload = (np.concatenate(column) for column in zip(*found, strict=True))
        return step, index, payload

    def pieces(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(step, source, payload) of a stretch of spikes after the other: they may lie on disk."""
        for first in range(0, self.step.size, PIECE):
            here = slice(first, first + PIECE)
            yield self.step[here], self.source[here], self.payload[here]
            forget(self.step, self.source, self.payload)


def _named(tables: dict[tuple[str, str], np.ndarray], field: str) -> dict[str, np.ndarray]:
    return {population: table for (population, name), table in tables.items() if name == field}
