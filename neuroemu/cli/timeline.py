"""neuroemu timeline: what every core and message of a run did, for Perfetto."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .interrupts import interrupts
from .options import CONTEXT, QUIET

if TYPE_CHECKING:
    from ..timeline import Told


@click.command(context_settings=CONTEXT)
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--from", "first", type=click.IntRange(1), default=1, show_default=True, help="The first step that is told."
)
@click.option(
    "--steps", type=click.IntRange(1), help="How many steps at most [default: as many as the budget has room for]."
)
@click.option(
    "--events", type=click.IntRange(1000, 20_000_000), default=200_000, show_default=True, help="Budget of the file."
)
@click.option("-o", "--out", "out", type=click.Path(path_type=Path), help="File [default: RUN/trace.json.gz].")
@QUIET
def timeline(run_folder: Path, first: int, steps: int | None, events: int, out: Path | None, quiet: bool) -> None:
    """Write the timeline of the run in folder RUN: trace.json.gz, for ui.perfetto.dev or chrome://tracing.

    Cores and messages of as many steps as fit the budget; energy and spikes of the whole run.
    """
    from .. import again
    from .. import timeline as timelines
    from ..errors import OutputError, Problem, ProgramError
    from ..progress import shown
    from ..units import counted

    with shown(quiet=quiet) as progress:
        progress.stage("pricing")

        def advanced(done: int, total: int) -> None:
            interrupts.raise_if_any()
            progress.steps("costs", done, total)

        chip, prices = again.chip_of(run_folder, None)
        priced = again.reprice(run_folder, chip, prices, None, os.cpu_count() or 1, advanced)
        if first > priced.activity.n_steps:
            what = f"--from is {first:,}; the run has {counted(priced.activity.n_steps, 'step')}"
            raise ProgramError([Problem(what, allowed=f"1..{priced.activity.n_steps}")])
        progress.stage("writing")
        path = out or run_folder / timelines.FILE
        try:
            told = timelines.write(priced, path, first - 1, steps, events)
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror}).") from None
    say(path, told)


def say(path: Path, told: Told) -> None:
    """What was written, and what was not."""
    from ..units import counted

    click.echo(f"{path}: {told.shown}, {counted(told.events, 'event')}, {counted(told.n_bytes, 'byte')}.")
    if told.left_out:
        click.echo(f"Left out: {told.left_out}.")
