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


def show_report(report: Report, console: Console) -> None:
    """Prints the report."""
    table = Table(box=None, show_header=False, pad_edge=False, title_justify="left")
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for title, rows in sections(report):
        for k, (label, value) in enumerate(rows):
            table.add_row(title if k == 0 else "", Text(label), Text(value))
        table.add_row()
    console.print(Text(f"{report.program.name}", style="bold"))
    console.print(table)
    for note in notes(report):
        console.print(Text(note, style="dim"))
    if report.folder:
        console.print(Text(f"Written to {report.folder}", style="bold"))


def as_text(report: Report) -> str:
    """The same as plain text, 110 columns wide."""
    text = io.StringIO()
    show_report(report, Console(width=110, color_system=None, force_terminal=False, file=text))
    return text.getvalue()
