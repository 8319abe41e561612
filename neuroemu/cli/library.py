"""neuroemu programs, neuroemu schema: what comes along, and what files may say."""

from __future__ import annotations

import click

from .options import CONTEXT


@click.command(context_settings=CONTEXT)
def programs() -> None:
    """List the programs that come along."""
    _list_library("programs", "about")


def _list_library(kind: str, key: str) -> None:
    from .. import library
    from ..files import marked_yaml

    for name in library.names(kind):
        path = library.folder(kind) / f"{name}.yaml"
        data = marked_yaml.read(path).data
        first = str(data.get(key) or "").split(". ")[0]
        click.echo(f"{name:20} {first}")


@click.command(context_settings=CONTEXT)
@click.argument("kind", type=click.Choice(["program", "chip", "sweep"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of program, chip or sweep files, for editors that complete and check YAML."""
    import json

    if kind == "program":
        from ..files.program_schema import ProgramSpec as Spec
    elif kind == "sweep":
        from ..sweep.plan import SweepSpec as Spec  # type: ignore[assignment]
    else:
        from ..files.chip_schema import ChipSpec as Spec  # type: ignore[assignment]
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Spec.model_json_schema()}
    click.echo(json.dumps(content, indent=1))
