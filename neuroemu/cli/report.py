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


@click.command(context_settings=CONTEXT)
@click.argument("kind", type=click.Choice(["raster", "energy", "mesh", "pareto"]))
@RUN
@click.option("-o", "--out", "out", type=click.Path(path_type=Path), help="PNG, PDF or SVG [default: KIND.png].")
@click.option("--x", default="", metavar="FIGURE", help="Of pareto [default: the sweep's first goal].")
@click.option("--y", default="", metavar="FIGURE", help="Of pareto [default: the sweep's second goal].")
def plot(kind: str, run_folder: Path, out: Path | None, x: str, y: str) -> None:
    """Draw the run in folder RUN with matplotlib; pareto is of the folder of a sweep."""
    if (x or y) and kind != "pareto":
        raise click.UsageError("--x and --y are for pareto.")
    from ..report.plots import save

    path = out or Path(f"{kind}.png")
    save(kind, run_folder, path, x, y)
    click.echo(f"{path}: {path.stat().st_size:,} bytes")
