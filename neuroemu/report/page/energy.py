"""Energy by event, by population and by core."""

from __future__ import annotations

from typing import Any

from .files import RunFiles
from .model import Section, Table
from .quantities import ABSENT, column, count, share, show

MOST = 12  # rows of a table; the rest is one row


def energy(files: RunFiles) -> Section:
    """The dynamic energy seen three ways; each adds up to the same."""
    summary = files.summary
    pj = summary["energy_pj"]
    tables = [by_event(summary), _by_population(files), _by_core(files)]
    lead = (
        f"Dynamic energy, {show(pj['dynamic'], 'pJ')}, seen three ways; each adds up to it. Static power adds "
        f"{show(pj['static'], 'pJ')} at full speed, and would add {show(pj['static_in_real_time'], 'pJ')} in real time."
    )
    return Section("energy", "Where the energy goes", tables, lead)


def by_event(summary: dict[str, Any]) -> Table:
    """Of summary.json alone; events that did not happen or cost nothing are left out."""
    spent, happened = summary["energy_pj"]["by_event"], summary.get("events")
    rows = [(key, pj) for key, pj in spent.items() if pj or (pj is None and happened and happened.get(key))]
    rows.sort(key=lambda row: -(row[1] or 0.0))
    unit, texts = column([pj for _, pj in rows], "pJ")
    total = summary["energy_pj"]["dynamic"] or 1.0
    header = ["event", *(["times"] if happened else []), unit, "share"]
    told = [
        [
            key.replace("_", " "),
            *([count(happened[key])] if happened else []),
            text,
            share((pj or 0.0) / total) if pj else ABSENT,
        ]
        for (key, pj), text in zip(rows, texts, strict=True)
    ]
    return Table(
        "By event", header, told, shares=[(pj or 0.0) / total for _, pj in rows], minor=frozenset({len(header) - 1})
    )


def _by_population(files: RunFiles) -> Table:
    rows = files.table("populations.csv")
    try:
        entries = [
            (
                row["population"],
                int(row["size"]),
                int(row["spikes"]),
                float(row["mean_rate_hz"]),
                float(row["dynamic_pj"]),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise files.broken("populations.csv", error) from None
    entries.sort(key=lambda entry: -entry[-1])
    return _ranked(
        "By population",
        ["population", "size", "spikes", "Hz"],
        [([name, count(size), count(spikes), f"{rate:,.1f}"], pj) for name, size, spikes, rate, pj in entries],
        "populations",
        frozenset({1, 3}),
        barrier=files.summary["energy_pj"]["by_population"].get("barrier", 0.0),
    )


def _by_core(files: RunFiles) -> Table:
    rows = files.table("cores.csv")
    try:
        entries = [
            (
                [
                    row["core"],
                    f"{row['tile_x']}, {row['tile_y']}",
                    count(int(row["spikes"])),
                    count(int(row["synaptic_events"])),
                ],
                float(row["dynamic_pj"]),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise files.broken("cores.csv", error) from None
    pj = files.summary["energy_pj"]["by_core"]
    entries.sort(key=lambda entry: -entry[1])
    return _ranked(
        "By core", ["core", "tile", "spikes", "synaptic events"], entries, "cores", frozenset({3}),
        host=pj.get("host", 0.0), barrier=pj.get("barrier", 0.0),
    )  # fmt: skip


def _ranked(
    title: str,
    header: list[str],
    entries: list[tuple[list[str], float]],
    what: str,
    minor: frozenset[int],
    **nobodys: float,
) -> Table:
    """The largest rows, what the others have together, and what belongs to none of them."""
    blank = [""] * (len(header) - 1)
    shown = list(entries[:MOST])
    if len(entries) > MOST:
        rest = entries[MOST:]
        shown.append(([f"{len(rest):,} more {what}", *blank], sum(pj for _, pj in rest)))
    shown += [([name, *blank], pj) for name, pj in nobodys.items() if pj]
    total = sum(pj for _, pj in shown) or 1.0
    unit, texts = column([pj for _, pj in shown], "pJ")
    rows = [[*cells, text, share(pj / total)] for (cells, pj), text in zip(shown, texts, strict=True)]
    return Table(title, [*header, unit, "share"], rows, shares=[pj / total for _, pj in shown], minor=minor)
