"""A program through the engine alone: the traces and counters of neuroemu.run, nothing priced and nothing reported."""

from __future__ import annotations

import numpy as np

from neuroemu import host
from neuroemu.chip import PriceList
from neuroemu.counters import Counters, Learned, Traces
from neuroemu.engine.run import Plan, run
from neuroemu.events import Event
from neuroemu.profile import compiled
from neuroemu.program import Program

PRICED = {Learned.TRACE: Event.TRACE_UPDATE, Learned.READ: Event.LEARN_READ, Learned.WRITE: Event.LEARN_WRITE}


def run_bare(program: Program) -> tuple[Traces, Counters]:
    """Of a program whose inputs are spikes, in a closed loop or not."""
    made, given = compiled(program), host.feed(program)
    plan = Plan(
        program.steps,
        given.samples,
        program.seed,
        dict(given.inputs),
        {},
        program.network.probes,
        program.fresh_samples,
        snapshots=program.snapshots,
        environment=given.loop,
    )
    return run(made.image, plan)


def pj_per_read(counters: Counters, prices: PriceList) -> float:
    """Energy of learning by the prices that there are, for each synapse that a rule read."""
    learned = counters.learned.sum(axis=(0, 1), dtype=np.int64)
    spent = sum(int(learned[kind]) * (prices.energy_pj[event].value or 0.0) for kind, event in PRICED.items())
    return float(spent / learned[Learned.READ])
