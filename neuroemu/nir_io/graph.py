"""A NIR graph as plain values: nodes with their numbers and shapes, edges, subgraphs laid flat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import Problem

SPIKING = ("LIF", "CubaLIF", "IF", "Threshold")
NEURONS = (*SPIKING, "LI", "CubaLI", "I")
LINEAR = ("Affine", "Linear", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Flatten", "Scale")
KNOWN = (*NEURONS, *LINEAR, "Delay", "Input", "Output")


@dataclass(frozen=True)
class Node:
    """kind: the primitive, by NIR's name.  given: its fields, by NIR's names.

    shape_in, shape: of what it takes and of what it puts out; () until they are inferred.
    """

    kind: str
    given: dict[str, Any]
    shape_in: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def size_in(self) -> int:
        return math.prod(self.shape_in)

    def numbers(self, field: str, size: int | None = None) -> np.ndarray:
        """(n,) float64 of a field: one value for all, or one an element."""
        return np.broadcast_to(np.asarray(self.given[field], np.float64).ravel(), (size or self.size,))


@dataclass(frozen=True)
class Graph:
    """Nodes by name and edges (from, to) between them, in the order of the file. No subgraph is left inside."""

    nodes: dict[str, Node]
    edges: tuple[tuple[str, str], ...]

    def into(self, name: str) -> list[str]:
        return [pre for pre, post in self.edges if post == name]

    def out_of(self, name: str) -> list[str]:
        return [post for pre, post in self.edges if pre == name]


def flat(graph: Any, problems: list[Problem]) -> Graph:
    """A nir.NIRGraph as a Graph: a node 'lif' of the subgraph 'lif1' becomes 'lif1.lif'; what is wrong is noted."""
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    _add(graph, "", nodes, edges, problems, depth=0)
    for name in [name for name, node in nodes.items() if node.kind == "passage"]:
        before = [pre for pre, post in edges if post == name]
        after = [post for pre, post in edges if pre == name]
        edges = [edge for edge in edges if name not in edge]
        edges += [(pre, post) for pre in before for post in after]
        del nodes[name]
    for edge in sorted({edge for edge in edges if edges.count(edge) > 1}):
        problems.append(Problem(f"the edge {edge[0]} -> {edge[1]} is there more than once", path=edge[1]))
    return Graph(nodes, tuple(edges))


MOST_NESTED = 16


def _add(
    graph: Any, prefix: str, nodes: dict[str, Node], edges: list[tuple[str, str]], problems: list[Problem], depth: int
) -> None:
    """Adds the nodes and edges of a nir.NIRGraph; the ends of a subgraph become passages."""
    if depth > MOST_NESTED:
        problems.append(Problem("subgraphs in subgraphs, too deep", path=prefix, allowed=f"{MOST_NESTED} levels"))
        return
    entries: dict[str, list[str]] = {}
    exits: dict[str, list[str]] = {}
    for name, node in graph.nodes.items():
        full, kind = f"{prefix}{name}", type(node).__name__
        if kind == "NIRGraph":
            _add(node, f"{full}.", nodes, edges, problems, depth + 1)
            entries[name] = [f"{full}.{inner}" for inner, held in node.nodes.items() if type(held).__name__ == "Input"]
            exits[name] = [f"{full}.{inner}" for inner, held in node.nodes.items() if type(held).__name__ == "Output"]
            for ends, what in ((entries[name], "Input"), (exits[name], "Output")):
                if len(ends) != 1:
                    problems.append(
                        Problem(
                            f"the subgraph has {len(ends)} nodes {what}",
                            path=full,
                            allowed="one, so that edges are clear",
                        )
                    )
            continue
        if kind not in KNOWN:
            problems.append(Problem(f"there is no primitive '{kind}'", path=full, allowed=", ".join(KNOWN)))
            continue
        given = {key: value for key, value in vars(node).items() if key not in ("metadata", "output_type")}
        if kind in ("Input", "Output", "Flatten"):
            key = "output_type" if kind == "Output" else "input_type"
            shape = (getattr(node, key) or {}).get(key.removesuffix("_type"))
            given["shape"] = None if shape is None else tuple(int(k) for k in np.asarray(shape).ravel())
        given.pop("input_type", None)
        nodes[full] = Node("passage" if prefix and kind in ("Input", "Output") else kind, given)
    for pre, post in graph.edges:
        missing = [end for end in (pre, post) if end not in graph.nodes]
        problems += [
            Problem(f"an edge {pre} -> {post} names '{end}', which is not there", path=prefix.rstrip("."))
            for end in missing
        ]
        if not missing:
            heads, tails = exits.get(pre, [f"{prefix}{pre}"]), entries.get(post, [f"{prefix}{post}"])
            edges += [(head, tail) for head in heads for tail in tails if head in nodes and tail in nodes]
