"""The summary: one flat-ish dict of everything that a user asks first, the content of summary.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.image import digest
from ..counters import OVERFLOWS
from ..decode import NO_ANSWER
from ..encode import Current
from ..energy import static_mw
from ..events import HOPS, READS, Event
from ..latency import BOUNDS
from ..program import Program, SpikesInput, ValuesInput

if TYPE_CHECKING:
    from .report import Report


def summarise(report: Report) -> dict[str, Any]:
    """summary.json.  Energies in pJ, times in ns; `pj_per_spike` and the like divide the total, static included."""
    image, tally, bill, schedule = report.compiled.image, report.tally, report.bill, report.schedule
    prices, program = report.program.prices, report.program
    totals = tally.totals
    spikes, reads = int(totals[Event.SPIKE_OUT]), int(totals[list(READS)].sum())
    answers = report.answers
    summary: dict[str, Any] = {
        "name": program.name,
        "chip": program.chip.name,
        "latency": program.latency,
        "steps": report.counters.n_steps,
        "samples": report.samples,
        "accuracy": answers.accuracy if answers else None,
        "unanswered": int(np.sum(answers.answers == NO_ANSWER) + np.sum(np.isnan(answers.answers)))
        if answers
        else None,
        "mean_error": answers.mean_error if answers else None,
        "spikes": spikes,
        "input_spikes": int(totals[Event.HOST_IN]),
        "synaptic_events": reads,
        "compartment_updates": int(totals[Event.COMPARTMENT_ACTIVE] + totals[Event.COMPARTMENT_INACTIVE]),
        "active_updates": int(totals[Event.COMPARTMENT_ACTIVE]),
        "messages": int(totals[Event.TILE_IN]),
        "hops": int(totals[list(HOPS)].sum()),
        "compartments": image.n_compartments,
        "synapses": image.n_synapses,
        "parts": image.n_parts,
        "cores": int(tally.cores.size),
        "tiles": int(report.wiring.tiles_in_use().size),
        "energy_pj": {
            "total": bill.total,
            "dynamic": bill.dynamic,
            "static": bill.static,
            "static_in_real_time": static_mw(prices, report.wiring) * report.counters.n_steps * image.step_ms * 1e6,
            "by_event": bill.by_event,
            "by_population": bill.by_population,
            "by_core": bill.by_core,
        },
        "pj_per_spike": _ratio(bill.total, spikes),
        "dynamic_pj_per_spike": _ratio(bill.dynamic, spikes),
        "pj_per_synaptic_event": _ratio(bill.total, reads),
        "dynamic_pj_per_synaptic_event": _ratio(bill.dynamic, reads),
        "energy_per_sample_pj": bill.total / report.samples,
        "dynamic_energy_per_sample_pj": bill.dynamic / report.samples,
        "latency_ns": {
            "total": schedule.total_ns,
            "mean_step": float(schedule.step_ns.mean()),
            "max_step": float(schedule.step_ns.max()),
            "bound_by": {
                name: float(np.mean(schedule.bound == k))
                for k, name in enumerate(BOUNDS)
                if np.any(schedule.bound == k)
            },
        },
        "latency_per_sample_ns": schedule.total_ns / report.samples,
        "overflows": _overflows(report),
        "not_modelled": prices.not_modelled(),
        "estimates": prices.estimates(),
        "quantisation": _quantisation(report),
        "wall_s": report.wall_s,
        "seed": program.seed,
        "run_hash": _run_hash(report),
        "model_hash": image.model_hash,
        "mesh_hash": image.mesh_hash,
    }
    return summary


def _overflows(report: Report) -> dict[str, dict[str, int]]:
    """How often compartments left their registers, by population, only where they did."""
    names = report.compiled.image.names
    rows = zip(names, report.counters.overflows.tolist(), strict=True)
    found = {name: {kind: n for kind, n in zip(OVERFLOWS, row, strict=True) if n} for name, row in rows}
    return {name: kinds for name, kinds in found.items() if kinds}


def _run_hash(report: Report) -> str:
    """Of everything that decides spikes and counts: the image, the seed, the length, and what the host sent."""
    program, traces, n = report.program, report.traces, report.compiled.image.n_compartments
    sent = traces.source >= n
    spikes = (traces.step[sent], traces.source[sent], traces.payload[sent])
    settings = (int(program.seed), int(program.steps), int(report.samples), bool(program.fresh_samples))
    return digest(report.compiled.image.model_hash, settings, spikes, *_currents(program))


def _currents(program: Program) -> list[tuple[Any, ...]]:
    """What the direct currents of a program are made of: (values or the data set, split; gain), by name."""
    found: list[tuple[Any, ...]] = []
    for _, given in sorted(program.inputs.items()):
        if not isinstance(given, SpikesInput) and isinstance(given.encoder, Current):
            values = given.values if isinstance(given, ValuesInput) else (given.dataset, repr(given.split))
            found.append((values, float(given.encoder.gain)))
    return found


def _ratio(value: float, count: int) -> float | None:
    return value / count if count else None


def _quantisation(report: Report) -> dict[str, Any]:
    """What rounding did, and what it cost against the float twin where that was run."""
    found: dict[str, Any] = {
        "populations": [asdict(entry) for entry in report.compiled.quantised.populations],
        "projections": [asdict(entry) for entry in report.compiled.quantised.projections],
    }
    twin = report.float_run
    if twin is not None:
        accuracy = report.answers.accuracy if report.answers else None
        chip_spikes = int(report.tally.by_step[:, Event.SPIKE_OUT].sum())
        found["float"] = {
            "accuracy": twin.accuracy,
            "accuracy_lost": None if twin.accuracy is None or accuracy is None else twin.accuracy - accuracy,
            "agreement": twin.agreement,
            "spikes": twin.spikes,
            "spikes_changed": _ratio(chip_spikes - twin.spikes, twin.spikes),
        }
    return found
