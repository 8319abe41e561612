"""compile_network: a Network and a Chip in, a frozen ChipImage out, with the Mapping and the rounding report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..calibration import Calibration
from ..chip import Chip
from ..compartments import fingerprint, is_built_in
from ..errors import Problem, ProgramError
from ..mapping import MappingOptions
from ..network import DENDRITES, Network, Population
from ..streams import stream
from . import limits
from .demand import inputs_of
from .destinations import axons_out, messages_of
from .expand import expand
from .groups import groups
from .image import Blocks, Cells, ChipImage, CountRows, Parts, digest, freeze
from .lists import dense_synapses
from .partition import PARTITIONERS, Part
from .place import PLACERS
from .quantise import Quantised, Rounding, quantise
from .registers import Tables
from .rows import count_rows
from .slots import Slots, slots
from .table import Table, build
from .trees import apart, lonely, up


@dataclass(frozen=True)
class Mapping:
    """Who sits where, by name.  placement[k]: core of parts[k]; axons_out[core]."""

    parts: tuple[Part, ...]
    placement: tuple[int, ...]
    axons_out: tuple[int, ...]


@dataclass(frozen=True)
class Compiled:
    """An image ready to run, the mapping it came from, and what rounding did.

    The lists of synapses are not kept: expand(network, seed) makes the same ones again.
    """

    image: ChipImage
    mapping: Mapping
    quantised: Rounding


def compile_network(
    network: Network,
    chip: Chip,
    options: MappingOptions | None = None,
    seed: int = 0,
    calibration: Calibration | None = None,
) -> Compiled:
    """Maps a network onto a chip.

    seed: of random connections.  calibration: for the choice of scales, see scales.py.
    Raises ProgramError (connections), QuantisationError (numbers), DoesNotFit (limits).
    """
    options = options or MappingOptions()
    if not network.on_chip:
        raise ProgramError([Problem("the network has no population on the chip", allowed="at least one with 'neuron'")])
    limits.check_extent(network, chip)
    synapses = expand(network, seed)
    quantised = quantise(network, synapses, chip, calibration)
    formats = {name: weights.format for name, weights in quantised.weights.items()}
    sum_shifts = [quantised.weights[projection.name].sum_shift for projection in network.projections]
    first, source_first = _numbering(network)
    table = build(network, synapses, quantised.weights, first, int(source_first[-1]))  # empties both dicts
    inputs = {p.name: inputs_of(network, p.name, table, formats, first) for p in network.on_chip}
    cut = PARTITIONERS[options.partition](network, inputs, chip, options.parts)
    del inputs
    placement = PLACERS[options.placement](cut, chip, options.share_cores)
    parts = _parts(network, cut, placement, first)
    rows = count_rows(table.first, table.target, parts.size)
    rows = rows._replace(dense=dense_synapses(rows, network, table, formats, parts, chip))
    messages = messages_of(rows, parts)
    out = axons_out(messages, parts)
    limits.check(cut, placement, out, chip, limits.fans(network, table, messages, chip))
    spread = lonely(network) + apart(network, parts, first)
    if spread:
        raise ProgramError(spread)
    graded = np.array([formats[projection.name].message_bits > 0 for projection in network.projections], bool)
    image = _image(network, chip, quantised, table, sum_shifts, graded, rows, parts, first, source_first)
    mapping = Mapping(tuple(cut), tuple(int(core) for core in placement), tuple(int(a) for a in out))
    return Compiled(image, mapping, quantised.rounding)


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


def _parts(network: Network, cut: list[Part], placement: np.ndarray, first: dict[str, int]) -> Parts:
    names = [population.name for population in network.on_chip]
    return Parts(
        np.array([names.index(part.population) for part in cut], np.int64),
        np.array([first[part.population] + part.first for part in cut], np.int64),
        np.array([part.size for part in cut], np.int64),
        placement.astype(np.int64),
    )


def _image(
    network: Network,
    chip: Chip,
    quantised: Quantised,
    table: Table,
    sum_shifts: list[int],
    graded_projections: np.ndarray,
    rows: CountRows,
    parts: Parts,
    first: dict[str, int],
    source_first: np.ndarray,
) -> ChipImage:
    names = tuple(population.name for population in network.on_chip)
    on_chip = network.on_chip
    ring = slots(network, first, table, sum_shifts)
    plain, graded, weight_shift = groups(table, graded_projections, ring)
    cells = tuple(
        _cells(population, quantised.registers[population.name], ring, weight_shift, up(network, population, ring))
        for population in on_chip
    )
    blocks = Blocks(np.array([first[name] for name in names], np.int64), np.array([p.size for p in on_chip], np.int64))
    for group in (*cells, blocks, plain, graded, rows, parts, (source_first,)):
        freeze(group)
    # Names and the length of a step are left out: they decide nothing that the arrays do not say.
    structure = (cells, blocks, plain, graded, weight_shift, ring.width, rows.dense, parts[:3], chip.arithmetic)
    return ChipImage(
        names,
        cells,
        blocks,
        plain,
        graded,
        weight_shift,
        ring.width,
        rows,
        parts,
        tuple(population.name for population in network.sources),
        source_first,
        chip.arithmetic,
        chip.mesh,
        network.step_ms,
        model_hash=digest(*structure, source_first),
        mesh_hash=digest(repr(chip.mesh), parts.core),
    )


def _cells(population: Population, tables: Tables, ring: Slots, weight_shift: int, parent: tuple[int, ...]) -> Cells:
    """The tables of a population, as the engine takes them."""
    model = tables.model
    parameters = np.stack([tables.parameters[name] for name in model.parameters._fields])
    if np.all(parameters == parameters[:, :1]):
        parameters = parameters[:, :1].copy()
    passed = [name == DENDRITES for name in model.ports]  # values of dendrites are not shifted as weights are
    inputs = [
        (slot, port, 0 if passed[port] else shift - weight_shift) for slot, port, shift in ring.inputs[population.name]
    ]
    return Cells(
        model.name,
        parameters,
        np.stack([tables.state[name] for name in model.state._fields]),
        np.array(inputs, np.int64),
        stream("noise", population.name),
        np.zeros((0, 0), np.int64) if tables.recorded is None else np.ascontiguousarray(tables.recorded),
        _alike(model.draws(tables.parameters) if model.draws else np.zeros(1, np.int64)),
        tuple(model.switches(tables.parameters).items()) if model.switches else (),
        parent,
        "" if is_built_in(model) else fingerprint(model),
    )


def _alike(values: np.ndarray) -> np.ndarray:
    """One number where all are the same."""
    return values[:1].copy() if np.all(values == values[:1]) else values
