"""Order: which edges of a graph are a step late (those that close a loop), and in which order nodes are computed.

A framework computes a step layer by layer: a spike reaches the next layer in its own step. Around a loop that cannot be,
and what comes back is what was sent in the step before (RLeaky, RSynaptic, LIFRecurrentCell).
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from ..errors import Problem
from .graph import NEURONS, Graph


@dataclass(frozen=True)
class Order:
    """names: of the nodes, each after what it takes.  late: edges that bring what was sent in the step before."""

    names: tuple[str, ...]
    late: frozenset[tuple[str, str]]


def order_of(graph: Graph, problems: list[Problem]) -> Order:
    """The order of a graph. Of neurons in one loop the one nearest to an input comes first; ties go by the file's order.

    An edge out of a neuron is late if it leads to no neuron behind it in its loop. Notes loops without a neuron, and edges
    that lead both ways.
    """
    whole = nx.DiGraph()
    whole.add_nodes_from(graph.nodes)
    whole.add_edges_from(graph.edges)
    inputs = [name for name, node in graph.nodes.items() if node.kind == "Input"]
    far = nx.multi_source_dijkstra_path_length(whole, set(inputs)) if inputs else {}
    place = {name: k for k, name in enumerate(graph.nodes)}
    rank = {name: (far.get(name, len(place)), place[name]) for name in graph.nodes}
    late: set[tuple[str, str]] = set()
    for loop in nx.strongly_connected_components(whole):
        inner = whole.subgraph(loop)
        if not inner.number_of_edges():
            continue
        quiet = inner.subgraph([name for name in loop if graph.nodes[name].kind not in NEURONS])
        if not nx.is_directed_acyclic_graph(quiet):
            names = ", ".join(sorted(quiet))
            problems.append(
                Problem(f"a loop without a neuron: {names}", path=min(quiet), allowed="loops with a neuron in them")
            )
            continue
        for pre, post in inner.edges:
            if graph.nodes[pre].kind not in NEURONS:
                continue
            reached = {post} if graph.nodes[post].kind in NEURONS else _neurons_behind(graph, quiet, inner, post)
            back = {name for name in reached if rank[name] <= rank[pre]}
            if back == reached:
                late.add((pre, post))
            elif back:
                problems.append(
                    Problem(
                        f"from '{pre}' it leads both on to {', '.join(sorted(reached - back))} and back to "
                        f"{', '.join(sorted(back))}: which of them is a step late cannot be told",
                        path=post,
                        allowed="weights of their own for what leads back",
                    )
                )
    on = nx.DiGraph()
    on.add_nodes_from(graph.nodes)
    on.add_edges_from(edge for edge in graph.edges if edge not in late)
    if not nx.is_directed_acyclic_graph(on):
        if not problems:
            problems.append(Problem("loops that cannot be put in an order", allowed="loops with a neuron in them"))
        return Order(tuple(graph.nodes), frozenset(late))
    return Order(tuple(nx.lexicographical_topological_sort(on, key=lambda name: place[name])), frozenset(late))


def _neurons_behind(graph: Graph, quiet: nx.DiGraph, inner: nx.DiGraph, start: str) -> set[str]:
    """The neurons of a loop that a node without memory leads to, through others like it."""
    behind = {start, *nx.descendants(quiet, start)}
    return {post for pre in behind for post in inner.successors(pre) if graph.nodes[post].kind in NEURONS}
