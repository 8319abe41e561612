"""One time step, and many of them in one call.

Order within step t (the barrier lies at its end):
1. compartments  take up what arrives at t, integrate, fire (state of the end of step t-1 is behind them)
2. messages      spikes of step t, the chip's and the host's, in ascending order of their source
3. synapses      each message is looked up and its weights put into the ring for t + 1 + delay
4. counts        per part: synapses read, compartments active and at rest, spikes
5. probes        u and v of the end of step t
So everything that a spike of step t causes on the network and in the synapse memory is counted in step t, as SANA-FE does,
and no compartment sees it before t + 1. Learning (every epoch) and host will stand between 4 and 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..chip import Arithmetic
from ..compiler.image import Blocks, ChipImage, Compartments, CountRows, Noise, Parts, Synapses
from ..events import Event
from ..jit import njit
from .compartments import lif
from .synapses import count_reads, deliver, deliver_graded

_SYNAPSE_READ = int(Event.SYNAPSE_READ)
_ACTIVE = int(Event.COMPARTMENT_ACTIVE)
_INACTIVE = int(Event.COMPARTMENT_INACTIVE)
_SPIKE_OUT = int(Event.SPIKE_OUT)


class Kernel(NamedTuple):
    """What the kernels read of a ChipImage, and the seed of the random draws (uint64)."""

    compartments: Compartments
    blocks: Blocks
    noise: Noise
    plain: Synapses
    graded: Synapses
    weight_shift: int
    accumulator_shift: np.ndarray
    rows: CountRows
    parts: Parts
    arithmetic: Arithmetic
    seed: np.uint64


class HostInput(NamedTuple):
    """What the host sends during a stretch of steps.

    first: (steps + 1,) int64 bounds into source (n,) int64, ascending within a step, and payload (n,) int64.
    drive_index: (k,) int64 compartments whose bias the host writes; drive: (steps or 1, k) int64 their bias in each step.
    """

    first: np.ndarray
    source: np.ndarray
    payload: np.ndarray
    drive_index: np.ndarray
    drive: np.ndarray


class Recorder(NamedTuple):
    """Where a stretch is written.  step, source, payload: spikes, (capacity,).  counts: (steps, part, event) int64.

    u_index, v_index: compartments to record; u, v: (steps, k) int64.
    """

    step: np.ndarray
    source: np.ndarray
    payload: np.ndarray
    counts: np.ndarray
    u_index: np.ndarray
    u: np.ndarray
    v_index: np.ndarray
    v: np.ndarray


def kernel_of(image: ChipImage, seed: int) -> Kernel:
    """The kernels' view of an image."""
    return Kernel(
        image.compartments,
        image.blocks,
        image.noise,
        image.plain,
        image.graded,
        image.weight_shift,
        image.accumulator_shift,
        image.rows,
        image.parts,
        image.arithmetic,
        np.uint64(seed),
    )


@njit
def advance(image, state, host, recorder, first_step, sample_first, row_from, row_to, n_recorded):
    """Runs the steps first_step + row_from .. first_step + row_to - 1; row k of host and recorder is step first_step + k.

    sample_first: the step with which the state was fresh.

    Stops early, before a step, when the spikes of that step might not fit. Returns (rows done, spikes recorded).
    """
    n, n_parts = state.u.size, image.parts.first.size
    busiest = 0
    for row in range(row_from, row_to):
        busiest = max(busiest, host.first[row + 1] - host.first[row])
    sources, payloads = np.empty(n + busiest, np.int64), np.empty(n + busiest, np.int64)
    reads = np.zeros(n_parts, np.int64)
    for row in range(row_from, row_to):
        n_host = host.first[row + 1] - host.first[row]
        if n_recorded + n + n_host > recorder.step.size:
            return row, n_recorded
        step = first_step + row
        counts = recorder.counts[row]
        for k in range(host.drive_index.size):
            state.bias[host.drive_index[k]] = host.drive[min(row, host.drive.shape[0] - 1), k]
        due = state.ring[step % state.ring.shape[0]]
        n_spikes = 0
        for part in range(n_parts):
            before, size = n_spikes, image.parts.size[part]
            block = image.parts.population[part]
            n_spikes, n_active = lif.update(
                image.parts.first[part],
                size,
                block,
                step,
                step - sample_first + 1,
                image,
                state,
                due,
                sources,
                payloads,
                n_spikes,
            )
            counts[part, _ACTIVE] = n_active
            counts[part, _INACTIVE] = size - n_active
            counts[part, _SPIKE_OUT] = n_spikes - before
        for k in range(host.first[row], host.first[row + 1]):
            sources[n_spikes] = host.source[k]
            payloads[n_spikes] = host.payload[k]
            n_spikes += 1
        deliver(sources[:n_spikes], step, image.plain, state.ring)
        if image.graded.target.size:
            deliver_graded(sources[:n_spikes], payloads[:n_spikes], step, image.graded, state.ring)
        reads[:] = 0
        count_reads(sources[:n_spikes], image.rows, reads)
        counts[:, _SYNAPSE_READ] = reads
        for k in range(n_spikes):
            recorder.step[n_recorded] = step
            recorder.source[n_recorded] = sources[k]
            recorder.payload[n_recorded] = payloads[k]
            n_recorded += 1
        for k in range(recorder.u_index.size):
            recorder.u[row, k] = state.u[recorder.u_index[k]]
        for k in range(recorder.v_index.size):
            recorder.v[row, k] = state.v[recorder.v_index[k]]
    return row_to, n_recorded
