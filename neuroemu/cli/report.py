"""neuroemu report, neuroemu plot: a run folder looked at."""

from __future__ import annotations

from pathlib import Path

import click

from .interrupts import interrupts
from .options import CONTEXT

RUN = click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))


@click.command(context_settings=CONTEXT)
@RUN
def report(run_folder: Path) -> None:
    """Write report.html and report.md into the run folder RUN anew, from its files alone."""
    from ..errors import OutputError
    from ..report.page import draw

    interrupts.raise_if_any()
    try:
        written = draw(run_folder)
    except OSError as error:
        raise OutputError(f"{run_folder} cannot be written ({error.strerror}).") from None
    for path in written:
        click.echo(f"{path}: {path.stat().st_size:,} bytes")
