"""compile_network: a Network and a Chip in, a frozen ChipImage out, with the Mapping and the rounding report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..calibration import Calibration
from ..chip import Chip
from ..compartments import fingerprint, is_built_in
from ..errors import DoesNotFit, Problem, ProgramError
from ..mapping import MappingOptions
from ..network import DENDRITES, Network, Population
from ..streams import stream
from . import limits
from .draft import Draft, Stage, draft
from .groups import MOST_SHIFT, groups
from .image import Blocks, Cells, ChipImage, CountRows, Parts, digest, freeze
from .lists import rows_by_kind
from .partition import Part
from .plan import Laid, lay
from .plastic import is_plastic, plastic, shifts_of
from .quantise import Rounding
from .registers import Tables
from .remedies import Case, search
from .slots import Slots, slots
from .trees import up


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
    from_cache: whether it was compiled by an earlier run.
    """

    image: ChipImage
    mapping: Mapping
    quantised: Rounding
    from_cache: bool = False


def compile_network(
    network: Network,
    chip: Chip,
    options: MappingOptions | None = None,
    seed: int = 0,
    weight: np.ndarray | None = None,
    border: float = 0.0,
    calibration: Calibration | None = None,
    remedies: bool = True,
    stage: Stage = lambda name: None,
) -> Compiled:
    """Maps a network onto a chip.

    seed: of random connections, and of mapping.  weight: (n_sources,) how often each source is taken to spike, by the user's
    numbers; None takes all as alike.  border: what a link between chips counts more than another, in hops.
    calibration: for the choice of scales, see scales.py.
    remedies: whether to look for some where it does not fit, which maps it anew a few times.  stage: is told the name of each
    stage.
    Raises ProgramError (connections), QuantisationError (numbers), DoesNotFit (limits).
    """
    options = options or MappingOptions()
    if not network.on_chip:
        raise ProgramError([Problem("the network has no population on the chip", allowed="at least one with 'neuron'")])
    limits.check_extent(network, chip)
    made = draft(network, chip, seed, stage, weight, border, calibration)
    try:
        laid = lay(made, chip, options, stage)
    except DoesNotFit as error:
        if not remedies:
            raise
        stage("looking for what would fit")
        raise search(Case(network, chip, options, seed, error), made) from None
    made.cuts.clear()  # as large as the table
    stage("packing")
    rows = rows_by_kind(laid.rows, network, laid.cut.table, made.formats, laid.parts, chip, made.first)
    stage("image")
    image = _image(made, chip, laid, rows)
    on_core = np.bincount(laid.placement, laid.out).astype(np.int64).tolist()
    mapping = Mapping(tuple(laid.cut.parts), tuple(laid.placement.tolist()), tuple(on_core))
    return Compiled(image, mapping, made.quantised.rounding)


def first_on_host(network: Network) -> int:
    """The number of the first source that is not on the chip: the count of compartments."""
    return sum(population.size for population in network.on_chip)


def _image(made: Draft, chip: Chip, laid: Laid, rows: CountRows) -> ChipImage:
    network, quantised, table, first, parts = made.network, made.quantised, laid.cut.table, made.first, laid.parts
    graded_projections = np.array([made.formats[p.name].message_bits > 0 for p in network.projections], bool)
    names = tuple(population.name for population in network.on_chip)
    on_chip = network.on_chip
    ring = slots(network, first, table, made.sum_shifts)
    learns = is_plastic(network)
    shifts = shifts_of(network, made.formats, made.sum_shifts)
    finest = min((0 if right else left for left, right in shifts.values()), default=MOST_SHIFT)
    plain, graded, weight_shift = groups(table, graded_projections, ring, learns, min(finest, MOST_SHIFT))
    plastics = (
        plastic(network, chip, made.formats, shifts, table, first, ring, parts, weight_shift) if learns.any() else ()
    )
    cells = tuple(
        _cells(
            population,
            quantised.registers[population.name],
            ring,
            weight_shift,
            up(network, population, ring),
            _order(parts, first[population.name], population.size),
        )
        for population in on_chip
    )
    blocks = Blocks(np.array([first[name] for name in names], np.int64), np.array([p.size for p in on_chip], np.int64))
    for group in (*cells, *plastics, blocks, plain, graded, rows, parts, (made.source_first,)):
        freeze(group)
    # Names and the length of a step are left out: they decide nothing that the arrays do not say.
    order = (parts.number,) if parts.number.size else ()
    structure = (
        cells,
        blocks,
        plain,
        graded,
        weight_shift,
        ring.width,
        rows[3:],
        (*parts[:3], *order),
        chip.arithmetic,
        *((plastics,) if plastics else ()),
    )
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
        made.source_first,
        chip.arithmetic,
        chip.mesh,
        network.step_ms,
        plastics,
        model_hash=digest(*structure, made.source_first),
        mesh_hash=digest(repr(chip.mesh), parts.core),
    )


def _order(parts: Parts, first: int, size: int) -> slice | np.ndarray:
    """Which columns of the user's tables stand where in the image."""
    return parts.number[first : first + size] - first if parts.number.size else slice(None)


def _cells(
    population: Population,
    tables: Tables,
    ring: Slots,
    weight_shift: int,
    parent: tuple[int, ...],
    order: slice | np.ndarray,
) -> Cells:
    """The tables of a population, as the engine takes them."""
    model = tables.model
    parameters = np.stack([tables.parameters[name] for name in model.parameters._fields])[:, order]
    if np.all(parameters == parameters[:, :1]):
        parameters = parameters[:, :1].copy()
    passed = [name == DENDRITES for name in model.ports]  # values of dendrites are not shifted as weights are
    inputs = [
        (slot, port, 0 if passed[port] else shift - weight_shift) for slot, port, shift in ring.inputs[population.name]
    ]
    return Cells(
        model.name,
        parameters,
        np.ascontiguousarray(np.stack([tables.state[name] for name in model.state._fields])[:, order]),
        np.array(inputs, np.int64),
        stream("noise", population.name),
        np.zeros((0, 0), np.int64) if tables.recorded is None else np.ascontiguousarray(tables.recorded),
        _alike(model.draws(tables.parameters)[order] if model.draws else np.zeros(1, np.int64)),
        tuple(model.switches(tables.parameters).items()) if model.switches else (),
        parent,
        "" if is_built_in(model) else fingerprint(model),
    )


def _alike(values: np.ndarray) -> np.ndarray:
    """One number where all are the same."""
    return values[:1].copy() if np.all(values == values[:1]) else values
