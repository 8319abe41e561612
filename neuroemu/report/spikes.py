"""spikes.h5: spikes and probed states in the NIRData layout, readable with nir.read_data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..widths import STATE_UNIT

if TYPE_CHECKING:
    from .report import Report


def write_spikes(report: Report, path: Path) -> None:
    """One node a population, one row a sample.

    spikes: EventData, idx padded with -1, time in seconds at the middle of the step (so that floor(time / dt) is the step
    from 0, whatever the last bit says), n_neurons, t_max.
    Any probed state (u, v, ...): TimeGriddedData (samples, steps, probed compartments).
    """
    import h5py
    import nir

    program, samples = report.program, report.samples
    dt = program.network.step_ms / 1000.0
    nodes: dict[str, dict[str, object]] = {}
    for name in recorded(report):
        step, index, payload = report.traces.of(*report.range_of(name))
        n = report.range_of(name)[1]
        nodes.setdefault(name, {})["spikes"] = _events(step, index, payload, n, program.steps, samples, dt)
    for (name, observable), table in report.traces.states.items():
        data = table.reshape(samples, program.steps, table.shape[1])
        nodes.setdefault(name, {})[observable] = nir.TimeGriddedData(data, dt)
    graph = nir.NIRGraphData({name: nir.NIRNodeData(observables) for name, observables in nodes.items()})
    nir.write_data(str(path), graph)
    scales = report.compiled.quantised.scale
    with h5py.File(path, "a") as file:  # what NIRData has no field for
        for kind, name, index in probed_states(report):
            group = file[f"nodes/{name}/observables/{kind}"]
            group.attrs["index"] = index
            group.attrs["unit"] = "the chip's integers"
            group.attrs["one"] = scales[name] * STATE_UNIT  # what 1.0 of the network is in them


def probed_states(report: Report) -> list[tuple[str, str, np.ndarray]]:
    """(field, population, its probed compartments) of every recorded state."""
    return [(field, name, index) for (name, field), index in report.traces.state_index.items()]


def recorded(report: Report) -> list[str]:
    """Populations whose spikes are written: the probed ones, or all on the chip if none is probed."""
    network = report.program.network
    probed = [probe.population for probe in network.probes if probe.observable == "spikes"]
    return list(dict.fromkeys(probed)) or [population.name for population in network.on_chip]


def _events(
    step: np.ndarray, index: np.ndarray, payload: np.ndarray, n: int, steps: int, samples: int, dt: float
) -> object:
    import nir

    sample = (step - 1) // steps
    counts = np.bincount(sample, minlength=samples)
    width = int(counts.max(initial=0))
    idx = np.full((samples, width), -1, np.int64)
    time = np.full((samples, width), np.inf)
    column = np.arange(step.size) - np.repeat(np.cumsum(counts) - counts, counts)
    idx[sample, column] = index
    time[sample, column] = ((step - 1) % steps + 0.5) * dt
    if np.any(payload != 1):
        value = np.zeros((samples, width))
        value[sample, column] = payload
        return nir.ValuedEventData(idx, time, n, steps * dt, value)
    return nir.EventData(idx, time, n, steps * dt)
