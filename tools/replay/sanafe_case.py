"""A case of golden/sanafe in neuroemu's words: who sits where (Wiring), what happened (Activity), what it costs (PriceList).

A group is a population, an entry of the mapping is a part. Input neurons sit on cores too, so there is no host. SANA-FE's
events take the names of ours, and of ours only these have a price:

    SYNAPSE_DENSE, SPARSE, SHARED  a synapse of the first, second, third kind that the case uses
    ACCUMULATE                     the dendrite, once a synaptic event
    COMPARTMENT_ACCESS             a soma is looked at, at the price of an input soma
    RANDOM_DRAW                    what it costs more to look at a LIF soma
    COMPARTMENT_ACTIVE, SPIKE_OUT  a LIF soma is updated, fires
    COMPARTMENT_INACTIVE           an input soma fires, the update included
    AXON_OUT, AXON_IN, HOP_*       likewise
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroemu.chip import Barrier, Constant, Mesh, PriceList
from neuroemu.compiler.image import CountRows, Parts
from neuroemu.costs import Activity
from neuroemu.counters import N_COUNTS, Count
from neuroemu.events import EVENTS, READS, Event
from neuroemu.wiring import Wiring

from .sanafe_soma import Driven, driven

PJ, NS = 1e12, 1e9  # in a joule, in a second
HOPS = {"east": Event.HOP_EAST, "west": Event.HOP_WEST, "north": Event.HOP_NORTH, "south": Event.HOP_SOUTH}


@dataclass(frozen=True)
class SanafeCase:
    """chip: as in the file.  recorded: the results.  kind_of_part: (n_parts,) which of READS its synapses are.

    order: compartments in the order in which their cores go through them, core by core.
    fired: (steps, n) bool as recorded.  soma: what the LIF rule makes of them.
    reads: (n, n_parts) int64 synapses that a spike of each neuron reads in each part.
    """

    chip: dict[str, Any]
    recorded: dict[str, Any]
    names: list[str]
    wiring: Wiring
    activity: Activity
    prices: PriceList
    kind_of_part: np.ndarray
    order: np.ndarray
    fired: np.ndarray
    soma: Driven
    is_input: np.ndarray
    reads: np.ndarray


def read(path: Path) -> SanafeCase:
    """The case in `path` with the results beside it. Raises ValueError where it is none, or says what we do not know."""
    case = json.loads(path.read_text())
    recorded = json.loads(path.with_suffix(".sanafe.json").read_text())
    if case["format"] != "neuro-case/1":
        raise ValueError(f"{path.name}: format {case['format']!r}, expected 'neuro-case/1'")
    groups, steps = case["groups"], case["timesteps"]
    sizes = [group["size"] for group in groups]
    first = np.concatenate([[0], np.cumsum(sizes)])
    names = [f"{group['name']}.{index}" for group in groups for index in range(group["size"])]
    is_input = np.repeat([group["kind"] == "input" for group in groups], sizes)
    edges = np.array(case["edges"], np.float64).reshape(-1, 5)
    source, target = (first[edges[:, k].astype(np.int64)] + edges[:, k + 1].astype(np.int64) for k in (0, 2))
    number = {name: k for k, name in enumerate(names)}
    fired = np.zeros((steps, len(names)), bool)
    for group, trains in recorded["spikes"].items():
        for neuron, train in trains.items():
            fired[np.array(train, np.int64) - 1, number[f"{group}.{neuron}"]] = True
    soma = driven(groups, is_input, fired, (source, target, edges[:, 4]))

    parts, order = _parts(case["mapping"], first)
    kinds = sorted({groups[group]["synapse"] for group in edges[:, 2].astype(np.int64)})
    if len(kinds) > len(READS):
        raise ValueError(f"{path.name}: {len(kinds)} kinds of synapses, at most {len(READS)} have a price")
    kind_of_group = [
        READS[kinds.index(group["synapse"])] if group["synapse"] in kinds else READS[0] for group in groups
    ]
    kind_of_part = np.array(kind_of_group)[parts.population]
    reads = np.zeros((len(names), parts.core.size), np.int64)
    np.add.at(reads, (source, np.repeat(np.arange(parts.core.size), parts.size)[target]), 1)

    chip, input_parts = case["chip"], is_input[parts.first]
    wiring = Wiring(
        names=tuple(group["name"] for group in groups),
        sizes=tuple(sizes),
        source_names=(),
        source_sizes=(),
        parts=parts,
        rows=_rows(reads, kind_of_part == Event.SYNAPSE_DENSE),
        draws=np.where(input_parts, 0, parts.size),
        mesh=Mesh(
            chip["noc"]["width"],
            chip["noc"]["height"],
            chip["cores_per_tile"],
            buffer=chip["noc"]["link_buffer_size"],
        ),
        step_ms=1.0,
        synapses=len(edges),
        model_hash=case["name"],
    )
    counts = np.zeros((steps, parts.core.size, N_COUNTS), np.int64)
    counts[:, :, Count.SYNAPSE_READ] = fired.astype(np.int64) @ reads
    for count, happened in (
        (Count.ACTIVE, soma.updated & ~is_input),
        (Count.INACTIVE, fired & is_input),
        (Count.SPIKE_OUT, fired & ~is_input),
    ):
        counts[:, :, count] = np.add.reduceat(happened.astype(np.int64), parts.first, axis=1)
    row, spiking = np.nonzero(fired)
    return SanafeCase(
        chip, recorded, names, wiring, Activity(counts, row + 1, spiking), _prices(chip, kinds, path.name), kind_of_part,
        order, fired, soma, is_input, reads,
    )  # fmt: skip


def _parts(mapping: list[list[int]], first: np.ndarray) -> tuple[Parts, np.ndarray]:
    """An entry of the mapping is a part. Returns also the compartments, core by core in the order of the mapping."""
    entries = np.array([entry for entry in mapping if entry[2]], np.int64)
    begin = first[entries[:, 0]] + entries[:, 1]
    by_first = np.argsort(begin)
    group, size, core = (entries[by_first, k] for k in (0, 2, 3))
    if not np.array_equal(begin[by_first], np.cumsum(size) - size) or size.sum() != first[-1]:
        raise ValueError("the mapping does not hold every neuron once")
    in_turn = np.argsort(entries[:, 3], kind="stable")
    order = np.concatenate([np.arange(begin[k], begin[k] + entries[k, 2]) for k in in_turn])
    return Parts(group, begin[by_first], size, core), order


def _rows(reads: np.ndarray, dense_parts: np.ndarray) -> CountRows:
    """Rows of all synapses of every source by part."""
    source, part = np.nonzero(reads)
    synapses = reads[source, part]
    bounds = np.searchsorted(source, np.arange(reads.shape[0] + 1))
    return CountRows(bounds, part, synapses, np.where(dense_parts[part], synapses, 0))


def _prices(chip: dict[str, Any], kinds: list[str], origin: str) -> PriceList:
    """The costs of a case: pJ and ns; what is not its own is free."""
    costs = chip["costs"]
    soma, given = costs["soma"], costs["input_soma"]
    free = {"energy": 0.0, "latency": 0.0}
    priced: dict[Event, dict[str, float]] = {event: free for event in EVENTS}
    priced |= {event: costs["synapse"][kind] for event, kind in zip(READS, kinds, strict=False)}
    priced |= {event: costs["hop"][way] for way, event in HOPS.items()}
    priced |= {
        Event.ACCUMULATE: costs["dendrite"],
        Event.COMPARTMENT_ACCESS: given["access"],
        Event.RANDOM_DRAW: {key: soma["access"][key] - given["access"][key] for key in free},
        Event.COMPARTMENT_ACTIVE: soma["update"],
        Event.COMPARTMENT_INACTIVE: {key: given["update"][key] + given["spike_out"][key] for key in free},
        Event.SPIKE_OUT: soma["spike_out"],
        Event.AXON_OUT: costs["axon_out"],
        Event.AXON_IN: costs["axon_in"],
    }

    def constants(key: str, unit: float) -> dict[Event, Constant]:
        return {event: Constant(cost[key] * unit, None, None, origin, "PF") for event, cost in priced.items()}

    points = tuple((tiles, seconds * NS) for tiles, seconds in sorted((int(k), s) for k, s in chip["sync"].items()))
    return PriceList(origin, constants("energy", PJ), constants("latency", NS), Barrier(points, "step", origin, "PF"))
