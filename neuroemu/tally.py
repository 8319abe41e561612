"""Tally: every event of a run in one table a view, so that costing is one product.

Joins Counters (what happened inside the parts) and Traffic (what happened between cores), and gives what was counted the
names of events.py. Still counts, no price.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .counters import N_COUNTS, N_LEARNED, Count, Learned
from .events import HOPS, N_EVENTS, Event
from .spool import forget
from .traffic import Traffic, Ways
from .wiring import Wiring

HOST = "host"
ROWS = 1 << 14  # steps that are added up at once
_NETWORK = [Event.TILE_OUT, Event.TILE_IN, *HOPS, Event.CHIP_HOP]


@dataclass(frozen=True)
class Tally:
    """Counts by event in the last dimension, int64.

    by_step: (steps, E).  by_core: (cores in use, E), a message's journey booked on its sender, its arrival on the receiver.
    by_population: (names, E), both booked on the population that fired.  host: (E,), the journeys of the host's messages.
    by_part: (n_parts, E), what happens inside the parts.  spikes: (n_sources,).  names: populations, then spike sources.
    """

    by_step: np.ndarray
    by_core: np.ndarray
    by_population: np.ndarray
    by_part: np.ndarray
    host: np.ndarray
    spikes: np.ndarray
    cores: np.ndarray
    names: tuple[str, ...]

    @cached_property
    def totals(self) -> np.ndarray:
        """(E,) of the whole run."""
        totals = np.zeros(N_EVENTS, np.int64)
        for first in range(0, len(self.by_step), ROWS):
            totals += self.by_step[first : first + ROWS].sum(axis=0)
            forget(self.by_step)
        return totals


def steps_of(
    wiring: Wiring, counts: np.ndarray, traffic: Traffic, learned: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(by_step, core_steps) of a stretch: (steps, E), and (steps, cores in use, E), what each core itself did.

    counts: (steps, n_parts, Count).  learned: (steps, n_parts, Learned), of no step or None where nothing learns.
    """
    cores, parts = traffic.cores, wiring.parts
    order = np.argsort(parts.core, kind="stable")
    starts = np.searchsorted(parts.core[order], cores)
    core_steps = part_events(
        np.add.reduceat(counts[:, order], starts, axis=1, dtype=np.int64),
        np.add.reduceat(parts.size[order], starts),
        np.add.reduceat(wiring.draws[order], starts),
        np.add.reduceat(learned[:, order], starts, axis=1, dtype=np.int64)
        if learned is not None and learned.size
        else None,
    )
    core_steps[:, :, Event.SYNAPSE_DENSE] = traffic.dense + traffic.zeros
    core_steps[:, :, Event.SYNAPSE_SHARED] = traffic.shared
    core_steps[:, :, Event.SYNAPSE_SPARSE] -= traffic.dense + traffic.shared
    core_steps[:, :, Event.AXON_OUT] = traffic.sent
    core_steps[:, :, Event.AXON_IN] = traffic.received

    by_step = core_steps.sum(axis=1)
    by_step[:, Event.TILE_OUT] = traffic.entering
    by_step[:, Event.TILE_IN] = traffic.received.sum(axis=1)
    by_step[:, [*HOPS, Event.CHIP_HOP]] = traffic.hops
    by_step[:, Event.HOST_IN] = traffic.host
    by_step[:, Event.BARRIER] = 1
    return by_step, core_steps


@dataclass(frozen=True)
class Sums:
    """What has happened so far, int64.  counts: (n_parts, Count).  cores: (cores in use, E).  spikes: (n_sources,).

    learned: (n_parts, Learned).
    """

    counts: np.ndarray
    cores: np.ndarray
    spikes: np.ndarray
    n_steps: int
    learned: np.ndarray

    def and_then(
        self, counts: np.ndarray, core_steps: np.ndarray, traffic: Traffic, learned: np.ndarray | None = None
    ) -> Sums:
        """With a stretch more; arrays as in steps_of."""
        return Sums(
            self.counts + counts.sum(axis=0, dtype=np.int64),
            self.cores + core_steps.sum(axis=0),
            self.spikes + traffic.spikes,
            self.n_steps + counts.shape[0],
            self.learned + (learned.sum(axis=0, dtype=np.int64) if learned is not None and learned.size else 0),
        )


def nothing(wiring: Wiring) -> Sums:
    """Before the first step."""
    return Sums(
        np.zeros((wiring.n_parts, N_COUNTS), np.int64),
        np.zeros((wiring.cores_in_use().size, N_EVENTS), np.int64),
        np.zeros(wiring.n_sources, np.int64),
        0,
        np.zeros((wiring.n_parts, N_LEARNED), np.int64),
    )


def tally_of(wiring: Wiring, ways: Ways, sums: Sums, by_step: np.ndarray) -> Tally:
    """The Tally of a run, by all views."""
    n, cores = wiring.n_compartments, wiring.cores_in_use()
    journeys = _journeys(ways, sums.spikes)
    by_core = sums.cores.copy()
    np.add.at(by_core, np.searchsorted(cores, wiring.core_of_source()[:n]), journeys[:n])
    host = journeys[n:].sum(axis=0)
    host[Event.HOST_IN] = sums.spikes[n:].sum()

    by_part = part_events(sums.counts, wiring.parts.size * sums.n_steps, wiring.draws * sums.n_steps, sums.learned)
    rows = wiring.rows
    dense, zeros, shared = (_read_by_part(wiring, sums.spikes, kind) for kind in (rows.dense, rows.zeros, rows.shared))
    by_part[:, Event.SYNAPSE_DENSE] = dense + zeros
    by_part[:, Event.SYNAPSE_SHARED] = shared
    by_part[:, Event.SYNAPSE_SPARSE] -= dense + shared
    names = (*wiring.names, *wiring.source_names)
    by_population = np.zeros((len(names), N_EVENTS), np.int64)
    np.add.at(by_population, wiring.parts.population, by_part)
    journeys[:n, Event.AXON_OUT] += (sums.spikes * ways.entering)[:n]
    journeys[:, Event.AXON_IN] += sums.spikes * ways.messages
    journeys[n:, Event.HOST_IN] += sums.spikes[n:]
    np.add.at(by_population, wiring.owner_of_source(), journeys)
    return Tally(by_step, by_core, by_population, by_part, host, sums.spikes, cores, names)


def tally(wiring: Wiring, ways: Ways, counts: np.ndarray, traffic: Traffic) -> tuple[Tally, np.ndarray]:
    """The Tally of a run in one stretch in which nothing learned, and its core_steps."""
    by_step, core_steps = steps_of(wiring, counts, traffic)
    return tally_of(wiring, ways, nothing(wiring).and_then(counts, core_steps, traffic), by_step), core_steps


def part_events(counts: np.ndarray, size: Any, draws: Any, learned: np.ndarray | None = None) -> np.ndarray:
    """(..., E) int64 what parts did, their reads all as of sparse lists.  counts: (..., Count).

    size, draws: compartments, and random numbers that they draw, in as many steps as each row of counts is of; one for all
    or as the last axis of counts but one.  learned: (..., Learned), None or empty where nothing learns.
    """
    events = np.zeros((*counts.shape[:-1], N_EVENTS), np.int64)
    events[..., Event.SYNAPSE_SPARSE] = events[..., Event.ACCUMULATE] = counts[..., Count.SYNAPSE_READ]
    events[..., Event.COMPARTMENT_ACCESS] = size
    events[..., Event.COMPARTMENT_ACTIVE] = counts[..., Count.ACTIVE]
    events[..., Event.COMPARTMENT_INACTIVE] = counts[..., Count.INACTIVE]
    events[..., Event.SPIKE_OUT] = counts[..., Count.SPIKE_OUT]
    events[..., Event.RANDOM_DRAW] = draws
    if (
        learned is not None and learned.size
    ):  # products are not priced: a write is of a synapse, however many its rule has
        events[..., Event.TRACE_UPDATE] = learned[..., Learned.TRACE]
        events[..., Event.LEARN_READ] = learned[..., Learned.READ]
        events[..., Event.LEARN_WRITE] = learned[..., Learned.WRITE]
    return events


def _read_by_part(wiring: Wiring, spikes: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """(n_parts,) entries read.  kind: dense, zeros or shared of the rows."""
    rows = wiring.rows
    if not kind.size:
        return np.zeros(wiring.n_parts, np.int64)
    read = kind * np.repeat(spikes, np.diff(rows.first))
    if not rows.part.size:
        return read.reshape(-1, wiring.n_parts).sum(axis=0)
    found = np.zeros(wiring.n_parts, np.int64)
    np.add.at(found, rows.part, read)
    return found


def _journeys(ways: Ways, spikes: np.ndarray) -> np.ndarray:
    """(n_sources, E): tiles and hops of all messages that each source sent."""
    table = np.zeros((spikes.size, N_EVENTS), np.int64)
    table[:, Event.TILE_OUT] = spikes * ways.entering
    table[:, Event.TILE_IN] = spikes * ways.messages
    table[:, [*HOPS, Event.CHIP_HOP]] = spikes[:, None] * ways.hops
    return table
