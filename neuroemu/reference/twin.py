"""The float twin of a network in physical units: the same spikes in, the same order of steps, no chip integer anywhere.

It says what quantisation cost: same inputs, same decoder, float64 weights, decays and thresholds.
"""

from __future__ import annotations

import numpy as np

from .. import floatable
from ..connect import SynapseList
from ..errors import ProgramError
from ..host import Feed
from ..jit import njit
from ..network import Lif, Network
from .result import FloatRun

STRETCH_STEPS = 256


def run_twin(
    network: Network, synapses: dict[str, SynapseList], feed: Feed, steps: int, fresh_samples: bool
) -> FloatRun:
    """Runs the network in floats. Raises ProgramError where a population is given by registers, which have no float twin."""
    payloads = [name for name, given in feed.inputs.items() if getattr(given, "payload", None) is not None]
    problems = floatable.problems(network, payloads)
    if problems:
        raise ProgramError(problems)
    first, n = {}, 0
    for population in (*network.on_chip, *network.sources):
        first[population.name] = n
        n += population.size
    lists = source_major(network, synapses, first, n)
    parameters = _parameters(network)
    total = steps * feed.samples
    spikes: list[tuple[np.ndarray, np.ndarray]] = []
    before = _before(network)
    state = _start(before, lists[3])
    done = 0
    while done < total:
        if done and fresh_samples and done % steps == 0:
            state = _start(before, lists[3])
        left = steps - done % steps if fresh_samples else total - done
        n_steps = min(STRETCH_STEPS, left)
        rows, sources = [], []
        for population in network.sources:
            row, channel, *_ = feed.inputs[population.name].events(done + 1, n_steps)
            rows.append(row)
            sources.append(channel + first[population.name])
        row = np.concatenate(rows) if rows else np.empty(0, np.int64)
        source = np.concatenate(sources) if sources else np.empty(0, np.int64)
        order = np.argsort(row, kind="stable")
        bounds = np.searchsorted(row[order], np.arange(n_steps + 1))
        bias = _bias(network, feed, done, n_steps, steps)
        row, index = _advance(*parameters, bias, *lists, *state, bounds, source[order], done + 1)
        spikes.append((row, index))
        done += n_steps
    step, source = (np.concatenate([chunk[k] for chunk in spikes]) for k in range(2))
    steps_of, index_of = {}, {}
    for population in network.on_chip:
        low = first[population.name]
        mine = (source >= low) & (source < low + population.size)
        steps_of[population.name], index_of[population.name] = step[mine], source[mine] - low
    return FloatRun(steps_of, index_of)


def source_major(
    network: Network, synapses: dict[str, SynapseList], first: dict[str, int], n_sources: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(first, target, weight, delay) of all synapses, sorted by source."""
    source, target, weight, delay = (
        [np.empty(0, np.int64)],
        [np.empty(0, np.int64)],
        [np.empty(0)],
        [np.empty(0, np.int64)],
    )
    for projection in network.projections:
        given = synapses[projection.name]
        source.append(given.pre + first[projection.source])
        target.append(given.post + first[projection.target])
        weight.append(given.weight)
        delay.append(given.delay)
    sources = np.concatenate(source)
    order = np.argsort(sources, kind="stable")
    return (
        np.searchsorted(sources[order], np.arange(n_sources + 1)),
        np.concatenate(target)[order],
        np.concatenate(weight)[order],
        np.concatenate(delay)[order],
    )


def _parameters(network: Network) -> tuple[np.ndarray, ...]:
    """(keep_u, keep_v, threshold, pause, soft): what remains of u and v a step, thresholds, steps held after a spike, and
    whether a spike takes the threshold from v.
    """
    columns: list[list[np.ndarray]] = [[], [], [], [], []]
    for population in network.on_chip:
        model = population.model
        assert isinstance(model, Lif)
        with np.errstate(divide="ignore"):
            values = (
                np.exp(-network.step_ms / np.asarray(model.tau_syn_ms, np.float64)),
                np.exp(-network.step_ms / np.asarray(model.tau_mem_ms, np.float64)),
                np.asarray(model.threshold, np.float64),
                np.rint(np.asarray(model.refractory_ms, np.float64) / network.step_ms),
                np.asarray(model.soft_reset, np.float64),
            )
        for column, value in zip(columns, values, strict=True):
            column.append(np.broadcast_to(value, (population.size,)))
    return tuple(np.concatenate(column) for column in columns)


def _before(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """(n,) u and v before step 1."""
    columns: list[list[np.ndarray]] = [[], []]
    for population in network.on_chip:
        assert isinstance(population.model, Lif)
        for column, value in zip(columns, (population.model.u, population.model.v), strict=True):
            column.append(np.broadcast_to(np.asarray(value, np.float64), (population.size,)))
    return np.concatenate(columns[0]), np.concatenate(columns[1])


def _start(
    before: tuple[np.ndarray, np.ndarray], delay: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """u, v, held steps, delay ring."""
    n = before[0].size
    return before[0].copy(), before[1].copy(), np.zeros(n), np.zeros((int(delay.max(initial=0)) + 2, n))


def _bias(network: Network, feed: Feed, done: int, n_steps: int, steps: int) -> np.ndarray:
    """(n_steps, n) or (1, n) biases, direct currents included."""
    at = np.arange(done, done + n_steps)
    columns = []
    for population in network.on_chip:
        model = population.model
        assert isinstance(model, Lif)
        bias = np.broadcast_to(np.asarray(model.bias, np.float64), (1, population.size))
        if population.name in feed.currents:
            values, gain = feed.currents[population.name]
            now = values[at // steps, at % steps] if values.ndim == 3 else values[at // steps]
            bias = bias + gain * now
        columns.append(bias)
    height = max(column.shape[0] for column in columns)
    return np.ascontiguousarray(
        np.concatenate([np.broadcast_to(column, (height, column.shape[1])) for column in columns], axis=1)
    )


@njit
def _advance(
    keep_u,
    keep_v,
    threshold,
    pause,
    soft,
    bias,
    first,
    target,
    weight,
    delay,
    u,
    v,
    held,
    ring,
    bounds,
    source,
    first_step,
):
    """Steps first_step.. in floats, in the engine's order. Returns (step, source) of the spikes; changes u, v, held, ring."""
    n, n_slots = u.size, ring.shape[0]
    out_step, out_source = [first_step][:0], [n][:0]
    for row in range(bounds.size - 1):
        step = first_step + row
        due = ring[step % n_slots]
        drive = bias[min(row, bias.shape[0] - 1)]
        n_before = len(out_step)
        for i in range(n):
            u[i] = keep_u[i] * u[i] + due[i]
            due[i] = 0.0
            v[i] = keep_v[i] * v[i] + u[i] + drive[i]
            if held[i] > 0:
                held[i] -= 1
                v[i] = 0.0
            elif v[i] > threshold[i]:
                v[i] = v[i] - threshold[i] if soft[i] else 0.0
                held[i] = pause[i]
                out_step.append(step)
                out_source.append(i)
        for k in range(len(out_step) - n_before + bounds[row + 1] - bounds[row]):
            fired = len(out_step) - n_before
            s = out_source[n_before + k] if k < fired else source[bounds[row] + k - fired]
            for j in range(first[s], first[s + 1]):
                ring[(step + 1 + delay[j]) % n_slots, target[j]] += weight[j]
    return np.array(out_step), np.array(out_source)
