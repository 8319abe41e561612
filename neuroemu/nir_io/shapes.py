"""Shapes: from those of the inputs, node by node along the edges. What does not match is told, batches above all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import Problem
from .graph import LINEAR, NEURONS, Graph, Node
from .notes import Note

Shape = tuple[int, ...]
MOST_VALUES = 2**24  # of an Input: as many as a population may have


def pair(value: Any, dimensions: int) -> tuple[int, ...]:
    """One number for all directions, or one each."""
    values = tuple(int(k) for k in np.asarray(value).ravel())
    return values * dimensions if len(values) == 1 else values


def padding(node: Node, dimensions: int, kernel: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """(before, after) in each direction; 'same' adds the odd one after, as PyTorch does."""
    given = node.given["padding"]
    given = given.decode() if isinstance(given, bytes) else given
    if isinstance(given, str):
        if given == "valid":
            return ((0, 0),) * dimensions
        dilation = pair(node.given.get("dilation", 1), dimensions)
        both = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((total // 2, total - total // 2) for total in both)
    return tuple((p, p) for p in pair(given, dimensions))


def windows(node: Node, space: Shape, kernel: tuple[int, ...]) -> Shape:
    """How many places a kernel takes in each direction of `space`."""
    n = len(space)
    stride, dilation = pair(node.given["stride"], n), pair(node.given.get("dilation", 1), n)
    return tuple(
        (size + sum(p) - d * (k - 1) - 1) // s + 1
        for size, p, d, k, s in zip(space, padding(node, n, kernel), dilation, kernel, stride, strict=True)
    )


ONE = ("groups", "start_dim", "end_dim")  # a whole number
EACH = ("stride", "dilation", "padding", "kernel_size", "input_shape")  # one, or one for each direction
DIMENSIONS = {"Affine": 2, "Linear": 2, "Conv1d": 3, "Conv2d": 4}  # of weights


def misfits(graph: Graph, problems: list[Problem]) -> None:
    """Notes fields that cannot be what they are for: whole numbers of another kind or count, weights of other dimensions."""
    for name, node in graph.nodes.items():
        directions = 1 if node.kind == "Conv1d" else 2
        for key in (*ONE, *EACH):
            value = node.given.get(key)
            if value is None or isinstance(value, (str, bytes)):
                continue
            array, sizes = np.asarray(value), (1,) if key in ONE else (1, directions)
            if array.dtype.kind not in "iu" or array.size not in sizes or np.any(np.abs(array) > MOST_VALUES):
                allowed = "a whole number" + (", or one for each direction" if len(sizes) > 1 else "")
                problems.append(Problem(f"{key} is {np.array2string(array, threshold=4)}", path=name, allowed=allowed))
        for key in ("weight", "bias", "scale", "delay", "threshold"):
            array = np.asarray(node.given.get(key, 1.0))
            if array.dtype.kind not in "biuf" or array.size == 0:
                problems.append(Problem(f"{key} holds no numbers", path=name, allowed="numbers"))
        dimensions, weight = DIMENSIONS.get(node.kind, 0), np.shape(node.given.get("weight", 0))
        if len(weight) != dimensions:
            what = f"the weight has the shape {list(weight)}"
            problems.append(Problem(what, path=name, allowed=f"{dimensions} dimensions"))
        elif "groups" in node.given and np.size(node.given["groups"]) == 1:
            groups = int(np.asarray(node.given["groups"]).item())
            if groups < 1 or weight[0] % groups:
                problems.append(
                    Problem(f"{groups} groups of {weight[0]} channels", path=name, allowed="groups that divide them")
                )


def signs(graph: Graph, problems: list[Problem]) -> None:
    """Notes time constants below 0, as the file has them."""
    for name, node in graph.nodes.items():
        for key in ("tau", "tau_mem", "tau_syn"):
            values = np.asarray(node.given.get(key, 0.0))
            if np.any(values < 0):
                worst = values[values < 0].flat[0]
                problems.append(
                    Problem(f"{key} is {worst:.3g} s", path=name, allowed="time constants of at least a step")
                )


def shaped(graph: Graph, batched: bool, problems: list[Problem], notes: list[Note]) -> Graph:
    """The graph with every shape. batched: a first dimension of 1 is taken off the inputs and outputs."""
    graph = _with_inputs(graph, notes)
    for name, node in graph.nodes.items():
        if node.kind == "Input" and graph.into(name):
            what = f"'{graph.into(name)[0]}' leads into an Input"
            problems.append(Problem(what, path=name, allowed="edges out of Inputs alone"))
        if node.kind == "Output" and graph.out_of(name):
            what = f"it leads out of an Output to '{graph.out_of(name)[0]}'"
            problems.append(Problem(what, path=name, allowed="edges into Outputs alone"))
        if node.kind == "Output" and not graph.into(name):
            notes.append(Note("lossy", name, "nothing leads to this Output; it is left out"))
        if node.kind in (*LINEAR, "Delay") and not graph.out_of(name):
            notes.append(Note("lossy", name, f"this {node.kind} leads nowhere; it is left out"))
    shapes: dict[str, Shape] = {}
    done: dict[str, Node] = {}
    waiting = list(graph.nodes)
    own = {name: _own(node) for name, node in graph.nodes.items()}
    while waiting:
        ready = [
            name
            for name in waiting
            if graph.nodes[name].kind == "Input" or any(pre in shapes for pre in graph.into(name)) or own[name]
        ]
        # A node takes what all of its inputs give; around a loop, what is known is enough.
        first = [name for name in ready if all(pre in shapes for pre in graph.into(name))] or ready
        if not first:
            for name in waiting:
                problems.append(
                    Problem("nothing leads here, so its shape is not known", path=name, allowed="an Input before it")
                )
            break
        name, node = first[0], graph.nodes[first[0]]
        given = next((shapes[pre] for pre in graph.into(name) if pre in shapes), own[name])
        if node.kind == "Input":
            given = _input(name, node, batched, problems)
        done[name] = _shaped(name, node, given, batched, problems, notes)
        shapes[name] = done[name].shape
        waiting.remove(name)
    shaped_graph = replace(graph, nodes={name: done[name] for name in graph.nodes if name in done})
    for pre, post in graph.edges:
        if pre in done and post in done and done[pre].shape != done[post].shape_in and done[post].kind != "Output":
            if done[pre].size == done[post].size_in and done[post].kind in NEURONS:
                continue
            what = f"'{pre}' gives the shape {list(done[pre].shape)}, this takes {list(done[post].shape_in)}"
            if not any(problem.path == post for problem in problems):
                problems.append(Problem(what, path=post))
    return shaped_graph


def _with_inputs(graph: Graph, notes: list[Note]) -> Graph:
    """With an Input before every node that nothing leads to, as the nir package does."""
    nodes, edges = dict(graph.nodes), list(graph.edges)
    for name, node in graph.nodes.items():
        if node.kind in ("Input", "Output") or graph.into(name):
            continue
        if node.kind in NEURONS or graph.out_of(name):
            shape, made = _own(node), f"input_{name}"
            if shape and made not in nodes:
                nodes[made] = Node("Input", {"shape": shape})
                edges.append((made, name))
                notes.append(Note("assumed", name, "nothing leads to it, so it takes an input of its own"))
    return Graph(nodes, tuple(edges))


def _own(node: Node) -> Shape:
    """The shape that a node says it takes, () where it does not."""
    if node.kind in NEURONS or node.kind == "Delay":
        return max((np.shape(value) for value in node.given.values()), key=math.prod, default=())
    if node.kind in ("Affine", "Linear"):
        shape = np.shape(node.given["weight"])
        return (*shape[:-2], shape[-1])
    if node.kind == "Scale":
        return np.shape(node.given["scale"])
    if node.kind in ("Conv1d", "Conv2d") and node.given.get("input_shape") is not None:
        channels = np.shape(node.given["weight"])[1] * int(np.asarray(node.given["groups"]).item())
        return (channels, *pair(node.given["input_shape"], 1))
    return tuple(node.given.get("shape") or ())


def _input(name: str, node: Node, batched: bool, problems: list[Problem]) -> Shape:
    shape = tuple(node.given.get("shape") or ())
    if not shape or min(shape) < 1 or math.prod(shape) > MOST_VALUES:
        allowed = f"sizes of at least 1, at most {MOST_VALUES} in all"
        problems.append(Problem(f"the Input has the shape {list(shape)}", path=name, allowed=allowed))
        return (1,)
    return shape[1:] if batched and len(shape) > 1 and shape[0] == 1 else shape


def _shaped(name: str, node: Node, given: Shape, batched: bool, problems: list[Problem], notes: list[Note]) -> Node:
    """The node with its shapes; where it cannot take what it is given, a problem, and its own shape to go on with."""
    own = _own(node)
    if node.kind == "Input":
        return replace(node, shape_in=given, shape=given)
    if node.kind == "Output":
        own = own[1:] if batched and len(own) > 1 and own[0] == 1 else own
        if own and math.prod(own) != math.prod(given):
            problems.append(_mismatch(name, given, own))
        elif own and own != given:
            notes.append(Note("assumed", name, f"the Output says {list(own)}, and is given {list(given)}"))
        return replace(node, shape_in=given, shape=given)
    if node.kind in NEURONS or node.kind in ("Delay", "Scale"):
        if math.prod(own) == 1 and math.prod(given) > 1:
            notes.append(Note("assumed", name, f"one value a parameter, taken for all {math.prod(given)}"))
            return replace(node, shape_in=given, shape=given)
        if math.prod(own) != math.prod(given):
            problems.append(_mismatch(name, given, own))
        return replace(node, shape_in=own if own != () else (1,), shape=own if own != () else (1,))
    if node.kind in ("Affine", "Linear"):
        weight = np.shape(node.given["weight"])
        if given != (weight[1],):
            problems.append(_mismatch(name, given, (weight[1],)))
        if node.kind == "Affine" and np.size(node.given["bias"]) not in (1, weight[0]):
            problems.append(Problem(f"has {np.size(node.given['bias'])} biases", path=name, allowed=f"{weight[0]}"))
        return replace(node, shape_in=(weight[1],), shape=(weight[0],))
    if node.kind == "Flatten":
        return replace(node, shape_in=given, shape=_flattened(name, node, given, problems))
    return _convolved(name, node, given, own, problems)


def _flattened(name: str, node: Node, given: Shape, problems: list[Problem]) -> Shape:
    """start_dim and end_dim count without the batch, as NIR has them."""
    n = len(given)
    start, end = (int(np.asarray(node.given[key]).item()) for key in ("start_dim", "end_dim"))
    first, last = (k + n if k < 0 else k for k in (start, end))
    if first >= n and n == 1:
        return given
    if not 0 <= first <= last < n:
        problems.append(
            Problem(f"flattens the dimensions {start}..{end} of {list(given)}", path=name, allowed=f"0..{n - 1}")
        )
        return given
    return (*given[:first], math.prod(given[first : last + 1]), *given[last + 1 :])


def _convolved(name: str, node: Node, given: Shape, own: Shape, problems: list[Problem]) -> Node:
    dimensions = 1 if node.kind == "Conv1d" else 2
    if node.kind.endswith("Pool2d"):
        kernel: tuple[int, ...] = pair(node.given["kernel_size"], 2)
        channels = given[0] if given else 1
        out = channels
    else:
        weight = np.shape(node.given["weight"])
        groups = int(np.asarray(node.given["groups"]).item())
        kernel, channels, out = weight[2:], weight[1] * groups, weight[0]
        if np.size(node.given["bias"]) not in (1, out):
            problems.append(Problem(f"has {np.size(node.given['bias'])} biases", path=name, allowed=f"{out}"))
    if len(given) != dimensions + 1 or given[0] != channels or (own and given != own):
        problems.append(_mismatch(name, given, own or (channels, *("size",) * dimensions)))
        return replace(node, shape_in=given, shape=given)
    steps = (*pair(node.given["stride"], dimensions), *pair(node.given.get("dilation", 1), dimensions))
    if min(steps) < 1 or min(kernel) < 1 or min(min(p) for p in padding(node, dimensions, kernel)) < 0:
        problems.append(Problem("a stride, a dilation or a kernel below 1, or a padding below 0", path=name))
        return replace(node, shape_in=given, shape=given)
    space = windows(node, given[1:], kernel)
    if min(space) < 1:
        problems.append(Problem(f"a kernel {list(kernel)} does not fit into {list(given[1:])}", path=name))
        return replace(node, shape_in=given, shape=given)
    return replace(node, shape_in=given, shape=(out, *space))


def _mismatch(name: str, given: Shape, own: tuple[Any, ...]) -> Problem:
    """Told apart: a first dimension of 1 too many is a batch that the exporter left in."""
    if len(given) == len(own) + 1 and given[0] == 1 and (given[1:] == tuple(own) or "size" in own):
        return Problem(
            f"is given the shape {list(given)} and takes {list(own)}: the file was exported with a batch of samples, whose "
            "first dimension is not one of the network (Norse writes it so)",
            path=name,
            allowed="shapes without the batch",
            remedy="origin: {batched: true}, which takes it off, or export with a sample without it",
        )
    return Problem(f"is given the shape {list(given)}", path=name, allowed=f"{list(own)}")
