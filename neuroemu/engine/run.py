"""Running an image: stretches of steps through the kernels, samples with a fresh state, what the host sends.

run(image, plan) -> Traces, Counters. The image is not changed; the same image and plan give the same bits every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..compiler.image import ChipImage
from ..counters import Counters, Traces
from ..errors import InternalError, Problem, ProgramError, TooLarge
from ..events import N_PART_EVENTS
from ..network import Probe
from .state import restart, start
from .step import HostInput, Recorder, advance, kernel_of

STRETCH_SPIKES = 1 << 20  # spikes a buffer holds at least; a stretch that fills it goes on with a fresh one
STRETCH_STEPS = 256  # steps between two looks at the clock


class SpikeInput(Protocol):
    """Spikes of the host: `events(first_step, n_steps)` gives (row, channel), row 0 being first_step.

    A third array may give payloads (int32); without it every spike carries 1.
    """

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, ...]: ...


class Drive(Protocol):
    """Biases that the host writes: `bias(first_step, n_steps)` is (n_steps or 1, n) int64, one row if constant."""

    def bias(self, first_step: int, n_steps: int) -> np.ndarray: ...


@dataclass(frozen=True)
class Plan:
    """What to run.  steps: of one sample.  inputs: by spike source; drives: by population on the chip.

    fresh_samples: the state starts anew with every sample.  progress: called with the number of steps done.
    most_spikes: TooLarge is raised when the run has recorded more.
    """

    steps: int
    samples: int
    seed: int
    inputs: dict[str, SpikeInput]
    drives: dict[str, Drive]
    probes: tuple[Probe, ...] = ()
    fresh_samples: bool = True
    progress: Callable[[int], None] | None = None
    most_spikes: int = 2**62


def run(image: ChipImage, plan: Plan) -> tuple[Traces, Counters]:
    """Runs all samples. Steps are numbered through, from 1."""
    kernel, state = kernel_of(image, plan.seed), start(image)
    total = plan.steps * plan.samples
    _check_recorded_noise(image, plan.steps if plan.fresh_samples else total)
    counts = np.zeros((total, image.n_parts, N_PART_EVENTS), np.int64)
    u_index, v_index = _probed(image, plan.probes, "u"), _probed(image, plan.probes, "v")
    u_columns, v_columns = _columns(u_index), _columns(v_index)
    u, v = np.empty((total, u_columns.size), np.int64), np.empty((total, v_columns.size), np.int64)
    chunks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    n_spikes = n_counted = 0
    done = fresh = 0  # steps behind us, and those behind us when the state was last fresh
    while done < total:
        if done and plan.fresh_samples and done % plan.steps == 0:
            restart(state, image)
            fresh = done
        left = plan.steps - done % plan.steps if plan.fresh_samples else total - done
        n_steps = min(STRETCH_STEPS, left)
        host = _host_input(image, plan, done + 1, n_steps)
        here = slice(done, done + n_steps)
        row = 0
        while row < n_steps:
            busiest = int(np.diff(host.first).max(initial=0))
            capacity = max(min(STRETCH_SPIKES, (n_steps - row) * image.n_compartments + host.source.size), 0)
            capacity = max(capacity, image.n_compartments + busiest)
            buffer = (np.empty(capacity, np.int64), np.empty(capacity, np.int32), np.empty(capacity, np.int32))
            recorder = Recorder(*buffer, counts[here], u_columns, u[here], v_columns, v[here])
            row, n_recorded = advance(kernel, state, host, recorder, done + 1, fresh + 1, row, n_steps, 0)
            chunks.append(tuple(array[:n_recorded].copy() for array in buffer))  # type: ignore[arg-type]
        done += n_steps
        recorded = sum(chunk[0].size for chunk in chunks[n_counted:])
        n_spikes, n_counted = n_spikes + recorded, len(chunks)
        if n_spikes > plan.most_spikes:
            raise TooLarge(
                f"{n_spikes:,} spikes in {done:,} of {total:,} steps fill the memory of this machine. "
                "Try fewer steps (--steps) or samples, or a network that fires less."
            )
        if plan.progress:
            plan.progress(done)
    step, source, payload = (np.concatenate([chunk[k] for chunk in chunks]) for k in range(3))
    traces = Traces(
        step,
        source,
        payload,
        _by_name(u, u_index),
        _by_name(v, v_index),
        _local(image, u_index),
        _local(image, v_index),
    )
    return traces, Counters(counts, state.overflows)


def _check_recorded_noise(image: ChipImage, n_steps: int) -> None:
    recorded = image.noise.draws.shape[0]
    if recorded and recorded < n_steps:
        raise ProgramError(
            [Problem(f"the recorded noise has {recorded} steps", allowed=f"at least {n_steps}, as many as run")]
        )


def _host_input(image: ChipImage, plan: Plan, first_step: int, n_steps: int) -> HostInput:
    rows, sources, payloads = [], [], []
    for k, name in enumerate(image.source_names):
        row, channel, *graded = plan.inputs[name].events(first_step, n_steps)
        _check_range(name, row, n_steps)
        _check_range(name, channel, int(image.source_first[k + 1] - image.source_first[k]))
        rows.append(row)
        sources.append(channel + image.source_first[k])
        payloads.append(graded[0] if graded else np.ones(row.size, np.int64))
    row = np.concatenate(rows) if rows else np.empty(0, np.int64)
    source = (np.concatenate(sources) if sources else np.empty(0, np.int64)).astype(np.int64)
    payload = (np.concatenate(payloads) if payloads else np.empty(0, np.int64)).astype(np.int64)
    order = np.lexsort((source, row))
    first = np.searchsorted(row[order], np.arange(n_steps + 1)).astype(np.int64)
    index, values = [], []
    for k, name in enumerate(image.names):
        if name in plan.drives:
            index.append(np.arange(image.blocks.first[k], image.blocks.first[k] + image.blocks.size[k]))
            values.append(plan.drives[name].bias(first_step, n_steps))
    if not index:
        return HostInput(first, source[order], payload[order], np.empty(0, np.int64), np.empty((1, 0), np.int64))
    height = max(value.shape[0] for value in values)
    drive = np.concatenate([np.broadcast_to(value, (height, value.shape[1])) for value in values], axis=1)
    return HostInput(first, source[order], payload[order], np.concatenate(index), np.ascontiguousarray(drive))


def _check_range(name: str, index: np.ndarray, bound: int) -> None:
    """The kernels do not look: an index out of range would read foreign memory."""
    if index.size and (index.min() < 0 or index.max() >= bound):
        raise InternalError(f"the input of '{name}' has the index {index.max()}; it has 0..{bound - 1}")


def _probed(image: ChipImage, probes: tuple[Probe, ...], observable: str) -> dict[str, np.ndarray]:
    """Global compartments to record, by population; several probes of one population are joined."""
    found: dict[str, np.ndarray] = {}
    for probe in probes:
        if probe.observable == observable:
            k = image.names.index(probe.population)
            every = np.arange(image.blocks.size[k])
            chosen = image.blocks.first[k] + (every if probe.index is None else every[probe.index])
            found[probe.population] = np.union1d(found.get(probe.population, chosen), chosen)
    return found


def _columns(index: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate(list(index.values())).astype(np.int64) if index else np.empty(0, np.int64)


def _by_name(table: np.ndarray, index: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    bounds = np.cumsum([0, *(columns.size for columns in index.values())])
    return {name: table[:, bounds[k] : bounds[k + 1]] for k, name in enumerate(index)}


def _local(image: ChipImage, index: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: columns - image.blocks.first[image.names.index(name)] for name, columns in index.items()}
