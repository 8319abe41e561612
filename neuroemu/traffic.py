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
    paths: (all messages, 4) int16 links that a message crosses, east, west, north, south, in the order of the routes;
    first: (n_sources + 1,) int64 bounds of each source in it.  hops: (n_sources, 4) int64 sums of paths by source.
    step, source: (n_spikes,) of the spike trace.
    """

    cores: np.ndarray
    sent: np.ndarray
    received: np.ndarray
    spikes: np.ndarray
    messages: np.ndarray
    first: np.ndarray
    paths: np.ndarray
    hops: np.ndarray
    hops_by_step: np.ndarray
    messages_by_step: np.ndarray
    step: np.ndarray
    source: np.ndarray


def traffic(image: ChipImage, traces: Traces, n_steps: int) -> Traffic:
    """The messages of a run of n_steps steps."""
    routes, mesh = image.routes, image.mesh
    cores = image.cores_in_use()
    messages = np.diff(routes.first)
    sender_tile = np.repeat(routes.tile_of_source, messages)
    paths = ROUTERS[mesh.routing](mesh, sender_tile, routes.core // mesh.cores_per_tile).astype(np.int16)
    hops = sum_by_source(paths, routes)
    column_of_core = np.full(int(cores.max()) + 1, -1, np.int64)
    column_of_core[cores] = np.arange(cores.size)
    sender = np.where(routes.core_of_source >= 0, column_of_core[routes.core_of_source], -1)
    sent, received = np.zeros((n_steps, cores.size), np.int64), np.zeros((n_steps, cores.size), np.int64)
    hops_by_step, messages_by_step = np.zeros((n_steps, 4), np.int64), np.zeros(n_steps, np.int64)
    _count(
        traces.step, traces.source, routes.first, column_of_core[routes.core], sender, hops,
        sent, received, messages_by_step, hops_by_step,
    )  # fmt: skip
    spikes = np.bincount(traces.source, minlength=image.n_sources).astype(np.int64)
    return Traffic(
        cores, sent, received, spikes, messages, routes.first, paths, hops, hops_by_step, messages_by_step,
        traces.step, traces.source,
    )  # fmt: skip


def sum_by_source(paths: np.ndarray, routes: Routes) -> np.ndarray:
    """(n_sources, 4) int64 sums over the messages of each source."""
    running = np.concatenate([np.zeros((1, 4), np.int64), np.cumsum(paths, axis=0, dtype=np.int64)])
    return running[routes.first[1:]] - running[routes.first[:-1]]


def slowest_by_step(traffic: Traffic, hop_ns: np.ndarray) -> np.ndarray:
    """(steps,) ns that the slowest message of each step spends on links; 0 in a step without messages.

    hop_ns: (4,) ns a link takes, east, west, north, south.
    """
    journey = traffic.paths @ hop_ns
    by_source = np.zeros(traffic.messages.size)
    sends = traffic.messages > 0
    if journey.size:
        by_source[sends] = np.maximum.reduceat(journey, traffic.first[:-1][sends])
    slowest = np.zeros(traffic.messages_by_step.size)
    np.maximum.at(slowest, traffic.step - 1, by_source[traffic.source])
    return slowest


@njit
def _count(step, source, first, column, sender, hops, sent, received, messages_by_step, hops_by_step):
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
