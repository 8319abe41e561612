"""Published measurements against the model: our chip files and our pricing, given the activity that was published.

python tools/measured.py     prints the table of the README, in markdown

A workload is stated as events a second (or an inference) on so many cores; energy.bill and ranges.charged price them like
those of a run. What was not published and is assumed stands in the workload's text. Sources of the measured figures stand
beside them; grades are those of the survey (A: all known, B: activity assumed).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from neuroemu.chip import Chip, PriceList
from neuroemu.compiler.image import CountRows, Parts
from neuroemu.energy import bill
from neuroemu.events import N_EVENTS, Event
from neuroemu.files import chip_file, marked_yaml
from neuroemu.ranges import charged, ends
from neuroemu.tally import Tally
from neuroemu.wiring import Wiring


@dataclass(frozen=True)
class Row:
    """One line of the table.  measured: a figure, or (lowest, highest) of a band; in `unit` like the model's.

    circular: the figure is also where the chip file has its constants from.
    """

    id: str
    chip: str
    workload: str
    quantity: str
    unit: str
    low: float
    nominal: float
    high: float
    measured: float | tuple[float, float]
    source: str
    circular: bool = False

    @property
    def error(self) -> float | None:
        """Of the nominal figure; None against a band."""
        return None if isinstance(self.measured, tuple) else self.nominal / self.measured - 1


# Entries of the survey that cannot be held against the model, and why.
NOT_HELD = {
    "pilotnet_shrestha": "activity of that PilotNet is not published",
    "massa_gesture": "counts cores only; rates are not published",
    "sddpg": "energies stand in a table of the paper that we have not seen",
    "flywire": "no energy is reported",
    "xylo_kws": "Xylo is not in the library",
    "reckon_cue": "energy of that very run is not published, only 20 to 150 uW of the chip",
    "odin_power, MNIST": "synaptic operations an image are not published",
    "nxtf, N-MNIST": "number of steps and rates are not published",
    "kws_blouw, power": "static power of all cores is an upper bound, the share of the x86 processors is not known",
}


def chip(text: str) -> tuple[Chip, PriceList]:
    """A chip of the library by name, or changed: '{extends: NAME, ...}'."""
    return chip_file.read_inline(marked_yaml.parse(f"chip: {text}", "tools/measured.py"), ("chip",), Path("."))


@dataclass(frozen=True)
class Load:
    """Events that happened in so many seconds on the first cores of a chip."""

    prices: PriceList
    wiring: Wiring
    tally: Tally
    seconds: float

    def ends(self, of: Callable[[float, float], float]) -> tuple[float, float, float]:
        """Low, nominal and high of a figure made of dynamic and static energy in J."""
        chips = self.wiring.chips_in_use().size
        many = charged(self.tally.totals, np.full(3, self.seconds * 1e9), self.wiring, ends(self.prices, chips))
        nominal = bill(self.tally, self.prices, self.seconds * 1e9, self.wiring)
        assert np.isclose(nominal.total, many.total_pj[1]), "two ways to the same bill"
        low, high = (of(many.dynamic_pj[k] / 1e12, many.static_pj[k] / 1e12) for k in (0, 2))
        return low, of(nominal.dynamic / 1e12, nominal.static / 1e12), high


def load(
    made: tuple[Chip, PriceList], cores: int, size: int, seconds: float, events: dict[Event, float], first: int = 0
) -> Load:
    """size: compartments a core.  events: how often each happened, on all cores together."""
    structure, prices = made
    n, none = cores * size, np.zeros(0, np.int64)
    parts = Parts(np.zeros(cores, np.int64), np.arange(cores) * size, np.full(cores, size), first + np.arange(cores))
    rows = CountRows(np.zeros(n + 1, np.int64), none, none, none)
    wiring = Wiring(("all",), (n,), (), (), parts, rows, np.zeros(cores, np.int64), structure.mesh, 1.0, 0, "")
    totals = np.zeros(N_EVENTS, np.int64)
    for event, number in events.items():
        totals[event] = round(number)
    by_core = np.zeros((cores, N_EVENTS), np.int64)
    by_core[0] = totals
    one = totals[None]
    tally = Tally(one, by_core, one, one, np.zeros(N_EVENTS, np.int64), np.zeros(n, np.int64), parts.core, ("all",))
    return Load(prices, wiring, tally, seconds)


def total_mw(seconds: float) -> Callable[[float, float], float]:
    return lambda dynamic, static: (dynamic + static) / seconds * 1e3


# ---- the workloads -------------------------------------------------------------------------------------------------

AKOPYAN = "Akopyan et al., TCAD 34(10):1537, 2015, Fig. 17"


def truenorth() -> Iterator[Row]:
    """A million neurons on all cores, 128 synapses each, uniform random targets: 21.33 hops a direction."""
    for hertz, milliwatts, source in (
        (11.58, 68.0, AKOPYAN),
        (20.07, 71.0, AKOPYAN),
        (95.93, 94.0, AKOPYAN),
        (20.0, 72.0, "Merolla et al., Science 345:668, 2014, at 0.775 V"),
    ):
        n = 4096 * 256
        spikes, hops = n * hertz, n * hertz * 64 / 3
        events = {
            Event.COMPARTMENT_ACCESS: n * 1000,
            Event.SPIKE_OUT: spikes,
            Event.SYNAPSE_SPARSE: spikes * 128,
            Event.HOP_EAST: hops / 2, Event.HOP_WEST: hops / 2, Event.HOP_NORTH: hops / 2, Event.HOP_SOUTH: hops / 2,
        }  # fmt: skip
        ended = load(chip("truenorth"), 4096, 256, 1.0, events).ends(total_mw(1.0))
        held = hertz not in (11.58, 95.93)
        workload = f"1 M neurons, {hertz:g} Hz, 128 synapses" + ("" if source == AKOPYAN else " (0.775 V, model 0.8 V)")
        yield Row("truenorth_sweep", "truenorth", workload, "power", "mW", *ended, milliwatts, source, not held)


def odin() -> Iterator[Row]:
    """As many synaptic operations as fit: 2 cycles each."""
    source = "Frenkel et al., TBioCAS 13(1):145, 2019, Eq. 2 and 3"
    for mhz, rate, microwatts, picojoules in ((75.0, 37.5e6, 477.0, 12.7), (1.3, 650e3, 35.0, 54.0)):
        made = load(
            chip(f"{{extends: odin, clock: {{frequency: {mhz} MHz}}}}"), 1, 256, 1.0, {Event.SYNAPSE_DENSE: rate}
        )
        workload = f"{rate / 1e6:g} M synaptic operations/s at {mhz:g} MHz"
        power = made.ends(lambda dynamic, static: (dynamic + static) * 1e6)
        yield Row("odin_power", "odin", workload, "power", "uW", *power, microwatts, source, True)
        each = tuple(1e6 * microwatt / rate for microwatt in power)
        yield Row("odin_power", "odin", workload, "a synaptic operation", "pJ", *each, picojoules, source, True)


def spinnaker() -> Iterator[Row]:
    """Boards with every core at work; hops left out (below 0.1 %)."""
    neurons, synapses, hertz = 77_169, 2.989e8, 3.24
    for boards, slower, figures, steps in (
        ("[3, 4]", 1.0, ((0.601, "Rhodes et al. 2019, currents for input; table of Senk et al. 2026"),), 1e4),
        ("[3, 2]", 20.0,
         ((5.9, "van Albada et al. 2018, text"), (4.4, "van Albada et al. 2018, table of Senk et al. 2026")), 1e4),
    ):  # fmt: skip
        made = chip(f"{{extends: spinnaker1-48chip, mesh: {{chips: {boards}}}}}")
        cores = made[0].mesh.n_cores
        events = {
            Event.SPIKE_OUT: neurons * hertz,
            Event.SYNAPSE_SPARSE: synapses * hertz,
            Event.COMPARTMENT_ACTIVE: neurons * steps,
        }
        of = load(made, cores, 8, slower, events)  # a second of the network takes `slower` seconds
        each = of.ends(lambda dynamic, static: (dynamic + static) / (synapses * hertz) * 1e6)
        workload = f"cortical microcircuit, {made[0].mesh.n_chips} boards, {slower:g} times real time"
        for measured, source in figures:
            yield Row(
                "pd14_spinnaker", "spinnaker1-48chip", workload, "a synaptic event", "uJ", *each, measured, source
            )
    yield from stromatias()
    yield from sharp()


def stromatias() -> Iterator[Row]:
    events = 1.8e9
    made = load(chip("spinnaker1-48chip"), 816, 256, 1.0, {Event.SYNAPSE_SPARSE: events})
    source = "Stromatias et al., IJCNN 2013"
    workload = "48 chips, 1.8 G synaptic events/s"
    each = made.ends(lambda dynamic, static: (dynamic + static) / events * 1e9)
    yield Row("stromatias2013", "spinnaker1-48chip", workload, "a synaptic event", "nJ", *each, 20.0, source)
    idle = 48 * 0.35  # the power at rest that the paper takes off; of the model's the same
    above = made.ends(lambda dynamic, static: (dynamic + static - idle) / events * 1e9)
    yield Row("stromatias2013", "spinnaker1-48chip", workload, "the same above rest", "nJ", *above, 8.0, source, True)
    per_chip = made.ends(lambda dynamic, static: (dynamic + static) / 48)
    yield Row("stromatias2013", "spinnaker1-48chip", workload, "power of a chip", "W", *per_chip, (0.0, 1.0), source)
    one = chip("{extends: spinnaker1-48chip, mesh: {width: 1, height: 1}, static: {board: {power: 0 mW}}}")
    small = load(one, 6, 256, 1.0, {}).ends(lambda dynamic, static: dynamic + static)
    network = "belief network 784-500-500-10 on 6 cores of one chip"
    yield Row(
        "stromatias_dbn", "spinnaker1-48chip", network, "power", "W", *small, 0.3, "Stromatias et al., IJCNN 2015"
    )


def sharp() -> Iterator[Row]:
    hertz = 10.0
    board = (
        "{power: null, power_range: [0 mW, 2160 mW]}"  # 3.56 W of a 4-chip board at rest (SpiNNMachine) less 4 x 0.35 W
    )
    made = chip(f"{{extends: spinnaker1-48chip, mesh: {{width: 2, height: 2}}, static: {{board: {board}}}}}")
    events = {Event.SYNAPSE_SPARSE: 4e6 * hertz, Event.COMPARTMENT_ACTIVE: 1e4 * 1e3}
    each = load(made, 68, 147, 1.0, events).ends(lambda dynamic, static: (dynamic + static) / (4e6 * hertz) * 1e9)
    yield Row(
        "sharp2012", "spinnaker1-48chip", f"10,000 neurons, 4 M synapses, 4 chips; {hertz:g} Hz assumed",
        "a synaptic event", "nJ", *each, 110.0, "Sharp et al., J. Neurosci. Methods 210:110, 2012",
    )  # fmt: skip


def keywords() -> Iterator[Row]:
    """Dense 390-256-256-29, 10 steps an inference. Spikes were not published; what is dynamic lies below 47 uJ."""
    sizes, steps = (390, 256, 256, 29), 10
    blouw = "Blouw et al., arXiv:1812.01739; raw logs of abr/power_benchmarks"
    for share in (0.1, 1.0):
        reads = sum(a * share * b for a, b in pairwise(sizes)) * steps
        updates = sum(sizes[1:]) * steps
        events = {
            Event.SYNAPSE_DENSE: reads,
            Event.COMPARTMENT_ACCESS: updates,
            Event.COMPARTMENT_ACTIVE: updates,
            Event.SPIKE_OUT: updates * share,
            Event.AXON_OUT: updates * share,
            Event.AXON_IN: (updates + 390 * steps) * share,
            Event.TILE_OUT: (updates + 390 * steps) * share,
        }
        made = load(chip("loihi1-davies2018"), 3, 180, 1 / 297, events)
        workload = f"keywords 390-256-256-29, {share:.0%} fire a step (assumed)"
        dynamic = made.ends(lambda dynamic, _: dynamic * 1e6)
        yield Row(
            "kws_blouw", "loihi1-davies2018", workload, "an inference, dynamic", "uJ", *dynamic, (0.0, 47.0), blouw
        )
        if share == 0.1:
            yan = "Yan et al., Neuromorph. Comput. Eng. 2021, arXiv:2009.08921"
            yield Row(
                "yan_kws", "loihi1-davies2018", workload, "an inference, no host", "uJ", *dynamic, (0.0, 37.0), yan
            )


def converted() -> Iterator[Row]:
    """Converted networks: the cores and steps are known, so compartments at rest and static power over the time measured."""
    source = "Rueckauer et al., ACM JETC 2022, arXiv:2101.04261"
    for name, chips, cores, steps, seconds, millijoules in (
        ("MNIST", "[1, 1]", 14, 100, 6.65e-3, 0.66),
        ("CIFAR-10 MobileNet", "[7, 1]", 861, 400, 0.340, 102.0),
    ):
        made = chip(f"{{extends: loihi1-davies2018, mesh: {{chips: {chips}}}}}")
        updates = cores * 1024 * steps
        events = {Event.COMPARTMENT_ACCESS: updates, Event.COMPARTMENT_INACTIVE: updates}
        ended = load(made, cores, 1024, seconds, events).ends(lambda dynamic, static: (dynamic + static) * 1e3)
        workload = f"{name}, {cores} full cores at rest for {steps} steps, time as measured"
        yield Row("nxtf", "loihi1-davies2018", workload, "an inference", "mJ", *ended, millijoules, source)


def pilotnet() -> Iterator[Row]:
    seconds, synops = 1.528, 2.29e10
    made = load(chip("loihi2"), 128, 1024, seconds, {Event.SYNAPSE_DENSE: synops})
    power = made.ends(lambda dynamic, _: dynamic / seconds * 1e3)
    yield Row(
        "pilotnet", "loihi2", "PilotNet (lava-dl), 15 G synaptic operations/s, updates left out", "dynamic power", "mW",
        *power, 447.2, "notebooks of lava-dl, one chip of an Oheo Gulch board", True,
    )  # fmt: skip


WORKLOADS = (truenorth, odin, spinnaker, keywords, converted, pilotnet)


def rows() -> list[Row]:
    """The whole table."""
    return [row for workload in WORKLOADS for row in workload()]


def markdown() -> str:
    lines = [
        "| chip | workload | quantity | low | nominal | high | measured | error |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows():
        figures = " | ".join(f"{value:.3g}" for value in (row.low, row.nominal, row.high))
        if row.error is None:
            low, high = row.measured  # type: ignore[misc]
            inside = "within" if low <= row.nominal <= high else "outside"
            measured, error = f"at most {high:g}", inside
        else:
            measured, error = f"{row.measured:g}", f"{row.error:+.1%}"
        mark = "*" if row.circular else ""
        lines.append(
            f"| {row.chip} | {row.workload} | {row.quantity}, {row.unit} | {figures} | {measured} | {error}{mark} |"
        )
    lines += ["", "\\* what the chip file's constants come from: agreement is no evidence."]
    lines += ["", "Not held against the model: " + "; ".join(f"{name} ({why})" for name, why in NOT_HELD.items()) + "."]
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
