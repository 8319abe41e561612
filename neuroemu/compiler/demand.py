"""What a slice of a population asks of a core: compartments, input axons, words of synapse memory, configurations.

An input axon is one source with at least one synapse in the core; compiler/packing.py has the words of its lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any

import numpy as np

from ..chip import Chip
from ..network import Network, Projection, WeightFormat
from ..pieces import run_starts, source_pieces, spread_sources, unsigned_for
from .configs import Configs
from .packing import DENSE, KINDS, Lists, index_bits, joined, lists_of, packed, sizes_of
from .populations import SLOTS, Places, Served, one_projection, places, served
from .table import Table

NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Inputs:
    """Every synapse into one population, source-major, those of a source in ascending order of post.

    first: (n_sources + 1,) int64 bounds by global source.  post: (n,) index in the population.
    projection: (n,) index into projection_names, or empty where there is only one; bits, has_delay: per projection.
    formats: per projection, what a core's register of its synapse format would hold, the kind of list aside; or empty.
    configs: numbers of the configurations of the compartments, or None where they are not counted.
    repeats: per projection, whether its lists may be alike.  content: (n,) int64 weight and delay of each synapse, or empty
    where none repeats or the chip has no shared lists.
    plastic: per projection, whether it learns; or empty where none does.  profiles: its pre-trace configuration, '' where it
    does not.
    alone: per projection, whether its sources have no other, so that they may have population axons; or empty where none may.
    places: of the sources, by which such axons are formed.
    """

    first: np.ndarray
    post: np.ndarray
    projection: np.ndarray
    projection_names: tuple[str, ...]
    bits: tuple[int, ...]
    has_delay: tuple[bool, ...]
    formats: tuple[str, ...] = ()
    configs: Configs | None = None
    repeats: tuple[bool, ...] = ()
    content: np.ndarray = field(default_factory=lambda: NONE)
    plastic: tuple[bool, ...] = ()
    profiles: tuple[str, ...] = ()
    alone: tuple[bool, ...] = ()
    places: Callable[[], Places] | None = None


def learns(projection: Projection) -> bool:
    """Whether its weights change on the chip."""
    return projection.learning is not None


def repeated(projection: Projection) -> bool:
    """Whether its lists may be alike, so that they can be shared: those that learn do not stay so."""
    return bool(getattr(projection.connector, "repeats", False)) and not learns(projection)


def _pre_traces(projection: Projection) -> str:
    """What a core's register of a pre-trace configuration holds, '' for a projection that does not learn."""
    if projection.learning is None:
        return ""
    return f"{projection.learning.traces.get('x1')} {projection.learning.traces.get('x2')} {projection.learning.epoch}"


def inputs_of(
    network: Network,
    name: str,
    table: Table,
    formats: dict[str, WeightFormat],
    first: dict[str, int],
    configs: Configs | None = None,
    shared: bool = False,
) -> Inputs:
    """What the table holds into one population.  first: number of the first source of each population.

    shared: whether the chip has shared lists.
    """
    chosen = [k for k, projection in enumerate(network.projections) if projection.target == name]
    projections = [network.projections[k] for k in chosen]
    ends = [(first[p.source], first[p.source] + network[p.source].size) for p in projections]
    repeats = tuple(shared and repeated(p) for p in projections)
    bounds, post, projection = table.first, table.target, table.projection
    content = content_of(table, slice(0, post.size)) if any(repeats) else NONE
    if len(chosen) < len(network.projections) or first[name]:
        bounds, post, projection, content = _into(table, first[name], network[name].size, ends, any(repeats))
        local = np.zeros(len(network.projections), unsigned_for(len(chosen)))
        local[chosen] = np.arange(len(chosen))
        projection = local[projection] if len(chosen) > 1 else projection[:0]
    return Inputs(
        bounds,
        post,
        projection,
        tuple(p.name for p in projections),
        tuple(formats[p.name].bits for p in projections),
        tuple(bool(np.any(table.delays[k])) for k in chosen),
        tuple(
            synapse_format(formats[p.name], bool(np.any(table.delays[k])), learns(p))
            for p, k in zip(projections, chosen, strict=True)
        ),
        configs,
        repeats,
        content,
        tuple(learns(p) for p in projections),
        tuple(_pre_traces(p) for p in projections),
        tuple(one_projection(network, p.source) and not learns(p) for p in projections),
        partial(places, network, first, table.n_sources, table.number),
    )


def content_of(table: Table, piece: slice) -> np.ndarray:
    """Weight and delay of each synapse in one number."""
    return (table.units[piece].astype(np.int64) << 8) | table.delays_of(piece)


def _into(
    table: Table, low: int, size: int, sources: list[tuple[int, int]], contents: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(first, post, projection, content) of the synapses into low..low+size-1.

    sources: stretches that they may come from.  contents: whether content is asked for.
    """
    counts = np.zeros(table.first.size, np.int64)
    posts, projections, content = [np.empty(0, np.int32)], [np.empty(0, np.uint8)], [NONE]
    start, stop = min((a for a, _ in sources), default=0), max((b for _, b in sources), default=0)
    for begin, end, piece in source_pieces(table.first[start : stop + 1]):
        target = table.target[piece]
        mine = np.flatnonzero((target >= low) & (target < low + size))
        bounds = np.searchsorted(mine, table.first[start + begin : start + end + 1] - piece.start)
        counts[start + begin + 1 : start + end + 1] = np.diff(bounds)
        posts.append(target[mine] - np.int32(low))
        projections.append(table.projections(piece)[mine])
        if contents:
            content.append(content_of(table, piece)[mine])
    return np.cumsum(counts), np.concatenate(posts), np.concatenate(projections), np.concatenate(content)


# What a core has so much of, by the names of its limits in CoreLimits.
RESOURCES = (
    "compartments", "axons_in", "axons_out", "synapse_words", "compartment_configs", "threshold_configs", "synapse_formats",
    "stdp_profiles",
)  # fmt: skip


def synapse_format(format: WeightFormat, delayed: bool, plastic: bool = False) -> str:
    """What a core's register of a synapse format holds, the kind of list aside: width, exponent, signs and what is besides."""
    bits = 8 if format.bits == 7 else format.bits
    more = (", delays" if delayed else "") + (f", payload {format.message_bits}" if format.message_bits else "")
    more += ", learns" if plastic else ""
    return f"{bits} bits x 2**{format.exponent} {format.sign_mode}{more}"


@dataclass(frozen=True)
class Demand:
    """sources: (k,) int32, distinct and ascending.  words_by_projection: words of synapse memory, by name.

    compartment_configs, threshold_configs: numbers, distinct and ascending.  synapse_formats: in words.
    axons_out: the most output axons that it may need, 0 where that is not planned for.
    learning: those of the sources that have a list that learns, and learning_axons how many axons in each of them takes.
    stdp_profiles: pre-trace configurations of such lists.
    members: those of the sources that have a population axon; populations: these axons, by number; wide: the members whose
    axons take two output slots.
    """

    compartments: int
    sources: np.ndarray
    words_by_projection: dict[str, int]
    compartment_configs: np.ndarray = field(default_factory=lambda: NONE)
    threshold_configs: np.ndarray = field(default_factory=lambda: NONE)
    synapse_formats: frozenset[str] = frozenset()
    axons_out: int = 0
    learning: np.ndarray = field(default_factory=lambda: NONE)
    learning_axons: int = 1
    stdp_profiles: frozenset[str] = frozenset()
    members: np.ndarray = field(default_factory=lambda: NONE)
    populations: np.ndarray = field(default_factory=lambda: NONE)
    wide: np.ndarray = field(default_factory=lambda: NONE)

    @property
    def axons_in(self) -> int:
        discrete = self.sources.size + (self.learning_axons - 1) * self.learning.size - self.members.size
        return discrete + self.populations.size

    @property
    def words(self) -> int:
        return sum(self.words_by_projection.values())

    def beside(self, other: Demand) -> Demand:
        """What both ask of a core together: a source in common is one axon, a configuration in common one register."""
        words = dict(self.words_by_projection)
        for name, count in other.words_by_projection.items():
            words[name] = words.get(name, 0) + count
        return Demand(
            self.compartments + other.compartments,
            np.union1d(self.sources, other.sources),
            words,
            _union(self.compartment_configs, other.compartment_configs),
            _union(self.threshold_configs, other.threshold_configs),
            self.synapse_formats | other.synapse_formats,
            self.axons_out + other.axons_out,
            _union(self.learning, other.learning),
            max(self.learning_axons, other.learning_axons),
            self.stdp_profiles | other.stdp_profiles,
            _union(self.members, other.members),
            _union(self.populations, other.populations),
            _union(self.wide, other.wide),
        )


def _union(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one if one is other or np.array_equal(one, other) else np.union1d(one, other)


def together(demands: Sequence[Demand]) -> Demand:
    """What all of them, at least one, ask of a core."""
    return reduce(Demand.beside, demands)


def use(demand: Demand) -> dict[str, int]:
    """How much of each of RESOURCES."""
    configs = demand.compartment_configs.size, demand.threshold_configs.size, len(demand.synapse_formats)
    amounts = (
        demand.compartments, demand.axons_in, demand.axons_out, demand.words, *configs, len(demand.stdp_profiles),
    )  # fmt: skip
    return dict(zip(RESOURCES, amounts, strict=True))


def excess(demand: Demand, chip: Chip) -> float:
    """The largest part of a core's limit that is asked for: at most 1 where it fits."""
    limits = vars(chip.core)
    return max(amount / limits[resource] for resource, amount in use(demand).items() if limits[resource] is not None)


def takes(demand: Demand, other: Demand, chip: Chip) -> Demand | None:
    """Both together, or None where one core does not hold them."""
    core = chip.core
    if demand.compartments + other.compartments > core.compartments or demand.words + other.words > core.synapse_words:
        return None  # the cheap sums first
    both = demand.beside(other)
    return both if excess(both, chip) <= 1 else None


def demands(inputs: Inputs, edges: np.ndarray, chip: Chip) -> list[Demand]:
    """The Demand of each slice edges[k]..edges[k+1] of a population.

    A list is a run of one source, slice and projection: they lie together, as the synapses of a source ascend.
    """
    sizes = np.diff(edges)
    n_slices, names = sizes.size, inputs.projection_names
    slice_of = np.repeat(np.arange(n_slices, dtype=unsigned_for(n_slices)), sizes)
    longest = int(np.diff(inputs.first).max(initial=0))
    plastic = inputs.plastic or (False,) * len(names)
    table = [
        sizes_of(sizes, longest, bits, late, chip, plastic[k])
        for k, (bits, late) in enumerate(zip(inputs.bits, inputs.has_delay, strict=True))
    ]
    words = np.zeros((len(names), n_slices), np.int64)
    kinds = np.zeros((len(names), n_slices, len(KINDS)), bool)
    axons: list[tuple[np.ndarray, np.ndarray]] = []  # (slice, source) of every axon of a piece, by source
    learning: list[tuple[np.ndarray, np.ndarray]] = []  # of those with a list that learns; one may be named twice
    waiting: dict[int, list[Lists]] = {}  # lists that may share, of which all must be known

    grouped = inputs.alone if set(chip.synapse.axon_formats) - {"discrete"} else ()
    where = inputs.places() if inputs.places and any(grouped) else None
    population: list[tuple[Lists, Served]] = []

    def pack(index: int, lists: Lists) -> None:
        if where is not None and grouped[index]:
            how = served(lists, table[index], where)
            kind, needed = how.kind, how.words
            population.append((lists, how))
        else:
            kind, needed = packed(lists)
        words[index] += np.bincount(lists.part, needed, n_slices).astype(np.int64)
        kinds[index] |= (
            np.bincount(lists.part * np.int64(len(KINDS)) + kind, minlength=kinds[index].size).reshape(-1, len(KINDS))
            > 0
        )

    for begin, end, piece in source_pieces(inputs.first):
        post, source = inputs.post[piece], spread_sources(inputs.first, begin, end)
        at = slice_of[post]
        starts = run_starts(source, at)
        axons.append((at[starts], source[starts]))
        for index in range(len(names)):
            mine = np.flatnonzero(inputs.projection[piece] == index) if len(names) > 1 else slice(None)
            repeats = inputs.content.size > 0 and inputs.repeats[index] and "shared" in chip.synapse.lists
            content = inputs.content[piece][mine] if repeats else None
            lists = lists_of(source[mine], post[mine], at[mine], table[index], content, edges[:-1])
            if plastic[index]:
                learning.append((lists.part, source[mine][lists.start]))
            if (repeats or (where is not None and grouped[index])) and lists.n.size:
                waiting.setdefault(index, []).append(lists)
            else:
                pack(index, lists)
    for index, found in waiting.items():
        pack(index, joined(found))
    sources, learners = _by_slice(axons, n_slices), _by_slice(learning, n_slices)
    widths = index_bits(sizes, chip.synapse) if chip.synapse.index_widths else np.full(n_slices, -1)
    bounds = [(int(edges[k]), int(edges[k + 1])) for k in range(n_slices)]
    configs = [inputs.configs.of(*each) if inputs.configs else (NONE, NONE) for each in bounds]
    asked = [
        Demand(
            int(sizes[k]),
            sources[k],
            {name: int(words[index, k]) for index, name in enumerate(names)},
            compartment_configs=configs[k][0],
            threshold_configs=configs[k][1],
            synapse_formats=_formats_of(inputs, kinds[:, k], int(widths[k])),
            learning=np.unique(learners[k]) if learning else NONE,
            learning_axons=chip.synapse.learning_axons,
            stdp_profiles=_profiles_of(inputs, words[:, k]),
        )
        for k in range(n_slices)
    ]
    return [replace(each, **_axons_of(population, k)) for k, each in enumerate(asked)] if population else asked


def _formats_of(inputs: Inputs, kinds: np.ndarray, width: int) -> frozenset[str]:
    """The synapse formats of a slice, a kind of list being part of one.  kinds: (projections, KINDS) bool.

    width: of its indices, which is part of one, too; -1 where the chip has but one.
    """
    if not inputs.formats:
        return frozenset()
    used = zip(*(index.tolist() for index in np.nonzero(kinds)), strict=True)
    index = ["" if kind == DENSE or width < 0 else f" {width}" for kind in range(len(KINDS))]
    return frozenset(f"{inputs.formats[projection]}, {KINDS[kind]}{index[kind]}" for projection, kind in used)


def _axons_of(population: list[tuple[Lists, Served]], part: int) -> dict[str, Any]:
    """Members, populations and wide of a slice."""
    found: dict[str, list[np.ndarray]] = {"members": [NONE], "populations": [NONE], "wide": [NONE]}
    for lists, how in population:
        mine = (lists.part == part) & (how.axon >= 0)
        found["members"].append(lists.source[mine])
        found["populations"].append(how.axon[mine])
        found["wide"].append(lists.source[mine & (SLOTS[how.axons] > 1)])
    return {name: np.unique(np.concatenate(columns)) for name, columns in found.items()}


def _profiles_of(inputs: Inputs, words: np.ndarray) -> frozenset[str]:
    """The pre-trace configurations of a slice: of what leads to it and learns.  words: (projections,)."""
    return frozenset(name for name, n in zip(inputs.profiles, words.tolist(), strict=False) if name and n)


def _by_slice(axons: list[tuple[np.ndarray, np.ndarray]], n_slices: int) -> list[np.ndarray]:
    """The sources of each slice, ascending, from the axons of the pieces."""
    counts = sum((np.bincount(at, minlength=n_slices) for at, _ in axons), np.zeros(n_slices, np.int64))
    bounds = np.concatenate([[0], np.cumsum(counts)])
    sources, filled = np.empty(bounds[-1], np.int32), bounds[:-1].copy()
    for at, source in axons:
        order = np.argsort(at, kind="stable")  # by slice, sources still ascending
        here = np.bincount(at, minlength=n_slices)
        ahead = np.repeat(filled - np.cumsum(here) + here, here)
        sources[ahead + np.arange(at.size)] = source[order]
        filled += here
    return [sources[bounds[k] : bounds[k + 1]] for k in range(n_slices)]
