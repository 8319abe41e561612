"""Calibrate: run a program's network in floats on some of its samples, and see what its populations see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import host
from .calibration import Calibration
from .compiler.expand import expand
from .connect import SynapseList
from .errors import ProblemsError
from .jit import njit
from .network import Lif, Network
from .program import Program
from .reference import FloatRun, run_float
from .reference.twin import source_major

STRETCH_STEPS = 256


def calibrate(program: Program, samples: int) -> Calibration:
    """What the populations of a program see in its first samples, or in all where there are fewer, in floats.

    Raises ProgramError where a population has no float counterpart.
    """
    given = host.feed(program)
    given = replace(given, samples=min(samples, given.samples))
    synapses = expand(program.network, program.seed)
    try:
        floats = run_float(program.network, synapses, given, program.steps, program.fresh_samples)
    except ProblemsError as error:
        raise program.located(error) from None
    return watched(program, synapses, floats, given)


def watched(program: Program, synapses: dict[str, SynapseList], floats: FloatRun, given: host.Feed) -> Calibration:
    """What the spikes of a float run and of the host do to inputs and currents.  synapses: by projection."""
    network, first, n = program.network, {}, 0
    for population in (*network.on_chip, *network.sources):
        first[population.name] = n
        n += population.size
    lists = source_major(network, synapses, first, n)
    on_chip = sum(population.size for population in network.on_chip)
    total, steps = program.steps * given.samples, program.steps
    own = [(floats.step[name], floats.index[name] + first[name]) for name in (p.name for p in network.on_chip)]
    keep, fired = _keep(network), np.zeros(n, np.int64)
    most_input, most_current = np.zeros(on_chip), np.zeros(on_chip)
    u, ring = np.zeros(on_chip), np.zeros((int(lists[3].max(initial=0)) + 2, on_chip))
    done = 0
    while done < total:
        if program.fresh_samples and done % steps == 0:
            u[:], ring[:] = 0.0, 0.0
        n_steps = min(STRETCH_STEPS, steps - done % steps if program.fresh_samples else total - done)
        rows, sources = [], []
        for step, source in own:
            low, high = np.searchsorted(step, [done + 1, done + n_steps + 1])
            rows.append(step[low:high] - (done + 1))
            sources.append(source[low:high])
        for population in network.sources:
            row, channel, *_ = given.inputs[population.name].events(done + 1, n_steps)
            rows.append(row)
            sources.append(channel + first[population.name])
        row, source = np.concatenate(rows), np.concatenate(sources).astype(np.int64)
        order = np.argsort(row, kind="stable")
        bounds = np.searchsorted(row[order], np.arange(n_steps + 1))
        fired += np.bincount(source, minlength=n)
        _watch(keep, *lists, u, ring, bounds, source[order], done + 1, most_input, most_current)
        done += n_steps
    return Calibration(
        {p.name: fired[first[p.name] : first[p.name] + p.size] / total for p in network.populations},
        {p.name: float(most_input[first[p.name] :][: p.size].max(initial=0.0)) for p in network.on_chip},
        {p.name: float(most_current[first[p.name] :][: p.size].max(initial=0.0)) for p in network.on_chip},
    )


def _keep(network: Network) -> np.ndarray:
    """(n,) what is left of a current after a step."""
    columns = []
    for population in network.on_chip:
        assert isinstance(population.model, Lif)  # run_float refuses others
        with np.errstate(divide="ignore"):
            keep = np.exp(-network.step_ms / np.asarray(population.model.tau_syn_ms, np.float64))
        columns.append(np.broadcast_to(keep, (population.size,)))
    return np.concatenate(columns)


@njit
def _watch(keep, first, target, weight, delay, u, ring, bounds, source, first_step, most_input, most_current):
    """Steps first_step.. of currents under given spikes; u, ring and the largest magnitudes so far are changed."""
    n_slots = ring.shape[0]
    for row in range(bounds.size - 1):
        step = first_step + row
        due = ring[step % n_slots]
        for i in range(u.size):
            u[i] = keep[i] * u[i] + due[i]
            most_input[i] = max(most_input[i], abs(due[i]))
            most_current[i] = max(most_current[i], abs(u[i]))
            due[i] = 0.0
        for k in range(bounds[row], bounds[row + 1]):
            for j in range(first[source[k]], first[source[k] + 1]):
                ring[(step + 1 + delay[j]) % n_slots, target[j]] += weight[j]
