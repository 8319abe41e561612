"""What led to a difference: what the compartment was sent in that step, and what of its synapses and registers differs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .. import host, pipeline
from ..compiler.draft import Draft, draft
from ..engine.run import run
from ..network import Network
from .first import First
from .rebuilt import Rebuilt

MOST = 8  # synapses that are told


@dataclass(frozen=True)
class Arrival:
    """A spike that reaches the compartment in the step: from whom, by which connection, with which weight in each run.

    Weights are mantissas times 2**exponent; None where one run has no such spike or synapse.  sent: the payload of the spike in
    each run.
    """

    source: str
    index: int
    connection: str
    one: float | None
    other: float | None
    sent: tuple[int, int] = (1, 1)

    @property
    def differs(self) -> bool:
        return self.one != self.other or self.sent[0] != self.sent[1]


@dataclass(frozen=True)
class Cause:
    """arrivals: of the step, those that differ first.  synapses: onto the compartment, that differ between the runs.

    registers: (name, value, value) of the compartment that differ.  learns: weights are those before the run.
    """

    arrivals: list[Arrival]
    n_arrivals: int
    synapses: list[Arrival]
    n_synapses: int
    registers: list[tuple[str, int, int]]
    learns: bool


Key = tuple[str, int, str, int]  # source population, index, connection, delay


def cause_of(one: Rebuilt, other: Rebuilt, first: First) -> Cause:
    """Of a state that differs."""
    both = [_into(each, first) for each in (one, other)]
    spikes = [_spikes(each, first.step) for each in (one, other)]
    arrived, sent = [], []
    for table, fired in zip(both, spikes, strict=True):
        payloads = {key: fired.get((key[0], key[1], first.step - 1 - key[3])) for key in table}
        sent.append({key: payload for key, payload in payloads.items() if payload is not None})
        arrived.append({key: table[key] for key in sent[-1]})
    now, known = (
        _beside(arrived[0], arrived[1], *sent),
        [arrival for arrival in _beside(both[0], both[1]) if arrival.differs],
    )
    now.sort(key=lambda arrival: not arrival.differs)
    learns = any(p.learning is not None and p.target == first.of for p in one.program.network.projections)
    return Cause(now[:MOST], len(now), known[:MOST], len(known), _registers(one, other, first), learns)


def _beside(one: dict[Key, float], other: dict[Key, float], *sent: dict[Key, int]) -> list[Arrival]:
    """sent: payloads of the spikes of each; that of the other, where one has no such spike."""
    found = []
    for key in sorted(one.keys() | other.keys()):
        there = [payloads[key] for payloads in sent if key in payloads] or [1]
        found.append(Arrival(key[0], key[1], key[2], one.get(key), other.get(key), (there[0], there[-1])))
    return found


def _draft(each: Rebuilt) -> Draft:
    program, calibration = each.program, None
    if program.calibrate:
        from ..calibrate import calibrate

        calibration = calibrate(program, program.calibrate)
    return draft(program.network, program.chip, program.seed, lambda stage: None, calibration=calibration)


def _into(each: Rebuilt, first: First) -> dict[Key, float]:
    """The synapses onto a compartment: effective weight by source, connection and delay; those that are alike added up."""
    made = _draft(each)
    table, network = made.table, each.program.network
    mine = np.flatnonzero(table.target == made.first[first.of] + first.index)
    source = np.searchsorted(table.first, mine, side="right") - 1
    found: dict[Key, float] = {}
    for k, s in zip(mine.tolist(), source.tolist(), strict=True):
        name, index = _owner(network, made.first, s)
        here = slice(k, k + 1)
        projection = network.projections[int(table.projections(here)[0])]
        key = (name, index, projection.name, int(table.delays_of(here)[0]))
        found[key] = found.get(key, 0.0) + float(table.units[k])
    return found


def _owner(network: Network, first: dict[str, int], source: int) -> tuple[str, int]:
    name = max((name for name in first if first[name] <= source), key=lambda name: first[name])
    return name, source - first[name]


def _spikes(each: Rebuilt, step: int) -> dict[tuple[str, int, int], int]:
    """Payloads of every spike before a step, by (population, index, step)."""
    program, image = each.program, each.compiled.image
    plan = pipeline.plan_of(program, each.compiled, host.feed(program))
    plan = replace(plan, probes=(), snapshots={}, until=step, threads=1)
    traces, _ = run(image, plan)
    begin = step - (step - 1) % program.steps if program.fresh_samples else 1
    names = (*image.names, *image.source_names)
    firsts = np.array([*image.blocks.first.tolist(), *image.source_first[:-1].tolist()])
    late = traces.step >= begin  # what was sent before a fresh sample does not arrive
    owner = np.searchsorted(firsts, traces.source[late], side="right") - 1
    return {
        (names[k], int(source - firsts[k]), int(at)): payload
        for k, source, at, payload in zip(
            owner.tolist(),
            traces.source[late].tolist(),
            traces.step[late].tolist(),
            traces.payload[late].tolist(),
            strict=True,
        )
    }


def _registers(one: Rebuilt, other: Rebuilt, first: First) -> list[tuple[str, int, int]]:
    """Parameters, and states before step 1, of the compartment."""
    found = []
    model = one.program.network[first.of].compartment
    for label, fields in (("parameters", model.parameters._fields), ("state", model.state._fields)):
        values = []
        for each in (one, other):
            image = each.compiled.image
            k = image.names.index(first.of)
            table = getattr(image.cells[k], label)
            at = int(image.places_of(k, np.array([first.index]))[0]) if table.shape[1] > 1 else 0
            values.append(table[:, at].tolist())
        more = "" if label == "parameters" else " before step 1"
        found += [(f"{name}{more}", a, b) for name, a, b in zip(fields, *values, strict=True) if a != b]
    return found
