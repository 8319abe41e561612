"""Tally: every event of a run in one table a view, so that costing is one product.

Joins Counters (what happened inside the parts) and Traffic (what happened between cores), and gives what was counted the
names of events.py. Still counts, no price.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .counters import Count
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


def tally(wiring: Wiring, ways: Ways, counts: np.ndarray, traffic: Traffic) -> tuple[Tally, np.ndarray]:
    """The Tally of a stretch of steps, and core_steps: (steps, cores in use, E), what each core itself did in each step.

    counts: (steps, n_parts, Count).
    """
    n_steps, cores, parts = counts.shape[0], traffic.cores, wiring.parts
    column = np.searchsorted(cores, parts.core)
    core_steps = np.zeros((n_steps, cores.size, N_EVENTS), np.int64)
    for part in range(wiring.n_parts):
        core_steps[:, column[part]] += part_events(counts[:, part], int(parts.size[part]), int(wiring.draws[part]))
    core_steps[:, :, Event.SYNAPSE_DENSE] = traffic.dense
    core_steps[:, :, Event.SYNAPSE_SPARSE] -= traffic.dense
    core_steps[:, :, Event.AXON_OUT] = traffic.sent
    core_steps[:, :, Event.AXON_IN] = traffic.received

    by_step = core_steps.sum(axis=1)
    by_step[:, Event.TILE_OUT] = traffic.entering
    by_step[:, Event.TILE_IN] = traffic.received.sum(axis=1)
    by_step[:, [*HOPS, Event.CHIP_HOP]] = traffic.hops
    by_step[:, Event.HOST_IN] = traffic.host
    by_step[:, Event.BARRIER] = 1

    n, journeys = wiring.n_compartments, _journeys(ways, traffic)
    by_core = core_steps.sum(axis=0)
    np.add.at(by_core, np.searchsorted(cores, wiring.core_of_source()[:n]), journeys[:n])
    host = journeys[n:].sum(axis=0)
    host[Event.HOST_IN] = traffic.host.sum()

    by_part = _by_part(wiring, counts, traffic.spikes)
    names = (*wiring.names, *wiring.source_names)
    by_population = np.zeros((len(names), N_EVENTS), np.int64)
    np.add.at(by_population, parts.population, by_part)
    journeys[:n, Event.AXON_OUT] += (traffic.spikes * ways.entering)[:n]
    journeys[:, Event.AXON_IN] += traffic.spikes * ways.messages
    journeys[n:, Event.HOST_IN] += traffic.spikes[n:]
    np.add.at(by_population, wiring.owner_of_source(), journeys)
    return Tally(by_step, by_core, by_population, by_part, host, traffic.spikes, cores, names), core_steps


def part_events(counts: np.ndarray, size: int, draws: int) -> np.ndarray:
    """(..., E) int64 what a part did, its reads all as of sparse lists.  counts: (..., Count).

    size, draws: compartments, and random numbers that they draw, in as many steps as each row of counts is of.
    """
    events = np.zeros((*counts.shape[:-1], N_EVENTS), np.int64)
    events[..., Event.SYNAPSE_SPARSE] = events[..., Event.ACCUMULATE] = counts[..., Count.SYNAPSE_READ]
    events[..., Event.COMPARTMENT_ACCESS] = size
    events[..., Event.COMPARTMENT_ACTIVE] = counts[..., Count.ACTIVE]
    events[..., Event.COMPARTMENT_INACTIVE] = counts[..., Count.INACTIVE]
    events[..., Event.SPIKE_OUT] = counts[..., Count.SPIKE_OUT]
    events[..., Event.RANDOM_DRAW] = draws
    return events


def _by_part(wiring: Wiring, counts: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """(n_parts, E): what happened inside each part, dense and sparse lists apart."""
    totals, n_steps = counts.sum(axis=0, dtype=np.int64), counts.shape[0]
    each = zip(totals, wiring.parts.size.tolist(), wiring.draws.tolist(), strict=True)
    by_part = np.stack([part_events(total, size * n_steps, draws * n_steps) for total, size, draws in each])
    dense = _dense_by_part(wiring, spikes)
    by_part[:, Event.SYNAPSE_DENSE] = dense
    by_part[:, Event.SYNAPSE_SPARSE] -= dense
    return by_part


def _dense_by_part(wiring: Wiring, spikes: np.ndarray) -> np.ndarray:
    """(n_parts,) synapses read from dense lists."""
    rows = wiring.rows
    if not rows.dense.size:
        return np.zeros(wiring.n_parts, np.int64)
    each = np.diff(rows.first)
    read = rows.dense * np.repeat(spikes, each)
    if not rows.part.size:
        return read.reshape(-1, wiring.n_parts).sum(axis=0)
    found = np.zeros(wiring.n_parts, np.int64)
    np.add.at(found, rows.part, read)
    return found


def _journeys(ways: Ways, traffic: Traffic) -> np.ndarray:
    """(n_sources, E): tiles and hops of all messages that each source sent."""
    table = np.zeros((traffic.spikes.size, N_EVENTS), np.int64)
    table[:, Event.TILE_OUT] = traffic.spikes * ways.entering
    table[:, Event.TILE_IN] = traffic.spikes * ways.messages
    table[:, [*HOPS, Event.CHIP_HOP]] = traffic.spikes[:, None] * ways.hops
    return table


def added(one: Tally, other: Tally) -> Tally:
    """Both together, but for by_step, which grows with the run and is kept apart."""
    return replace(
        one,
        by_core=one.by_core + other.by_core,
        by_population=one.by_population + other.by_population,
        by_part=one.by_part + other.by_part,
        host=one.host + other.host,
        spikes=one.spikes + other.spikes,
    )
