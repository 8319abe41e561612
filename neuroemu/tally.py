"""Tally: every event of a run in one table a view, so that costing is one product.

Joins Counters (what happened inside the parts) and Traffic (what happened between cores). Still counts, no price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .compiler.image import ChipImage
from .counters import Counters
from .events import HOPS, N_EVENTS, N_PART_EVENTS, Event
from .traffic import Traffic

HOST = "host"


@dataclass(frozen=True)
class Tally:
    """Counts by event in the last dimension, int64.

    by_step: (steps, E).  by_core: (cores in use, E), a message's journey booked on its sender, its arrival on the receiver.
    by_population: (names, E), both booked on the population that fired.  core_steps: (steps, cores in use, E), what a core
    itself does in a step: its parts' events, messages it sends and receives.  host: (E,), the journeys of the host's messages.
    """

    by_step: np.ndarray
    by_core: np.ndarray
    by_population: np.ndarray
    core_steps: np.ndarray
    host: np.ndarray
    cores: np.ndarray
    names: tuple[str, ...]


def tally(image: ChipImage, counters: Counters, traffic: Traffic) -> Tally:
    """Everything that happened, by step, core and population."""
    n_steps, cores = counters.n_steps, traffic.cores
    core_column = np.searchsorted(cores, image.parts.core)
    core_steps = np.zeros((n_steps, cores.size, N_EVENTS), np.int64)
    for part, column in enumerate(core_column):
        core_steps[:, column, :N_PART_EVENTS] += counters.counts[:, part]
    core_steps[:, :, Event.AXON_OUT] = traffic.sent
    core_steps[:, :, Event.AXON_IN] = traffic.received

    by_step = core_steps.sum(axis=1)
    by_step[:, Event.TILE] = traffic.messages_by_step
    by_step[:, list(HOPS)] = traffic.hops_by_step
    by_step[:, Event.BARRIER] = 1

    n = image.n_compartments
    journeys = _journeys(traffic)
    by_core = core_steps.sum(axis=0)
    np.add.at(by_core, np.searchsorted(cores, image.routes.core_of_source[:n]), journeys[:n])
    host = journeys[n:].sum(axis=0)

    names = (*image.names, *image.source_names)
    by_population = np.zeros((len(names), N_EVENTS), np.int64)
    np.add.at(by_population[:, :N_PART_EVENTS], image.parts.population, counters.counts.sum(axis=0))
    journeys[:n, Event.AXON_OUT] += (traffic.spikes * traffic.messages)[:n]
    journeys[:, Event.AXON_IN] += traffic.spikes * traffic.messages
    owner = np.concatenate(
        [np.repeat(np.arange(len(image.names)), image.blocks.size),
         len(image.names) + np.repeat(np.arange(len(image.source_names)), np.diff(image.source_first))]
    )  # fmt: skip
    np.add.at(by_population, owner, journeys)
    return Tally(by_step, by_core, by_population, core_steps, host, cores, names)


def _journeys(traffic: Traffic) -> np.ndarray:
    """(n_sources, E): tiles and hops of all messages that each source sent in the run."""
    table = np.zeros((traffic.spikes.size, N_EVENTS), np.int64)
    table[:, Event.TILE] = traffic.spikes * traffic.messages
    table[:, list(HOPS)] = traffic.spikes[:, None] * traffic.hops
    return table
