"""Plastic projections of an image: their synapses as the learning engine walks them, and the tables of their rules."""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..learning.tables import tables
from ..network import Network, Projection, WeightFormat
from .image import Parts, Plastic
from .slots import Slots
from .table import Table
from .weights import lost_bits


def is_plastic(network: Network) -> np.ndarray:
    """(projections,) bool."""
    return np.array([projection.learning is not None for projection in network.projections], bool)


def shifts_of(network: Network, formats: dict[str, WeightFormat], sum_shifts: list[int]) -> dict[str, tuple[int, int]]:
    """By plastic projection (left, right): its weights are delivered as weight << left >> right, in units of 2**6."""
    found = {}
    for projection, on_sum in zip(network.projections, sum_shifts, strict=True):
        if projection.learning is not None:
            exponent = 0 if on_sum else formats[projection.name].exponent
            found[projection.name] = (max(exponent, 0), max(-exponent, 0))
    return found


def plastic(
    network: Network,
    chip: Chip,
    formats: dict[str, WeightFormat],
    shifts: dict[str, tuple[int, int]],
    table: Table,
    first: dict[str, int],
    slots: Slots,
    parts: Parts,
    weight_shift: int,
) -> tuple[Plastic, ...]:
    """table: in the image's order.  first: number of the first source of each population.

    weight_shift: what all weights in the ring are divided by; no `left` is smaller where there is no `right`.
    """
    names = [population.name for population in network.on_chip]
    found = []
    for index, projection in enumerate(network.projections):
        if projection.learning is None:
            continue
        pre, post = network[projection.source], network[projection.target]
        low, high = first[pre.name], first[pre.name] + pre.size
        begin, end = int(table.first[low]), int(table.first[high])
        mine = np.flatnonzero(table.projections(slice(begin, end)) == index) + begin
        source = np.repeat(np.arange(pre.size), np.diff(table.first[low : high + 1]))[mine - begin]
        target = table.target[mine]
        delay = table.delay[mine] if table.delay.size else np.zeros(mine.size, np.uint8)
        format, (left, right) = formats[projection.name], shifts[projection.name]
        found.append(
            Plastic(
                projection.name,
                low,
                names.index(post.name),
                np.concatenate([[0], np.cumsum(np.bincount(source, minlength=pre.size))]).astype(np.int64),
                (target - first[post.name]).astype(np.int32),
                slots.of(target, np.full(mine.size, index), delay).astype(np.int32),
                table.units[mine].astype(np.int16),
                delay.astype(np.int16),
                _tags(
                    projection, source, target - first[post.name], parts, (low, first[post.name]), (pre.size, post.size)
                ),
                _numbers(parts, low, pre.size),
                _numbers(parts, first[post.name], post.size),
                left,
                right,
                weight_shift,
                tables(
                    projection.learning,
                    format.sign_mode,
                    lost_bits(format.bits, format.sign_mode),
                    chip.synapse.delay_max,
                ),
            )
        )
    return tuple(found)


def _tags(
    projection: Projection,
    source: np.ndarray,
    target: np.ndarray,
    parts: Parts,
    first: tuple[int, int],
    size: tuple[int, int],
) -> np.ndarray:
    """(n,) int16 the tags before step 1."""
    assert projection.learning is not None
    given = np.asarray(projection.learning.tag)
    if given.ndim == 0:
        return np.full(source.size, given, np.int16)
    pre, post = (_numbers(parts, *each) for each in zip(first, size, strict=True))
    return given[post[target], pre[source]].astype(np.int16)


def _numbers(parts: Parts, first: int, size: int) -> np.ndarray:
    """(size,) int64 the user's index of each member of a population, in the image's order."""
    if parts.number.size and first < parts.number.size:
        return parts.number[first : first + size] - first
    return np.arange(size, dtype=np.int64)
