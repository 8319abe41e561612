"""One time step, and many of them in one call.

Order within step t:
1. compartments  take up what arrives at t, integrate, fire (state of the end of step t-1 is behind them)
   barrier       every thread has listed its spikes
2. messages      spikes of step t, the chip's and the host's, in ascending order of their source
3. synapses      each message is looked up and its weights put into the ring for t + 1 + delay
4. counts        per part: synapses read, compartments active and at rest, spikes
5. probes        states of the end of step t
So everything that a spike of step t causes on the network and in the synapse memory is counted in step t, as SANA-FE does,
and no compartment sees it before t + 1. Plastic synapses have their turn after 3: they deliver with the weights that they
have, then learn (engine/learning/kernel.py).

Before that the host writes biases. Who is visited in 1:
* A compartment whose bit in `awake` is 0 is at rest; a set bit may be stale, then it is looked at and found asleep.
* A slot has input only if its bit in `touched` is set or its thread's row is FLOODED; a row whose `filled` is 0 is empty.
* A piece whose `stayed` is 0 has no bit in `awake`. So a calm step (nothing in the row, no bias written) asks only `stayed`.

Threads own ranges of compartments and of the slots that feed them; nobody else writes there. They meet once a step: what is
read by all, the lists of spikes, is kept twice, by parity of the step. Nothing depends on how many there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..compiler.image import CountRows, Synapses
from ..counters import Count
from ..jit import njit
from ..widths import EVERY_LANE
from .kernel import PART
from .native import barrier, call, record
from .synapses import count_reads, deliver, deliver_graded, deliver_late, deliver_marking

_SYNAPSE_READ, _ACTIVE = int(Count.SYNAPSE_READ), int(Count.ACTIVE)
_INACTIVE, _SPIKE_OUT = int(Count.INACTIVE), int(Count.SPIKE_OUT)
_EVERY_LANE = np.uint64(EVERY_LANE)
MARKED, FLOODED = np.uint8(1), np.uint8(2)
_DENSE = 4  # spikes that reach more synapses than this times the groups there are reach nearly every group


class Share(NamedTuple):
    """What one thread does.

    pieces: (n, 6) int64 rows of (address of the kernel, address of its PART, part, size, first group, last group + 1); no
    groups for what is to be called in every step.

    stayed: (n,) uint8 by piece, 0 where nobody was active in the step before.
    compartments: from this source number on.  groups, cells: [low, high) of ChipState.awake and .cells.
    begin, end: (n_sources,) int64 its stretch of each plain list; graded_begin, graded_end likewise.
    learners: (n, 2) int64 rows of (address of the kernel, address of its LEARNER), one a plastic projection.
    learned: (parts, N_LEARNED) int64 what they count in a step, 0 between steps.
    """

    pieces: np.ndarray
    stayed: np.ndarray
    compartments: int
    groups: tuple[int, int]
    cells: tuple[int, int]
    begin: np.ndarray
    end: np.ndarray
    graded_begin: np.ndarray
    graded_end: np.ndarray
    learners: np.ndarray
    learned: np.ndarray


class Memory(NamedTuple):
    """What the threads of a run share: the image's lists, and ChipState.

    listed: (2, threads) int64 spikes that each thread has listed, by parity.  first_of: (threads,) where its list begins.
    filled: (threads, rows) uint8, 0 where nothing was put into a row, MARKED where each slot of it has its mark, FLOODED
    where not.  reads: (threads, parts) int64, 0 between steps.
    failed: (2, threads) int64 by parity, 1 + the part whose model raised, else 0.  arrived: (1,) of the barrier.
    """

    plain: Synapses
    graded: Synapses
    rows: CountRows
    cells: np.ndarray
    ring: np.ndarray
    touched: np.ndarray
    awake: np.ndarray
    spiked: np.ndarray
    payload: np.ndarray
    listed: np.ndarray
    filled: np.ndarray
    reads: np.ndarray
    failed: np.ndarray
    first_of: np.ndarray
    arrived: np.ndarray


class HostInput(NamedTuple):
    """What the host sends during a stretch of steps.

    first: (steps + 1,) int64 bounds into source (n,) int32, ascending within a step, and payload (n,) int32.
    drive_cell, drive_group: (k,) int64 elements of ChipState.cells that the host writes, and their groups;
    drive: (steps or 1, k) int64 what it writes in each step.  reward: (steps or 1, plastic projections, 2) int64 r0, r1.
    """

    first: np.ndarray
    source: np.ndarray
    payload: np.ndarray
    drive_cell: np.ndarray
    drive_group: np.ndarray
    drive: np.ndarray
    reward: np.ndarray


class Recorder(NamedTuple):
    """Where a stretch is written.  step, source, payload: spikes, (capacity,).  counts: (threads, steps, part, Count) int64.

    cell: (k,) int64 elements of ChipState.cells to record; states: (steps, k) int64.
    learned: (threads, steps, part, Learned) int64, of no step where nothing learns.
    """

    step: np.ndarray
    source: np.ndarray
    payload: np.ndarray
    counts: np.ndarray
    cell: np.ndarray
    states: np.ndarray
    learned: np.ndarray


@njit(nogil=True)
def advance(thread, n_threads, share, memory, host, recorder, first_step, sample_first, row_from, row_to):
    """One thread's part of the steps first_step + row_from .. first_step + row_to - 1; row k of host and recorder is step
    first_step + k.

    memory.arrived starts at 0.  sample_first: the step with which the state was fresh.
    Stops early, before a step, when the spikes of that step might not fit, and within one where a model raised. Returns
    (rows done, spikes recorded), which is the same in every thread.
    """
    n_sources, n_rows = memory.spiked.shape[1], memory.ring.shape[0]
    low, high = share.groups
    n_recorded = 0
    for row in range(row_from, row_to):
        host_from, host_to = host.first[row], host.first[row + 1]
        if n_recorded + n_sources + host_to - host_from > recorder.step.size:
            return row, n_recorded
        step = first_step + row
        parity, due = step & 1, step % n_rows
        counts = recorder.counts[thread, row]
        stirred = _drive(share, memory, host, row, parity)
        filled = memory.filled[thread, due]
        calm, flood = filled == 0 and not stirred, 1 if filled == FLOODED else 0

        listed = parity * n_sources + share.compartments
        for k in range(share.pieces.shape[0]):
            kernel, part_at, part, size, first_group, last_group = share.pieces[k]
            sleeps = last_group > first_group and flood == 0
            if calm and sleeps and share.stayed[k] == 0:
                counts[part, _INACTIVE] += size
                continue
            if not calm and sleeps and _asleep(memory, due, parity, first_group, last_group):
                counts[part, _INACTIVE] += size
                share.stayed[k] = 0
                continue
            before = listed
            record(part_at, PART).n_active = -1  # stays so where the user's model raised
            listed = call(kernel, part_at, due, parity, flood, step, step - sample_first + 1, listed)
            active = record(part_at, PART).n_active
            if active < 0:
                memory.failed[parity, thread], active, listed = part + 1, 0, before
            share.stayed[k] = 1 if active > 0 else 0
            counts[part, _ACTIVE] += active
            counts[part, _INACTIVE] += size - active
            counts[part, _SPIKE_OUT] += listed - before
        if filled:
            memory.filled[thread, due] = 0
            memory.touched[due, low:high] = 0
        memory.awake[parity, low:high] = 0
        memory.listed[parity, thread] = listed - parity * n_sources - share.compartments

        if n_threads > 1:
            barrier(memory.arrived, (row - row_from + 1) * n_threads)
        if memory.failed[parity].any():
            return row, n_recorded
        total = host_to - host_from
        for t in range(n_threads):
            total += memory.listed[parity, t]
        _deliver(thread, n_threads, share, memory, host, host_from, host_to, step, parity)
        if share.learners.shape[0] > 0:
            _learn(thread, share, memory, host, host_from, host_to, row, step, parity, total)
            _add_learned(share.learned, recorder.learned[thread, row])
        _count(thread, n_threads, memory, host, host_from, host_to, parity, counts)
        _record(thread, n_threads, memory, host, host_from, host_to, step, parity, recorder, n_recorded)
        n_recorded += total
        for k in range(recorder.cell.size):
            if share.cells[0] <= recorder.cell[k] < share.cells[1]:
                recorder.states[row, k] = memory.cells[recorder.cell[k]]
    return row_to, n_recorded


@njit
def _add_learned(learned, total):
    """Moves the counts of a step; one by one, as numba compiles seconds for the shapes that whole arrays may differ in."""
    for part in range(learned.shape[0]):
        for event in range(learned.shape[1]):
            total[part, event] += learned[part, event]
            learned[part, event] = 0


@njit
def _asleep(memory, due, parity, first, last):
    """Whether all groups are known to be at rest and have no input."""
    awake, touched = memory.awake[parity], memory.touched[due]
    any_of = np.uint64(0)
    for g in range(first, last):
        any_of |= awake[g] | touched[g]
    return any_of == np.uint64(0)


@njit
def _drive(share, memory, host, row, parity):
    """The host writes biases; whoever gets another one wakes up. Returns whether anyone did."""
    stirred = False
    drive = host.drive[min(row, host.drive.shape[0] - 1)]
    for k in range(host.drive_cell.size):
        cell = host.drive_cell[k]
        if share.cells[0] <= cell < share.cells[1] and memory.cells[cell] != drive[k]:
            memory.cells[cell] = drive[k]
            memory.awake[parity, host.drive_group[k]] = _EVERY_LANE
            stirred = True
    return stirred


@njit
def _spikes(t, n_threads, memory, host, host_from, host_to, parity):
    """(sources, payloads) of the list of thread t in this step; t = n_threads is the host."""
    if t == n_threads:
        return host.source[host_from:host_to], host.payload[host_from:host_to]
    first = memory.first_of[t]
    last = first + memory.listed[parity, t]
    return memory.spiked[parity, first:last], memory.payload[parity, first:last]


@njit
def _deliver(thread, n_threads, share, memory, host, host_from, host_to, step, parity):
    """Takes every spike of the step to the targets that this thread owns."""
    plain, ring, touched = memory.plain, memory.ring, memory.touched
    events, enough = 0, _DENSE * (share.groups[1] - share.groups[0])
    total = 0
    for t in range(n_threads + 1):
        sources, _ = _spikes(t, n_threads, memory, host, host_from, host_to, parity)
        total += sources.size
        for source in sources:
            if events > enough:
                break
            events += share.end[source] - share.begin[source]
    dense = events > enough
    if total > 0 and (
        plain.delay.size or memory.graded.packed.size
    ):  # whatever row they reach: its marks are looked at
        for row in range(ring.shape[0]):
            memory.filled[thread, row] = max(memory.filled[thread, row], MARKED)
    if events > 0 and plain.delay.size == 0:
        memory.filled[thread, (step + 1) % ring.shape[0]] = FLOODED if dense else MARKED
    for t in range(n_threads + 1):
        sources, payloads = _spikes(t, n_threads, memory, host, host_from, host_to, parity)
        if events == 0:
            pass
        elif plain.delay.size:
            deliver_late(sources, share.begin, share.end, step, plain, ring, touched)
        elif dense:
            deliver(sources, share.begin, share.end, step, plain, ring)
        else:
            deliver_marking(sources, share.begin, share.end, step, plain, ring, touched)
        if memory.graded.packed.size:
            deliver_graded(sources, payloads, share.graded_begin, share.graded_end, step, memory.graded, ring, touched)


@njit
def _learn(thread, share, memory, host, host_from, host_to, row, step, parity, total):
    """Every plastic projection: its spikes are delivered, its traces kept, and at the end of an epoch its rules applied."""
    if total > 0:  # learners mark the slots that they reach
        for due in range(memory.ring.shape[0]):
            memory.filled[thread, due] = max(memory.filled[thread, due], MARKED)
    sources = host.source.ctypes.data + 4 * host_from
    payloads = host.payload.ctypes.data + 4 * host_from
    reward = host.reward.ctypes.data + 16 * min(row, host.reward.shape[0] - 1) * share.learners.shape[0]
    for k in range(share.learners.shape[0]):
        kernel, learner_at = share.learners[k]
        call(kernel, learner_at, step, parity, sources, payloads, host_to - host_from, reward + 16 * k)


@njit
def _count(thread, n_threads, memory, host, host_from, host_to, parity, counts):
    """Counts the synapses that this thread's share of the spikes reads, wherever they are."""
    reads, counted = memory.reads[thread], 0
    for t in range(n_threads + 1):
        sources, _ = _spikes(t, n_threads, memory, host, host_from, host_to, parity)
        first, last = sources.size * thread // n_threads, sources.size * (thread + 1) // n_threads
        count_reads(sources[first:last], memory.rows, reads)
        counted += last - first
    if counted > 0:
        for part in range(reads.size):
            counts[part, _SYNAPSE_READ] += reads[part]
            reads[part] = 0


@njit
def _record(thread, n_threads, memory, host, host_from, host_to, step, parity, recorder, n_recorded):
    """Writes down the spikes that this thread has listed, after those of the threads before it; the last the host's too."""
    at = n_recorded
    for t in range(thread):
        at += memory.listed[parity, t]
    for t in range(thread, n_threads + 1 if thread == n_threads - 1 else thread + 1):
        sources, payloads = _spikes(t, n_threads, memory, host, host_from, host_to, parity)
        for k in range(sources.size):
            recorder.step[at] = step
            recorder.source[at] = sources[k]
            recorder.payload[at] = payloads[k]
            at += 1
