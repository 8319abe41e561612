"""compile_network: a Network and a Chip in, a frozen ChipImage out, with the Mapping and the rounding report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chip import Chip
from ..connect import Draws, SynapseList
from ..errors import Problem, ProgramError
from ..mapping import MappingOptions
from ..network import LifRegisters, Network
from ..streams import stream
from . import limits
from .demand import Inputs
from .image import (
    Blocks,
    ChipImage,
    Compartments,
    CountRows,
    Noise,
    Parts,
    Routes,
    Synapses,
    digest,
    freeze,
)
from .partition import PARTITIONERS, Part
from .place import PLACERS
from .quantise import Quantised, quantise


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
    image = _image(network, chip, quantised, table, rows, routes, parts, part_first, placement, first, source_first)
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
    first: dict[str, int],
    source_first: np.ndarray,
) -> ChipImage:
    on_chip = network.on_chip
    names = tuple(population.name for population in on_chip)
    compartments = Compartments(
        *(np.concatenate([quantised.registers[name][k] for name in names]) for k in range(len(Compartments._fields)))
    )
    blocks, noise = _blocks(network, first)
    plain, graded, shifts = _synapses(network, table, quantised, compartments.u.size, int(source_first[-1]))
    part_table = Parts(
        np.array([names.index(part.population) for part in parts], np.int64),
        part_first,
        np.array([part.size for part in parts], np.int64),
        placement.astype(np.int64),
    )
    for group in (compartments, blocks, noise, plain, graded, rows, routes, part_table, (shifts, source_first)):
        freeze(group)
    # Names and the length of a step are left out: they decide nothing that the arrays do not say.
    structure = (compartments, blocks, noise, plain, graded, shifts, part_table[:3], chip.arithmetic)
    return ChipImage(
        names,
        compartments,
        blocks,
        noise,
        plain,
        graded,
        shifts,
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


def _blocks(network: Network, first: dict[str, int]) -> tuple[Blocks, Noise]:
    rows, enabled, draws, column = [], [], [], 0
    for population in network.on_chip:
        model, n = population.model, population.size
        noise = model.noise if isinstance(model, LifRegisters) else None
        interval, offset = (model.reset_interval, model.reset_offset) if isinstance(model, LifRegisters) else (0, 0)
        recorded = noise is not None and noise.draws is not None
        rows.append(
            (
                first[population.name],
                n,
                interval,
                offset,
                noise.exponent if noise else 0,
                noise.mantissa if noise else 0,
                int(noise.at_membrane) if noise else 0,
                stream("noise", population.name) if noise else 0,
                column if recorded else -1,
            )
        )
        enabled.append(np.broadcast_to(np.asarray(noise.enable if noise else False, np.uint8), (n,)))
        if noise is not None and noise.draws is not None:
            draws.append(np.asarray(noise.draws, np.int64))
            column += n
    n_rows = min((table.shape[0] for table in draws), default=0)
    recorded_draws = (
        np.concatenate([table[:n_rows] for table in draws], axis=1) if draws else np.zeros((0, 0), np.int64)
    )
    table = np.array(rows, np.int64)
    return Blocks(*(np.ascontiguousarray(table[:, k]) for k in range(table.shape[1]))), Noise(
        np.concatenate(enabled), recorded_draws
    )


def _synapses(
    network: Network, table: _Table, quantised: Quantised, n: int, n_sources: int
) -> tuple[Synapses, Synapses, np.ndarray]:
    """Plain and graded synapses, and the shifts of the extra accumulators.

    Where the exponent belongs to the sum (compatibility with Lava), the projection gets accumulators of its own, one a
    delay value as Lava has them: targets k*n .. (k+1)*n-1 of a ring row.
    """
    shifts: list[int] = []
    target = table.target.copy()
    graded = np.zeros(len(network.projections) + 1, bool)
    for index, projection in enumerate(network.projections):
        weights = quantised.weights[projection.name]
        graded[index] = weights.format.message_bits > 0
        if weights.sum_shift:
            mine = np.flatnonzero(table.projection == index)
            for delay in np.unique(table.delay[mine]):
                shifts.append(weights.sum_shift)
                target[mine[table.delay[mine] == delay]] += n * len(shifts)
    is_graded = graded[table.projection]
    return (
        _group(table, target, np.flatnonzero(~is_graded), n_sources),
        _group(table, target, np.flatnonzero(is_graded), n_sources),
        np.array(shifts, np.int64),
    )


def _group(table: _Table, target: np.ndarray, chosen: np.ndarray, n_sources: int) -> Synapses:
    first = np.searchsorted(table.source[chosen], np.arange(n_sources + 1)).astype(np.int64)
    delay = table.delay[chosen]
    return Synapses(
        first,
        target[chosen].astype(np.int32),
        table.units[chosen].astype(np.int16),
        delay.astype(np.uint8) if delay.any() else np.empty(0, np.uint8),
    )
