"""Metrics of an imported graph as its framework computes it: what the NeuroBench harness says of that model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..nir_io.exact import Exact
from ..nir_io.graph import NEURONS, Node
from ..nir_io.linear import LinearMap, linear_map
from ..reference.graph import MOST_VALUES, arriving, walk

WEIGHTED = ("Affine", "Linear", "Conv1d", "Conv2d")
PASSING = ("Flatten", "Delay")  # what spikes go through as they are
PLACES = 4  # decimals of ConnectionSparsity
# Operations that NeuroBench counts for an update of snnTorch's neurons: (without current, with one by kind of reset).
COST, COST_CURRENT = 4, {"subtract": 6, "zero": 8}
# Buffers of a neuron layer of snnTorch in bytes: each number of beta, alpha and threshold, graded_spikes_factor, kind of reset.
NUMBER, FACTOR, RESET = 4, 4, 8


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

    Without a neuron nothing is sparse (0.0, as NeuroBench has it) and no potential is counted; a LI of snnTorch is its Leaky
    without a reset, which counts as one that never spikes. ClassificationAccuracy is None without labels, and where what goes
    out is not spikes; ConnectionSparsity is None without weights, as NeuroBench has it.

    Of snnTorch these are the harness's figures, but for four: NeuronOperations is None, as for other frameworks, where the
    harness has no price, prints an error and says 0.0 (RLeaky, RSynaptic, LI); MembraneUpdates of what is nearly at rest, as
    an exported tau has lost the last bits of a beta below 0.5; every sample starts anew, where the harness leaves an RSynaptic
    the spikes, and neurons in modules in modules the potentials, of the batch before; and it adds up a call in float32, which
    rounds above 2^24 operations.
    Source: tests/vectors/neurobench/odd.json.  Of other frameworks it looks at no neuron; here theirs count like snnTorch's.
    """
    samples, steps, _ = next(iter(given.values())).shape
    back = _back(exact)
    nodes = {name: node for name, node in exact.graph.nodes.items() if node.kind in WEIGHTED}
    each = {name for name in back if _is_diagonal(nodes[name])}
    met = {name: node for name, node in nodes.items() if name not in each}
    through = {name: _nonzero(linear_map(node, np.float64)) * _calls(exact, back, name) for name, node in met.items()}
    layers = layers_of(exact)
    counted, out = _Counted(fired=dict.fromkeys(layers, 0)), None if labels is None else _output(exact)
    widest = max(node.size for node in exact.graph.nodes.values())
    batch, answers = max(1, min(samples, MOST_VALUES // widest)), np.empty(samples, np.int64)
    for first in range(0, samples, batch):
        piece = {name: np.moveaxis(array[first : first + batch], 0, -1) for name, array in given.items()}
        n = next(iter(piece.values())).shape[-1]
        before: dict[str, np.ndarray] = {}
        last = {pre: np.zeros((exact.graph.nodes[pre].size, n), exact.dtype) for pre, _ in exact.order.late}
        sent = np.zeros((1 if out is None else exact.graph.nodes[out].size, n))
        for step, (values, states) in enumerate(walk(exact, piece, steps, n)):
            for name in met:
                _synaptic(counted, arriving(exact, name, exact.graph.into(name), values, last), through[name])
            last = {pre: values[pre] for pre in last}
            for name in layers:
                changed = states[name].v.size if step == 0 else int(np.count_nonzero(states[name].v != before[name]))
                before[name] = states[name].v.copy()
                counted.fired[name] += int(np.count_nonzero(values[name])) if exact.neurons[name].spikes else 0
                counted.updates += changed
                counted.operations += changed * _cost(exact, name)
            if out is not None:
                sent += values[out]
        answers[first : first + n] = sent.argmax(axis=0)
    places = {name: exact.graph.nodes[name].size * steps * samples for name in layers}
    return {
        **_static(exact, met, each),
        "ClassificationAccuracy": None if out is None or not samples else float(np.mean(answers == labels)),
        "ActivationSparsity": sparsity(sum(counted.fired.values()), sum(places.values())),
        "ActivationSparsityByLayer": {layers[name]: sparsity(n, places[name]) for name, n in counted.fired.items()},
        "MembraneUpdates": counted.updates / max(samples, 1),
        "SynapticOperations": {
            "Effective_MACs": counted.macs / max(samples, 1),
            "Effective_ACs": counted.acs / max(samples, 1),
            "Dense": float(steps * sum(_dense(node) * _calls(exact, back, name) for name, node in met.items())),
        },
        "NeuronOperations": _operations(exact, counted, list(layers), steps, samples),
    }


def layers_of(exact: Exact) -> dict[str, str]:
    """{neuron: name} of what counts as a layer: all that spikes, and of snnTorch all. An RLeaky has its subgraph's name."""
    ours = exact.origin.framework == "snntorch"
    found = {}
    for name in exact.order.names:
        neuron = exact.neurons.get(name)
        if neuron is not None and (neuron.spikes or (ours and exact.graph.nodes[name].kind in NEURONS)):
            found[name] = name.removesuffix(".lif") if ours and neuron.recurrent else name
    return found


def _back(exact: Exact) -> dict[str, str]:
    """{weights: neuron} of snnTorch's RLeaky and RSynaptic: weights that lead from a neuron to itself and nowhere else."""
    if exact.origin.framework != "snntorch":
        return {}
    graph = exact.graph
    return {
        post: pre
        for pre, post in exact.order.late
        if graph.nodes[post].kind in WEIGHTED and graph.into(post) == graph.out_of(post) == [pre]
    }


def _is_diagonal(node: Node) -> bool:
    """Whether each neuron has a weight to itself: in snnTorch that is V, which NeuroBench has for no connection."""
    weight = np.asarray(node.given["weight"])
    return node.kind == "Linear" and np.array_equal(weight, np.diag(np.diag(weight)))


def _calls(exact: Exact, back: dict[str, str], name: str) -> int:
    """How often a step calls a layer: snnTorch does it twice for a reset of its RLeaky and RSynaptic to zero."""
    return 2 if name in back and exact.neurons[back[name]].reset == "zero" else 1


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


def _static(exact: Exact, nodes: dict[str, Node], each: set[str]) -> dict[str, Any]:
    """Of the numbers alone.  nodes: with weights.  each: the weights of neurons to themselves, which are parameters.

    Biases of a convolution that are all 0 are none: NIR has no other way to say so.
    Footprint: bytes of weights and biases as the graph has them, and of snnTorch's buffers before a first run, whose
    potentials the harness counts from then on.
    """
    weights = [np.asarray(node.given["weight"]) for node in nodes.values()]
    biases = [np.asarray(node.given["bias"]) for node in nodes.values() if _has_bias(node)]
    own = [np.diag(exact.graph.nodes[name].given["weight"]) for name in each]
    n_weights, parameters = sum(w.size for w in weights), [*weights, *biases, *own]
    # The harness divides as float32, and rounds that.
    zeros = np.float32(sum(int(np.count_nonzero(w == 0)) for w in weights))
    return {
        "Footprint": int(sum(array.nbytes for array in parameters)) + _buffers(exact),
        "ConnectionSparsity": round(float(zeros / np.float32(n_weights)), PLACES) if n_weights else None,
        "ParameterCount": sum(array.size for array in parameters),
    }


def _has_bias(node: Node) -> bool:
    bias = node.given.get("bias")
    return bias is not None and (not node.kind.startswith("Conv") or bool(np.any(bias)))


def _buffers(exact: Exact) -> int:
    """Bytes of the buffers of snnTorch's neurons; what a node lacks (the threshold of a LI) is one number there."""
    if exact.origin.framework != "snntorch":
        return 0
    total = 0
    for node in exact.graph.nodes.values():
        if node.kind in NEURONS:
            beta, threshold = node.given.get("tau", node.given.get("tau_mem", 0.0)), node.given.get("v_threshold", 0.0)
            alpha = np.size(node.given["tau_syn"]) if "tau_syn" in node.given else 0
            total += NUMBER * (np.size(beta) + alpha + np.size(threshold)) + FACTOR + RESET
    return total


def _dense(node: Node) -> int:
    """Weights that an input without zeros meets."""
    ones = replace(node, given={**node.given, "weight": np.ones_like(node.given["weight"])})
    return int(_nonzero(linear_map(ones, np.float64)).sum())


def _cost(exact: Exact, name: str) -> int:
    neuron = exact.neurons[name]
    return COST if neuron.syn_leak is None else COST_CURRENT[neuron.reset]


def _operations(
    exact: Exact, counted: _Counted, layers: list[str], steps: int, samples: int
) -> dict[str, float] | None:
    neurons = [exact.neurons[name] for name in layers]
    if exact.origin.framework != "snntorch" or any(neuron.recurrent or not neuron.spikes for neuron in neurons):
        return None
    dense = sum(exact.graph.nodes[name].size * steps * _cost(exact, name) for name in layers)
    return {"Effective Neuron Ops": counted.operations / max(samples, 1), "Neuron Dense Ops": float(dense)}
