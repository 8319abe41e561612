"""neuroemu import: a .nir file as a program to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import CONTEXT


@click.command("import", context_settings=CONTEXT)
@click.argument("nir_file", metavar="FILE.nir", type=click.Path(path_type=Path))
@click.option(
    "--origin",
    "facts",
    multiple=True,
    metavar="KEY=VALUE",
    help="What the file does not carry: framework (snntorch, norse, nir), version, dt, reset (zero, subtract), reset_delay, "
    "current_first, tau_scale, batched.",
)
@click.option("-o", "--out", "out", type=click.Path(path_type=Path), help="The program [default: FILE.yaml here].")
@click.option("--data", metavar="NAME", help="A data set for its input (sklearn:digits), in place of one made up.")
@click.option(
    "--steps", type=click.IntRange(1, 10**8), default=25, show_default=True, help="Of the framework, a sample."
)
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
def import_(
    nir_file: Path, facts: tuple[str, ...], out: Path | None, data: str | None, steps: int, overwrite: bool
) -> None:
    """Write a program for the network in FILE.nir, and list what of it was assumed, changed or is lost."""
    from .. import importing
    from ..data import DATASETS
    from ..nir_io.lower import describe
    from ..nir_io.notes import KINDS

    if data is not None and data not in DATASETS:
        raise click.UsageError(f"there is no data set '{data}'. Allowed: {', '.join(DATASETS)}.")
    program = out or Path(f"{nir_file.stem}.yaml")
    made = importing.program_for(nir_file, program, _origin(facts), data, steps)
    made.write(overwrite)
    for line in describe(made.network):
        click.echo(line)
    exact = made.network.exact
    for kind, meaning in KINDS.items():
        notes = [note for note in (exact.notes if exact else ()) if note.kind == kind]
        if notes:
            click.echo(f"{kind} ({meaning}):")
        for note in notes:
            click.echo(f"  {note.node + ': ' if note.node else ''}{note.what}")
    click.echo(f"Written: {', '.join(map(str, made.files))}. Try: neuroemu run {program}")


def _origin(facts: tuple[str, ...]) -> dict[str, Any]:
    """KEY=VALUE as a program's `origin:` has them. Raises ProgramError with all that are wrong."""
    from ..errors import ProgramError
    from ..files import marked_yaml
    from ..files.checking import check
    from ..files.network_schema import OriginSpec

    for fact in facts:
        if "=" not in fact:
            raise click.UsageError(f"--origin {fact} is no KEY=VALUE.")
    if not facts:
        return {}
    text = "\n".join("{}: {}".format(*fact.split("=", 1)) for fact in facts)
    document = marked_yaml.parse(text, "--origin", ProgramError)
    spec, problems, _ = check(OriginSpec, document)
    if spec is None:
        raise ProgramError(problems)
    return spec.facts()
