"""neuroemu chips: what is known of them."""

from __future__ import annotations

from typing import Any

import click

from .options import CONTEXT, width


@click.group(context_settings=CONTEXT, invoke_without_command=True)
@click.pass_context
def chips(context: click.Context) -> None:
    """List the chips that come along, show one, or compare two.  NAME: one of them, or a chip file."""
    if context.invoked_subcommand is None:
        from .. import library, sheet

        click.echo(sheet.list_text([_sheet(name) for name in library.names("chips")], width()), nl=False)


@chips.command(context_settings=CONTEXT)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def show(name: str, as_json: bool) -> None:
    """Show everything about chip NAME: structure, every constant with its range and source, what is not modelled."""
    from .. import sheet

    found = _sheet(name)
    if as_json:
        import json

        click.echo(json.dumps(found, indent=1))
        return
    click.echo(sheet.as_text(found, width()), nl=False)


@chips.command(context_settings=CONTEXT)
@click.argument("one")
@click.argument("other")
def diff(one: str, other: str) -> None:
    """Show what differs between chips ONE and OTHER, sources aside."""
    from .. import sheet

    click.echo(sheet.diff_text(_sheet(one), _sheet(other), width()), nl=False)


def _sheet(name: str) -> dict[str, Any]:
    from .. import library, sheet
    from ..errors import ChipError
    from ..files import chip_file

    return sheet.sheet(*chip_file.read(library.find("chips", name, error=ChipError)))
