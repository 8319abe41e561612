"""spikes.h5: spikes and probed states in the NIRData layout, readable with nir.read_data.

Written a stretch at a time, so that a run that lies on disk is never whole in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..widths import STATE_UNIT
from .saved import require_room

if TYPE_CHECKING:
    from .report import Report

CHUNK = 1 << 16  # elements of a chunk of a dataset


def write_spikes(report: Report, path: Path) -> None:
    """One node a population, one row a sample.

    spikes: EventData, idx padded with -1, time in seconds at the middle of the step (so that floor(time / dt) is the step
    from 0, whatever the last bit says), n_neurons, t_max; ValuedEventData where a payload is not 1.
    Any probed state (u, v, ...): TimeGriddedData (samples, steps, probed compartments).
    """
    import h5py

    dt = report.program.network.step_ms / 1000.0
    scales = report.compiled.quantised.scale
    require_room(path, _bytes(report))
    with h5py.File(path, "w") as file:
        file.attrs["__type__"] = "NIRGraphData"
        file.create_group("nodes")
        for name in recorded(report):
            _write_events(_observable(file, name, "spikes"), report, name, dt)
        for kind, name, index in probed_states(report):
            group = _observable(file, name, kind)
            group.attrs["__type__"], group.attrs["dt"] = "TimeGriddedData", dt
            table = report.traces.states[name, kind]
            _write_table(group, table, report.samples, report.program.steps)
            group.attrs["index"] = index  # what NIRData has no field for
            group.attrs["unit"] = "the chip's integers"
            group.attrs["one"] = scales[name] * STATE_UNIT  # what 1.0 of the network is in them


def _bytes(report: Report) -> int:
    """That the file takes at most: an index, a time and a value a spike, rows padded to the longest; and the states."""
    spikes = 0
    for name in recorded(report):
        counts = np.zeros(report.samples, np.int64)
        for step, _, _ in _mine(report, name):
            counts += np.bincount((step - 1) // report.program.steps, minlength=report.samples)
        spikes += report.samples * int(counts.max(initial=0))
    return 24 * spikes + sum(table.size * table.itemsize for table in report.traces.states.values())


def _observable(file: Any, name: str, kind: str) -> Any:
    node = file.require_group(f"nodes/{name}")
    node.attrs["__type__"] = "NIRNodeData"
    return node.create_group(f"observables/{kind}")


def _write_table(group: Any, table: np.ndarray, samples: int, steps: int) -> None:
    """A probed state, (samples * steps, n), as (samples, steps, n)."""
    n = table.shape[1]
    data = group.create_dataset("data", (samples, steps, n), table.dtype)
    rows = max(1, CHUNK // max(n, 1))
    for sample in range(samples):
        for first in range(0, steps, rows):
            last = min(first + rows, steps)
            data[sample, first:last] = table[sample * steps + first : sample * steps + last]


def probed_states(report: Report) -> list[tuple[str, str, np.ndarray]]:
    """(field, population, its probed compartments) of every recorded state."""
    return [(field, name, index) for (name, field), index in report.traces.state_index.items()]


def recorded(report: Report) -> list[str]:
    """Populations whose spikes are written: the probed ones, or all on the chip if none is probed."""
    network = report.program.network
    probed = [probe.population for probe in network.probes if probe.observable == "spikes"]
    return list(dict.fromkeys(probed)) or [population.name for population in network.on_chip]


def _write_events(group: Any, report: Report, name: str, dt: float) -> None:
    samples, steps, n = report.samples, report.program.steps, report.range_of(name)[1]
    counts, graded = np.zeros(samples, np.int64), False
    for step, _, payload in _mine(report, name):
        counts += np.bincount((step - 1) // steps, minlength=samples)
        graded |= bool(np.any(payload != 1))
    group.attrs["__type__"] = "ValuedEventData" if graded else "EventData"
    group.attrs["n_neurons"], group.attrs["t_max"] = n, steps * dt
    shape = (samples, int(counts.max(initial=0)))
    layout = {"chunks": (1, min(shape[1], CHUNK))} if shape[1] > CHUNK else {}
    idx = group.create_dataset("idx", shape, np.int64, fillvalue=-1, **layout)
    time = group.create_dataset("time", shape, np.float64, fillvalue=np.inf, **layout)
    value = group.create_dataset("value", shape, np.float64, **layout) if graded else None
    done = np.zeros(samples, np.int64)
    for step, index, payload in _mine(report, name):
        sample = (step - 1) // steps
        found, starts = np.unique(sample, return_index=True)
        for k, low, high in zip(found.tolist(), starts, [*starts[1:], step.size], strict=True):
            to = slice(done[k], done[k] + high - low)
            idx[k, to] = index[low:high]
            time[k, to] = ((step[low:high] - 1) % steps + 0.5) * dt
            if value is not None:
                value[k, to] = payload[low:high]
            done[k] += high - low


def _mine(report: Report, name: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(step, index in the population, payload) of its spikes, a stretch after the other."""
    first, size = report.range_of(name)
    for step, source, payload in report.traces.pieces():
        mine = np.flatnonzero((source >= first) & (source < first + size))
        if mine.size:
            yield step[mine], source[mine] - first, payload[mine]
