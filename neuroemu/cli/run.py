"""neuroemu run, neuroemu check: a program, run or only looked at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .interrupts import interrupts
from .options import (
    ALLOW_CODE,
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
from .timeline import say

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
) -> None:
    """Run PROGRAM: a .yaml file, or the name of one that comes along (see 'neuroemu programs')."""
    from dataclasses import replace

    from ..files import program_file
    from ..progress import shown

    if out is not None and not out.strip():
        raise click.UsageError("-o is empty; name a folder.")
    read = program_file.read(program, overrides, seed, steps, allow_code)
    read = replace(
        read,
        latency=latency or read.latency,
        float_reference=in_floats or read.float_reference,
        neurobench=neurobench or read.neurobench,
    )
    if mapping is not None and not any(
        key.startswith("mapping.file=") for key in overrides
    ):  # which a remedy may ask for
        read = replace(read, mapping=replace(read.mapping, file=mapping))
    with shown(quiet=quiet or as_json) as progress:

        def mapped(part: str) -> None:
            interrupts.raise_if_any()
            progress.part(part)

        progress.stage("mapping")
        compiled = compiled_for(read, not no_cache, mapped)
        from .. import pipeline  # these load numba: only once the program is known to be right
        from ..report import folder

        wanted = Path(out) if out else folder.next_free(Path("runs"), read.name)
        folder.check_free(wanted, overwrite)

        def advanced(stage: str, done: int, total: int) -> None:
            interrupts.raise_if_any()
            progress.steps(stage, done, total)

        progress.stage("running")
        with interrupts.at_once_if_asked_twice():
            report = pipeline.execute(read, compiled, advanced, threads)
        progress.stage("writing")
        interrupts.raise_if_any()
        told: list[Told] = []
        more = (lambda partial: told.append(_timeline(report, partial))) if timeline else None
        landed = folder.write(report, wanted, overwrite, ["neuroemu", *sys.argv[1:]], out is None, more)
        interrupts.landed(landed)
    show(replace(report, folder=landed), as_json)
    if told and not as_json:
        say(landed / folder.TIMELINE, told[0])


def _timeline(report: Report, partial: Path) -> Told:
    from .. import timeline as timelines

    return timelines.write(report.priced, partial / timelines.FILE)


def show(report: Report, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(report.summary, indent=1))
        return
    from ..report.terminal import as_text

    click.echo(as_text(report, width(), colour()), nl=False)


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

    path = library.find("programs", program, error=ProgramError)
    if _is_chip(path):
        from ..files import chip_file

        chip, prices = chip_file.read(path)
        click.echo(f"{path}: chip '{chip.name}', {chip.mesh.n_cores} cores: no mistakes.")
        for item in prices.not_modelled(n_chips=chip.mesh.n_chips):
            click.echo(f"  not modelled: {item}")
        return
    from .. import compartments, data
    from ..files import program_file
    from ..program import DataInput
    from ..progress import shown

    read = program_file.read(path, overrides, allow_code=allow_code)
    for given in read.inputs.values():
        if isinstance(given, DataInput):
            data.require(given.dataset)
    with shown(quiet=False) as progress:
        compiled = compiled_for(read, not no_cache, progress.part)
    image = compiled.image
    if not all(compartments.is_built_in(population.compartment) for population in read.network.on_chip):
        from .. import pipeline  # loads numba

        pipeline.compile_models(read, compiled)
    click.echo(
        f"{path}: no mistakes. {image.n_compartments} compartments and {image.n_synapses} synapses fit on "
        f"{image.cores_in_use().size} of {image.mesh.n_cores} cores of {read.chip.name}."
    )
    for note in read.network.exact.notes if read.network.exact is not None else ():
        click.echo(f"  {note}")


def _is_chip(path: Path) -> bool:
    """Whether the file says it is a chip; anything unreadable is treated as a program, which then says why."""
    try:
        with open(path, "rb") as stream:
            return b"neuroemu_chip:" in stream.read(1 << 16)
    except OSError:
        return False
