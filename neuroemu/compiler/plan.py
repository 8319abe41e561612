"""Plan: populations cut into parts, parts on cores, and whether that fits.

draft() makes of a network everything that no mapping decides; lay() maps a draft, as often as somebody wants to try.
Output axons depend on where the targets lie, which nobody knows while parts are cut and placed: where a core has too few,
parts are placed again by the most that each may need, and cut finer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..chip import Chip
from ..errors import Problem, ProgramError
from ..mapping import MappingOptions
from ..network import Network, WeightFormat
from . import limits
from .configs import configs
from .demand import Inputs, inputs_of
from .destinations import axons_out, messages_of
from .expand import expand
from .image import CountRows, Parts
from .partition import PARTITIONERS, Part
from .place import PLACERS
from .quantise import Quantised, quantise
from .rows import count_rows
from .table import Table, build
from .trees import apart, lonely

ROUNDS = 6  # of cutting finer; each at least doubles what is too small, so that 2**6 times as many parts are tried
BLIND = ("equal",)  # partitioners that do not look at the mesh
Stage = Callable[[str], None]


@dataclass(frozen=True)
class Draft:
    """A network in the chip's integers, not yet mapped.

    formats: by projection.  first: number of the first source by population.  source_first: bounds of the host's channels.
    inputs: by population.  cuts: what was cut from it so far (cut()).
    """

    network: Network
    quantised: Quantised
    formats: dict[str, WeightFormat]
    sum_shifts: list[int]
    table: Table
    first: dict[str, int]
    source_first: np.ndarray
    inputs: dict[str, Inputs]
    cuts: dict[tuple[object, ...], list[Part]] = field(default_factory=dict)


@dataclass(frozen=True)
class Laid:
    """A mapping.  placement: core of each of cut.  rows, parts: as in the image.

    messages: that a spike of each compartment sends.  out: axons out of each part.
    """

    cut: list[Part]
    placement: np.ndarray
    parts: Parts
    rows: CountRows
    messages: np.ndarray
    out: np.ndarray


def draft(network: Network, chip: Chip, seed: int, stage: Stage) -> Draft:
    """Raises ProgramError (connections), QuantisationError (numbers)."""
    stage("connections")
    synapses = expand(network, seed)
    stage("quantising")
    quantised = quantise(network, synapses, chip)
    formats = {name: weights.format for name, weights in quantised.weights.items()}
    sum_shifts = [quantised.weights[projection.name].sum_shift for projection in network.projections]
    first, source_first = _numbering(network)
    stage("sorting synapses")
    table = build(network, synapses, quantised.weights, first, int(source_first[-1]))  # empties both dicts
    numbers = configs(quantised.registers)
    share = "shared" in chip.synapse.lists
    inputs = {
        p.name: inputs_of(network, p.name, table, formats, first, numbers[p.name], share) for p in network.on_chip
    }
    return Draft(network, quantised, formats, sum_shifts, table, first, source_first, inputs)


def lay(given: Draft, chip: Chip, options: MappingOptions, stage: Stage) -> Laid:
    """The draft mapped. Raises DoesNotFit with all that it exceeds as the options have it, ProgramError (dendritic trees)."""
    laid = first = _once(given, chip, options, False, stage)
    for _ in range(ROUNDS):
        over = _too_many_out(laid, chip)
        if not over:
            break
        options = _finer(given.network, laid, over, options, chip)
        laid = _once(given, chip, options, True, stage)
    laid = first if _too_many_out(laid, chip) else laid
    fans = limits.fans(given.network, given.table, laid.messages, chip)
    limits.check(laid.cut, laid.placement, laid.out, chip, fans)
    spread: list[Problem] = lonely(given.network) + apart(given.network, laid.parts, given.first)
    if spread:
        raise ProgramError(spread)
    return laid


def _once(given: Draft, chip: Chip, options: MappingOptions, plan_out: bool, stage: Stage) -> Laid:
    """plan_out: whether parts are placed by the axons out that each may need."""
    stage("partition")
    cut = cut_of(given, chip, options)
    stage("placement")
    if plan_out:
        rows, parts = _rows(given, cut, np.arange(len(cut)))  # as if each had a core of its own
        most = axons_out(messages_of(rows, parts), parts).tolist()
        planned = [replace(p, demand=replace(p.demand, axons_out=out)) for p, out in zip(cut, most, strict=True)]
        placement = PLACERS[options.placement](planned, chip, options.share_cores)
        parts = parts._replace(core=placement.astype(np.int64))
    else:
        placement = PLACERS[options.placement](cut, chip, options.share_cores)
        rows, parts = _rows(given, cut, placement)
    messages = messages_of(rows, parts)
    return Laid(cut, placement, parts, rows, messages, axons_out(messages, parts))


def cut_of(given: Draft, chip: Chip, options: MappingOptions) -> list[Part]:
    """The parts of a draft; cut once for all meshes where the partitioner does not look at them."""
    mesh = None if options.partition in BLIND else chip.mesh
    key = (options.partition, chip.core, chip.synapse, mesh, tuple(sorted(options.parts.items())))
    if key not in given.cuts:
        while len(given.cuts) > 1:  # the first, which others come back to, and one more: each is as large as the table
            given.cuts.popitem()
        given.cuts[key] = PARTITIONERS[options.partition](given.network, given.inputs, chip, options.parts)
    return given.cuts[key]


def _rows(given: Draft, cut: list[Part], placement: np.ndarray) -> tuple[CountRows, Parts]:
    names = [population.name for population in given.network.on_chip]
    parts = Parts(
        np.array([names.index(part.population) for part in cut], np.int64),
        np.array([given.first[part.population] + part.first for part in cut], np.int64),
        np.array([part.size for part in cut], np.int64),
        placement.astype(np.int64),
    )
    return count_rows(given.table.first, given.table.target, parts.size), parts


def _too_many_out(laid: Laid, chip: Chip) -> dict[int, float]:
    """The cores that need more axons out than they have, and how many times as many."""
    on_core = np.bincount(laid.placement, laid.out)
    return {int(core): on_core[core] / chip.core.axons_out for core in np.flatnonzero(on_core > chip.core.axons_out)}


def _finer(network: Network, laid: Laid, over: dict[int, float], options: MappingOptions, chip: Chip) -> MappingOptions:
    """More parts of every population that alone needs more than a core has."""
    wanted = dict(options.parts)
    for part, out in zip(laid.cut, laid.out.tolist(), strict=True):
        if out > chip.core.axons_out:
            now = sum(other.population == part.population for other in laid.cut)
            more = math.ceil(now * max(out / chip.core.axons_out, 1.5))
            wanted[part.population] = max(wanted.get(part.population, 1), min(more, network[part.population].size))
    return replace(options, parts=wanted)


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
