"""Priced: a run with its costs, whether it just ended or was read back from its folder; and its part of summary.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..chip import Chip, PriceList
from ..compiler.partition import Part
from ..costs import Activity, Costs
from ..counters import Learned
from ..energy import static_mw
from ..events import EVENTS, HOPS, LEARNING, MEANING, Event
from ..ranges import ranges
from ..schedule import PARTS
from ..spool import forget
from ..wiring import Wiring

ROWS = 1 << 14  # steps that are added up at once


@dataclass(frozen=True)
class Priced:
    """parts: as wiring.parts, with what each asks of a core.  latency: one of modes.MODES.  steps: of one sample."""

    chip: Chip
    prices: PriceList
    latency: str
    parts: tuple[Part, ...]
    wiring: Wiring
    activity: Activity
    costs: Costs
    steps: int

    @property
    def samples(self) -> int:
        return self.activity.n_steps // self.steps


def summarise(priced: Priced, seed: int = 0, spread: bool = True) -> dict[str, Any]:
    """What a run did and cost. Energies in pJ, times in ns; `pj_per_spike` and the like divide the total, static included.

    seed: of the draws from the ranges of constants.  spread: whether to draw; else `ranges` is None.
    """
    wiring, tally, bill, schedule = priced.wiring, priced.costs.tally, priced.costs.bill, priced.costs.schedule
    totals, samples, n_steps = tally.totals, priced.samples, priced.activity.n_steps
    spikes, reads = int(totals[Event.SPIKE_OUT]), int(totals[Event.ACCUMULATE])
    return {
        "chip": priced.chip.name,
        "latency": priced.latency,
        "steps": n_steps,
        "samples": samples,
        "spikes": spikes,
        "input_spikes": int(totals[Event.HOST_IN]),
        "synaptic_events": reads,
        "compartment_updates": int(totals[Event.COMPARTMENT_ACCESS]),
        "active_updates": int(totals[Event.COMPARTMENT_ACTIVE]),
        "messages": int(totals[Event.TILE_IN]),
        "hops": int(totals[list(HOPS)].sum()),
        "events": {MEANING[event].key: int(totals[event]) for event in EVENTS},
        "compartments": wiring.n_compartments,
        "synapses": wiring.synapses,
        "parts": wiring.n_parts,
        "cores": int(tally.cores.size),
        "tiles": int(wiring.tiles_in_use().size),
        "chips": int(wiring.chips_in_use().size),
        "energy_pj": {
            "total": bill.total,
            "dynamic": bill.dynamic,
            "static": bill.static,
            "static_in_real_time": static_mw(priced.prices, wiring) * n_steps * wiring.step_ms * 1e6,
            "by_event": bill.by_event,
            "by_population": bill.by_population,
            "by_core": bill.by_core,
            "by_tile": _by_tile(priced),
        },
        "learning": learning(priced),
        "pj_per_spike": ratio(bill.total, spikes),
        "dynamic_pj_per_spike": ratio(bill.dynamic, spikes),
        "pj_per_synaptic_event": ratio(bill.total, reads),
        "dynamic_pj_per_synaptic_event": ratio(bill.dynamic, reads),
        "energy_per_sample_pj": bill.total / samples,
        "dynamic_energy_per_sample_pj": bill.dynamic / samples,
        "latency_ns": {
            "total": schedule.total_ns,
            "mean_step": schedule.total_ns / n_steps,
            "max_step": float(schedule.step_ns.max()),
            "bound_by": {name: float(share) for name, share in zip(PARTS, schedule.shares, strict=True) if share > 0},
            "late_steps": schedule.late,
            "tick": priced.prices.barrier.tick_ns or None,
            "network_step": wiring.step_ms * 1e6,
        },
        "latency_per_sample_ns": schedule.total_ns / samples,
        "why": [
            {"share": r.share, "part": r.part, "core": r.core, "link": r.link, "text": r.text, "moved": r.moved, "gain": r.gain}
            for r in priced.costs.reasons
        ],
        "ranges": ranges(wiring, priced.activity, priced.costs, priced.prices, priced.latency, seed) if spread else None,
        "area": area(wiring, priced.prices),
        "not_modelled": priced.prices.not_modelled(totals, wiring.mesh.n_chips),
        "estimates": priced.prices.estimates(wiring.mesh.n_chips),
    }  # fmt: skip


def learning(priced: Priced) -> dict[str, Any] | None:
    """What learning did and cost, None where nothing learned.  energy_pj: of the events that have a price.

    not_priced: keys of those that happened and have none; energy_pj is None where that is all of them.
    """
    learned = priced.activity.learned
    if not learned.size:
        return None
    totals, by_event = priced.costs.tally.totals, priced.costs.bill.by_event
    products = 0
    for first in range(0, learned.shape[0], ROWS):
        products += int(learned[first : first + ROWS, :, Learned.PRODUCT].sum(dtype=np.int64))
        forget(learned)
    happened = [MEANING[event].key for event in LEARNING if totals[event]]
    known = [key for key in happened if by_event[key] is not None]
    return {
        "traces_updated": int(totals[Event.TRACE_UPDATE]),
        "synapses_read": int(totals[Event.LEARN_READ]),
        "synapses_written": int(totals[Event.LEARN_WRITE]),
        "products": products,
        "energy_pj": None if happened and not known else float(sum(by_event[key] or 0.0 for key in known)),
        "not_priced": [key for key in happened if key not in known],
    }


def area(wiring: Wiring, prices: PriceList) -> dict[str, float | None]:
    """mm2 of all chips and of the cores in use, and bits of SRAM in those; None where the chip file does not say."""
    cores, mesh = wiring.cores_in_use().size, wiring.mesh

    def of(name: str, number: int) -> float | None:
        known = prices.area_mm2.get(name)
        return None if known is None or known.value is None else known.value * number

    bits = prices.sram_bits.value
    return {
        "chips_mm2": of("chip", mesh.n_chips),
        "tiles_in_use_mm2": of("tile", wiring.tiles_in_use().size),
        "cores_in_use_mm2": of("core", cores),
        "sram_bits_of_cores_in_use": None if bits is None else bits * cores,
    }


def _by_tile(priced: Priced) -> dict[str, float]:
    """Dynamic pJ of the cores of each tile, by 'x,y'."""
    mesh = priced.wiring.mesh
    found: dict[str, float] = {}
    for core in priced.costs.tally.cores.tolist():
        x, y = mesh.tile_xy(core // mesh.cores_per_tile)
        found[f"{x},{y}"] = found.get(f"{x},{y}", 0.0) + priced.costs.bill.by_core[str(core)]
    return found


def ratio(value: float, count: int) -> float | None:
    return value / count if count else None
