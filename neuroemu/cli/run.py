"""neuroemu run, neuroemu check: a program, run or only looked at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .carry_out import carry_out, shown_progress
from .options import (
    ALLOW_CODE,
    CHECKPOINT_EVERY,
    CONTEXT,
    JSON,
    LATENCY,
    MAPPING,
    NO_CACHE,
    OVERWRITE,
    QUIET,
    SEED,
    SET,
    colour,
    compiled_for,
    width,
)

if TYPE_CHECKING:
    from ..report import Report
    from ..timeline import Told


@click.command(context_settings=CONTEXT)
@click.argument("program")
@click.option("-o", "--out", "out", type=str, help="Run folder [default: runs/NAME-1, -2, ...].")
@SET
@SEED
@click.option("--steps", type=click.IntRange(1), help="Time steps of one sample.")
@click.option("--float", "in_floats", is_flag=True, help="Also run the network in floats: what quantisation cost.")
@click.option(
    "--neurobench", is_flag=True, help="Also say NeuroBench's metrics, of the chip and of a NIR graph's floats."
)
@JSON
@QUIET
@OVERWRITE
@click.option(
    "--threads", type=click.IntRange(1, 64), help="Threads [default: what is worth it]. Results are the same."
)
@click.option("--timeline", is_flag=True, help="Also write trace.json.gz, for Perfetto (see 'neuroemu timeline').")
@MAPPING
@LATENCY
@NO_CACHE
@ALLOW_CODE
@CHECKPOINT_EVERY
def run(
    program: str,
    out: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    steps: int | None,
    in_floats: bool,
    neurobench: bool,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
    threads: int | None,
    timeline: bool,
    mapping: str | None,
    latency: str | None,
    no_cache: bool,
    allow_code: bool,
    every: tuple[int, float] | None,
) -> None:
    """Run PROGRAM: a .yaml file, or the name of one that comes along (see 'neuroemu programs')."""
    if out is not None and not out.strip():
        raise click.UsageError("-o is empty; name a folder.")
    from ..asked import Asked

    asked = Asked(
        program=program,
        overrides=overrides,
        seed=seed,
        steps=steps,
        latency=latency,
        in_floats=in_floats,
        neurobench=neurobench,
        timeline=timeline,
        mapping=mapping,
        allow_code=allow_code,
        overwrite=overwrite,
        command=("neuroemu", *sys.argv[1:]),
        folder=str(Path.cwd()),
        every=every or (0, 0.0),
        out=out or "",
        numbered=out is None,
    )
    with shown_progress(quiet or as_json) as progress:
        report, told = carry_out(asked, progress, threads, not no_cache, None)
    show(report, as_json, told)


def show(report: Report, as_json: bool, told: Told | None = None) -> None:
    """Prints a run, and what its timeline tells."""
    if as_json:
        import json

        click.echo(json.dumps(report.summary, indent=1))
        return
    from ..report.terminal import as_text

    click.echo(as_text(report, width(), colour()), nl=False)
    if told is not None and report.folder is not None:
        from ..report import folder
        from .timeline import say

        say(report.folder / folder.TIMELINE, told)


@click.command(context_settings=CONTEXT)
@click.argument("program")
@SET
@NO_CACHE
@ALLOW_CODE
def check(program: str, overrides: tuple[str, ...], no_cache: bool, allow_code: bool) -> None:
    """Check PROGRAM, its arrays and whether it fits its chip, without running it.  Models of its own are compiled.

    Chip files are checked too.
    """
    from .. import library
    from ..errors import ProgramError
    from ..units import counted

    path = library.find("programs", program, error=ProgramError)
    if _is_chip(path):
        from ..files import chip_file

        chip, prices = chip_file.read(path)
        click.echo(f"{path}: chip '{chip.name}', {counted(chip.mesh.n_cores, 'core')}: no mistakes.")
        for item in prices.not_modelled(n_chips=chip.mesh.n_chips):
            click.echo(f"  not modelled: {item}")
        return
    from .. import compartments, data
    from ..files import program_file
    from ..program import DataInput
    from ..progress import shown
    from ..surprises import surprises

    read = program_file.read(path, overrides, allow_code=allow_code)
    for given in read.inputs.values():
        if isinstance(given, DataInput):
            data.require(given.dataset)
    with shown(quiet=False) as progress:
        compiled = compiled_for(read, not no_cache, progress.part)
    image = compiled.image
    if any(getattr(population.model, "current", None) for population in read.network.on_chip):
        from .. import host

        host.drives(read, host.feed(read), compiled.quantised.scale)
    if not all(compartments.is_built_in(population.compartment) for population in read.network.on_chip):
        from .. import pipeline  # loads numba

        pipeline.compile_models(read, compiled)
    fit = f"{counted(image.n_compartments, 'compartment')} and {counted(image.n_synapses, 'synapse')} fit"
    cores = f"{image.cores_in_use().size} of {counted(image.mesh.n_cores, 'core')}"
    click.echo(f"{path}: no mistakes. {fit} on {cores} of {read.chip.name}.")
    for warning in surprises(read, compiled.quantised):
        click.echo(f"  {warning}")
    for note in read.network.exact.notes if read.network.exact is not None else ():
        click.echo(f"  {note}")


def _is_chip(path: Path) -> bool:
    """Whether the file says it is a chip; anything unreadable is treated as a program, which then says why."""
    try:
        with open(path, "rb") as stream:
            return b"neuroemu_chip:" in stream.read(1 << 16)
    except OSError:
        return False
