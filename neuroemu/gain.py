"""Gain: how much faster a run would be with parts of a core on other cores.

An estimate: the core times of the first steps are worked out anew with the parts moved, everything else of a step stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .chip import PriceList
from .counters import N_LEARNED
from .events import READS, SENDING, Event
from .latency import work
from .schedule import BARRIER, TICK
from .tally import Tally, part_events
from .wiring import Wiring

MOST_MOVED = 8  # parts
WORTH = 1e-9  # by which one more moved has to be better


@dataclass(frozen=True)
class Sample:
    """The first steps of a run, on which gains are worked out.  of: steps of the whole run.

    core_steps: (steps, cores in use, E).  counts: (steps, n_parts, Count).  learned: (steps, n_parts, Learned), or of no step.
    It belongs to one wiring, and fills with what parts did as they are asked for.
    """

    core_steps: np.ndarray
    counts: np.ndarray
    of: int
    learned: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, N_LEARNED), np.int32))
    _did: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n_steps(self) -> int:
        return self.counts.shape[0]

    @property
    def nbytes(self) -> int:
        """Of what it holds besides core_steps, once every part was asked for."""
        did = 8 * (len(SENDING) + 1) * self.counts.shape[0] * self.counts.shape[1]
        return self.counts.nbytes + self.learned.nbytes + did

    def did(self, wiring: Wiring, part: int) -> tuple[np.ndarray, np.ndarray]:
        """What a part did, of which no price knows: (steps, SENDING) float64 events and (steps,) float64 synapses read."""
        if part not in self._did:
            learned = self.learned[:, part] if self.learned.size else None
            size, draws = int(wiring.parts.size[part]), int(wiring.draws[part])
            events = part_events(self.counts[:, part], size, draws, learned)
            self._did[part] = events[:, list(SENDING)].astype(float), events[:, Event.ACCUMULATE].astype(float)
        return self._did[part]


class Moves:
    """Moves of parts under one price list.  path_ns: (sample.n_steps or more, 7), see Schedule."""

    def __init__(self, wiring: Wiring, tally: Tally, prices: PriceList, sample: Sample, path_ns: np.ndarray) -> None:
        self._wiring, self._tally, self._prices, self._sample = wiring, tally, prices, sample
        self._times = prices.times()
        self._both = work(sample.core_steps, self._times)  # (2, steps, cores in use)
        path = path_ns[: sample.n_steps]
        self._steps_ns = path.sum(axis=1)
        busy = self._both.max(axis=(0, 2))
        self._rest = self._steps_ns - path[:, [TICK, BARRIER]].sum(axis=1) - busy  # besides slowest core and barrier

    def gain(self, core: int, side: int) -> tuple[int, float]:
        """(parts, times faster) of moving parts of a core to the cores with least to do; one part alone is cut in two.

        side: 0 where sending takes long, 1 receiving. Free cores of the tiles in use come first; further tiles make the
        barrier longer.
        """
        wiring, both = self._wiring, self._both
        here = np.flatnonzero(wiring.parts.core == core)
        if here.size == 1 and wiring.parts.size[here[0]] == 1:
            return 0, 1.0
        cores = wiring.cores_in_use()
        column = int(np.searchsorted(cores, core))
        each = np.stack([self._work_of(int(part)) for part in here])
        if here.size == 1:
            each, most = each / 2, 1
        else:
            most = min(here.size - 1, MOST_MOVED)
        order = np.argsort(-each[:, side].sum(axis=1), kind="stable")
        free = wiring.mesh.n_cores - cores.size
        idle = [int(c) for c in np.argsort(both.max(axis=0).sum(axis=0), kind="stable") if c != column]
        best, gain = 0, 1.0
        for moved in range(1, most + 1):
            after = both.copy()
            for k, part in enumerate(order[:moved]):
                after[:, :, column] -= each[part]
                if k >= free and k - free < len(idle):
                    after[:, :, idle[k - free]] += each[part]
            alone = each[order[: min(moved, free)]].max(axis=(0, 1)) if free else 0.0
            busy = np.maximum(after.max(axis=(0, 2)), alone)
            now = self._prices.barrier.step_ns(busy + self._rest + self._barrier_ns(min(moved, free)))
            found = float(self._steps_ns.sum() / now.sum())
            if found > gain + WORTH:
                best, gain = moved, found
        return best, gain

    def _work_of(self, part: int) -> np.ndarray:
        """(2, steps) ns that a part takes of its core, sending and receiving; messages stay with the core.

        A synapse takes what the part's reads take on average over the run: steps do not tell kinds of lists apart by part.
        """
        sent, received = self._sample.did(self._wiring, part)
        by_part, reads = self._tally.by_part[part], list(READS)
        a_read = float(by_part[reads] @ self._times[reads]) / max(int(by_part[Event.ACCUMULATE]), 1)
        return np.stack([sent @ self._times[list(SENDING)], received * (a_read + self._times[Event.ACCUMULATE])])

    def _barrier_ns(self, more: int) -> float:
        """The barrier with so many cores more in use."""
        wiring = self._wiring
        tiles, each = wiring.tiles_in_use().size, wiring.mesh.cores_per_tile
        beyond = max(more - (tiles * each - wiring.cores_in_use().size), 0)
        return self._prices.barrier.time_ns(tiles - (-beyond // each), wiring.chips_in_use().size)
