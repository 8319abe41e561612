"""The report as a fragment of HTML, for notebooks: the headline of the page, and all lines of the report to unfold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import notes, sections

if TYPE_CHECKING:
    from .report import Report


def as_html(report: Report) -> str:
    """Pieces of the page (page/model.py); everything that came from a file is escaped by its templates."""
    from .page import html
    from .page.energy import by_event
    from .page.headline import headline
    from .page.model import Section, Table, Text

    tables = [
        Table(title, ["", ""], [[label.strip(), value] for label, value in rows], frozenset({0, 1}))
        for title, rows in sections(report)
    ]
    shown = [
        headline(report.summary),
        Section("energy", "Energy by event", [by_event(report.summary)]),
        Section("all", "All figures", [*tables, Text(notes(report.summary))]),
    ]
    return html.fragment(report.program.name, shown)
