"""Traffic: the messages that a run's spikes sent, from the spike trace and the routes. Counts only, no price.

One spike is one message for each core that holds a target of it (multicast by copies at the source, as on Loihi), its own
core included. A message of step t is counted in step t.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .chip import Mesh
from .compiler.image import ChipImage
from .compiler.route import ROUTERS, destinations
from .counters import Traces
from .jit import njit
from .pieces import source_pieces, spread_sources


@dataclass(frozen=True)
class Traffic:
    """Messages of a run.  cores: (k,) cores in use, the columns of sent and received.

    sent, received: (steps, k) int64 messages; those of the host are received but sent by no core.
    spikes: (n_sources,) int64, how often each source fired.  messages: (n_sources,) int64 a spike of it sends.
    first: (n_sources + 1,) int64 bounds of each source in core: (all messages,) where they go; tile: (n_sources,) where they
    come from.  hops: (n_sources, 4) int64 links that a spike's messages cross together, east, west, north, south.
    step, source: (n_spikes,) of the spike trace.
    """

    cores: np.ndarray
    sent: np.ndarray
    received: np.ndarray
    spikes: np.ndarray
    messages: np.ndarray
    first: np.ndarray
    core: np.ndarray
    tile: np.ndarray
    mesh: Mesh
    hops: np.ndarray
    hops_by_step: np.ndarray
    messages_by_step: np.ndarray
    step: np.ndarray
    source: np.ndarray


def traffic(image: ChipImage, traces: Traces, n_steps: int) -> Traffic:
    """The messages of a run of n_steps steps."""
    routes, mesh = image.routes, image.mesh
    cores = image.cores_in_use()
    first, core = destinations(image.rows, image.parts.core)
    messages = np.diff(first)
    hops = np.zeros((messages.size, 4), np.int64)
    for sources, paths in _paths(first, core, routes.tile_of_source, mesh):
        hops[sources] = np.add.reduceat(paths, first[sources] - first[sources[0]])
    column_of_core = np.full(int(cores.max()) + 1, -1, np.int64)
    column_of_core[cores] = np.arange(cores.size)
    sender = np.where(routes.core_of_source >= 0, column_of_core[routes.core_of_source], -1)
    sent, received = np.zeros((n_steps, cores.size), np.int64), np.zeros((n_steps, cores.size), np.int64)
    hops_by_step, messages_by_step = np.zeros((n_steps, 4), np.int64), np.zeros(n_steps, np.int64)
    _count(
        traces.step, traces.source, first, core, column_of_core, sender, hops,
        sent, received, messages_by_step, hops_by_step,
    )  # fmt: skip
    spikes = np.bincount(traces.source, minlength=image.n_sources).astype(np.int64)
    return Traffic(
        cores, sent, received, spikes, messages, first, core, routes.tile_of_source, mesh, hops, hops_by_step,
        messages_by_step, traces.step, traces.source,
    )  # fmt: skip


def _paths(
    first: np.ndarray, core: np.ndarray, tile: np.ndarray, mesh: Mesh
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sources that send, and the paths of their messages, (messages, 4) int64, a piece at a time; arrays as in Traffic."""
    for begin, end, piece in source_pieces(first):
        senders = begin + np.flatnonzero(np.diff(first[begin : end + 1]))
        from_tile = tile[spread_sources(first, begin, end)].astype(np.int64)
        to_tile = core[piece].astype(np.int64) // mesh.cores_per_tile
        yield senders, ROUTERS[mesh.routing](mesh, from_tile, to_tile)


def slowest_by_step(traffic: Traffic, hop_ns: np.ndarray) -> np.ndarray:
    """(steps,) ns that the slowest message of each step spends on links; 0 in a step without messages.

    hop_ns: (4,) ns a link takes, east, west, north, south.
    """
    by_source = np.zeros(traffic.messages.size)
    for sources, paths in _paths(traffic.first, traffic.core, traffic.tile, traffic.mesh):
        by_source[sources] = np.maximum.reduceat(paths @ hop_ns, traffic.first[sources] - traffic.first[sources[0]])
    slowest = np.zeros(traffic.messages_by_step.size)
    np.maximum.at(slowest, traffic.step - 1, by_source[traffic.source])
    return slowest


@njit
def _count(step, source, first, core, column_of_core, sender, hops, sent, received, messages_by_step, hops_by_step):
    """Adds every message to its step; arrays as in Traffic, row k being step k + 1."""
    for k in range(step.size):
        row, s = step[k] - 1, source[k]
        n_messages = first[s + 1] - first[s]
        messages_by_step[row] += n_messages
        if sender[s] >= 0:
            sent[row, sender[s]] += n_messages
        for d in range(4):
            hops_by_step[row, d] += hops[s, d]
        for m in range(first[s], first[s + 1]):
            received[row, column_of_core[core[m]]] += 1
