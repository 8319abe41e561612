"""ANN to SNN: a network of weights and ReLUs as integrate-and-fire neurons whose rates are its activations.

A ReLU of a layer becomes an IF that is reset by subtraction: in T steps it spikes about T a / threshold times for an activation
a. Its threshold is a percentile of the activations that calibration data cause (threshold balancing); a spike stands for that
much, so the weights behind it are multiplied by it (weight normalisation). It starts at half its threshold, which halves what
counting spikes rounds off.
Source: Diehl et al. 2015 (balancing), Rueckauer et al. 2017 (percentiles, reset by subtraction), Bu et al. 2022 (start).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Problem, ProgramError
from ..network import Network
from .graph import LINEAR, Graph, Node, flat
from .linear import linear_map
from .lower import lowered
from .notes import Note
from .order import order_of
from .read import read
from .shapes import misfits, shaped

WEIGHTED = ("Affine", "Linear", "Conv1d", "Conv2d")
BATCH = 256  # calibration samples at once


@dataclass(frozen=True)
class Calibration:
    """values: (samples, channels) that the ANN would be given, as the input is encoded: 0..1 for rates.

    percentile: of the activations above 0 of each layer, over all of its units and samples.
    """

    values: np.ndarray
    percentile: float = 99.9


def from_ann(
    source: str | Path | Mapping[str, np.ndarray] | Any, calibration: Calibration, step_ms: float = 1.0
) -> Network:
    """The spiking network of an ANN.

    source: a .nir file or a nir.NIRGraph of linear nodes, with a ReLU meant after every node with weights but the last; or an
    .npz file or arrays w1, b1, w2, b2, ... (w [to][from], or [out][in][height][width] for a convolution, then also stride1,
    padding1; pool1: mean over so many pixels square after the ReLU; `shape`: [channel, height, width] of the input).
    The last layer spikes, too: its rates are the answers. Raises ProgramError.
    """
    problems: list[Problem] = []
    graph = _graph(source, problems)
    notes: list[Note] = []
    misfits(graph, problems)
    if not problems:
        graph = shaped(graph, False, problems, notes)
        order = order_of(graph, problems)
    if not problems:
        _check(graph, calibration, problems)
    if not problems:
        graph = _with_neurons(graph, _thresholds(graph, order.names, calibration), notes)
        facts = {"framework": "nir", "dt_s": step_ms / 1e3, "reset": "subtract", "reset_delay": False}
        network = lowered(graph, facts, problems, notes)
    if problems or network is None:
        file = str(source) if isinstance(source, (str, Path)) else None
        raise ProgramError([replace(problem, file=problem.file or file) for problem in dict.fromkeys(problems)])
    return network


def _graph(source: Any, problems: list[Problem]) -> Graph:
    if isinstance(source, (str, Path)) and str(source).endswith(".npz"):
        try:
            with np.load(source, allow_pickle=False) as stored:
                source = {name: stored[name] for name in stored.files}
        except Exception as error:  # zipfile, zlib, struct and numpy each have kinds of their own
            problems.append(Problem(f"cannot be read as .npz ({error})", allowed="arrays w1, b1, w2, b2, ..."))
            return Graph({}, ())
    if isinstance(source, Mapping):
        return _of_arrays(source, problems)
    return flat(read(source) if isinstance(source, (str, Path)) else source, problems)


def _of_arrays(arrays: Mapping[str, np.ndarray], problems: list[Problem]) -> Graph:
    """w1, b1, ... as a chain of nodes."""
    nodes: dict[str, Node] = {}
    layers = [k for k in range(1, len(arrays) + 1) if f"w{k}" in arrays]
    known = {f"{key}{k}" for k in layers for key in ("w", "b", "stride", "padding", "pool")} | {"shape"}
    for name in sorted(set(arrays) - known):
        problems.append(
            Problem(
                f"there is no use for the array '{name}'", allowed="w1, b1, stride1, padding1, pool1, w2, ..., shape"
            )
        )
    if not layers or layers != list(range(1, len(layers) + 1)):
        problems.append(Problem("has no weights w1, w2, ... without a gap", allowed="w1, b1, w2, b2, ..."))
        return Graph({}, ())
    for name, array in arrays.items():
        if np.asarray(array).dtype.kind not in "biuf" or not np.all(np.isfinite(np.asarray(array, np.float64))):
            problems.append(Problem(f"'{name}' holds what is no finite number", allowed="finite numbers"))
            return Graph({}, ())
    first = np.asarray(arrays["w1"])
    if first.ndim == 4 and "shape" not in arrays:
        problems.append(
            Problem("w1 is a convolution", allowed="with an array 'shape': [channel, height, width] of the input")
        )
        return Graph({}, ())
    shape = tuple(int(k) for k in arrays["shape"]) if "shape" in arrays else (first.shape[-1],)
    nodes["input"] = Node("Input", {"shape": shape})
    spatial = len(shape) == 3
    for k in layers:
        weight = np.asarray(arrays[f"w{k}"], np.float64)
        if weight.ndim not in (2, 4):
            problems.append(Problem(f"w{k} has {weight.ndim} dimensions", allowed="2, or 4 for a convolution"))
            return Graph({}, ())
        given: dict[str, Any] = {
            "weight": weight,
            "bias": np.asarray(arrays.get(f"b{k}", np.zeros(weight.shape[0])), np.float64),
        }
        if weight.ndim == 4:
            stride, padding = (
                int(arrays.get(f"{key}{k}", default)) for key, default in (("stride", 1), ("padding", 0))
            )
            nodes[f"layer{k}"] = Node(
                "Conv2d", {**given, "stride": stride, "padding": padding, "dilation": 1, "groups": 1}
            )
        else:
            if spatial:
                nodes[f"flat{k}"] = Node("Flatten", {"start_dim": 0, "end_dim": -1})
                spatial = False
            nodes[f"layer{k}"] = Node("Affine", given)
        if f"pool{k}" in arrays:
            size = int(arrays[f"pool{k}"])
            nodes[f"pool{k}"] = Node("AvgPool2d", {"kernel_size": size, "stride": size, "padding": 0})
    nodes["output"] = Node("Output", {"shape": None})
    names = list(nodes)
    return Graph(nodes, tuple(itertools.pairwise(names)))


def _check(graph: Graph, calibration: Calibration, problems: list[Problem]) -> None:
    """One input, linear nodes in a chain, and calibration data that fit it."""
    inputs = [name for name, node in graph.nodes.items() if node.kind == "Input"]
    for name, node in graph.nodes.items():
        if node.kind not in (*LINEAR, "Input", "Output"):
            what = f"a {node.kind} in a network to convert; a ReLU is meant after every node with weights"
            problems.append(Problem(what, path=name, allowed=", ".join(LINEAR)))
        if len(graph.into(name)) > 1 or len(graph.out_of(name)) > 1:
            problems.append(Problem("the network forks here", path=name, allowed="one node after the other"))
    if len(inputs) != 1:
        problems.append(Problem(f"the network has {len(inputs)} inputs", allowed="one"))
    if not any(node.kind in WEIGHTED for node in graph.nodes.values()):
        problems.append(Problem("the network has no weights", allowed=", ".join(WEIGHTED)))
    values = np.asarray(calibration.values)
    if values.ndim != 2 or values.dtype.kind not in "biuf" or values.shape[0] < 1 or not np.all(np.isfinite(values)):
        problems.append(
            Problem("the calibration data are no samples", path="calibration", allowed="numbers [samples][channels]")
        )
    elif len(inputs) == 1 and values.shape[1] != graph.nodes[inputs[0]].size:
        n = graph.nodes[inputs[0]].size
        problems.append(
            Problem(f"the calibration data have {values.shape[1]} channels", path="calibration", allowed=f"{n}")
        )
    if not 0 < calibration.percentile <= 100:
        problems.append(
            Problem(
                f"the percentile is {calibration.percentile:g}",
                path="calibration.percentile",
                allowed="above 0, at most 100",
            )
        )


def _thresholds(graph: Graph, names: tuple[str, ...], calibration: Calibration) -> dict[str, float]:
    """By node with weights: the percentile of its activations above 0; 1 where there is none."""
    seen: dict[str, list[np.ndarray]] = {name: [] for name in names if graph.nodes[name].kind in WEIGHTED}
    maps = {name: linear_map(graph.nodes[name], np.float64) for name in names if graph.nodes[name].kind in LINEAR}
    values = np.asarray(calibration.values, np.float64)
    for first in range(0, len(values), BATCH):
        x = values[first : first + BATCH].T
        for name in names:
            if name in maps:
                x, bias = maps[name].matrix @ x / maps[name].divisor, maps[name].bias
                x = x if bias is None else x + bias[:, None]
            if name in seen:
                x = np.maximum(x, 0.0)
                seen[name].append(x[x > 0])
    active = {name: np.concatenate(parts) for name, parts in seen.items()}
    return {name: float(np.percentile(a, calibration.percentile)) if a.size else 1.0 for name, a in active.items()}


def _with_neurons(graph: Graph, thresholds: Mapping[str, float], notes: list[Note]) -> Graph:
    """An IF after every node with weights, and what its spike stands for before the next."""
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    end = {name: name for name in graph.nodes}
    last = _last(graph, list(thresholds))
    for name, node in graph.nodes.items():
        nodes[name] = node
        if name not in thresholds:
            continue
        top, one = thresholds[name], np.ones(node.shape)
        given = {"r": one, "v_threshold": top * one, "v_reset": 0 * one, "start": top / 2 * one}
        nodes[f"{name}_relu"] = Node("IF", given, node.shape, node.shape)
        edges.append((name, f"{name}_relu"))
        end[name] = f"{name}_relu"
        if name != last:
            nodes[f"{name}_unit"] = Node("Scale", {"scale": top * one}, node.shape, node.shape)
            edges.append((f"{name}_relu", f"{name}_unit"))
            end[name] = f"{name}_unit"
        notes.append(Note("changed", name, f"its ReLU is an IF; a spike stands for {top:.4g}, by the calibration data"))
    edges += [(end[pre], post) for pre, post in graph.edges]
    return Graph(nodes, tuple(edges))


def _last(graph: Graph, weighted: list[str]) -> str:
    """The last node with weights of a chain."""
    (here,) = (name for name in graph.nodes if not graph.into(name))
    last = ""
    while here:
        last = here if here in weighted else last
        here = next(iter(graph.out_of(here)), "")
    return last
