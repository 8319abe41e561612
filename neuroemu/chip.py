"""A chip: its structure (Chip) and, apart from it, what its events cost (PriceList). Neither changes during a run.

Values only; reading chip files is files/chip_file.py. Sources of the numbers stand in the chip files, constant by constant.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .events import EVENTS, HOPS, MEANING, N_EVENTS, Event

TOPOLOGIES = ("mesh", "torus", "tree")
ROUTINGS = ("xy", "yx", "west_first")
MULTICAST = ("source", "tree")
LISTS = ("dense", "sparse", "shared")
AXONS = ("discrete", "pop16", "pop32")
MOST_CORES = 1 << 24  # of a mesh


@dataclass(frozen=True)
class Mesh:
    """width x height tiles with cores_per_tile cores each, all chips of a board together.

    Core c sits on tile c // cores_per_tile; tile k sits at x = k // height, y = k % height (column-major, as SANA-FE).
    topology: one of TOPOLOGIES.  routing: one of ROUTINGS; a tree routes up to the lowest common ancestor and down, and
    `degree` is how many children a router has.
    host_tile: (x, y) where spikes of the host enter.  chips: (columns, rows) of chips on the board, each an equal rectangle of
    tiles.  buffer: messages that the buffer at the end of a link holds.
    multicast: 'source' sends a copy to every core, 'tree' lets copies share a link until their ways part.
    """

    width: int
    height: int
    cores_per_tile: int
    routing: str = "xy"
    host_tile: tuple[int, int] = (0, 0)
    topology: str = "mesh"
    degree: int = 4
    chips: tuple[int, int] = (1, 1)
    buffer: int = 16
    multicast: str = "source"

    @property
    def n_tiles(self) -> int:
        return self.width * self.height

    @property
    def n_chips(self) -> int:
        return self.chips[0] * self.chips[1]

    def chip_of(self, tile: np.ndarray) -> np.ndarray:
        """The chip on which a tile lies, column-major like tiles."""
        column = tile // self.height // (self.width // self.chips[0])
        row = tile % self.height // (self.height // self.chips[1])
        return column * self.chips[1] + row

    @property
    def n_cores(self) -> int:
        return self.n_tiles * self.cores_per_tile

    def tile_xy(self, tile: int) -> tuple[int, int]:
        """(x, y) of a tile."""
        return tile // self.height, tile % self.height

    def tile_at(self, x: int, y: int) -> int:
        """The tile at (x, y)."""
        return x * self.height + y


@dataclass(frozen=True)
class CoreLimits:
    """What one core holds.  synapse_words: words of word_bits bits of synapse memory.

    fan_in: synapses into one compartment.  fan_out: cores that one compartment may send to.
    compartment_configs, threshold_configs, synapse_formats: how many different ones a core has registers for
    (compiler/configs.py says what makes two of them different).  stdp_profiles: different pre-trace configurations of
    projections that learn.  None is not known, or no limit of its own: not checked.
    """

    compartments: int
    axons_in: int
    axons_out: int
    synapse_words: int
    word_bits: int
    fan_in: int | None = None
    fan_out: int | None = None
    compartment_configs: int | None = None
    threshold_configs: int | None = None
    synapse_formats: int | None = None
    stdp_profiles: int | None = None


@dataclass(frozen=True)
class SynapseLimits:
    """What a synapse can say, and how many bits it takes: lists are cut in groups, each with a header.

    lists: kinds of lists that a core can keep, of LISTS (compiler/packing.py says what they are).  base_max: the largest
    number that an axon adds to the indices of a shared list.
    index_bits: of an index, where index_widths is empty; else an index takes the smallest of these, ascending, that tells the
    compartments of its part apart.
    tag_bits: that a synapse has besides, and delay_bits with them, where it learns.  learning_axons: axons in that a source
    takes in a core where any of its synapses learn.
    axon_formats: of AXONS, that a source may have (compiler/populations.py says what they are).  pop16_atoms: the sources that
    a pop16 axon tells apart; atom_bits: of the atom of a pop32.  pop16_step: bases of pop16 axons are multiples of it.
    """

    weight_bits: tuple[int, ...]
    exponent_min: int
    exponent_max: int
    delay_max: int
    delay_bits: int
    index_bits: int
    group: int
    header_bits: int
    lists: tuple[str, ...] = ("dense", "sparse")
    base_max: int = 0
    index_widths: tuple[int, ...] = ()
    tag_bits: int = 0
    learning_axons: int = 1
    axon_formats: tuple[str, ...] = ("discrete",)
    atom_bits: int = 9
    pop16_atoms: int = 32
    pop16_step: int = 4


@dataclass(frozen=True)
class Registers:
    """Ranges of a compartment's registers, both ends allowed."""

    decay_max: int
    threshold_max: int
    bias_min: int
    bias_max: int
    bias_exponent_min: int
    bias_exponent_max: int
    refractory_max: int


class Arithmetic(NamedTuple):
    """How a core's integers behave at their edges; integers only, so that kernels take it as it is.

    See facts/fixed_point.md section 9 for the switches and section 7 for who does what.
    q_bits: width of the input accumulator, 0 does not wrap.  state_bits: width of u and v.
    u_overflow, bias_overflow: one of OVERFLOW.  v_clip: 1 limits v to +-(2**(state_bits-1) - 1).
    decay_u_offset, decay_v_offset: added to the register to give the effective decay.
    weight_rounding: one of WEIGHT_ROUNDING.  exponent_stage: one of EXPONENT_STAGE.
    weight_limit_bits: an effective weight stays within +-(2**bits - 2**6), 0 is no limit.
    weight_magnitude: the largest inhibitory mantissa, 255 or 256.
    """

    q_bits: int = 22
    state_bits: int = 24
    u_overflow: int = 1
    bias_overflow: int = 1
    v_clip: int = 1
    decay_u_offset: int = 1
    decay_v_offset: int = 0
    weight_rounding: int = 0
    exponent_stage: int = 0
    weight_limit_bits: int = 21
    weight_magnitude: int = 255


OVERFLOW = {"none": 0, "wrap": 1, "lava": 2}
WEIGHT_ROUNDING = {"floor": 0, "toward_zero": 1, "nearest": 2, "exact": 3}
EXPONENT_STAGE = {"synapse": 0, "sum": 1}

PROFILES = {
    "loihi1": Arithmetic(),
    "lava": Arithmetic(q_bits=0, u_overflow=2, bias_overflow=0, exponent_stage=1, weight_limit_bits=0),
    "nengo_loihi": Arithmetic(weight_rounding=2),
    "brian2_loihi": Arithmetic(
        q_bits=0, u_overflow=0, bias_overflow=0, v_clip=0, decay_u_offset=0, weight_rounding=1, weight_magnitude=256
    ),
}


@dataclass(frozen=True)
class Chip:
    """Structure of a chip: everything a compiler and an engine must honour, and no price.

    written: the chip file it came from with all that it extends, as JSON, prices included; '' if made in Python.
    sources: (source, provenance) of the figures, by section of the chip file.  learning: whether synapses can learn on it.
    """

    name: str
    mesh: Mesh
    core: CoreLimits
    synapse: SynapseLimits
    registers: Registers
    arithmetic: Arithmetic = Arithmetic()
    about: str = ""
    technology: str = ""
    estimate: bool = False
    learning: bool = True
    written: str = field(default="", repr=False, compare=False)
    sources: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Constant:
    """One published or estimated number.  value: None where nobody has published it (then it is not modelled).

    low, high: the range it may lie in, same unit; some numbers that nobody has published have one, too. None is the value.
    provenance: code of facts/chips.md (PF, SV, SN, AB, RD, DV, DG, MU) or 'estimate'.
    """

    value: float | None
    low: float | None
    high: float | None
    source: str
    provenance: str

    @property
    def ends(self) -> tuple[float, float]:
        """(low, high) to count with: the value where there is no range, 0 where there is neither."""
        value = self.value or 0.0
        return value if self.low is None else self.low, value if self.high is None else self.high


UNKNOWN = Constant(None, None, None, "not given", "estimate")
FEW = 3  # guesses that a report gives a line each
DRAWN_BY = ("board", "chip", "chip_in_use", "tile", "core", "core_in_use")


@dataclass(frozen=True)
class StaticPower:
    """Power drawn whether or not anything happens.  per: one of DRAWN_BY.

    mw: at the frequency of the clock, where the file gives it for each MHz.  each: 'MHz' there, else ''.
    """

    name: str
    mw: Constant
    per: str
    each: str = ""


@dataclass(frozen=True)
class Barrier:
    """What ends a time step: a barrier that takes a time of its own, or a clock that ticks.

    points: ((tiles in use, ns), ...), ascending.  interpolate: 'log' (linear in log tiles) or 'step' (largest entry <= tiles).
    chip_points: ((chips in use, ns), ...), taken where more than one chip is in use, linear in both logarithms.
    tick_ns: a step takes at least this long and the next begins with the tick; 0 is no clock.
    low, high: factors on the times of the barrier, the ends of its range: of chip_points where there are any, else of points.
    """

    points: tuple[tuple[int, float], ...]
    interpolate: str
    source: str
    provenance: str
    chip_points: tuple[tuple[int, float], ...] = ()
    tick_ns: float = 0.0
    low: float = 1.0
    high: float = 1.0

    def time_ns(self, n_tiles: int, n_chips: int = 1) -> float:
        """Barrier time in ns for at least one tile and chip in use; the ends of the table are held."""
        if n_chips > 1 and self.chip_points:
            chips, times = np.array(self.chip_points).T
            return float(np.exp(np.interp(math.log(n_chips), np.log(chips), np.log(times))))
        if not self.points:
            return 0.0
        tiles = [tiles for tiles, _ in self.points]
        times = [ns for _, ns in self.points]
        if self.interpolate == "step":
            return times[max([i for i, t in enumerate(tiles) if t <= n_tiles], default=0)]
        return float(np.interp(math.log(n_tiles), np.log(tiles), times))

    def factors(self, n_chips: int = 1) -> tuple[float, float]:
        """(low, high) of the barrier of so many chips."""
        return (self.low, self.high) if n_chips > 1 or not self.chip_points else (1.0, 1.0)

    def step_ns(self, busy_ns: np.ndarray) -> np.ndarray:
        """How long steps take that are busy for busy_ns, barrier included: up to the next tick."""
        if self.tick_ns == 0.0:
            return busy_ns
        return np.maximum(np.ceil(busy_ns / self.tick_ns * (1 - 1e-12)), 1.0) * self.tick_ns


@dataclass(frozen=True)
class PriceList:
    """What one event of each kind costs, what leaks, and what a barrier takes.

    slot_ns, chip_slot_ns: how long a message holds a link, within a chip and between chips.
    own_core_slot_ns: the same of the link between a core and its router; None is slot_ns. Read it as `core_slot_ns`.
    area_mm2: of one 'core', 'tile', 'chip', as far as known.  sram_bits: of one core.
    notes: what is not modelled besides.  estimated: what is a guess besides.
    clock_mhz: of a chip with a clock; times in cycles and power for each MHz have been taken with it.
    """

    name: str
    energy_pj: dict[Event, Constant]
    time_ns: dict[Event, Constant]
    barrier: Barrier
    slot_ns: Constant = UNKNOWN
    chip_slot_ns: Constant = UNKNOWN
    static: tuple[StaticPower, ...] = ()
    area_mm2: dict[str, Constant] = field(default_factory=dict)
    sram_bits: Constant = UNKNOWN
    notes: tuple[str, ...] = field(default=())
    estimated: tuple[str, ...] = field(default=())
    clock_mhz: Constant | None = None
    own_core_slot_ns: Constant | None = None

    @property
    def core_slot_ns(self) -> Constant:
        """How long a message holds the link between a core and its router."""
        return self.slot_ns if self.own_core_slot_ns is None else self.own_core_slot_ns

    @property
    def border(self) -> float:
        """What a link between chips costs more than another, in hops: by energy, or where that is not known by time; else 0."""
        for table in (self.energy_pj, self.time_ns):
            hop = max(table[e].value or 0.0 for e in HOPS)
            if hop and table[Event.CHIP_HOP].value:
                return float(table[Event.CHIP_HOP].value or 0.0) / hop
        return 0.0

    def energies(self) -> np.ndarray:
        """(N_EVENTS,) pJ; what is not modelled counts 0 here and is named by `not_modelled`."""
        return _values(self.energy_pj)

    def times(self) -> np.ndarray:
        """(N_EVENTS,) ns; likewise. The barrier's time stands in `barrier`."""
        return _values(self.time_ns)

    @property
    def hash(self) -> str:
        """Of every number of the list, ranges included."""

        def of(constant: Constant | None) -> tuple[float | None, ...] | None:
            return None if constant is None else (constant.value, *constant.ends)

        events = [[of(table[event]) for event in EVENTS] for table in (self.energy_pj, self.time_ns)]
        links = [of(slot) for slot in (self.slot_ns, self.chip_slot_ns, self.core_slot_ns)]
        static = [(power.name, of(power.mw), power.per) for power in self.static]
        areas = [(name, of(area)) for name, area in sorted(self.area_mm2.items())]
        b = self.barrier
        barrier = (b.points, b.interpolate, b.chip_points, b.tick_ns, b.low, b.high)
        numbers = (events, links, static, areas, of(self.sram_bits), of(self.clock_mhz), barrier)
        return hashlib.sha256(repr(numbers).encode()).hexdigest()[:16]

    def not_modelled(self, counts: np.ndarray | None = None, n_chips: int = 1) -> list[str]:
        """Names of everything without a number, then the chip file's own list.

        counts: (E,) of a run, then only events that happened in it are named.  n_chips: of the board.
        """
        happened = [e for e in EVENTS if counts is None or counts[e] > 0]
        missing = [f"energy of {MEANING[e].key}" for e in happened if self.energy_pj[e].value is None]
        missing += [
            f"time of {MEANING[e].key}" for e in happened if self.time_ns[e].value is None and e is not Event.BARRIER
        ]
        missing += [name for name, slot in self._slots(n_chips).items() if slot.value is None]
        missing += [f"static power of {power.name}" for power in self.static if power.mw.value is None]
        missing += ["area"] if all(area.value is None for area in self.area_mm2.values()) else []
        return missing + list(self.notes)

    def _slots(self, n_chips: int) -> dict[str, Constant]:
        """How long messages hold links of a board of so many chips, by what a report calls it."""
        found = {"time that a message holds a link": self.slot_ns}
        if n_chips > 1:
            found["time that a message holds a link between chips"] = self.chip_slot_ns
        if self.own_core_slot_ns:
            found["time that a message holds the link between a core and its router"] = self.own_core_slot_ns
        return found

    def estimates(self, n_chips: int = 1) -> list[str]:
        """Names of every constant that is a guess or from memory, so that a report can repeat it.  n_chips: of the board."""
        guessed = ("estimate", "MU")
        keys = [
            MEANING[e].key
            for e in EVENTS
            if self.energy_pj[e].provenance in guessed and (self.energy_pj[e].value or self.time_ns[e].value)
        ]
        names = [f"energy and time of {key}" for key in keys]
        if len(names) > FEW:
            names = [f"energy and time of {', '.join(keys[:-1])} and {keys[-1]}"]
        names += ["time of the barrier"] if self.barrier.provenance in guessed else []
        names += [
            name for name, slot in self._slots(n_chips).items() if slot.provenance in guessed and slot.value is not None
        ]
        names += ["frequency of the clock"] if self.clock_mhz and self.clock_mhz.provenance in guessed else []
        areas = [name for name, area in self.area_mm2.items() if area.provenance in guessed and area.value is not None]
        names += [f"area of a {' and of a '.join(areas)}"] if areas else []
        names += [
            f"static power of {power.name}"
            for power in self.static
            if power.mw.provenance in guessed and power.mw.value is not None
        ]
        return names + list(self.estimated)


def _values(constants: dict[Event, Constant]) -> np.ndarray:
    out = np.zeros(N_EVENTS)
    for event, constant in constants.items():
        out[event] = constant.value or 0.0
    return out
