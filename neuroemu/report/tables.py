"""The files of a run folder that say what the run cost (FILES)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from .. import mapping_file
from ..compiler.demand import RESOURCES, together, use
from ..compiler.partition import Part
from ..energy import by_link, static_mw
from ..events import HOPS, Event
from ..noc.names import name_of_link
from ..schedule import PARTS
from ..spool import forget
from ..topology import topology_of
from . import saved
from .priced import Priced

CHIP = "chip.yaml"
FILES = (CHIP, "mapping.json", "steps.csv", "cores.csv", "populations.csv", "links.csv", "samples.csv", "costs.h5")
ROWS = 1 << 14  # of a table that are made at once
Table = tuple[list[str], Iterable[Iterable[Any]]]


def write_costs(priced: Priced, folder: Path) -> None:
    """Writes FILES into a folder."""
    (folder / CHIP).write_text(_chip(priced), encoding="utf-8")
    as_json(folder / "mapping.json", mapping(priced))
    as_csv(folder / "steps.csv", *_steps(priced))
    as_csv(folder / "cores.csv", *_cores(priced))
    as_csv(folder / "populations.csv", *_populations(priced))
    as_csv(folder / "links.csv", *_links(priced))
    as_csv(folder / "samples.csv", *_samples(priced))
    saved.write(priced, folder / "costs.h5")


def as_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def as_csv(path: Path, header: list[str], rows: Iterable[Iterable[Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def mapping(priced: Priced) -> dict[str, Any]:
    """Who sits where: parts with their core and tile and what they ask for, and what is left on each core."""
    return mapping_file.document(priced.chip, priced.parts, priced.wiring.parts.core.tolist(), {})


def _chip(priced: Priced) -> str:
    """The chip file that was priced with, whole: what it extends and what was laid over it included."""
    data = json.loads(priced.chip.written) if priced.chip.written else {}
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120))


def _steps(priced: Priced) -> Table:
    """A row a step; rows are made a stretch at a time."""
    tally, schedule, n_steps = priced.costs.tally, priced.costs.schedule, priced.activity.n_steps

    def columns(here: slice) -> dict[str, Any]:
        events, path = tally.by_step[here], schedule.path_ns[here]
        steps = np.arange(here.start, min(here.stop, n_steps))
        return {
            "step": steps + 1,
            "sample": steps // priced.steps,
            "spikes": events[:, Event.SPIKE_OUT],
            "input_spikes": events[:, Event.HOST_IN],
            "synaptic_events": events[:, Event.ACCUMULATE],
            "active_updates": events[:, Event.COMPARTMENT_ACTIVE],
            "messages": events[:, Event.TILE_IN],
            "hops": events[:, HOPS].sum(axis=1),
            "dynamic_pj": priced.costs.bill.by_step[here],
            "step_ns": path.sum(axis=1),
            **{f"{name}_ns": path[:, k] for k, name in enumerate(PARTS)},
            "slowest_core": schedule.slowest_core[here],
            "slowest_link": schedule.slowest_link[here],
            "bound_by": np.array(PARTS)[path.argmax(axis=1)],
        }

    def rows() -> Iterable[Iterable[Any]]:
        for first in range(0, n_steps, ROWS):
            yield from zip(*(column.tolist() for column in columns(slice(first, first + ROWS)).values()), strict=True)
            forget(tally.by_step, schedule.path_ns)

    return list(columns(slice(0, 0))), rows()


def _samples(priced: Priced) -> Table:
    """A row a sample."""
    header = [
        "sample",
        "spikes",
        "input_spikes",
        "synaptic_events",
        "messages",
        "hops",
        "dynamic_pj",
        "static_pj",
        "ns",
    ]
    costs, steps = priced.costs, priced.steps
    power = static_mw(priced.prices, priced.wiring)

    def rows() -> Iterable[Iterable[Any]]:
        for sample in range(priced.samples):
            here = slice(sample * steps, (sample + 1) * steps)
            events, ns = costs.tally.by_step[here].sum(axis=0), float(costs.schedule.path_ns[here].sum())
            counts = (events[Event.SPIKE_OUT], events[Event.HOST_IN], events[Event.ACCUMULATE], events[Event.TILE_IN])
            hops, dynamic = events[list(HOPS)].sum(), float(costs.bill.by_step[here].sum())
            yield [sample, *(int(count) for count in (*counts, hops)), dynamic, power * ns, ns]

    return header, rows()


def _cores(priced: Priced) -> Table:
    chip, tally = priced.chip, priced.costs.tally
    out = priced.wiring.axons_out(priced.parts).tolist()
    parts_of: dict[int, list[Part]] = {}
    for part, core, sent in zip(priced.parts, priced.wiring.parts.core.tolist(), out, strict=True):
        parts_of.setdefault(core, []).append(replace(part, demand=replace(part.demand, axons_out=sent)))
    header = ["core", "tile_x", "tile_y", "parts", *RESOURCES,
              "spikes", "synaptic_events", "messages_sent", "messages_received", "dynamic_pj",
              "sending_ns", "receiving_ns"]  # fmt: skip
    rows = []
    for k, core in enumerate(tally.cores.tolist()):
        here = parts_of[core]
        counts = tally.by_core[k]
        rows.append(
            [
                core,
                *chip.mesh.tile_xy(core // chip.mesh.cores_per_tile),
                " ".join(part.name for part in here),
                *use(together([part.demand for part in here])).values(),
                int(counts[Event.SPIKE_OUT]),
                int(counts[Event.ACCUMULATE]),
                int(counts[Event.AXON_OUT]),
                int(counts[Event.AXON_IN]),
                priced.costs.bill.by_core[str(core)],
                *priced.costs.schedule.busy_ns[k].tolist(),
            ]
        )
    return header, rows


def _populations(priced: Priced) -> Table:
    header = ["population", "size", "on_chip", "parts", "spikes", "mean_rate_hz", "synaptic_events", "dynamic_pj"]
    wiring, tally, rows = priced.wiring, priced.costs.tally, []
    seconds = priced.activity.n_steps * wiring.step_ms / 1000.0
    first = 0
    for k, (name, size) in enumerate(zip(tally.names, [*wiring.sizes, *wiring.source_sizes], strict=True)):
        spikes = int(tally.spikes[first : first + size].sum())
        first += size
        n_parts = sum(part.population == name for part in priced.parts)
        reads = int(tally.by_population[k, Event.ACCUMULATE])
        rate = spikes / size / seconds
        rows.append(
            [name, size, k < len(wiring.names), n_parts, spikes, rate, reads, priced.costs.bill.by_population[name]]
        )
    return header, rows


def _links(priced: Priced) -> Table:
    """Links that carried something; empty where the latency mode does not send messages over links."""
    header = ["link", "name", "messages", "busy_ns", "waited_ns", "blocked_ns", "most_in_buffer", "dynamic_pj"]
    links, net = priced.costs.schedule.links, topology_of(priced.wiring.mesh)
    if links is None:
        return header, []
    energy = by_link(links.carried, net, priced.prices)
    rows = [
        [
            int(link),
            name_of_link(net, int(link)),
            int(links.carried[link]),
            float(links.busy_ns[link]),
            float(links.waited_ns[link]),
            float(links.blocked_ns[link]),
            int(links.most[link]),
            float(energy[link]),
        ]
        for link in np.flatnonzero(links.carried)
    ]
    return header, rows
