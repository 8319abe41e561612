"""What a synaptic update of a run cost: the learning engine's priced events over the synapses that it read."""

from __future__ import annotations

from neuroemu.counters import Learned
from neuroemu.events import Event
from neuroemu.report.report import Report

PRICED = {Learned.TRACE: Event.TRACE_UPDATE, Learned.READ: Event.LEARN_READ, Learned.WRITE: Event.LEARN_WRITE}


def pj_per_update(report: Report) -> float:
    """pJ; events without a price count nothing.  nan where nothing was read."""
    learned = report.counters.learned.sum(axis=(0, 1), dtype="int64")
    prices = report.program.prices.energy_pj
    spent = sum(learned[k] * (prices[event].value or 0.0) for k, event in PRICED.items())
    return float(spent / learned[Learned.READ]) if learned[Learned.READ] else float("nan")
