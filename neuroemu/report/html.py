"""The report as a fragment of HTML, for notebooks. Everything that came from a file is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .lines import notes, sections

if TYPE_CHECKING:
    from .report import Report


def as_html(report: Report) -> str:
    """A table and the notes under it."""
    body = []
    for title, rows in sections(report):
        for k, (label, value) in enumerate(rows):
            head = (
                f'<th rowspan="{len(rows)}" style="text-align:left;vertical-align:top">{escape(title)}</th>'
                if k == 0
                else ""
            )
            cells = "".join(f'<td style="text-align:left">{escape(text)}</td>' for text in (label.strip(), value))
            body.append(f"<tr>{head}{cells}</tr>")
    remarks = "".join(f"<li>{escape(note)}</li>" for note in notes(report))
    return f"<h4>{escape(report.program.name)}</h4><table>{''.join(body)}</table><ul>{remarks}</ul>"
