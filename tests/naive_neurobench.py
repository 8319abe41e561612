"""Plain-Python twin of NeuroBench's SynapticOperations of a NIR graph: as its harness has it, layer by layer, call by call.

A call of a layer is a step of one sample. Its input and its weights become 0 and 1, the layer runs without its bias, and what
comes out is summed: ACs where the input held -1, 0 and 1 alone, else MACs.
"""

from __future__ import annotations

import numpy as np

from neuroemu.nir_io.shapes import padding, pair
from neuroemu.reference.graph import walk
from tests.naive_nir import convolution

WEIGHTED = ("Affine", "Linear", "Conv1d", "Conv2d")


def through(node, weight, x):
    """The sum of what a layer without a bias puts out."""
    if node.kind in ("Affine", "Linear"):
        return sum(weight[o, i] * x[i] for o in range(weight.shape[0]) for i in range(weight.shape[1]))
    n = weight.ndim - 2
    y, _ = convolution(
        np.reshape(x, node.shape_in), weight, [0] * weight.shape[0], pair(node.given["stride"], n),
        padding(node, n, weight.shape[2:]), pair(node.given["dilation"], n), int(np.asarray(node.given["groups"]).item()),
    )  # fmt: skip
    return sum(y.values())


def synaptic_operations(exact, given):
    """{'Effective_MACs', 'Effective_ACs', 'Dense'} of a sample.  given: {Input: (samples, steps, n)}."""
    graph, found = exact.graph, {"Effective_MACs": 0.0, "Effective_ACs": 0.0, "Dense": 0.0}
    samples, steps, _ = next(iter(given.values())).shape
    for sample in range(samples):
        alone = {name: array[sample][:, :, None] for name, array in given.items()}
        before = {name: np.zeros((node.size, 1)) for name, node in graph.nodes.items()}
        for values, _ in walk(exact, alone, steps, 1):
            for name, node in graph.nodes.items():
                if node.kind not in WEIGHTED:
                    continue
                x = 0.0
                for pre, post in graph.edges:
                    if post == name:
                        x = x + (before if (pre, post) in exact.order.late else values)[pre][:, 0]
                weight = np.asarray(node.given["weight"])
                key = "Effective_ACs" if all(value in (-1, 0, 1) for value in x) else "Effective_MACs"
                found[key] += through(node, (weight != 0).astype(int), [int(value != 0) for value in x]) / samples
                found["Dense"] += through(node, np.ones(weight.shape, int), [1] * len(x)) / samples
            before = dict(values)
    return found


def of_neurons(exact, given):
    """(sparsity, {layer: sparsity}, membrane updates of a sample) of the neurons that spike; 0 where there are none."""
    samples, steps, _ = next(iter(given.values())).shape
    spiking = [name for name, neuron in exact.neurons.items() if neuron.spikes]
    silent, outputs, updates = dict.fromkeys(spiking, 0), dict.fromkeys(spiking, 0), 0
    for sample in range(samples):
        alone = {name: array[sample][:, :, None] for name, array in given.items()}
        v = {}
        for step, (values, states) in enumerate(walk(exact, alone, steps, 1)):
            for name in spiking:
                for k, spike in enumerate(values[name][:, 0].tolist()):
                    now = float(states[name].v[k, 0])
                    silent[name] += spike == 0
                    outputs[name] += 1
                    updates += step == 0 or now != v[name, k]
                    v[name, k] = now
    whole = sum(outputs.values())
    return (
        sum(silent.values()) / whole if whole else 0.0,
        {name: silent[name] / outputs[name] for name in spiking},
        updates / samples,
    )
