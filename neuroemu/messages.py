"""Messages: what every core hands to the network in each step, in its order, and how long senders and receivers work on it.

Times are int64 femtoseconds, so that sums are exact and nothing depends on their order. Our choice:
  a sender goes through its compartments in order, handing over the messages of each that fires before it goes on; the
  compartments that were active in a step are taken as evenly spread over their part (only their number is counted);
  the messages of one spike leave in ascending order of their core, each for axon_out more;
  the host's spikes enter in order, host_in apart;
  a core learns when its last message has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .counters import Count
from .events import Event
from .jit import njit
from .noc.steps import Messages
from .traffic import Ways
from .wiring import Wiring

FS = 1_000_000  # in a nanosecond
MOST_FS = 2**61  # of an event, and of the work of a step: times are whole femtoseconds of 63 bits
MOST = 1 << 23  # links that the messages of a stretch take, and steps times senders: the network keeps notes of each

_READ, _ACTIVE, _INACTIVE = int(Count.SYNAPSE_READ), int(Count.ACTIVE), int(Count.INACTIVE)
_ACCESS_T, _ACTIVE_T, _INACTIVE_T = (
    int(Event.COMPARTMENT_ACCESS), int(Event.COMPARTMENT_ACTIVE), int(Event.COMPARTMENT_INACTIVE),
)  # fmt: skip
_DRAW_T, _SPIKE_T, _AXON_OUT_T = int(Event.RANDOM_DRAW), int(Event.SPIKE_OUT), int(Event.AXON_OUT)
_AXON_IN_T, _DENSE_T, _SPARSE_T = int(Event.AXON_IN), int(Event.SYNAPSE_DENSE), int(Event.SYNAPSE_SPARSE)
_SHARED_T = int(Event.SYNAPSE_SHARED)
_ACCUMULATE_T, _HOST_T = int(Event.ACCUMULATE), int(Event.HOST_IN)


def femtoseconds(ns: np.ndarray) -> np.ndarray:
    """Times of a price list in fs, rounded; above MOST_FS that."""
    return np.rint(np.minimum(np.asarray(ns) * FS, MOST_FS)).astype(np.int64)


def work_of_messages(wiring: Wiring, ways: Ways, times_fs: np.ndarray) -> np.ndarray:
    """(all messages,) int64 fs that the receiving core works on each message of `ways`.  times_fs: (E,)."""
    work = np.full(ways.core.size, times_fs[_AXON_IN_T], np.int64)
    _add_reads(wiring.rows, wiring.parts.core, ways.first, ways.core, times_fs, work)
    return work


@njit
def _add_reads(rows, core_of_part, first, core, times, work):
    """Messages of a source ascend by core; its rows ascend by part, on any core."""
    whole = rows.part.size == 0
    each = times[_SPARSE_T] + times[_ACCUMULATE_T]
    for s in range(first.size - 1):
        for r in range(rows.first[s], rows.first[s + 1]):
            if rows.synapses[r] == 0:
                continue
            part = r - rows.first[s] if whole else np.int64(rows.part[r])
            m = first[s] + np.searchsorted(core[first[s] : first[s + 1]], core_of_part[part])
            work[m] += np.int64(rows.synapses[r]) * each
            if rows.dense.size:
                work[m] += np.int64(rows.dense[r]) * (times[_DENSE_T] - times[_SPARSE_T])
            if rows.zeros.size:
                work[m] += np.int64(rows.zeros[r]) * times[_DENSE_T]
            if rows.shared.size:
                work[m] += np.int64(rows.shared[r]) * (times[_SHARED_T] - times[_SPARSE_T])


class Jobs(NamedTuple):
    """What is the same in every stretch of a run.  times_fs: (E,).  work: (all messages,) fs of the receiver on each.

    part, place: (n_compartments,) of each, and which of its part's it is, from 1.  links: (n_sources,) that the messages of
    a spike take together.
    """

    times_fs: np.ndarray
    work: np.ndarray
    part: np.ndarray
    place: np.ndarray
    links: np.ndarray


def jobs(wiring: Wiring, ways: Ways, times_ns: np.ndarray) -> Jobs:
    """The jobs of a run under a price list's times, (E,)."""
    times = femtoseconds(times_ns)
    parts = wiring.parts
    part = parts.by_number(np.arange(wiring.n_parts))
    place = parts.place() - parts.first[part] + 1
    return Jobs(
        times, work_of_messages(wiring, ways, times), part, place, ways.hops[:, :4].sum(axis=1) + 2 * ways.messages
    )


def messages(
    wiring: Wiring,
    ways: Ways,
    jobs: Jobs,
    counts: np.ndarray,
    row: np.ndarray,
    source: np.ndarray,
    after_fs: np.ndarray | None = None,
) -> Iterator[tuple[int, Messages]]:
    """(first row, Messages) of stretches of steps, each of about MOST links taken.

    counts: (steps, n_parts, Count).  row, source: (n_spikes,) ascending.  The host is the sender after the last core.
    after_fs: (steps, senders) that each works when its last message has left.
    """
    per_step = np.bincount(row, jobs.links[source], counts.shape[0]).astype(np.int64) + wiring.mesh.n_cores + 1
    done = np.concatenate([[0], np.cumsum(per_step)])
    begin, n_steps = 0, counts.shape[0]
    while begin < n_steps:
        end = max(int(np.searchsorted(done, done[begin] + MOST, side="right")) - 1, begin + 1)
        low, high = np.searchsorted(row, [begin, end])
        found = _stretch(wiring, ways, jobs, counts[begin:end], row[low:high] - begin, source[low:high])
        if after_fs is not None:
            found.tail_fs[...] += after_fs[begin:end]
        yield begin, found
        begin = end


def _stretch(
    wiring: Wiring, ways: Ways, jobs: Jobs, counts: np.ndarray, row: np.ndarray, source: np.ndarray
) -> Messages:
    n_steps, n_senders = counts.shape[0], wiring.mesh.n_cores + 1
    sender = ways.sender
    first = np.zeros(n_steps * n_senders + 1, np.int64)
    np.add.at(first, row * n_senders + sender[source] + 1, ways.messages[source])
    np.cumsum(first, out=first)
    n = int(first[-1])
    core, gap, job = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64)
    tail = np.zeros((n_steps, n_senders), np.int64)
    _fill(
        np.ascontiguousarray(counts), row, source, sender, jobs.part, jobs.place, wiring.parts.size, wiring.parts.core,
        wiring.draws, ways.first, ways.core, jobs.work, jobs.times_fs, first, core, gap, job, tail,
    )  # fmt: skip
    return Messages(first, core, gap, job, tail)


@njit
def _fill(
    counts, row, source, sender, part_of_source, place, part_size, part_core, draws, first, core_of, work, times,
    bounds, core, gap, job, tail,
):  # fmt: skip
    """Arrays as in Messages, Ways and Parts; bounds: Messages.first."""
    n_steps, n_senders = tail.shape
    n_parts, n_compartments = part_size.size, part_of_source.size
    ahead, total = (
        np.zeros(n_parts, np.int64),
        np.zeros(n_parts, np.int64),
    )  # fs of the core before the part, and of the part
    position, waiting = np.zeros(n_senders, np.int64), np.zeros(n_senders, np.int64)
    at = np.zeros(n_senders, np.int64)
    spike, n_spikes = 0, row.size
    for t in range(n_steps):
        position[:], waiting[:] = 0, 0
        for who in range(n_senders):  # one by one, which is compiled much faster than whole arrays
            at[who] = bounds[t * n_senders + who]
        for p in range(n_parts):
            ahead[p] = tail[t, part_core[p]]
            total[p] = (
                part_size[p] * times[_ACCESS_T]
                + np.int64(counts[t, p, _ACTIVE]) * times[_ACTIVE_T]
                + np.int64(counts[t, p, _INACTIVE]) * times[_INACTIVE_T]
                + draws[p] * times[_DRAW_T]
            )
            tail[t, part_core[p]] += total[p]
        while spike < n_spikes and row[spike] == t:
            s = source[spike]
            spike += 1
            who = sender[s]
            if s < n_compartments:
                p = part_of_source[s]
                through = place[s]
                whole, rest = total[p] // part_size[p], total[p] % part_size[p]
                reached = ahead[p] + whole * through + rest * through // part_size[p]
                waiting[who] += times[_SPIKE_T] + reached - position[who]
                position[who] = reached
            else:
                waiting[who] += times[_HOST_T]
            for m in range(first[s], first[s + 1]):
                core[at[who]] = core_of[m]
                gap[at[who]] = waiting[who] + (times[_AXON_OUT_T] if s < n_compartments else 0)
                job[at[who]] = work[m]
                waiting[who] = 0
                at[who] += 1
        for who in range(n_senders):
            tail[t, who] += waiting[who] - position[who]
