"""neuroemu reprice, neuroemu remap: what a run would have cost, without running it again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .interrupts import interrupts
from .options import CONTEXT, JSON, LATENCY, MAPPING, OVERWRITE, QUIET, colour, width

OUT = click.option("-o", "--out", "out", type=str, help="Folder for the new run [default: RUN-1, -2, ...].")
CHIP = click.option("--chip", help="A chip of the library or a chip file [default: the one of the run].")
SET_CHIP = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Lay a value over the chip: --set link.slot='1 ns'.",
)


@click.command(context_settings=CONTEXT)
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@CHIP
@SET_CHIP
@LATENCY
@OUT
@OVERWRITE
@JSON
@QUIET
def reprice(
    run_folder: Path,
    chip: str | None,
    overrides: tuple[str, ...],
    latency: str | None,
    out: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Price the run in folder RUN again, with another chip's prices or another latency mode, without running it."""
    from .. import again

    def price(progress: Callable[[int, int], None]) -> Any:
        structure, prices = again.chip_of(run_folder, chip, overrides)
        return again.reprice(run_folder, structure, prices, latency, os.cpu_count() or 1, progress)

    _again(run_folder, price, out, overwrite, as_json, quiet)


@click.command(context_settings=CONTEXT)
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--placement", default="keep", show_default=True, help="keep, sequential, hilbert, force or anneal.")
@click.option(
    "--share-cores/--no-share-cores", default=None, help="Whether parts may share a core [default: as in RUN]."
)
@MAPPING
@CHIP
@SET_CHIP
@LATENCY
@OUT
@OVERWRITE
@JSON
@QUIET
def remap(
    run_folder: Path,
    placement: str,
    share_cores: bool | None,
    mapping: str | None,
    chip: str | None,
    overrides: tuple[str, ...],
    latency: str | None,
    out: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Put the parts of the run in folder RUN onto other cores, or another mesh, without running it."""
    from .. import again

    def price(progress: Callable[[int, int], None]) -> Any:
        structure, prices = again.chip_of(run_folder, chip, overrides)
        return again.remap(
            run_folder, structure, prices, placement, share_cores, latency, os.cpu_count() or 1, progress,
            Path(mapping) if mapping else None,
        )  # fmt: skip

    _again(run_folder, price, out, overwrite, as_json, quiet)


def _again(
    run: Path, price: Callable[[Any], Any], out: str | None, overwrite: bool, as_json: bool, quiet: bool
) -> None:
    """Prices, writes and shows a run that is not run again."""
    from .. import again
    from ..progress import shown
    from ..report import folder
    from ..report.terminal import again_as_text

    if out is not None and not out.strip():
        raise click.UsageError("-o is empty; name a folder.")
    before = again.old_summary(run)
    wanted = Path(out) if out else folder.next_free(run.absolute().parent, run.absolute().name)
    folder.check_free(wanted, overwrite)
    with shown(quiet=quiet or as_json) as progress:
        progress.stage("pricing")

        def advanced(done: int, total: int) -> None:
            interrupts.raise_if_any()
            progress.steps("costs", done, total)

        priced = price(advanced)
        landed = again.write(priced, run, wanted, overwrite, ["neuroemu", *sys.argv[1:]], numbered=out is None)
        interrupts.landed(landed)
    after = again.old_summary(landed)
    if as_json:
        import json

        click.echo(json.dumps(after, indent=1))
        return
    click.echo(again_as_text(before, after, priced, landed, width(), colour()), nl=False)
