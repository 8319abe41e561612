"""Metrics of an imported graph as its framework computes it: what the NeuroBench harness says of that model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..nir_io.exact import Exact
from ..nir_io.graph import Node
from ..nir_io.linear import LinearMap, linear_map
from ..reference.graph import MOST_VALUES, arriving, walk

WEIGHTED = ("Affine", "Linear", "Conv1d", "Conv2d")
PASSING = ("Flatten", "Delay")  # what spikes go through as they are
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

    given: what each Input gives, (samples, steps, n).  labels: (samples,) of the element of the Output that should spike
    most; the lowest on a tie, as in silence.

    SynapticOperations: a layer meets one tensor in a step, the sum of all that leads to it. Our choice: whether that makes
    ACs (it holds -1, 0 and 1 alone) or MACs is told of every sample and step by itself. NeuroBench tells it of every call of
    the layer, a step of its batch, so that one sample can make MACs of a whole batch. Ours are NeuroBench's figures with
    batches of one sample, and with any where the samples of a batch agree, as those of one spiking layer always do.

    Without a neuron that spikes nothing is sparse (0.0, as NeuroBench has it) and no potential is counted.
    ClassificationAccuracy is None without labels, and where what goes out is not spikes; NeuronOperations is None where the
    framework is not snnTorch.
    """
    samples, steps, _ = next(iter(given.values())).shape
    nodes = {name: node for name, node in exact.graph.nodes.items() if node.kind in WEIGHTED}
    through = {name: _nonzero(linear_map(node, np.float64)) for name, node in nodes.items()}
    spiking = [name for name in exact.order.names if name in exact.neurons and exact.neurons[name].spikes]
    counted, out = _Counted(fired=dict.fromkeys(spiking, 0)), None if labels is None else _output(exact)
    widest = max(node.size for node in exact.graph.nodes.values())
    batch, answers = max(1, min(samples, MOST_VALUES // widest)), np.empty(samples, np.int64)
    for first in range(0, samples, batch):
        piece = {name: np.moveaxis(array[first : first + batch], 0, -1) for name, array in given.items()}
        n = next(iter(piece.values())).shape[-1]
        before: dict[str, np.ndarray] = {}
        last = {pre: np.zeros((exact.graph.nodes[pre].size, n), exact.dtype) for pre, _ in exact.order.late}
        sent = np.zeros((1 if out is None else exact.graph.nodes[out].size, n))
        for step, (values, states) in enumerate(walk(exact, piece, steps, n)):
            for name in nodes:
                _synaptic(counted, arriving(exact, name, exact.graph.into(name), values, last), through[name])
            last = {pre: values[pre] for pre in last}
            for name in spiking:
                fired = int(np.count_nonzero(values[name]))
                changed = states[name].v.size if step == 0 else int(np.count_nonzero(states[name].v != before[name]))
                before[name] = states[name].v.copy()
                counted.fired[name] += fired
                counted.updates += changed
                counted.operations += changed * _cost(exact, name)
            if out is not None:
                sent += values[out]
        answers[first : first + n] = sent.argmax(axis=0)
    places = {name: exact.graph.nodes[name].size * steps * samples for name in spiking}
    return {
        **_static(nodes),
        "ClassificationAccuracy": None if out is None or not samples else float(np.mean(answers == labels)),
        "ActivationSparsity": sparsity(sum(counted.fired.values()), sum(places.values())),
        "ActivationSparsityByLayer": {name: sparsity(n, places[name]) for name, n in counted.fired.items()},
        "MembraneUpdates": counted.updates / max(samples, 1),
        "SynapticOperations": {
            "Effective_MACs": counted.macs / max(samples, 1),
            "Effective_ACs": counted.acs / max(samples, 1),
            "Dense": float(steps * sum(_dense(node) for node in nodes.values())),
        },
        "NeuronOperations": _operations(exact, counted, spiking, steps, samples),
    }


def _output(exact: Exact) -> str | None:
    """The Output, where there is one alone and nothing but spikes goes out of it."""
    graph = exact.graph
    outputs = [name for name, node in graph.nodes.items() if node.kind == "Output"]
    waiting = list(outputs)
    while waiting:
        for pre in graph.into(waiting.pop()):
            if pre in exact.neurons and exact.neurons[pre].spikes:
                continue
            if graph.nodes[pre].kind not in PASSING:
                return None
            waiting.append(pre)
    return outputs[0] if len(outputs) == 1 else None


def sparsity(fired: float, places: int) -> float:
    """The share of outputs that were 0; 0 where there are none, as in NeuroBench."""
    return 1 - fired / places if places else 0.0


def _nonzero(linear: LinearMap) -> np.ndarray:
    """(n_in,) how many weights that are not 0 each input has."""
    matrix = linear.matrix.tocsc()
    matrix.eliminate_zeros()
    return np.diff(matrix.indptr)


def _synaptic(counted: _Counted, x: np.ndarray | None, fan_out: np.ndarray) -> None:
    """Adds what one step put through the weights of a node.  x: (n_in, samples), what came; fan_out: (n_in,)."""
    assert x is not None  # shapes.py refuses a node that nothing leads to
    binary = np.all((x == 0) | (np.abs(x) == 1), axis=0)
    if not binary.all():
        counted.macs += int(fan_out @ np.count_nonzero(x[:, ~binary], axis=1))
        x = x[:, binary]
    counted.acs += int(fan_out @ np.count_nonzero(x, axis=1))


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
    exact: Exact, counted: _Counted, spiking: list[str], steps: int, samples: int
) -> dict[str, float] | None:
    if exact.origin.framework != "snntorch":
        return None
    dense = sum(exact.graph.nodes[name].size * steps * _cost(exact, name) for name in spiking)
    return {"Effective Neuron Ops": counted.operations / max(samples, 1), "Neuron Dense Ops": float(dense)}
