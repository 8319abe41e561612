"""Traffic: the messages that spikes send, from the wiring. Counts only, no price.

One spike is one message for each core that holds a target of it, its own core included. Multicast at source sends each of
them alone; in the tree they share every link until their ways part (chip.Mesh.multicast). A message of step t is counted in
step t.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .compiler.destinations import destinations
from .jit import njit
from .noc.fabric import Fabric
from .noc.multicast import count_tree_hops
from .pieces import source_pieces, spread_sources
from .topology import DIRECTIONS, hops_of, topology_of
from .wiring import Wiring


@dataclass(frozen=True)
class Ways:
    """Where a spike of each source goes.  first: (n_sources + 1,) int64 bounds of each source in core: (all messages,).

    sender: (n_sources,) int64 core where they come from, the host being the one after the last.
    entering: (n_sources,) int64 messages that leave the source and enter its router.
    hops: (n_sources, 5) int64 links that they cross together: east, west, north, south; and borders between chips.
    """

    first: np.ndarray
    core: np.ndarray
    sender: np.ndarray
    entering: np.ndarray
    hops: np.ndarray
    net: Fabric

    @property
    def messages(self) -> np.ndarray:
        """(n_sources,) int64 messages that a spike of each source is received as."""
        return np.diff(self.first)


def ways(wiring: Wiring) -> Ways:
    """The ways of every source's messages under the wiring's placement."""
    net, sender = topology_of(wiring.mesh), wiring.sender_of_source()
    first, core = destinations(wiring.rows, wiring.parts.core)
    messages = np.diff(first)
    hops = np.zeros((messages.size, DIRECTIONS), np.int64)
    for sources, start, paths in _paths(first, core, sender, net):
        hops[sources] = np.add.reduceat(paths, start)
    entering = messages
    if wiring.mesh.multicast == "tree":
        hops, entering = count_tree_hops(net, first, sender, core), np.minimum(messages, 1)
    return Ways(first, core, sender, entering, hops, net)


def _paths(
    first: np.ndarray, core: np.ndarray, sender: np.ndarray, net: Fabric
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sources that send, where the messages of each begin, and the links that each message crosses, (messages, 5) int64."""
    for begin, end, piece in source_pieces(first):
        senders = begin + np.flatnonzero(np.diff(first[begin : end + 1]))
        each = sender[spread_sources(first, begin, end)]
        yield senders, first[senders] - first[begin], hops_of(net, each, core[piece])


def slowest_of_sources(ways: Ways, hop_ns: np.ndarray) -> np.ndarray:
    """(n_sources,) ns that the slowest message of each source's spike spends on links; 0 where it sends none.

    hop_ns: (5,) ns a link takes, east, west, north, south, and what a border between chips takes besides.
    """
    slowest = np.zeros(ways.sender.size)
    for sources, start, paths in _paths(ways.first, ways.core, ways.sender, ways.net):
        slowest[sources] = np.maximum.reduceat(paths @ hop_ns, start)
    return slowest


@dataclass(frozen=True)
class Traffic:
    """Messages of a stretch of steps, int64.  cores: (k,) cores in use, the columns of sent, received, dense, zeros, shared.

    sent, received: (steps, k) messages; those of the host are received but sent by no core.  dense, shared: (steps, k)
    synapses read from dense and from shared lists.  zeros: (steps, k) weights of zero read from dense lists.
    entering: (steps,) messages that enter a router.  hops: (steps, 5), as in Ways.
    spikes: (n_sources,) how often each source fired.  host: (steps,) spikes handed over by the host.
    """

    cores: np.ndarray
    sent: np.ndarray
    received: np.ndarray
    dense: np.ndarray
    zeros: np.ndarray
    shared: np.ndarray
    entering: np.ndarray
    hops: np.ndarray
    spikes: np.ndarray
    host: np.ndarray


def traffic(wiring: Wiring, ways: Ways, row: np.ndarray, source: np.ndarray, n_steps: int) -> Traffic:
    """The messages of the spikes of n_steps steps.  row, source: (n_spikes,) of each spike, row 0 being the first step."""
    cores, core_of_source, n = wiring.cores_in_use(), wiring.core_of_source(), wiring.n_compartments
    column_of_core = np.full(int(cores.max()) + 1, -1, np.int64)
    column_of_core[cores] = np.arange(cores.size)
    column_of_part = column_of_core[wiring.parts.core]
    sender = np.where(core_of_source >= 0, column_of_core[core_of_source], -1)
    sent, received, dense, zeros, shared = (np.zeros((n_steps, cores.size), np.int64) for _ in range(5))
    entering, hops = np.zeros(n_steps, np.int64), np.zeros((n_steps, DIRECTIONS), np.int64)
    _count(
        row, source, ways.first, ways.core, column_of_core, sender, ways.entering, ways.hops,
        sent, received, entering, hops,
    )  # fmt: skip
    rows = wiring.rows
    for of_kind, read in ((rows.dense, dense), (rows.zeros, zeros), (rows.shared, shared)):
        if of_kind.size:
            _count_reads(row, source, rows.first, rows.part, of_kind, column_of_part, read)
    spikes = np.bincount(source, minlength=wiring.n_sources).astype(np.int64)
    host = np.bincount(row[source >= n], minlength=n_steps).astype(np.int64)
    return Traffic(cores, sent, received, dense, zeros, shared, entering, hops, spikes, host)


@njit
def _count(row, source, first, core, column_of_core, sender, entering_of, hops_of, sent, received, entering, hops):
    """Adds every message to its step; arrays as in Ways and Traffic."""
    for k in range(row.size):
        t, s = row[k], source[k]
        entering[t] += entering_of[s]
        if sender[s] >= 0:
            sent[t, sender[s]] += entering_of[s]
        for d in range(hops.shape[1]):
            hops[t, d] += hops_of[s, d]
        for m in range(first[s], first[s + 1]):
            received[t, column_of_core[core[m]]] += 1


@njit
def _count_reads(row, source, first, part_of_row, reads, column_of_part, counted):
    """Adds what each spike reads to its step and core.  reads: (rows,) of one kind, first and part as in CountRows."""
    whole = part_of_row.size == 0
    for k in range(row.size):
        begin, end = first[source[k]], first[source[k] + 1]
        for r in range(begin, end):
            part = r - begin if whole else np.int64(part_of_row[r])
            counted[row[k], column_of_part[part]] += reads[r]
