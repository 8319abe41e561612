"""Latency modes: how the time of a step is worked out, and which chips can be had in which mode."""

from __future__ import annotations

from .chip import Mesh, PriceList
from .errors import Problem

MODES = ("contended", "flit", "analytic", "simple")
NETWORK = ("contended", "flit")  # modes that send messages over links


def problems(mesh: Mesh, prices: PriceList, mode: str) -> list[Problem]:
    """Why a chip cannot be had in a mode; checked before anything runs."""
    if mode not in MODES:
        return [Problem(f"there is no latency mode '{mode}'", allowed=", ".join(MODES))]
    if mode in NETWORK and mesh.multicast == "tree":
        what = f"{prices.name} copies messages in the network (multicast: tree), which latency: {mode} does not model"
        return [Problem(what, remedy="latency: analytic")]
    if mode == "flit" and not prices.slot_ns.value:
        what = (
            f"{prices.name} does not say how long a message holds a link (link.slot), which is what a cycle is made of"
        )
        return [Problem(what, remedy="latency: contended")]
    return []
