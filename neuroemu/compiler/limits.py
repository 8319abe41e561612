"""Limits: what the mapped network asks of every core, held against the chip, all violations together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..chip import Chip
from ..errors import DoesNotFit, Violation
from ..network import Network
from .image import Parts
from .partition import Part, distinct_sources
from .table import Table

LARGE_COMPARTMENTS, LARGE_SYNAPSES = 2**20, 2**24  # above these a network is not mapped just to say what it exceeds
EXPECTED = 0.9  # of a random projection's expected size: a draw may stay a little below it


def check(
    parts: list[Part], placement: np.ndarray, axons_out: np.ndarray, chip: Chip, found: Sequence[Violation] = ()
) -> None:
    """Raises DoesNotFit with every limit exceeded, those found before included; else returns.

    placement: core of each part.  axons_out: (n_cores at least,) messages one spike of every compartment would send, by core.
    """
    violations = _cores(placement, chip)
    parts_of = Counter(part.population for part in parts)
    on_core: dict[int, list[Part]] = {}
    for part, core in zip(parts, placement.tolist(), strict=True):
        on_core.setdefault(core, []).append(part)
    for core in sorted(on_core):
        violations += _core(core, on_core[core], int(axons_out[core]), parts_of, chip)
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
        found += _worst("fan_in", into, chip.core.fan_in, network, "fewer synapses into each compartment")
    if chip.core.fan_out is not None:
        remedy = "one core for all that it reaches, or a copy of the population for each core"
        found += _worst("fan_out", messages, chip.core.fan_out, network, remedy)
    return found


def _worst(resource: str, each: np.ndarray, available: int, network: Network, remedy: str) -> list[Violation]:
    found, first = [], 0
    for population in network.on_chip:
        here = each[first : first + population.size]
        worst = int(here.argmax())
        if here[worst] > available:
            place = f"compartment {population.name}[{worst}]"
            culprit = f"population '{population.name}'"
            found.append(Violation(resource, int(here[worst]), available, place, culprit, f"Try {remedy}."))
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
        violations.append(
            _whole_chip("compartments", sum(compartments.values()), most, f"population '{largest}'", chip)
        )
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
        violations.append(_whole_chip("synapse_words", needed, most, f"projection '{heaviest}'", chip))
    if violations:
        raise DoesNotFit(violations, chip.name)


def _whole_chip(resource: str, needed: int, available: int, culprit: str, chip: Chip) -> Violation:
    times = math.ceil(needed / available)
    width = chip.mesh.width * times
    remedy = f"Try a mesh with {times} times as many tiles (--set chip.mesh.width={width}), or a smaller network."
    return Violation(resource, needed, available, "the chip", culprit, remedy)


def _cores(placement: np.ndarray, chip: Chip) -> list[Violation]:
    needed, available = np.unique(placement).size, chip.mesh.n_cores
    if needed <= available:
        return []
    times = math.ceil(needed / available)
    return [
        Violation(
            "cores",
            needed,
            available,
            "the chip",
            "the network as a whole",
            f"Try a mesh with {times} times as many tiles (--set chip.mesh.width={chip.mesh.width * times}) "
            "or fewer compartments.",
        )
    ]


def _core(core: int, parts: list[Part], axons_out: int, parts_of: Counter[str], chip: Chip) -> list[Violation]:
    limits = chip.core
    place = f"core {core}"
    found = []
    largest = max(parts, key=lambda part: part.size)
    more = math.ceil(parts_of[largest.population] * max(2.0, axons_out / limits.axons_out))

    def exceeded(resource: str, needed: int, available: int, culprit: str, remedy: str) -> None:
        if needed > available:
            found.append(Violation(resource, needed, available, place, culprit, remedy))

    exceeded("compartments", sum(p.size for p in parts), limits.compartments, largest.population, "Try more parts.")
    axons_in = distinct_sources(parts)
    most = max(parts, key=lambda part: part.demand.axons_in)
    exceeded(
        "axons_in",
        axons_in,
        limits.axons_in,
        f"population '{most.population}' with {most.demand.axons_in} sources",
        f"'{most.name}' cannot be cut further; try fewer sources a compartment, or a chip with more input axons.",
    )
    words: dict[str, int] = {}
    for part in parts:
        for name, count in part.demand.words_by_projection.items():
            words[name] = words.get(name, 0) + count
    heaviest = max(words, key=lambda name: words[name], default="")
    exceeded(
        "synapse_words",
        sum(words.values()),
        limits.synapse_words,
        f"projection '{heaviest}' with {words.get(heaviest, 0)} words",
        f"Try fewer bits for '{heaviest}', or a chip with more synapse memory.",
    )
    exceeded(
        "axons_out",
        axons_out,
        limits.axons_out,
        f"population '{largest.population}'",
        f"Try mapping.parts: {{{largest.population}: {more}}} and mapping.share_cores: false.",
    )
    return found
