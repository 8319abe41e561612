"""Traffic: the messages that a run's spikes sent, from the spike trace and the routes. Counts only, no price.

One spike is one message for each core that holds a target of it (multicast by copies at the source, as on Loihi), its own
core included. A message of step t is counted in step t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .compiler.image import ChipImage, Routes
from .compiler.route import ROUTERS
from .counters import Traces
from .jit import njit


@dataclass(frozen=True)
class Traffic:
    """Messages of a run.  cores: (k,) cores in use, the columns of sent and received.

    sent, received: (steps, k) int64 messages; those of the host are received but sent by no core.
    spikes: (n_sources,) int64, how often each source fired.  messages: (n_sources,) int64 a spike of it sends.
    hops: (n_sources, 4) int64 links that all messages of one spike cross, east, west, north, south.
    longest: (steps, 4) int64 hops of the message with most hops in the step (ties: the first by source and core).
    """

    cores: np.ndarray
    sent: np.ndarray
    received: np.ndarray
    spikes: np.ndarray
    messages: np.ndarray
    hops: np.ndarray
    hops_by_step: np.ndarray
    messages_by_step: np.ndarray
    longest: np.ndarray


def traffic(image: ChipImage, traces: Traces, n_steps: int) -> Traffic:
    """The messages of a run of n_steps steps."""
    routes, mesh = image.routes, image.mesh
    cores = image.cores_in_use()
    messages = np.diff(routes.first)
    sender_tile = np.repeat(routes.tile_of_source, messages)
    paths = ROUTERS[mesh.routing](mesh, sender_tile, routes.core // mesh.cores_per_tile).astype(np.int64)
    hops = _sum_by_source(paths, routes)
    column_of_core = np.full(int(cores.max()) + 1, -1, np.int64)
    column_of_core[cores] = np.arange(cores.size)
    sender = np.where(routes.core_of_source >= 0, column_of_core[routes.core_of_source], -1)
    sent, received = np.zeros((n_steps, cores.size), np.int64), np.zeros((n_steps, cores.size), np.int64)
    hops_by_step, longest = np.zeros((n_steps, 4), np.int64), np.zeros((n_steps, 4), np.int64)
    messages_by_step = np.zeros(n_steps, np.int64)
    _count(
        traces.step, traces.source, routes.first, column_of_core[routes.core], sender, paths, hops,
        sent, received, messages_by_step, hops_by_step, longest,
    )  # fmt: skip
    spikes = np.bincount(traces.source, minlength=image.n_sources).astype(np.int64)
    return Traffic(cores, sent, received, spikes, messages, hops, hops_by_step, messages_by_step, longest)


def _sum_by_source(paths: np.ndarray, routes: Routes) -> np.ndarray:
    """(n_sources, 4) sums over the messages of each source."""
    running = np.concatenate([np.zeros((1, 4), np.int64), np.cumsum(paths, axis=0)])
    return running[routes.first[1:]] - running[routes.first[:-1]]


@njit
def _count(step, source, first, column, sender, paths, hops, sent, received, messages_by_step, hops_by_step, longest):
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
            received[row, column[m]] += 1
            if paths[m].sum() > longest[row].sum():
                longest[row] = paths[m]
