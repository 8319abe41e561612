"""The table: every synapse that is kept, source-major. From here on the projections' own lists are not needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..connect import SynapseList
from ..network import Network
from ..pieces import different, pieces, unsigned_for
from .sort import by_source
from .weights import Weights


@dataclass(frozen=True)
class Table:
    """Synapses of source s: first[s]..first[s+1], targets ascending; those of one pair in the order of their projections.

    first: (n_sources + 1,) int64.  target: (n,) int32 compartment.  units: (n,) int16, or int64 where a profile allows more.
    delay: (n,) the smallest unsigned type, or empty where every delay is 0.
    projection: (n,) the smallest unsigned type, or empty where there is only one, which is number 0.
    delays: by projection, the different delays of its synapses, ascending.
    number: (n_compartments,) the user's number of each where they stand in another order (reorder.py), else empty.
    """

    first: np.ndarray
    target: np.ndarray
    units: np.ndarray
    delay: np.ndarray
    projection: np.ndarray
    delays: tuple[np.ndarray, ...]
    number: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def n_sources(self) -> int:
        return self.first.size - 1

    def projections(self, piece: slice) -> np.ndarray:
        """Projection numbers of a piece, where `projection` may be empty."""
        return self.projection[piece] if self.projection.size else np.zeros(piece.stop - piece.start, np.uint8)

    def delays_of(self, piece: slice) -> np.ndarray:
        """Delays of a piece, where `delay` may be empty."""
        return self.delay[piece] if self.delay.size else np.zeros(piece.stop - piece.start, np.uint8)


def build(
    network: Network,
    synapses: dict[str, SynapseList],
    weights: dict[str, Weights],
    first: dict[str, int],
    n_sources: int,
) -> Table:
    """The table of a network's synapses; a weight that rounds to zero is no synapse, unless it may learn.

    synapses, weights: by projection; emptied here, as both together would not fit beside the table's columns.
    first: number of the first source of each population.
    """
    projections = network.projections
    whole = frozenset(p.name for p in projections if p.learning is not None)
    delays = tuple(_delays_used(synapses[p.name].delay, weights[p.name].units, p.name in whole) for p in projections)
    longest = max((int(used.max()) for used in delays if used.size), default=0)
    wide = any(weights[p.name].units.dtype != np.int16 for p in projections)
    packing = _Packing(longest.bit_length(), max(len(projections) - 1, 0).bit_length(), wide)
    # Numbers from the first population on that is joined: a single list can be sorted as it is.
    low_source, low_target = (
        min((first[end] for end in ends), default=0)
        for ends in ([p.source for p in projections], [p.target for p in projections])
    )
    offsets = {p.name: (first[p.source] - low_source, first[p.target] - low_target) for p in projections}
    end_source = max((first[p.source] + network[p.source].size for p in projections), default=0)
    end_target = max((first[p.target] + network[p.target].size for p in projections), default=0)
    columns = _columns(network, synapses, weights, offsets, packing, whole)
    n = columns[0].size
    bounds, target, packed = by_source(columns, end_source - low_source, end_target - low_target)
    if low_target:
        target += np.int32(low_target)
    ahead, behind = np.zeros(low_source, np.int64), np.full(n_sources - end_source, n, np.int64)
    return Table(np.concatenate([ahead, bounds, behind]), target, *packing.unpacked(packed), delays)


def _delays_used(delay: np.ndarray, units: np.ndarray, whole: bool) -> np.ndarray:
    """The different delays of the synapses whose weight is not zero, ascending; of all of them where all are kept."""
    if whole:
        return np.unique(different(delay))
    if different(delay).size < delay.size:
        return delay[:1] if np.any(different(units)) else delay[:0]
    found = [np.empty(0, np.int64)]
    for piece in pieces(delay.size):
        found.append(np.unique(delay[piece][units[piece] != 0]))
    return np.unique(np.concatenate(found))


def _columns(
    network: Network,
    synapses: dict[str, SynapseList],
    weights: dict[str, Weights],
    offsets: dict[str, tuple[int, int]],
    packing: _Packing,
    whole: frozenset[str],
) -> list[np.ndarray]:
    """[source, target, packed] of all that is kept, in the order of the projections.

    offsets: by projection, what its indices are moved by.  whole: projections that keep weights of
    zero.  The lists are emptied on the way.
    """
    names = [projection.name for projection in network.projections]
    for name in names:
        synapses[name] = synapses[name]._replace(weight=np.empty(0))  # units stand for them
    kept = [_count_kept(weights[name].units, name in whole) for name in names]
    if len(names) == 1 and kept[0] == synapses[names[0]].pre.size:  # nothing to leave out: the lists as they are
        given, units = synapses.pop(names[0]), weights.pop(names[0]).units
        packed = np.empty(kept[0], packing.dtype)
        for piece in pieces(kept[0]):
            packed[piece] = packing.packed(units[piece], given.delay[piece], 0)
        return [given.pre, given.post, packed]
    n = sum(kept)
    source, target, packed = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, packing.dtype)
    # One column after another, so that a list's column is freed before the next one is made.
    for here, name, piece, keep in _kept(names, weights, whole):
        source[here] = synapses[name].pre[piece][keep] + offsets[name][0]
    for name in names:
        synapses[name] = synapses[name]._replace(pre=np.empty(0))
    for here, name, piece, keep in _kept(names, weights, whole):
        target[here] = synapses[name].post[piece][keep] + offsets[name][1]
    for name in names:
        synapses[name] = synapses[name]._replace(post=np.empty(0))
    for here, name, piece, keep in _kept(names, weights, whole):
        units, delay = weights[name].units[piece][keep], synapses[name].delay[piece][keep]
        packed[here] = packing.packed(units, delay, names.index(name))
    synapses.clear()
    weights.clear()
    return [source, target, packed]


def _kept(
    names: list[str], weights: dict[str, Weights], whole: frozenset[str]
) -> Iterator[tuple[slice, str, slice, np.ndarray]]:
    """Where the synapses of a piece go, its projection, the piece, and which of it are not zero."""
    done = 0
    for name in names:
        units = weights[name].units
        for piece in pieces(units.size):
            keep = np.arange(piece.stop - piece.start) if name in whole else np.flatnonzero(units[piece])
            yield slice(done, done + keep.size), name, piece, keep
            done += keep.size


def _count_kept(units: np.ndarray, whole: bool) -> int:
    if whole:
        return units.size
    values = different(units)
    return int(np.count_nonzero(values)) * (units.size // max(values.size, 1))


@dataclass(frozen=True)
class _Packing:
    """Units, delay and projection of a synapse in one integer, so that they are sorted together.

    units * 2**(delay_bits + projection_bits) + delay * 2**projection_bits + projection
    """

    delay_bits: int
    projection_bits: int
    wide: bool  # units of more than 16 bits

    @property
    def dtype(self) -> type[np.signedinteger]:
        bits = 16 + self.delay_bits + self.projection_bits
        return np.int64 if self.wide or bits > 32 else np.int32 if bits > 16 else np.int16

    def packed(self, units: np.ndarray, delay: np.ndarray, projection: int) -> np.ndarray:
        if self.dtype == np.int16:
            return units
        high = (units.astype(self.dtype) << self.delay_bits) | delay.astype(self.dtype)
        return (high << self.projection_bits) | projection

    def unpacked(self, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(units, delay, projection); the last two empty where they take no bit."""
        if self.dtype == np.int16:
            return packed, np.empty(0, np.uint8), np.empty(0, np.uint8)
        units = np.empty(packed.size, np.int64 if self.wide else np.int16)
        delay = np.empty(packed.size if self.delay_bits else 0, unsigned_for((1 << self.delay_bits) - 1))
        projection = np.empty(packed.size if self.projection_bits else 0, unsigned_for((1 << self.projection_bits) - 1))
        for piece in pieces(packed.size):
            units[piece] = packed[piece] >> (self.delay_bits + self.projection_bits)
            if self.delay_bits:
                delay[piece] = packed[piece] >> self.projection_bits & ((1 << self.delay_bits) - 1)
            if self.projection_bits:
                projection[piece] = packed[piece] & ((1 << self.projection_bits) - 1)
        return units, delay, projection
