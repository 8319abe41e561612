"""The frozen result of compilation: flat integer arrays, grouped, and two hashes.

The host's layout stands here: synapses source-major with targets sorted, and for each source a short static row of
(part, synapses there) from which exact counts and the messages follow. The chip's own axon lists are not walked; their
sizes were computed for the limits (compiler/demand.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..chip import Arithmetic, Mesh
from ..learning.tables import RuleTables
from ..pieces import pieces

SMALL = 1 << 18  # synapses of an image up to which one layout does, so that kernels are seldom compiled anew


class Cells(NamedTuple):
    """The compartments of one population: a model and its tables.

    Columns are in the image's order, but for those of `recorded`, which are in the user's, as random draws are.
    parameters: (fields, 1) int64 where all are alike, else (fields, n).  state: (fields, n) int64 before step 1.
    inputs: (k, 3) int64, for each stretch of a ring row that feeds them its first slot, the port, and the shift to the right.
    stream: of random draws.  recorded: (steps, n) int64 draws in their place, or (0, 0).  switches: (constant, value).
    draws: (n,) int64 random numbers that each takes a step, or (1,) where all take as many.
    up: (slot, join, first) of the parent that a dendrite passes its value to, or ().
    origin: '' for models that come along, else a digest of what the model does (compartments/fingerprint.py).
    """

    model: str
    parameters: np.ndarray
    state: np.ndarray
    inputs: np.ndarray
    stream: int
    recorded: np.ndarray
    draws: np.ndarray
    switches: tuple[tuple[str, int], ...]
    up: tuple[int, ...]
    origin: str


class Blocks(NamedTuple):
    """One row a population on the chip, (n_blocks,) int64 each: its first compartment, and how many."""

    first: np.ndarray
    size: np.ndarray


class Synapses(NamedTuple):
    """Source-major: those of source s are first[s]..first[s+1], in ascending order of their compartment.

    first: (n_sources + 1,) int64.  packed: (n,) target + (weight << slot_bits): target is a slot in a row of the delay ring
    (compiler/slots.py), weight in 2**(6 + weight_shift). int32 where all of the image fits, else int64: one load a synapse,
    and fewer cache lines a list, took 0.30 ms where two arrays took 0.46 (32,000 compartments, fan-out 100, 10 %).
    delay: (n,) uint8 steps beyond the first (wider on a chip with delays above 255), or empty when every delay is 0.
    """

    first: np.ndarray
    packed: np.ndarray
    slot_bits: int
    delay: np.ndarray

    def target(self, piece: slice = slice(None)) -> np.ndarray:
        """Slots of a piece."""
        return self.packed[piece] & self.packed.dtype.type((1 << self.slot_bits) - 1)

    def weight(self, piece: slice = slice(None)) -> np.ndarray:
        """Weights of a piece."""
        return self.packed[piece] >> self.packed.dtype.type(self.slot_bits)


class Plastic(NamedTuple):
    """A projection that learns, source-major as Synapses are; weights, delays and tags are those before step 1.

    pre_first: source number of its first axon.  block: population that it leads to.  first: (n_pre + 1,) int64.
    post: (n,) int32 place in the population, ascending in a row.  slot: (n,) int32 in a row of the delay ring.
    weight: (n,) int16 mantissas.  delay: (n,) int16.
    pre_number, post_number: (n_pre,), (n_post,) int64 the user's numbers, which random draws go by.
    left, right: weight << left >> right is what a spike delivers, in units of 2**6; weight_shift: and is then divided by.
    rule: of the learning engine (learning/tables.py).
    """

    name: str
    pre_first: int
    block: int
    first: np.ndarray
    post: np.ndarray
    slot: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    tag: np.ndarray
    pre_number: np.ndarray
    post_number: np.ndarray
    left: int
    right: int
    weight_shift: int
    rule: RuleTables

    @property
    def largest(self) -> int:
        """The most that one synapse ever delivers, in the ring's units."""
        return (
            (256 << self.left >> self.right) >> self.weight_shift if self.right == 0 else 256 << self.left >> self.right
        )


NOTHING = np.empty(0, np.uint8)


class CountRows(NamedTuple):
    """How many synapses each source has in each part: first (n_sources + 1,) int64 bounds into the other two.

    Listed: part (rows,) and synapses (rows,), ascending by part.  Whole, where that is smaller: part is empty, and every
    source has a number in synapses for every part.  The smallest unsigned types; uint16 and uint32 in small images.
    dense, shared: those of `synapses` that lie in dense and in shared lists, or empty where none does.
    zeros: weights of zero that dense lists hold besides, and that are read with them, or empty where there are none.
    """

    first: np.ndarray
    part: np.ndarray
    synapses: np.ndarray
    dense: np.ndarray
    zeros: np.ndarray = NOTHING
    shared: np.ndarray = NOTHING

    def listed(self, begin: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(source - begin, part, synapses) of all rows of the sources begin..end-1, none of them 0."""
        numbers = self.synapses[self.first[begin] : self.first[end]]
        if self.part.size or not numbers.size:
            source = np.repeat(np.arange(end - begin), np.diff(self.first[begin : end + 1]))
            return source, self.part[self.first[begin] : self.first[end]], numbers
        whole = numbers.reshape(end - begin, -1)
        source, part = np.nonzero(whole)
        return source, part, whole[source, part]


class Parts(NamedTuple):
    """(n_parts,) int64 each: population index, first compartment, size, core. Ascending by first compartment.

    A part is a stretch of the image's own order of the compartments.  number: (n_compartments,) int64 the user's number of
    each compartment in that order, empty where both are the same. Populations keep their place, and the members of a part
    ascend.
    """

    population: np.ndarray
    first: np.ndarray
    size: np.ndarray
    core: np.ndarray
    number: np.ndarray = np.empty(0, np.int64)

    def by_number(self, each: np.ndarray) -> np.ndarray:
        """(n_compartments,) what each compartment's part has, by the user's number.  each: (n_parts,)."""
        return self.to_numbers(np.repeat(each, self.size))

    def to_numbers(self, each: np.ndarray) -> np.ndarray:
        """Values by compartment, (n_compartments,), from the image's order into the user's."""
        if not self.number.size:
            return each
        found = np.empty_like(each)
        found[self.number] = each
        return found

    def place(self) -> np.ndarray:
        """(n_compartments,) where in the image's order the user's compartments are."""
        return self.to_numbers(np.arange(int(self.size.sum())))


@dataclass(frozen=True)
class ChipImage:
    """Everything an engine and a cost model need of a mapped network; read-only.

    Sources are numbered: compartments 0..n_compartments-1 in network order, then the channels of the spike sources. Within a
    population the compartments stand in the order of its parts (Parts.number); all that a user sees has the user's numbers.
    plain: synapses that take any spike as 1; graded: those that multiply by its payload; plastic: those that learn.
    weight_shift: 0..13, the largest power of two that divides every weight: a weight in 2**6 is weight << weight_shift.
    width: slots of a row of the delay ring; every input of a population is a stretch of it (compiler/slots.py).
    model_hash: of all that decides spikes and counts by part.  mesh_hash: of mesh and placement.
    """

    names: tuple[str, ...]
    cells: tuple[Cells, ...]
    blocks: Blocks
    plain: Synapses
    graded: Synapses
    weight_shift: int
    width: int
    rows: CountRows
    parts: Parts
    source_names: tuple[str, ...]
    source_first: np.ndarray
    arithmetic: Arithmetic
    mesh: Mesh
    step_ms: float
    plastic: tuple[Plastic, ...] = ()
    model_hash: str = field(default="")
    mesh_hash: str = field(default="")

    @property
    def n_compartments(self) -> int:
        return int(self.blocks.size.sum())

    @property
    def n_sources(self) -> int:
        return self.plain.first.size - 1

    @property
    def n_parts(self) -> int:
        return self.parts.core.size

    @property
    def n_synapses(self) -> int:
        return self.plain.packed.size + self.graded.packed.size + sum(each.post.size for each in self.plastic)

    @property
    def bytes_of_synapses(self) -> int:
        """Bytes of all synapses and count rows."""
        arrays = (*self.plain, *self.graded, *self.rows, *(array for each in self.plastic for array in each))
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))

    @property
    def sums_fit_32_bits(self) -> bool:
        """Whether no sum in the delay ring can exceed 32 bits: a plain synapse delivers its weight at most once into a row.

        Graded synapses multiply by payloads that are not known here, and dendrites pass what their model gives.
        """
        if any(cells.up for cells in self.cells):
            return False
        if self.graded.packed.size:
            return False
        if not self.plain.packed.size and not self.plastic:
            return True
        sums = np.zeros(self.width, np.int64)
        for piece in pieces(self.plain.packed.size):
            np.add.at(sums, self.plain.target(piece), np.abs(self.plain.weight(piece).astype(np.int64)))
        for each in self.plastic:
            np.add.at(sums, each.slot, each.largest)
        return bool(sums.max(initial=0) < 2**31)

    @property
    def n_slots(self) -> int:
        """Rows of the delay ring: a spike of step t reaches t + 1 + delay while row t is still being read."""
        delays = [s.delay for s in (self.plain, self.graded)] + [each.delay for each in self.plastic]
        longest = max((int(delay.max()) for delay in delays if delay.size), default=0)
        learned = [int(each.rule.limits[1, 3]) for each in self.plastic if each.rule.writes & 2]
        return max([longest, *learned]) + 2

    def numbers_of(self, block: int) -> np.ndarray:
        """(size,) int64 the user's index of each compartment of a population, or empty where it is its place."""
        first, size = int(self.blocks.first[block]), int(self.blocks.size[block])
        return self.parts.number[first : first + size] - first

    def places_of(self, block: int, index: np.ndarray) -> np.ndarray:
        """Where in its population the compartments are to which the user says `index`."""
        number = self.numbers_of(block)
        return np.argsort(number)[index] if number.size else index

    def cores_in_use(self) -> np.ndarray:
        """Cores that hold a part, ascending."""
        return np.unique(self.parts.core)

    def tiles_in_use(self) -> np.ndarray:
        """Tiles that hold a part, ascending."""
        return np.unique(self.cores_in_use() // self.mesh.cores_per_tile)


def freeze(group: tuple) -> None:
    """Make every array of a NamedTuple read-only."""
    for array in group:
        if isinstance(array, np.ndarray):
            array.setflags(write=False)


def digest(*groups: object) -> str:
    """A short sha256 over arrays (dtype, shape, bytes) and plain values, nested in any depth of tuples."""
    state = hashlib.sha256()

    def feed(item: object) -> None:
        if isinstance(item, np.ndarray):
            state.update(f"{item.dtype.str}{item.shape}".encode())
            state.update(np.ascontiguousarray(item).data)
        elif isinstance(item, tuple):
            state.update(b"(")
            for part in item:
                feed(part)
            state.update(b")")
        else:
            state.update(repr(item).encode() + b";")

    for group in groups:
        feed(group)
    return state.hexdigest()[:16]
