"""Salvage: what is left of a program when its wrong pieces are taken out, so that one reading can find every mistake.

A file with a mistyped key and a population that does not exist shall say both. Pieces are whole entries (a population, a
connection, an input, a probe) or whole sections; whoever reads on must not complain about what was taken out.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from .marked_yaml import Path_

SECTIONS = ("decode", "mapping", "report", "seed", "about", "probes", "inputs", "learning", "environment")


class Salvaged(NamedTuple):
    """data: what is left.  names: of populations and inputs taken out.  connections, probes: original index of each left."""

    data: dict[str, Any]
    names: frozenset[str]
    connections: list[int]
    probes: list[int]
    whole: bool


def whole(data: dict[str, Any]) -> Salvaged:
    """Nothing taken out."""
    network = data.get("network")
    connections = network.get("connections") if isinstance(network, dict) else None
    return Salvaged(data, frozenset(), _indices(connections), _indices(data.get("probes")), True)


def salvage(data: dict[str, Any], faulty: list[Path_]) -> Salvaged | None:
    """`data` without the pieces that the faulty paths lie in; None where too little is left to go on."""
    left = copy.deepcopy(data)
    names: set[str] = set()
    gone: dict[str, set[int]] = {"connections": set(), "probes": set()}
    for path in faulty:
        if not path:
            continue  # a key is missing at the top: those that can be done without are set below
        top, *below = path
        network = left.get("network")
        populations = network.get("populations") if isinstance(network, dict) else None
        if top == "network" and isinstance(populations, dict) and len(below) >= 2 and below[0] == "populations":
            populations.pop(below[1], None)
            names.add(str(below[1]))
        elif top == "network" and len(below) >= 2 and below[0] == "connections" and isinstance(below[1], int):
            gone["connections"].add(below[1])
        elif top == "network" and isinstance(network, dict) and below and below[0] != "populations":
            network.pop(below[0], None)
        elif top == "inputs" and below and isinstance(left.get("inputs"), dict):
            left["inputs"].pop(below[0], None)
            names.add(str(below[0]))
        elif top == "learning" and below and isinstance(left.get("learning"), dict):
            left["learning"].pop(below[0], None)
        elif top == "probes" and below and isinstance(below[0], int):
            gone["probes"].add(below[0])
        elif top == "run":
            left["run"] = {"steps": 1}
        elif top in ("name", "neuroemu"):
            left.update(name="unnamed", neuroemu=1)
        elif top in SECTIONS or (len(path) == 1 and top not in ("network", "chip")):
            left.pop(str(top), None)
        else:
            return None
    network = left.get("network")
    if (
        not isinstance(network, dict)
        or not any(network.get(key) for key in ("populations", "nir", "ann"))
        or "chip" not in left
    ):
        return None
    kept = {}
    for key, owner in (("connections", network), ("probes", left)):
        kept[key] = [k for k in _indices(owner.get(key)) if k not in gone[key]]
        if isinstance(owner.get(key), list):
            owner[key] = [owner[key][k] for k in kept[key]]
    left.setdefault("run", {"steps": 1})
    left.setdefault("name", "unnamed")
    left.setdefault("neuroemu", 1)
    return Salvaged(left, frozenset(names), kept["connections"], kept["probes"], False)


def _indices(items: Any) -> list[int]:
    return list(range(len(items))) if isinstance(items, list) else []
