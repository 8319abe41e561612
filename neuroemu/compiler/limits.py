"""Limits: what the mapped network asks of every core, held against the chip, all violations together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..chip import Chip
from ..errors import DoesNotFit, Violation
from ..network import Network
from .demand import Demand, together, use
from .image import Parts
from .partition import Part
from .table import Table

LARGE_COMPARTMENTS, LARGE_SYNAPSES = 2**20, 2**24  # above these a network is not mapped just to say what it exceeds
EXPECTED = 0.9  # of a random projection's expected size: a draw may stay a little below it


def check(
    parts: list[Part], placement: np.ndarray, axons_out: np.ndarray, chip: Chip, found: Sequence[Violation] = ()
) -> None:
    """Raises DoesNotFit with every limit exceeded, those found before included; else returns.

    placement: core of each part.  axons_out: messages that one spike of every compartment of each part would send.
    """
    violations = _cores(placement, chip)
    on_core: dict[int, list[Part]] = {}
    for part, core, out in zip(parts, placement.tolist(), axons_out.tolist(), strict=True):
        exactly = replace(part, demand=replace(part.demand, axons_out=out))
        on_core.setdefault(core, []).append(exactly)
    beyond: dict[str, list[tuple[int, Violation]]] = {}
    for core in sorted(on_core):
        for violation in _core(core, on_core[core], chip):
            if core < chip.mesh.n_cores:
                violations.append(violation)
            else:
                beyond.setdefault(violation.resource, []).append((core, violation))
    violations += [_together(listed) for listed in beyond.values()]
    violations += found
    if violations:
        raise DoesNotFit(violations, chip.name)


def fans(network: Network, table: Table, messages: np.ndarray, chip: Chip, parts: Parts) -> list[Violation]:
    """Limits of single compartments, on chips that have any: of each population its worst.

    messages: (n_compartments,) that a spike of each would send, in the order of the parts as the table is.
    """
    found, n = [], messages.size
    messages = parts.to_numbers(messages)
    if chip.core.fan_in is not None:
        into = parts.to_numbers(np.bincount(table.target, minlength=n)[:n])
        found += _worst("fan_in", into, chip.core.fan_in, network)
    if chip.core.fan_out is not None:
        found += _worst("fan_out", messages, chip.core.fan_out, network)
    return found


def _worst(resource: str, each: np.ndarray, available: int, network: Network) -> list[Violation]:
    found, first = [], 0
    for population in network.on_chip:
        here = each[first : first + population.size]
        worst = int(here.argmax())
        if here[worst] > available:
            place = f"compartment {population.name}[{worst}]"
            culprit = f"population '{population.name}'"
            found.append(Violation(resource, int(here[worst]), available, place, culprit))
        first += population.size
    return found


def check_extent(network: Network, chip: Chip) -> None:
    """Raises DoesNotFit where a large network exceeds the whole chip whatever the mapping, before anything is made of it.

    Counts compartments, and the bits that the weights alone would take. Smaller networks are mapped first, so that all that
    they exceed is said together.
    """
    violations = []
    compartments = {population.name: population.size for population in network.on_chip}
    most = chip.mesh.n_cores * chip.core.compartments
    if sum(compartments.values()) > max(most, LARGE_COMPARTMENTS):
        largest = max(compartments, key=lambda name: compartments[name])
        culprit = f"population '{largest}'"
        violations.append(Violation("compartments", sum(compartments.values()), most, "the chip", culprit))
    counts = {
        projection.name: projection.connector.count(network[projection.source].shape, network[projection.target].shape)
        for projection in network.projections
    }
    words = {
        projection.name: counts[projection.name]
        * (projection.format.bits if projection.format else projection.bits)
        / chip.core.word_bits
        for projection in network.projections
    }
    most = chip.mesh.n_cores * chip.core.synapse_words
    needed = math.ceil(sum(words.values()) * EXPECTED)
    if sum(counts.values()) > LARGE_SYNAPSES and needed > most:
        heaviest = max(words, key=lambda name: words[name])
        violations.append(Violation("synapse_words", needed, most, "the chip", f"projection '{heaviest}'"))
    if violations:
        times = max(math.ceil(v.needed / v.available) for v in violations)
        note = f"It needs at least {times} of these chips. No change was tried: a network of this size is not mapped for that."
        raise DoesNotFit(violations, chip.name, note=note)


def _cores(placement: np.ndarray, chip: Chip) -> list[Violation]:
    """Cores that are missing, and on a board of several chips the chips."""
    needed, available, n_chips = np.unique(placement).size, chip.mesh.n_cores, chip.mesh.n_chips
    if placement.max() >= available:  # a mapping that was given may leave cores out
        needed = int(placement.max()) + 1
    if needed <= available:
        return []
    found = [Violation("cores", needed, available, "the chip", "the network as a whole")]
    if n_chips > 1:
        chips = math.ceil(needed / (available // n_chips))
        found.append(Violation("chips", chips, n_chips, "the board", "the network as a whole"))
    return found


def _together(listed: list[tuple[int, Violation]]) -> Violation:
    """One for all cores that the chip has not: the worst of them, at the first to the last."""
    cores = [core for core, _ in listed]
    worst = max((violation for _, violation in listed), key=lambda violation: violation.needed)
    return worst if len(cores) == 1 else replace(worst, place=f"cores {cores[0]}..{cores[-1]}")


def _core(core: int, parts: list[Part], chip: Chip) -> list[Violation]:
    """What the parts on a core exceed together; the culprit is who alone needs most."""
    load = together([part.demand for part in parts])
    found, limits = [], vars(chip.core)
    for resource, needed in use(load).items():
        available = limits[resource]
        if available is not None and needed > available:
            culprit = _heaviest(load) if resource == "synapse_words" else _largest(parts, resource)
            found.append(Violation(resource, needed, available, f"core {core}", culprit))
    return found


def _heaviest(demand: Demand) -> str:
    name, words = max(demand.words_by_projection.items(), key=lambda item: item[1])
    return f"projection '{name}' with {words:,} words"


def _largest(parts: list[Part], resource: str) -> str:
    each = [use(part.demand)[resource] for part in parts]
    part = parts[each.index(max(each))]
    return f"population '{part.population}'" + (f" with {max(each):,}, in {part.name}" if len(parts) > 1 else "")
