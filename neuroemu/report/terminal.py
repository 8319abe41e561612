"""The report as a table on a terminal, or as the same text without colour."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .lines import notes, sections

if TYPE_CHECKING:
    from .report import Report


NARROW = 72  # columns below which the table would fold every value


def as_text(report: Report, width: int = 110, colour: bool = False) -> str:
    """The report as text: a table, or a line each where the terminal is narrow. colour: with the terminal's codes."""
    text = io.StringIO()
    console = Console(
        width=width, color_system="auto" if colour else None, force_terminal=colour, file=text, highlight=False
    )
    console.print(Text(report.program.name, style="bold"))
    if width < NARROW:
        for title, rows in sections(report):
            console.print(Text(f"\n{title}", style="bold cyan"))
            for label, value in rows:
                console.print(Text(f"{label.strip()}: {value}"))
    else:
        console.print(_table(report))
    for note in notes(report):
        console.print(Text(note, style="dim"))
    if report.folder:
        console.print(Text(f"Written to {report.folder}", style="bold"))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _table(report: Report) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for title, rows in sections(report):
        for k, (label, value) in enumerate(rows):
            table.add_row(title if k == 0 else "", Text(label), Text(value))
        table.add_row()
    return table
