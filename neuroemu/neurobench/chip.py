"""Metrics of a run on the chip: the same names, counted from the chip's own integers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..compiler import Compiled
from ..connect import Conv2d, Dense
from ..counters import Counters, Traces
from ..network import Network, Projection
from ..program import Program
from ..tally import Tally
from ..wiring import Wiring
from .graph import PLACES, layers_of, sparsity


def of_chip(
    program: Program,
    compiled: Compiled,
    wiring: Wiring,
    traces: Traces,
    counters: Counters,
    tally: Tally,
    samples: int,
    accuracy: float | None,
) -> dict[str, Any]:
    """The metrics of a run with Plan.membranes.

    Footprint: bytes of synapse memory that the packed lists take.  ParameterCount: weights.  ConnectionSparsity: of those that
    connections could have, zeros after rounding included.  A spike with a payload beyond 1 counts as MACs.
    ActivationSparsity is of what can spike, and of a LI of snnTorch; MembraneUpdates are of all compartments.
    """
    network, steps = program.network, program.steps
    weights = {projection.name: _weights(network, projection) for projection in network.projections}
    words = sum(part.demand.words for part in compiled.mapping.parts)
    n_weights, sizes = sum(weights.values()), np.array(wiring.sizes)
    acs, macs = _operations(wiring, traces, tally)
    owner = wiring.owner_of_source()[: wiring.n_compartments]
    fired = np.bincount(owner, tally.spikes[: wiring.n_compartments], sizes.size)
    potentials = _potentials(network)
    spiking = [k for k, p in enumerate(network.on_chip) if not (p.compartment.passes_up or p.name in potentials)]
    places = sizes[spiking] * steps * samples
    assert counters.membranes is not None
    return {
        "Footprint": words * program.chip.core.word_bits // 8,
        "ConnectionSparsity": round(max(1 - wiring.synapses / n_weights, 0.0), PLACES) if n_weights else None,
        "ParameterCount": n_weights,
        "ClassificationAccuracy": accuracy,
        "ActivationSparsity": sparsity(float(fired[spiking].sum()), int(places.sum())),
        "ActivationSparsityByLayer": {
            wiring.names[k]: sparsity(float(fired[k]), n) for k, n in zip(spiking, places.tolist(), strict=True)
        },
        "MembraneUpdates": int(counters.membranes.sum()) / samples,
        "SynapticOperations": {
            "Effective_MACs": macs / samples,
            "Effective_ACs": acs / samples,
            "Dense": float(steps * n_weights),
        },
    }


def _potentials(network: Network) -> set[str]:
    """Populations of a NIR graph that are read out by their potential and count as no layer."""
    exact = network.exact
    if exact is None:
        return set()
    layers = layers_of(exact)
    return {exact.names[node] for node in exact.neurons if node not in layers and node in exact.names}


def _weights(network: Network, projection: Projection) -> int:
    """How many weights a connection could have, zeros included."""
    pre, post, connector = network[projection.source].shape, network[projection.target].shape, projection.connector
    if isinstance(connector, Dense):
        return int(np.prod(pre)) * int(np.prod(post))
    if isinstance(connector, Conv2d):
        connector = replace(connector, kernel=np.ones_like(connector.kernel))
    return round(connector.count(pre, post))


def _operations(wiring: Wiring, traces: Traces, tally: Tally) -> tuple[int, int]:
    """(ACs, MACs): weights that the spikes met, of spikes that carry -1 or 1 and of others."""
    behind = np.concatenate([[0], np.cumsum(wiring.rows.synapses, dtype=np.int64)])
    fan_out = np.diff(behind[wiring.rows.first])
    macs = 0
    for _, source, payload in traces.pieces():
        macs += int(fan_out[source[np.abs(payload) != 1]].sum())
    return int(fan_out @ tally.spikes) - macs, macs
