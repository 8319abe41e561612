"""The report as a table on a terminal, or as the same text without colour."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .lines import Section, compared, cost_notes, cost_sections, notes, sections

if TYPE_CHECKING:
    from pathlib import Path

    from .priced import Priced
    from .report import Report


NARROW = 72  # columns below which the table would fold every value


def as_text(report: Report, width: int = 110, colour: bool = False) -> str:
    """The report as text: a table, or a line each where the terminal is narrow. colour: with the terminal's codes."""
    return _text(report.program.name, sections(report), notes(report.summary), report.folder, width, colour)


def again_as_text(
    before: dict[str, Any], after: dict[str, Any], priced: Priced, folder: Path, width: int, colour: bool
) -> str:
    """A run that was priced again, beside what it was before.  before, after: the two summaries."""
    rows = [compared(before, after), *cost_sections(after, priced)]
    return _text(f"{after['name']}, priced again", rows, cost_notes(after), folder, width, colour)


def _text(title: str, rows: list[Section], below: list[str], folder: Path | None, width: int, colour: bool) -> str:
    text = io.StringIO()
    console = Console(
        width=width, color_system="auto" if colour else None, force_terminal=colour, file=text, highlight=False
    )
    console.print(Text(title, style="bold"))
    if width < NARROW:
        for name, lines in rows:
            console.print(Text(f"\n{name}", style="bold cyan"))
            for label, value in lines:
                console.print(Text(f"{label.strip()}: {value}"))
    else:
        console.print(_table(rows))
    for note in below:
        console.print(Text(note, style="dim"))
    if folder:
        console.print(Text(f"Written to {folder}", style="bold"))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _table(sections: list[Section]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for title, rows in sections:
        for k, (label, value) in enumerate(rows):
            table.add_row(title if k == 0 else "", Text(label), Text(value))
        table.add_row()
    return table
