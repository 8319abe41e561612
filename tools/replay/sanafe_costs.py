"""Cases of golden/sanafe: counts, energy and `simple` step times from recorded spikes, priced by neuroemu's costs.

What SANA-FE's spikes cost there must cost the same here: every count, energy by what it was spent on, and the time of every
step, in each step and in the whole run. The spikes are recorded; that SANA-FE's soma would fire them is checked besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neuroemu import latency
from neuroemu.costs import costs
from neuroemu.counters import Count
from neuroemu.energy import Bill, bill, charge
from neuroemu.events import HOPS, MEANING, N_EVENTS, READS, Event
from neuroemu.schedule import Schedule
from neuroemu.tally import Tally, tally
from neuroemu.traffic import traffic, ways

from .sanafe_case import NS, PJ, SanafeCase, read

TOLERANCE = 1e-9  # relative; SANA-FE's own sums differ by 2e-12 with their order
SOMAS = (
    Event.COMPARTMENT_ACCESS, Event.COMPARTMENT_ACTIVE, Event.COMPARTMENT_INACTIVE, Event.SPIKE_OUT, Event.RANDOM_DRAW,
)  # fmt: skip
SPENT_ON = {
    "synapse": READS,
    "dendrite": (Event.ACCUMULATE,),
    "soma": SOMAS,
    "network": (Event.AXON_OUT, Event.AXON_IN, *HOPS),
}
COUNTED = {
    "neurons_updated": ("updated", (Event.COMPARTMENT_ACTIVE, Event.COMPARTMENT_INACTIVE)),
    "neurons_fired": ("fired", (Event.SPIKE_OUT, Event.COMPARTMENT_INACTIVE)),
    "spikes": ("spikes", READS),
    "packets": ("packets", (Event.AXON_IN,)),
    "hops": ("hops", HOPS),
}
"""By their names in the totals: the name in the steps, and the events that are counted."""


def sanafe(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every case of the folder."""
    for path in case_files(folder):
        yield path.stem, partial(replay, path)


def case_files(folder: Path) -> list[Path]:
    """Cases, not their results."""
    return sorted(path for path in folder.glob("*.json") if path.with_suffix(".sanafe.json").is_file())


def replay(path: Path) -> str:
    """'' if the case matches, else what differs first."""
    return difference(read(path))


class Priced(NamedTuple):
    """What neuroemu.costs.costs returns, as far as SANA-FE has its like."""

    tally: Tally
    bill: Bill
    schedule: Schedule


def priced(case: SanafeCase) -> Priced:
    """The case's costs in neuroemu. A third kind of synapse is what nothing in a Wiring says yet; it is counted here."""
    if not np.any(case.kind_of_part == Event.SYNAPSE_SHARED):
        found = costs(case.wiring, case.activity, case.prices, "simple")
        return Priced(found.tally, found.bill, found.schedule)
    wiring, counts, row, source = case.wiring, case.activity.counts, case.activity.step - 1, case.activity.source
    going = ways(wiring)
    sent = traffic(wiring, going, row, source, case.activity.n_steps)
    counted, core_steps = tally(wiring, going, counts, sent)
    by_step = counted.by_step.copy()
    for part in np.flatnonzero(case.kind_of_part == Event.SYNAPSE_SHARED):
        reads, core = counts[:, part, Count.SYNAPSE_READ], np.searchsorted(counted.cores, wiring.parts.core[part])
        for table in (by_step, core_steps[:, core]):
            table[:, Event.SYNAPSE_SHARED] += reads
            table[:, Event.SYNAPSE_SPARSE] -= reads
    schedule = latency.schedule(wiring, np.zeros(case.activity.n_steps), core_steps, sent.host, case.prices)
    counted = replace(counted, by_step=by_step)
    return Priced(counted, bill(counted, case.prices, schedule.total_ns, wiring), schedule)


def difference(case: SanafeCase) -> str:
    """'' if everything recorded is the same, else what differs first."""
    found, recorded, steps = priced(case), case.recorded, case.recorded["per_step"]
    by_step = found.tally.by_step
    for total, (name, events) in COUNTED.items():
        ours = by_step[:, list(events)].sum(axis=1)
        wrong = _counts_differ(total, ours.sum(), recorded["counts"][total])
        by_step_recorded = _packets(recorded, ours.size) if name == "packets" else steps[name]
        if by_step_recorded is not None:
            wrong = _counts_differ(name, ours, by_step_recorded) or wrong
        if wrong:
            return wrong
    if not np.array_equal(by_step[:, Event.AXON_OUT], by_step[:, Event.AXON_IN]):
        return "messages sent and received differ"
    for name, events in SPENT_ON.items():
        chosen = np.isin(np.arange(N_EVENTS), events)
        ours = charge(np.where(chosen, by_step, 0), case.prices) / PJ
        whole = sum(found.bill.by_event[MEANING[event].key] or 0.0 for event in events) / PJ
        wrong = _differ(f"{name} energy", ours, steps[f"{name}_energy"])
        wrong = wrong or _differ(f"{name} energy", whole, recorded["energy"][name])
        if wrong:
            return wrong
    return (
        _differ("energy", found.bill.by_step / PJ, steps["total_energy"])
        or _differ("energy", found.bill.total / PJ, recorded["energy"]["total"])
        or _differ("simple time", found.schedule.step_ns / NS, steps["sim_time"]["simple"])
        or _differ("simple time", found.schedule.total_ns / NS, recorded["sim_time"]["simple"])
        or _spikes_differ(case)
    )


def _packets(recorded: dict[str, Any], n_steps: int) -> np.ndarray | None:
    """Messages of each step, where the file lists them: only small cases do, and no file has them in `per_step`."""
    if "messages" not in recorded:
        return None
    table = recorded["messages"]
    step, core = (table["columns"].index(name) for name in ("step", "dst_core"))
    return np.bincount([row[step] - 1 for row in table["rows"] if row[core] >= 0], minlength=n_steps)


def _counts_differ(what: str, ours: Any, recorded: Any) -> str:
    return _first(what, ours, recorded, np.atleast_1d(ours) != np.atleast_1d(recorded))


def _differ(what: str, ours: Any, recorded: Any) -> str:
    ours, recorded = np.atleast_1d(ours), np.atleast_1d(recorded)
    return _first(what, ours, recorded, ~(np.abs(ours - recorded) <= TOLERANCE * np.abs(recorded)))


def _first(what: str, ours: Any, recorded: Any, wrong: np.ndarray) -> str:
    """The first difference of a whole run (one number) or of its steps."""
    ours, recorded = np.atleast_1d(ours), np.atleast_1d(recorded)
    if not wrong.any():
        return ""
    k = int(np.flatnonzero(wrong)[0])
    where = "of the run" if ours.size == 1 else f"of step {k + 1}"
    return f"{what} {where} is {ours[k]:.15g}, recorded {recorded[k]:.15g} ({int(wrong.sum())} of {ours.size} differ)"


def _spikes_differ(case: SanafeCase) -> str:
    wrong = np.argwhere(case.soma.fired != case.fired)
    if not wrong.size:
        return ""
    step, neuron = wrong[0]
    did = "fires" if case.soma.fired[step, neuron] else "is silent"
    return f"the soma of {case.names[neuron]} {did} in step {step + 1}, recorded otherwise ({len(wrong)} spikes differ)"
