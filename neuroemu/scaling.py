"""Scaling: what a core's parts cost at another node, voltage, memory size, word width and mesh, by published fits.

Takes plain numbers, gives plain numbers and, from `derive`, Derived constants that carry the formula they came from. Knows
no chip file. Valid within one architecture only: scaled from Loihi to 28 nm, a synapse costs 80 pJ, where ODIN and
TrueNorth measure 2 to 13. Sources:
  nodes and voltages  Stillmaker and Baas, Integration 58:74-81 (2017), by github wromaszkan/nodeScale (MIT)
  arithmetic          Horowitz, ISSCC 2014, at 45 nm and 0.9 V
  memory              fit to Horowitz's three caches (8 KiB, 32 KiB, 1 MiB), within 13 % of them and a factor of 2 of silicon
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# By flavour and node in nm: delay a3..a0 and energy b2..b0, polynomials of the voltage. Only ratios have a meaning.
_OLD = {
    180: ((0, 97.09, -356.7, 406.5), (0, 24.64, -17.98)),
    130: ((-76.65, 334.9, -493.4, 275.8), (7.171, -6.709, 2.904)),
    90: ((-60.34, 262.5, -384.2, 210.9), (4.762, -4.781, 2.092)),
    65: ((-53.3, 230.4, -333.9, 178.6), (3.755, -4.398, 1.975)),
}
FITS = {
    "HP": {
        **_OLD,
        45: ((-501.6, 1567, -1619, 566.1), (1.018, -0.3107, 0.1539)),
        32: ((-1047, 2982, -2797, 873.5), (0.8367, -0.4341, 0.1701)),
        20: ((0, 34.63, -66.37, 41.15), (0.373, -0.1582, 0.04104)),
        16: ((0, 24.8, -47.52, 28.87), (0.2958, -0.1241, 0.03024)),
        14: ((-40.66, 109.2, -100.6, 35.92), (0.2363, -0.09675, 0.02239)),
        10: ((-34.95, 93.65, -85.99, 30.4), (0.2068, -0.09311, 0.02375)),
        7: ((-28.58, 76.6, -70.26, 24.69), (0.1776, -0.09097, 0.02447)),
    },
    "LP": {
        **_OLD,
        45: ((-285.7, 1239, -1795, 898.8), (1.103, -0.362, 0.2767)),
        32: ((-325.9, 1374, -1922, 913.2), (0.9559, -0.7823, 0.471)),
        20: ((-160.5, 514.1, -558.6, 217.5), (0.2632, -0.14, 0.06841)),
        16: ((-114.6, 366.7, -397.4, 153.6), (0.2139, -0.1187, 0.05639)),
        14: ((-85.37, 271.6, -292.2, 111.4), (0.1556, -0.06472, 0.03066)),
        10: ((-71.76, 228.6, -246.3, 93.91), (0.1261, -0.0518, 0.02769)),
        7: ((-61.79, 196.1, -210.3, 79.55), (0.09365, -0.03409, 0.02043)),
    },
}
AREA_FROM_180 = {
    180: 1.0, 130: 0.34, 90: 0.15, 65: 0.08, 45: 0.053, 32: 0.025, 20: 0.011, 16: 0.01, 14: 0.0093, 10: 0.0055, 7: 0.0032,
}  # fmt: skip
NODES = (min(AREA_FROM_180), max(AREA_FROM_180))
NOMINAL_V = {
    180: 1.8, 130: 1.3, 90: 1.2, 65: 1.1, 45: 1.0, 32: 0.97, 20: 0.9, 16: 0.85, 14: 0.8, 10: 0.75, 7: 0.7,
}  # fmt: skip

# pJ at 45 nm and 0.9 V.
ADD_INT32, MULTIPLY_INT32 = 0.1, 3.1
SRAM_BIT_64K, WRITE_FACTOR = 0.156, 1.1

# Anchors, of silicon. A router's share of a hop is TrueNorth's 72 fJ a bit (28 nm, 0.775 V) less the wire to the next core,
# 0.32 mm (a core is 0.24 x 0.39 mm). The wire's 80 fJ a bit and mm at 0.9 V is from memory, of no one paper.
# Held against Loihi: 90 fJ a bit and hop with its tiles of 1.28 mm at 14 nm and 0.75 V; published 94 (E-W) and 125 (N-S).
WIRE_FJ, WIRE_V = 80.0, 0.9
HOP_FJ, HOP_NODE, HOP_V, HOP_MM = 72.0, 28.0, 0.775, 0.315
CLOCK_MHZ, CLOCK_NODE, CLOCK_V = 400.0, 22.0, 0.8  # SENECA 500 (22 nm), Darwin3 333 (22 nm), Tianjic 300 (28 nm, 0.9 V)
LEAK_PW = 100.0  # a bit of SRAM and all around it: TrueNorth 10 uW a core of 104,960 bits, ODIN 27.3 uW of 294,912
MM2_PER_MBIT_14 = 0.23  # geometric mean of Loihi 0.195, ODIN 0.146 and TrueNorth 0.448 um2 a bit, brought to 14 nm
STATE_BITS, PARAMETER_BITS, SUM_BITS, AXON_BITS, TRACE_BITS, PACKET_BITS = 48, 80, 24, 32, 8, 32


def limits_v(node: float) -> tuple[float, float]:
    """Lowest and highest voltage for which the fits are used: 0.5 to 1.1 V below 65 nm, else up to 10 % above nominal."""
    if node < 65:
        return 0.5, 1.1
    nominal = math.exp(_interpolated(node, {n: math.log(v) for n, v in NOMINAL_V.items()}))
    return round(max(0.5, 0.6 * nominal), 2), round(1.1 * nominal, 2)


def energy_factor(node: float, volts: float, flavour: str = "HP") -> float:
    """Energy of a gate, in the fit's own unit; the ratio of two is what energy is multiplied with from one to the other."""
    return _geometric(node, {n: float(np.polyval(fit, volts)) for n, (_, fit) in FITS[flavour].items()})


def delay_factor(node: float, volts: float, flavour: str = "HP") -> float:
    """Delay of a gate, likewise. Our choice: held where the cubic, which is only a fit, would rise with the voltage again."""
    return _geometric(node, {n: _falling(fit, volts) for n, (fit, _) in FITS[flavour].items()})


def area_factor(node: float) -> float:
    """Area, 1 at 180 nm."""
    return _geometric(node, AREA_FROM_180)


def _falling(fit: tuple[float, ...], volts: float) -> float:
    turns = [root.real for root in np.roots(np.polyder(fit)) if abs(root.imag) < 1e-9]
    at = [volts, *(turn for turn in turns if 0.5 <= turn <= volts)]
    return float(min(np.polyval(fit, v) for v in at))


def _geometric(node: float, table: dict[int, float]) -> float:
    """The entry of a node; between two, a straight line in both logarithms. A factor that is not positive is none."""
    around = [n for n in table if n <= node][:1] + [n for n in sorted(table) if n >= node][:1]
    if any(table[n] <= 0 for n in around):
        raise ValueError(f"the fit of {node:g} nm has no meaning at this voltage")
    return math.exp(_interpolated(node, {n: math.log(table[n]) for n in around}))


def _interpolated(node: float, table: dict[int, float]) -> float:
    nodes = sorted(table)
    return float(np.interp(math.log(node), [math.log(n) for n in nodes], [table[n] for n in nodes]))


def sram_bit_pj(bits: float) -> float:
    """pJ to read a bit of a memory of so many bits, at 45 nm and 0.9 V; to write one takes WRITE_FACTOR as much."""
    return SRAM_BIT_64K * math.sqrt(bits / 65536)


def add_pj(bits: float) -> float:
    """pJ of an integer addition at 45 nm and 0.9 V: linear in the width."""
    return ADD_INT32 * bits / 32


def multiply_pj(bits: float, other_bits: float) -> float:
    """pJ of an integer multiplication at 45 nm and 0.9 V: as the product of the widths."""
    return MULTIPLY_INT32 * bits * other_bits / 32**2


@dataclass(frozen=True)
class Design:
    """A core-and-router chip to be scaled.  width, height: tiles of one chip.  chips: (columns, rows) of them on a board.

    pitch_mm: between routers; None takes the square root of a tile's area.
    """

    node: float
    volts: float
    flavour: str
    weight_bits: int
    index_bits: int
    compartments: int
    axons_in: int
    axons_out: int
    synapse_words: int
    word_bits: int
    width: int
    height: int
    cores_per_tile: int
    pitch_mm: float | None = None
    chips: tuple[int, int] = (1, 1)

    @property
    def board(self) -> tuple[int, int]:
        """Tiles of the whole board, which one barrier spans."""
        return self.width * self.chips[0], self.height * self.chips[1]

    @property
    def energy(self) -> float:
        """Of a gate, over one at 45 nm and 0.9 V."""
        return energy_factor(self.node, self.volts, self.flavour) / energy_factor(45, 0.9)

    @property
    def synapse_bits(self) -> int:
        return self.synapse_words * self.word_bits

    @property
    def sram_bits(self) -> int:
        """Of a core: synapses, compartments, inputs, traces, axon tables."""
        each = STATE_BITS + PARAMETER_BITS + SUM_BITS + TRACE_BITS
        return (
            self.synapse_bits
            + self.compartments * each
            + self.axons_in * (AXON_BITS + TRACE_BITS)
            + self.axons_out * AXON_BITS
        )

    @property
    def core_mm2(self) -> float:
        return self.sram_bits / 2**20 * MM2_PER_MBIT_14 * area_factor(self.node) / area_factor(14)

    @property
    def hop_mm(self) -> float:
        return self.pitch_mm or math.sqrt(self.core_mm2 * self.cores_per_tile)

    @property
    def clock_mhz(self) -> float:
        delay = delay_factor(self.node, self.volts, self.flavour)
        return CLOCK_MHZ * delay_factor(CLOCK_NODE, CLOCK_V) / delay


@dataclass(frozen=True)
class Derived:
    """A constant and the formula that gave it."""

    value: float
    formula: str


def energies(design: Design) -> dict[str, Derived]:
    """pJ by key of events.py. 0 is contained in another, whose formula then says so."""
    d, s = design, design.energy
    at = f"{s:.4g} ({d.node:g} nm {d.flavour} {d.volts:g} V over 45 nm 0.9 V)"

    def memory(read: float, written: float, bits: float, what: str, more: float = 0.0, also: str = "") -> Derived:
        """read, written: bits of an access.  bits: of the memory.  more: pJ of arithmetic at 45 nm."""
        moved = " + ".join([f"{read:g}"] * (read > 0) + [f"{WRITE_FACTOR} * {written:g}"] * (written > 0))
        text = f"{what}: (({moved}) bits * {SRAM_BIT_64K} pJ * sqrt({bits:g} / 65536)"
        pj = (read + WRITE_FACTOR * written) * sram_bit_pj(bits) + more
        return Derived(pj * s, text + (f" + {more:.4g} pJ of {also}" if more else "") + f") * {at}")

    def contained(where: str) -> Derived:
        return Derived(0.0, f"contained in {where}")

    weight = d.weight_bits
    sums, states = d.compartments * SUM_BITS, d.compartments * (STATE_BITS + PARAMETER_BITS)
    axons_in, axons_out, traces = d.axons_in * AXON_BITS, d.axons_out * AXON_BITS, d.axons_in * TRACE_BITS
    dense = memory(weight, 0, d.synapse_bits, "a weight's share of a word of synapse memory")
    update = 2 * multiply_pj(12, 24) + 3 * add_pj(24)
    learning = multiply_pj(8, 8) + add_pj(8)
    hop, routers = hop_of(d), math.prod(d.board)
    return {
        "synapse_dense": dense,
        "synapse_sparse": memory(weight + d.index_bits, 0, d.synapse_bits, "a weight's and an index's share of a word"),
        "synapse_shared": dense,
        "accumulate": memory(SUM_BITS, SUM_BITS, sums, "an input read, added to, written", add_pj(24), "an addition"),
        "compartment_access": memory(STATE_BITS + PARAMETER_BITS, 0, states, "states and parameters read"),
        "compartment_active": memory(0, STATE_BITS, states, "states written", update, "2 multiplications, 3 additions"),
        "compartment_inactive": contained("compartment_access"),
        "spike_out": contained("axon_out"),
        "random_draw": Derived(add_pj(32) * s, f"a shift register of 32 bits, taken as an addition: {add_pj(32)} pJ * {at}"),
        "trace_update": memory(TRACE_BITS, TRACE_BITS, traces, "a trace read and written", learning, "a product and a sum"),
        "learn_read": dense,
        "learn_write": memory(0, weight, d.synapse_bits, "a weight written", 3 * learning, "3 products and sums"),
        "axon_out": memory(AXON_BITS, 0, axons_out, "an entry of the table of output axons"),
        "axon_in": memory(AXON_BITS, 0, axons_in, "an entry of the table of input axons"),
        "tile_out": Derived(PACKET_BITS * router_fj(d) / 1e3, f"a router: {PACKET_BITS} bits * {router_fj(d):.4g} fJ"),
        "tile_in": contained("tile_out and the hops"),
        **dict.fromkeys(("hop_east", "hop_west", "hop_north", "hop_south"), hop),
        "barrier": Derived(
            2 * 2 * routers * hop.value, f"2 passes, 2 messages a router of the board each: {4 * routers} hops"
        ),
    }  # fmt: skip


def router_fj(design: Design) -> float:
    """fJ a bit in a router: TrueNorth's, brought to the design's node and voltage."""
    at_anchor = HOP_FJ - WIRE_FJ * HOP_MM * (HOP_V / WIRE_V) ** 2
    return at_anchor * energy_factor(design.node, design.volts, design.flavour) / energy_factor(HOP_NODE, HOP_V)


def hop_of(design: Design) -> Derived:
    """A packet through a router and over the wire to the next."""
    wire = WIRE_FJ * design.hop_mm * (design.volts / WIRE_V) ** 2
    return Derived(
        PACKET_BITS * (router_fj(design) + wire) / 1e3,
        f"{PACKET_BITS} bits * ({router_fj(design):.4g} fJ of a router (TrueNorth's 72 fJ less its wire, scaled) + "
        f"{WIRE_FJ:g} fJ a mm at {WIRE_V} V * {design.hop_mm:.3g} mm * ({design.volts:g} / {WIRE_V})^2)",
    )


# Cycles of the clock. A synapse and a compartment are one stage of a pipeline each; Our choice.
CYCLES = {
    "synapse_dense": 1, "synapse_sparse": 1, "synapse_shared": 1, "accumulate": 0, "compartment_access": 1,
    "compartment_active": 1, "compartment_inactive": 0, "spike_out": 1, "random_draw": 1, "trace_update": 1, "learn_read": 1,
    "learn_write": 2, "axon_out": 1, "axon_in": 1, "tile_out": 2, "tile_in": 1, "hop_east": 2, "hop_west": 2, "hop_north": 2,
    "hop_south": 2,
}  # fmt: skip


def barrier_cycles(design: Design) -> dict[int, float]:
    """By tiles in use: four times across the mesh and back, 2 cycles a hop."""
    cycles, (width, height) = CYCLES["hop_east"], design.board
    return {1: 4.0 * cycles, max(2, width * height): 4.0 * cycles * (width + height)}


def leakage_mw(design: Design) -> Derived:
    """Of a core, within a factor of 3."""
    return Derived(
        design.sram_bits * LEAK_PW / 1e9, f"{design.sram_bits} bits of SRAM * {LEAK_PW:g} pW (TrueNorth, ODIN)"
    )
