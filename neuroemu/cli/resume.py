"""neuroemu resume: a run that was ended goes on from its last checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .carry_out import carry_out, shown_progress
from .options import ALLOW_CODE, CONTEXT, JSON, NO_CACHE, QUIET


@click.command(context_settings=CONTEXT)
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder to land in [default: beside RUN's].")
@click.option("--overwrite", is_flag=True, help="Replace the run that is in the folder where it lands.")
@click.option("--threads", type=click.IntRange(1, 64), help="Threads [default: what is worth it].")
@JSON
@QUIET
@NO_CACHE
@ALLOW_CODE
def resume(
    folder: Path,
    out: Path | None,
    overwrite: bool,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_cache: bool,
    allow_code: bool,
) -> None:
    """Go on with the run in RUN, which was started with --checkpoint-every and did not finish.

    RUN is the folder that it was to land in, or the one beside it that ends with '.unfinished'; it lands beside that one,
    wherever it is now. The result is that of the run that was never stopped, bit for bit.
    """
    from .. import unfinished
    from .run import show

    begun = unfinished.open_(folder, out, overwrite)
    asked = begun.asked
    if unfinished.has_landed(asked):
        begun.remove()
        click.echo(f"The run had landed in {asked.out}; what was left beside it is gone.")
        return
    if asked.allow_code and not allow_code:
        raise click.UsageError("the run was started with --allow-code; give it again to run its Python files.")
    os.chdir(asked.folder if Path(asked.folder).is_dir() else ".")  # names in what was asked for are relative to it
    with shown_progress(quiet or as_json) as progress:
        found = begun.journal.begin
        progress.part(f"going on from step {found.step:,}" if found else "no checkpoint yet: from the start")
        report, told = carry_out(asked, progress, threads, not no_cache, begun)
    show(report, as_json, told)
