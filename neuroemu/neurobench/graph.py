"""Metrics of an imported graph as its framework computes it: what the NeuroBench harness says of that model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..decode import spike_counts
from ..nir_io.exact import Exact
from ..nir_io.graph import Node
from ..nir_io.linear import LinearMap, linear_map
from ..reference.graph import MOST_VALUES, walk

WEIGHTED = ("Affine", "Linear", "Conv1d", "Conv2d")
PLACES = 4  # decimals of ConnectionSparsity
# Operations that NeuroBench counts for an update of snnTorch's neurons: (without current, with one by kind of reset).
COST, COST_CURRENT = 4, {"subtract": 6, "zero": 8}


@dataclass
class _Counted:
    """Sums over all samples and steps."""

    acs: int = 0
    macs: int = 0
    updates: int = 0
    operations: int = 0
    fired: dict[str, int] = field(default_factory=dict)


def of_graph(exact: Exact, given: dict[str, np.ndarray], labels: np.ndarray | None = None) -> dict[str, Any]:
    """The metrics of a graph.

    given: what each Input gives, (samples, steps, n).  labels: (samples,) of the neuron of the last layer that should spike
    most; the lowest on a tie, as in silence.  ClassificationAccuracy is None without labels, NeuronOperations where the
    framework is not snnTorch.
    """
    samples, steps, _ = next(iter(given.values())).shape
    nodes = {name: node for name, node in exact.graph.nodes.items() if node.kind in WEIGHTED}
    through = {name: _nonzero(linear_map(node, np.float64)) for name, node in nodes.items()}
    spiking = [name for name in exact.order.names if name in exact.neurons and exact.neurons[name].spikes]
    counted, last = _Counted(fired=dict.fromkeys(spiking, 0)), spiking[-1]
    widest = max(node.size for node in exact.graph.nodes.values())
    batch, rasters = max(1, min(samples, MOST_VALUES // widest)), []
    for first in range(0, samples, batch):
        piece = {name: np.moveaxis(array[first : first + batch], 0, -1) for name, array in given.items()}
        n = next(iter(piece.values())).shape[-1]
        before: dict[str, np.ndarray] = {}
        last_values: dict[str, np.ndarray] = {}
        for step, (values, states) in enumerate(walk(exact, piece, steps, n)):
            for name in nodes:
                _synaptic(counted, exact, name, values, last_values, through[name])
            last_values = values
            for name in spiking:
                fired = int(np.count_nonzero(values[name]))
                changed = states[name].v.size if step == 0 else int(np.count_nonzero(states[name].v != before[name]))
                before[name] = states[name].v.copy()
                counted.fired[name] += fired
                counted.updates += changed
                counted.operations += changed * _cost(exact, name)
            index, sample = np.nonzero(values[last])
            rasters.append(np.stack([(first + sample) * steps + step + 1, index]))
    sizes = {name: exact.graph.nodes[name].size for name in spiking}
    return {
        **_static(nodes),
        "ClassificationAccuracy": _accuracy(rasters, sizes[last], steps, samples, labels),
        "ActivationSparsity": 1 - sum(counted.fired.values()) / (sum(sizes.values()) * steps * samples),
        "ActivationSparsityByLayer": {
            name: 1 - n / (sizes[name] * steps * samples) for name, n in counted.fired.items()
        },
        "MembraneUpdates": counted.updates / samples,
        "SynapticOperations": {
            "Effective_MACs": counted.macs / samples,
            "Effective_ACs": counted.acs / samples,
            "Dense": float(steps * sum(_dense(node) for node in nodes.values())),
        },
        "NeuronOperations": _operations(exact, counted, sizes, steps, samples),
    }


def _nonzero(linear: LinearMap) -> np.ndarray:
    """(n_in,) how many weights that are not 0 each input has."""
    matrix = linear.matrix.tocsc()
    matrix.eliminate_zeros()
    return np.diff(matrix.indptr)


def _synaptic(
    counted: _Counted,
    exact: Exact,
    name: str,
    values: dict[str, np.ndarray],
    last_values: dict[str, np.ndarray],
    fan_out: np.ndarray,
) -> None:
    """Adds what one step of all samples put through the weights of a node: ACs where its input is -1, 0 or 1, else MACs.

    last_values: of the step before, which come back in a loop.
    """
    for before in exact.graph.into(name):
        x = (last_values if (before, name) in exact.order.late else values).get(before)
        if x is None:
            continue
        n = int(fan_out @ np.count_nonzero(x, axis=1))
        if np.all((x == 0) | (np.abs(x) == 1)):
            counted.acs += n
        else:
            counted.macs += n


def _static(nodes: dict[str, Node]) -> dict[str, Any]:
    """Of the weights alone.  Footprint: bytes of weights and biases as the graph has them."""
    weights = [np.asarray(node.given["weight"]) for node in nodes.values()]
    biases = [np.asarray(node.given["bias"]) for node in nodes.values() if node.given.get("bias") is not None]
    n_weights, parameters = sum(w.size for w in weights), sum(array.size for array in (*weights, *biases))
    zeros = sum(int(np.count_nonzero(w == 0)) for w in weights)
    return {
        "Footprint": int(sum(array.nbytes for array in (*weights, *biases))),
        "ConnectionSparsity": round(zeros / n_weights, PLACES) if n_weights else 0.0,
        "ParameterCount": parameters,
    }


def _dense(node: Node) -> int:
    """Weights that an input without zeros meets."""
    ones = replace(node, given={**node.given, "weight": np.ones_like(node.given["weight"])})
    return int(_nonzero(linear_map(ones, np.float64)).sum())


def _cost(exact: Exact, name: str) -> int:
    neuron = exact.neurons[name]
    return COST if neuron.syn_leak is None else COST_CURRENT[neuron.reset]


def _operations(
    exact: Exact, counted: _Counted, sizes: dict[str, int], steps: int, samples: int
) -> dict[str, float] | None:
    if exact.origin.framework != "snntorch":
        return None
    dense = sum(size * steps * _cost(exact, name) for name, size in sizes.items())
    return {"Effective Neuron Ops": counted.operations / samples, "Neuron Dense Ops": float(dense)}


def _accuracy(rasters: list[np.ndarray], n: int, steps: int, samples: int, labels: np.ndarray | None) -> float | None:
    if labels is None:
        return None
    step, index = np.concatenate(rasters, axis=1)
    counts = spike_counts(step, index, np.ones(step.size), n, steps, samples)
    return float(np.mean(counts.argmax(axis=1) == labels))
