"""compile_network: a Network and a Chip in, a frozen ChipImage out, with the Mapping and the rounding report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chip import Chip
from ..connect import Draws, SynapseList
from ..errors import Problem, ProgramError
from ..mapping import MappingOptions
from ..network import Network, Population
from ..streams import stream
from . import limits
from .demand import Inputs
from .image import (
    Blocks,
    Cells,
    ChipImage,
    CountRows,
    Parts,
    Routes,
    Synapses,
    digest,
    freeze,
)
from .partition import PARTITIONERS, Part
from .place import PLACERS
from .quantise import Quantised, quantise
from .registers import Tables
from .slots import Slots, slots_of


@dataclass(frozen=True)
class Mapping:
    """Who sits where, by name.  placement[k]: core of parts[k]; axons_out[core]."""

    parts: tuple[Part, ...]
    placement: tuple[int, ...]
    axons_out: tuple[int, ...]


@dataclass(frozen=True)
class Compiled:
    image: ChipImage
    mapping: Mapping
    quantised: Quantised
    synapses: dict[str, SynapseList]


def compile_network(network: Network, chip: Chip, options: MappingOptions | None = None, seed: int = 0) -> Compiled:
    """Maps a network onto a chip.

    seed: of random connections.  Raises ProgramError (connections), QuantisationError (numbers), DoesNotFit (limits).
    """
    options = options or MappingOptions()
    if not network.on_chip:
        raise ProgramError([Problem("the network has no population on the chip", allowed="at least one with 'neuron'")])
    limits.check_extent(network, chip)
    synapses = expand(network, seed)
    quantised = quantise(network, synapses, chip)
    first, source_first = _numbering(network)
    table = _table(network, synapses, quantised, first)
    inputs = {p.name: _inputs(network, p.name, table, quantised, first) for p in network.on_chip}
    parts = PARTITIONERS[options.partition](network, inputs, chip, options.parts)
    placement = PLACERS[options.placement](parts, chip, options.share_cores)
    part_first = np.array([first[part.population] + part.first for part in parts], np.int64)
    rows = _count_rows(table, part_first, source_first[-1])
    routes, axons_out = _routes(rows, parts, part_first, placement, int(first_on_host(network)), chip)
    limits.check(parts, placement, axons_out, chip)
    slots = slots_of(network, synapses, quantised)
    image = _image(
        network, chip, quantised, table, rows, routes, parts, part_first, placement, slots, first, source_first
    )
    mapping = Mapping(tuple(parts), tuple(int(core) for core in placement), tuple(int(a) for a in axons_out))
    return Compiled(image, mapping, quantised, synapses)


def expand(network: Network, seed: int) -> dict[str, SynapseList]:
    """The synapse list of every projection. Raises ProgramError with every connection that cannot be made."""
    lists, problems = {}, []
    for projection in network.projections:
        pre, post = network[projection.source].shape, network[projection.target].shape
        try:
            made = projection.connector.synapses(pre, post, Draws(seed, projection.name))
            if made.weight.size and not np.all(np.isfinite(made.weight)):
                bad = int(np.flatnonzero(~np.isfinite(made.weight))[0])
                raise ValueError(
                    f"the weight from {made.pre[bad]} to {made.post[bad]} is {made.weight[bad]}; weights must be finite"
                )
            lists[projection.name] = made
        except ValueError as error:
            problems.append(Problem(str(error), path=projection.name))
    if problems:
        raise ProgramError(problems)
    return lists


def first_on_host(network: Network) -> int:
    """The number of the first source that is not on the chip: the count of compartments."""
    return sum(population.size for population in network.on_chip)


def _numbering(network: Network) -> tuple[dict[str, int], np.ndarray]:
    """First global source number by population name; and (n_spike_sources + 1,) bounds of the host's channels."""
    first, n = {}, 0
    for population in network.on_chip:
        first[population.name] = n
        n += population.size
    bounds = [n]
    for population in network.sources:
        first[population.name] = n
        n += population.size
        bounds.append(n)
    return first, np.array(bounds, np.int64)


@dataclass(frozen=True)
class _Table:
    """Every synapse that is kept, sorted by (source, target); (n,) arrays."""

    source: np.ndarray
    target: np.ndarray
    units: np.ndarray
    delay: np.ndarray
    projection: np.ndarray


def _table(network: Network, synapses: dict[str, SynapseList], quantised: Quantised, first: dict[str, int]) -> _Table:
    columns: list[list[np.ndarray]] = [[], [], [], [], []]
    for index, projection in enumerate(network.projections):
        given, units = synapses[projection.name], quantised.weights[projection.name].units
        keep = np.flatnonzero(units)  # a weight that rounds to zero is no synapse
        for column, values in zip(
            columns,
            (
                given.pre[keep].astype(np.int64) + first[projection.source],
                given.post[keep].astype(np.int64) + first[projection.target],
                units[keep],
                given.delay[keep],
                np.full(keep.size, index, np.int64),
            ),
            strict=True,
        ):
            column.append(values)
    source, target, units, delay, projection_index = (
        np.concatenate(column) if column else np.empty(0, np.int64) for column in columns
    )
    order = np.lexsort((target, source))
    return _Table(source[order], target[order], units[order], delay[order], projection_index[order])


def _inputs(network: Network, name: str, table: _Table, quantised: Quantised, first: dict[str, int]) -> Inputs:
    chosen = [(i, p) for i, p in enumerate(network.projections) if p.target == name]
    local = np.full(len(network.projections) + 1, -1, np.int64)
    for position, (index, _) in enumerate(chosen):
        local[index] = position
    mine = np.flatnonzero(local[table.projection] >= 0)
    projection = local[table.projection[mine]]
    return Inputs(
        table.source[mine],
        table.target[mine] - first[name],
        projection,
        tuple(p.name for _, p in chosen),
        tuple(quantised.weights[p.name].format.bits for _, p in chosen),
        tuple(bool(table.delay[mine[projection == k]].any()) for k in range(len(chosen))),
    )


def _count_rows(table: _Table, part_first: np.ndarray, n_sources: int) -> CountRows:
    """Runs of equal (source, part): targets are sorted within a source and parts are stretches, so they are adjacent."""
    part = np.searchsorted(part_first, table.target, side="right") - 1
    starts = np.flatnonzero(np.diff(table.source, prepend=-1) | np.diff(part, prepend=-1))
    lengths = np.diff(np.append(starts, table.source.size))
    first = np.searchsorted(table.source[starts], np.arange(n_sources + 1))
    return CountRows(first.astype(np.int64), part[starts].astype(np.int32), lengths.astype(np.int32))


def _routes(
    rows: CountRows, parts: list[Part], part_first: np.ndarray, placement: np.ndarray, n_compartments: int, chip: Chip
) -> tuple[Routes, np.ndarray]:
    """Destination cores of every source (one message each), and the output axons used on each core."""
    n_sources = rows.first.size - 1
    n_cores = max(int(placement.max()) + 1, chip.mesh.n_cores)
    source = np.repeat(np.arange(n_sources), np.diff(rows.first))
    keys = np.unique(source * n_cores + placement[rows.part])
    first = np.searchsorted(keys // n_cores, np.arange(n_sources + 1)).astype(np.int64)
    core_of_source = np.full(n_sources, -1, np.int32)
    for index, part in enumerate(parts):
        core_of_source[part_first[index] : part_first[index] + part.size] = placement[index]
    host_tile = chip.mesh.tile_at(*chip.mesh.host_tile)
    tile = np.where(core_of_source >= 0, core_of_source // chip.mesh.cores_per_tile, host_tile).astype(np.int32)
    messages = np.diff(first)[:n_compartments]
    axons_out = np.bincount(core_of_source[:n_compartments], messages, n_cores).astype(np.int64)
    return Routes(first, (keys % n_cores).astype(np.int32), tile, core_of_source), axons_out


def _image(
    network: Network,
    chip: Chip,
    quantised: Quantised,
    table: _Table,
    rows: CountRows,
    routes: Routes,
    parts: list[Part],
    part_first: np.ndarray,
    placement: np.ndarray,
    slots: Slots,
    first: dict[str, int],
    source_first: np.ndarray,
) -> ChipImage:
    on_chip = network.on_chip
    names = tuple(population.name for population in on_chip)
    cells = tuple(_cells(population, quantised.registers[population.name], slots) for population in on_chip)
    blocks = Blocks(np.array([first[name] for name in names], np.int64), np.array([p.size for p in on_chip], np.int64))
    plain, graded = _synapses(network, table, quantised, slots, first, int(source_first[-1]))
    part_table = Parts(
        np.array([names.index(part.population) for part in parts], np.int64),
        part_first,
        np.array([part.size for part in parts], np.int64),
        placement.astype(np.int64),
    )
    for group in (*cells, blocks, plain, graded, rows, routes, part_table, (source_first,)):
        freeze(group)
    # Names and the length of a step are left out: they decide nothing that the arrays do not say.
    structure = (cells, blocks, plain, graded, slots.width, part_table[:3], chip.arithmetic)
    return ChipImage(
        names,
        cells,
        blocks,
        plain,
        graded,
        slots.width,
        rows,
        part_table,
        routes,
        tuple(population.name for population in network.sources),
        source_first,
        chip.arithmetic,
        chip.mesh,
        network.step_ms,
        model_hash=digest(*structure, source_first),
        mesh_hash=digest(repr(chip.mesh), part_table.core, routes),
    )


def _cells(population: Population, tables: Tables, slots: Slots) -> Cells:
    """The tables of a population, as the engine takes them."""
    model = tables.model
    parameters = np.stack([tables.parameters[name] for name in model.parameters._fields])
    if np.all(parameters == parameters[:, :1]):
        parameters = parameters[:, :1].copy()
    return Cells(
        model.name,
        parameters,
        np.stack([tables.state[name] for name in model.state._fields]),
        slots.inputs[population.name],
        stream("noise", population.name),
        np.zeros((0, 0), np.int64) if tables.recorded is None else np.ascontiguousarray(tables.recorded),
        tuple(model.switches(tables.parameters).items()) if model.switches else (),
        (),
        model.origin,
    )


def _synapses(
    network: Network, table: _Table, quantised: Quantised, slots: Slots, first: dict[str, int], n_sources: int
) -> tuple[Synapses, Synapses]:
    """Plain and graded synapses."""
    slot = np.empty(table.target.size, np.int64)
    graded = np.zeros(len(network.projections) + 1, bool)
    for index, projection in enumerate(network.projections):
        graded[index] = quantised.weights[projection.name].format.message_bits > 0
        mine = np.flatnonzero(table.projection == index)
        slot[mine] = slots.of(projection.name, table.target[mine] - first[projection.target], table.delay[mine])
    is_graded = graded[table.projection]
    order = np.lexsort((slot, table.source))  # by slot within a source, where a population has several stretches
    chosen = is_graded[order]
    return (
        _group(table, slot, order[~chosen], n_sources),
        _group(table, slot, order[chosen], n_sources),
    )


def _group(table: _Table, slot: np.ndarray, chosen: np.ndarray, n_sources: int) -> Synapses:
    first = np.searchsorted(table.source[chosen], np.arange(n_sources + 1)).astype(np.int64)
    delay = table.delay[chosen]
    return Synapses(
        first,
        slot[chosen].astype(np.int32),
        table.units[chosen].astype(np.int16),
        delay.astype(np.uint8) if delay.any() else np.empty(0, np.uint8),
    )
