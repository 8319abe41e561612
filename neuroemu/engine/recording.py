"""Recording: what a run leaves behind, stretch after stretch: counts, states, spikes, and what synapses learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..compartments import Model
from ..compiler.image import ChipImage
from ..counters import N_COUNTS, N_LEARNED, Counters, Traces
from ..errors import InternalError
from ..network import Probe
from ..spool import Spool
from .learning.album import Album
from .learning.learners import Learner
from .membranes import Membranes
from .state import ChipState, tiles_of

SPIKE = ((np.int64, 8), (np.int32, 4), (np.int32, 4))  # step, source, payload, and their bytes
NewSpool = Callable[[str, type, tuple[int, ...], int], Spool]


@dataclass(frozen=True)
class Tables:
    """What a stretch fills, a row a step: counts, looked_at (states that are probed or whose changes count), learned."""

    counts: np.ndarray
    looked_at: np.ndarray
    learned: np.ndarray


class Recording:
    """Collects.  album: of what learns.  membranes: where changes of potentials are counted, else None.

    columns: where in ChipState.cells the states lie that a stretch looks at.
    """

    def __init__(
        self,
        image: ChipImage,
        models: dict[str, Model],
        probes: tuple[Probe, ...],
        memory: int,
        album: Album,
        count_membranes: bool,
        spool: NewSpool,
    ) -> None:
        """memory: bytes of all that may stay in memory.  spool: makes one of (name, type, shape of a row, bytes in memory)."""
        self._image, self.album = image, album
        self._probed = _probed(image, models, probes)
        cells = [found for _, found in self._probed.values()]
        probed = np.concatenate(cells) if cells else np.empty(0, np.int64)
        self.membranes = Membranes(image, models) if count_membranes else None
        self.columns = probed if self.membranes is None else np.concatenate([probed, self.membranes.cells])
        self._n_probed = probed.size
        self._counts = spool("counts", np.int32, (image.n_parts, N_COUNTS), memory // 4)
        self._states = spool("states", np.int64, (probed.size,), memory // 4)
        self._learned = spool("learned", np.int32, (image.n_parts, N_LEARNED), memory // 4)
        self._spikes = tuple(
            spool(name, kind, (), memory // 2 * width // 16)
            for name, (kind, width) in zip(("step", "source", "payload"), SPIKE, strict=True)
        )

    @property
    def n_spikes(self) -> int:
        return self._spikes[0].n

    def most_steps(self, done: int) -> int:
        """How many steps the next stretch may have."""
        least = self.album.until_next(done)
        return least if self.membranes is None else min(least, self.membranes.most_steps)

    def tables(self, n_steps: int) -> Tables:
        """Those of a stretch."""
        image = self._image
        return Tables(
            np.zeros((n_steps, image.n_parts, N_COUNTS), np.int64),
            np.empty((n_steps, self.columns.size), np.int64),
            np.zeros((n_steps if image.plastic else 0, image.n_parts, N_LEARNED), np.int64),
        )

    def before(self, state: ChipState, fresh: bool) -> np.ndarray | None:
        """The potentials before a stretch, None where nobody counts their changes, or the state is fresh."""
        return None if self.membranes is None or fresh else state.cells[self.membranes.cells]

    def add_spikes(self, *columns: np.ndarray) -> None:
        """Spikes of whole steps: step, source, payload, with the user's numbers."""
        for spool, column in zip(self._spikes, columns, strict=True):
            spool.append(column)

    def add(self, tables: Tables, before: np.ndarray | None, done: int, learners: list[Learner]) -> None:
        """A stretch after which `done` steps are behind.  before: see before()."""
        self._counts.append(_fitting(tables.counts))
        self._states.append(tables.looked_at[:, : self._n_probed])
        self._learned.append(_fitting(tables.learned))
        if self.membranes is not None:
            self.membranes.look(before, tables.looked_at[:, self._n_probed :])
        self.album.look(done, learners)

    def traces(self, done: int, learners: list[Learner]) -> Traces:
        step, source, payload = (spool.array() for spool in self._spikes)
        recorded = self._states.array()
        bounds = np.cumsum([0, *(index.size for index, _ in self._probed.values())])
        tables = {key: recorded[:, bounds[k] : bounds[k + 1]] for k, key in enumerate(self._probed)}
        index_of = {key: index for key, (index, _) in self._probed.items()}
        return Traces(step, source, payload, tables, index_of, self.album.snapshots(done, learners))

    def counters(self, overflows: np.ndarray) -> Counters:
        """overflows: (n_blocks, kinds)."""
        changed = None if self.membranes is None else self.membranes.changed
        return Counters(self._counts.array(), overflows, self._learned.array(), changed)


def _fitting(counts: np.ndarray) -> np.ndarray:
    """Counts of a step and part have 31 bits: a part has fewer synapses than that on any chip."""
    if counts.size and counts.max() >= 2**31:
        raise InternalError(f"a part counted {counts.max():,} in one step")
    return counts


def _probed(
    image: ChipImage, models: dict[str, Model], probes: tuple[Probe, ...]
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """By population and field: the compartments to record, and where they lie; several probes of one are joined."""
    chosen: dict[tuple[str, str], np.ndarray] = {}
    for probe in probes:
        if probe.observable != "spikes":
            every = np.arange(image.blocks.size[image.names.index(probe.population)])
            wanted, key = every if probe.index is None else every[probe.index], (probe.population, probe.observable)
            chosen[key] = np.union1d(chosen.get(key, wanted), wanted)
    tiles, found = tiles_of(image), {}
    for (population, name), index in chosen.items():
        k = image.names.index(population)
        row = models[population].state._fields.index(name)
        found[population, name] = (index, tiles.at(k, row, image.places_of(k, index)))
    return found
