"""neuroemu map: a program mapped without a run."""

from __future__ import annotations

from pathlib import Path

import click

from .interrupts import interrupts
from .options import ALLOW_CODE, CONTEXT, NO_CACHE, QUIET, SEED, SET


@click.command("map", context_settings=CONTEXT)
@click.argument("program")
@click.option(
    "-o", "--out", "out", type=str, default="mapping.json", show_default=True, help="File; the picture lies beside."
)
@SET
@SEED
@click.option("--method", type=click.Choice(["plain", "fast", "best"]), help="Partition and placement at once.")
@click.option(
    "--profile",
    metavar="RUN",
    help="Map for the spikes of the run in this folder, or 'short' for a short one of its own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the traffic as JSON.")
@QUIET
@NO_CACHE
@ALLOW_CODE
def map_(
    program: str,
    out: str,
    overrides: tuple[str, ...],
    seed: int | None,
    method: str | None,
    profile: str | None,
    as_json: bool,
    quiet: bool,
    no_cache: bool,
    allow_code: bool,
) -> None:
    """Map PROGRAM onto its chip without running it: writes who sits where, the traffic before and after, and a picture.

    The file can be given back: 'run --mapping', 'remap --mapping'.
    """
    from dataclasses import replace

    from ..files import program_file
    from ..mapping import METHODS
    from ..progress import shown
    from ..units import counted

    if not out.strip():
        raise click.UsageError("-o is empty; name a file.")
    read = program_file.read(program, overrides, seed, None, allow_code)
    options = read.mapping
    if method is not None:
        options = replace(options, partition=METHODS[method][0], placement=METHODS[method][1])
    if profile is not None:
        options = replace(options, weigh_by="spikes", profile="" if profile == "short" else profile)
    read = replace(read, mapping=options)
    with shown(quiet=quiet or as_json) as progress:
        progress.stage("mapping")
        from .. import mapped

        def stage(part: str) -> None:
            interrupts.raise_if_any()
            progress.part(part)

        found = mapped.mapped(read, not no_cache, stage)
        picture = mapped.write(found, Path(out))
    traffic = mapped.document(found)["traffic"]
    if as_json:
        import json

        click.echo(json.dumps(traffic, indent=1))
        return
    image = found.compiled.image
    cores = f"{image.cores_in_use().size} of {counted(image.mesh.n_cores, 'core')}"
    click.echo(f"{out}, {picture}: {counted(image.n_parts, 'part')} on {cores}.")
    unit = "spikes" if traffic["weighed_by"] == "spikes" else "every source once"
    for name in ("before", "after"):
        if traffic[name] is None:
            click.echo(f"{name:6} layer order does not fit this chip")
            continue
        row = traffic[name]
        click.echo(
            f"{name:6} {row['packet_hops']:>14,} packet-hops {row['messages']:>14,} messages  ({row['method']}; {unit})"
        )
    if found.before is not None and found.before.packet_hops:
        click.echo(f"       {found.after.packet_hops / found.before.packet_hops:.3g} times the packet-hops")
