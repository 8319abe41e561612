"""neuroemu compare: two runs side by side, and where they part."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import CONTEXT, QUIET

if TYPE_CHECKING:
    from ..compare import Cause, Comparison, First
    from ..compare.cause import Arrival

MOST_FIGURES = 20
SYNAPSES = ("weight", "tag", "delay", "pre", "post")  # what differs of a synapse
MOST_ALONE = 8  # probes of one run alone that are named


@click.command(context_settings=CONTEXT)
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@click.option(
    "--exact",
    is_flag=True,
    help="Exit with 1 where anything that was recorded differs, or only one of them recorded it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@QUIET
def compare(one: Path, other: Path, exact: bool, as_json: bool, quiet: bool) -> None:
    """Compare the runs in the folders ONE and OTHER: figures that differ, and the first thing that their chips did
    differently: step, compartment, both values, and what it was sent.
    """
    from .. import compare as comparing
    from ..progress import shown

    with shown(quiet=quiet or as_json) as progress:
        progress.stage("comparing")
        found = comparing.compare(one, other)
    if as_json:
        import json

        click.echo(json.dumps(asdict(found) | {"same": found.same}, indent=1))
    else:
        click.echo("\n".join(lines(found, one, other)))
    if exact and not found.same:
        click.get_current_context().exit(1)


def lines(found: Comparison, one: Path, other: Path) -> list[str]:
    """The comparison as text."""
    told = [f"{one}  against  {other}"]
    for figure in found.figures[:MOST_FIGURES]:
        told.append(
            f"  {figure.name:42} {_shown(figure.one):>16} {_shown(figure.other):>16}{_times(figure.one, figure.other)}"
        )
    left = len(found.figures) - MOST_FIGURES
    told += [f"  and {left} more figures (--json)"] if left > 0 else []
    told += ["  all figures are the same"] if not found.figures else []
    for folder, names in zip((one, other), found.alone, strict=True):
        more = f", and {len(names) - MOST_ALONE} more" if len(names) > MOST_ALONE else ""
        told += (
            [f"Recorded by {folder} alone, and not compared: {', '.join(names[:MOST_ALONE])}{more}."] if names else []
        )
    if found.recorded is None:
        return [*told, f"Their chips did the same in all that {'both' if any(found.alone) else 'was'} recorded."]
    told.append(f"First difference recorded: {_first(found.recorded)}")
    if found.why_not:
        told.append(f"What led to it is not known: {found.why_not}.")
    elif found.state is None:
        told.append("No state of a compartment differs up to there, and no other spike.")
    else:
        told.append(f"First difference at all: {_first(found.state)}")
        told += _cause(found.cause) if found.cause else []
    return told


def _first(first: First) -> str:
    if first.what == "spikes":
        fires = ["spikes" if value else "does not" for value in (first.one, first.other)]
        return f"step {first.step:,}, {first.of}[{first.index}]: {fires[0]}, {fires[1]}"
    if first.what == "steps":
        return (
            f"one ends after {min(first.one, first.other):,.0f} steps, the other has {max(first.one, first.other):,.0f}"
        )
    if first.what == "synapses":
        return f"before the run, {first.of}: {first.one:,.0f} synapses that learn, {first.other:,.0f}"
    if first.what in SYNAPSES:
        return f"after step {first.step:,}, synapse {first.index} of {first.of}: {first.what} {first.one:g}, {first.other:g}"
    return f"step {first.step:,}, {first.of}[{first.index}]: {first.what} {first.one:,.0f}, {first.other:,.0f}"


def _cause(cause: Cause) -> list[str]:
    told = []
    if cause.arrivals:
        told.append(f"  Spikes that reach it in that step ({cause.n_arrivals}):")
        told += [f"    {_arrival(arrival)}" for arrival in cause.arrivals]
    else:
        told.append("  No spike reaches it in that step.")
    if cause.synapses:
        told.append(f"  Synapses onto it that differ ({cause.n_synapses}):")
        told += [f"    {_arrival(arrival)}" for arrival in cause.synapses]
    told += [f"  Its {name} differs: {one:,}, {other:,}" for name, one, other in cause.registers]
    if cause.learns:
        told.append("  Weights of connections that learn are those before the run.")
    return told


def _arrival(arrival: Arrival) -> str:
    values = ["none" if value is None else f"{value:g}" for value in (arrival.one, arrival.other)]
    apart = "   <- differs" if arrival.differs else ""
    graded = "" if arrival.sent == (1, 1) else f"; payload {arrival.sent[0]:,}, {arrival.sent[1]:,}"
    return f"{arrival.source}[{arrival.index}] by {arrival.connection}: weight {values[0]}, {values[1]}{graded}{apart}"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "none" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _times(one: Any, other: Any) -> str:
    from ..units import ratio

    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other))
    return f"  {ratio(one, other)}" if numbers and one else ""
