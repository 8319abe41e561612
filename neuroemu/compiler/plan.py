"""Plan: a draft's compartments on cores, and whether that fits.

lay() maps a draft, as often as somebody wants to try. Output axons depend on where the targets lie, which nobody knows while
stretches are cut and placed: where a core has too few, they are gathered again by the most that each may need, and cut finer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..chip import Chip
from ..errors import Problem, ProgramError
from ..mapping import MappingOptions
from ..network import Network
from . import limits
from .cut import Cut
from .destinations import axons_out, messages_of
from .draft import Draft, Stage
from .image import CountRows, Parts
from .mapper import mapped
from .partition import STRETCHES, wide_of
from .rows import count_rows
from .trees import apart, lonely

ROUNDS = 6  # of cutting finer; each at least doubles what is too small, so that 2**6 times as many parts are tried


@dataclass(frozen=True)
class Laid:
    """A mapping.  placement: core of each of the cut's parts.  rows, parts: as in the image.

    messages: that a spike of each compartment sends, in the image's order.  out: axons out of each part.
    """

    cut: Cut
    placement: np.ndarray
    parts: Parts
    rows: CountRows
    messages: np.ndarray
    out: np.ndarray


def lay(given: Draft, chip: Chip, options: MappingOptions, stage: Stage) -> Laid:
    """The draft mapped. Raises DoesNotFit with all that it exceeds as the options have it, ProgramError (dendritic trees)."""
    laid = first = _once(given, chip, options, False, stage)
    for _ in range(ROUNDS if options.seats is None and options.partition in STRETCHES else 0):
        if not _too_many_out(laid, chip):
            break
        options = _finer(given.network, laid, options, chip)
        laid = _once(given, chip, options, True, stage)
    laid = first if _too_many_out(laid, chip) else laid
    fans = limits.fans(given.network, laid.cut.table, laid.messages, chip, laid.parts)
    limits.check(laid.cut.parts, laid.placement, laid.out, chip, fans)
    spread: list[Problem] = lonely(given.network) + apart(given.network, laid.parts, given.first)
    if spread:
        raise ProgramError(spread)
    return laid


def _once(given: Draft, chip: Chip, options: MappingOptions, plan_out: bool, stage: Stage) -> Laid:
    """plan_out: whether parts share cores by the axons out that each may need."""
    cut, core = mapped(given, chip, options, plan_out, stage)
    placement = core[cut.block]
    parts = _parts(given, cut, placement)
    rows = count_rows(cut.table.first, cut.table.target, parts.size)
    messages = messages_of(rows, parts)
    return Laid(cut, placement, parts, rows, messages, axons_out(messages, parts, wide_of(cut.parts)))


def _parts(given: Draft, cut: Cut, placement: np.ndarray) -> Parts:
    names = [population.name for population in given.network.on_chip]
    return Parts(
        np.array([names.index(part.population) for part in cut.parts], np.int64),
        np.array([given.first[part.population] + part.first for part in cut.parts], np.int64),
        np.array([part.size for part in cut.parts], np.int64),
        placement.astype(np.int64),
        cut.number.astype(np.int64),
    )


def _too_many_out(laid: Laid, chip: Chip) -> bool:
    """Whether a core needs more axons out than it has."""
    return bool(np.any(np.bincount(laid.placement, laid.out) > chip.core.axons_out))


def _finer(network: Network, laid: Laid, options: MappingOptions, chip: Chip) -> MappingOptions:
    """More parts of every population that alone needs more than a core has."""
    wanted = dict(options.parts)
    for part, out in zip(laid.cut.parts, laid.out.tolist(), strict=True):
        if out > chip.core.axons_out:
            now = sum(other.population == part.population for other in laid.cut.parts)
            more = math.ceil(now * max(out / chip.core.axons_out, 1.5))
            wanted[part.population] = max(wanted.get(part.population, 1), min(more, network[part.population].size))
    return replace(options, parts=wanted)
