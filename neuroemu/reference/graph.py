"""An imported graph in floats: node by node, as its framework computes it, many samples at once.

In every step nodes are computed in the order of the graph; a spike is seen by the next layer in its own step, and by what
comes before it in a loop one step later. Weights are added up by ascending source, so that a batch changes no bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..host import Feed
from ..nir_io.exact import Exact
from ..nir_io.graph import LINEAR
from ..nir_io.linear import LinearMap, linear_map
from . import neurons
from .result import FloatRun

MOST_VALUES = 1 << 22  # of one node over the samples of a batch: some 16 MB


def walk(
    exact: Exact, given: Mapping[str, np.ndarray], steps: int, batch: int
) -> Iterator[tuple[dict[str, np.ndarray], dict[str, neurons.State]]]:
    """Step by step: (values by node, states by neuron).

    given: what each Input gives, (steps, n, batch).  values: (n, batch) of the float type, 0 or 1 for
    what spikes, the potential for what does not.
    """
    graph, dtype = exact.graph, exact.dtype
    maps = {name: linear_map(node, dtype) for name, node in graph.nodes.items() if node.kind in LINEAR}
    terms = {name: neurons.terms_of(neuron) for name, neuron in exact.neurons.items() if name in graph.nodes}
    states = {name: neurons.start(exact.neurons[name], batch) for name in terms}
    into = {name: graph.into(name) for name in graph.nodes}
    lines = {name: _line(exact, name, batch) for name, node in graph.nodes.items() if node.kind == "Delay"}
    last = {pre: np.zeros((graph.nodes[pre].size, batch), dtype) for pre, _ in exact.order.late}
    own = {name: _back(exact, name) for name in terms}
    for step in range(steps):
        values: dict[str, np.ndarray] = {}
        for name in exact.order.names:
            node = graph.nodes[name]
            if node.kind == "Input":
                values[name] = given[name][step].astype(dtype, copy=False)
                continue
            if name in terms and node.kind != "Output":
                back = arriving(exact, name, [pre for pre in into[name] if pre in own[name]], values, last)
                x = arriving(exact, name, [pre for pre in into[name] if pre not in own[name]], values, last)
                neuron = exact.neurons[name]
                x = np.zeros((node.size, batch), dtype) if x is None else x
                states[name] = neurons.step(neuron, terms[name], states[name], x, back)
                values[name] = states[name].spiked.astype(dtype) if neuron.spikes else states[name].v
                continue
            x = arriving(exact, name, into[name], values, last)
            assert x is not None  # shapes.py refuses a node that nothing leads to
            if name in maps:
                x = _applied(maps[name], x)
            elif name in lines:
                held = lines[name]
                held[0][step % held[0].shape[0]] = x
                x = held[0][(step - held[1]) % held[0].shape[0], held[2]]
            values[name] = x
        yield values, states
        for pre in last:
            last[pre] = values[pre]


def arriving(
    exact: Exact, name: str, wanted: Sequence[str], values: Mapping[str, np.ndarray], last: Mapping[str, np.ndarray]
) -> np.ndarray | None:
    """(n, batch) the sum of what some of its predecessors bring a node in a step, in their order; None of none.

    values: of this step.  last: of the step before, which comes along the late edges.
    """
    total = None
    for pre in wanted:
        part = last[pre] if (pre, name) in exact.order.late else values[pre]
        total = part if total is None else total + part
    return total


def _applied(through: LinearMap, x: np.ndarray) -> np.ndarray:
    y = through.matrix @ x
    if through.divisor != 1:
        y = y / x.dtype.type(through.divisor)
    return y if through.bias is None else y + through.bias[:, None]


def _line(exact: Exact, name: str, batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a Delay holds: (steps, n, batch) zeros, (n,) delays in steps, (n,) rows."""
    node = exact.graph.nodes[name]
    steps = np.rint(node.numbers("delay") / exact.origin.dt_s).astype(np.int64)
    return np.zeros((int(steps.max()) + 1, node.size, batch), exact.dtype), steps, np.arange(node.size)


def _back(exact: Exact, name: str) -> set[str]:
    """The nodes through which a neuron's own last spikes come back to it."""
    late = {post for pre, post in exact.order.late if pre == name}
    found: set[str] = {name} if name in late else set()
    waiting = [post for post in late if post != name]
    while waiting:
        node = waiting.pop()
        if node not in found and node not in exact.neurons:
            found.add(node)
            waiting += exact.graph.out_of(node)
    return found


def run_exact(exact: Exact, feed: Feed, steps: int, fresh_samples: bool) -> FloatRun:
    """The spikes of a feed, at the steps at which the chip sends them: a layer later for every layer.

    steps: of a sample on the chip. A layer d behind the input has computed steps - d of the framework's by then.
    """
    whole = steps if fresh_samples else steps * feed.samples
    n_runs = feed.samples if fresh_samples else 1
    within = max(whole - min((exact.depth[exact.names[node]] for node in exact.neurons), default=0), 0)
    widest = max(node.size for node in exact.graph.nodes.values())
    batch = max(1, min(n_runs, MOST_VALUES // widest))
    spiking = {node: name for node, name in exact.names.items() if node in exact.neurons and exact.neurons[node].spikes}
    found: dict[str, list[np.ndarray]] = {exact.names[node]: [] for node in exact.neurons}
    for first in range(0, n_runs, batch):
        n = min(batch, n_runs - first)
        given = {
            node: _sent(feed, name, exact.graph.nodes[node].size, first, n, whole, within)
            for name, node in exact.sources.items()
        }
        for step, (values, _) in enumerate(walk(exact, given, within, n)):
            for node, name in spiking.items():
                here = step + 1 + exact.depth[name]
                if here <= whole:
                    index, sample = np.nonzero(values[node])
                    found[name].append(np.stack([(first + sample) * whole + here, index]))
    spikes = {name: np.concatenate([np.empty((2, 0), np.int64), *parts], axis=1) for name, parts in found.items()}
    order = {name: np.lexsort((table[1], table[0])) for name, table in spikes.items()}
    return FloatRun(
        {name: table[0][order[name]] for name, table in spikes.items()},
        {name: table[1][order[name]] for name, table in spikes.items()},
        exact.origin.framework,
    )


def sent_to(feed: Feed, name: str, size: int, whole: int, within: int) -> np.ndarray:
    """(samples, within, size) float32 of what the host sends to an Input in the first steps of each sample of `whole` steps."""
    return np.moveaxis(_sent(feed, name, size, 0, feed.samples, whole, within), -1, 0)


def _sent(feed: Feed, name: str, size: int, first: int, n: int, whole: int, within: int) -> np.ndarray:
    """(within, size, n) float32 of what the host sends to an Input in the first steps of n samples."""
    sent = np.zeros((within, size, n), np.float32)
    if within:
        for k in range(n):
            row, channel, *payload = feed.inputs[name].events((first + k) * whole + 1, within)
            sent[row, channel, k] = payload[0] if payload else 1.0
    return sent
