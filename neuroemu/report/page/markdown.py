"""A page as Markdown: the same figures as text. Drawings are a sentence each; names are escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from .model import Block, Card, Cards, Page, Picture, Pictures, Plot, Table, Text

_SPECIAL = re.compile(r"([\\`*_\[\]|#~$])")


def page(shown: Page) -> str:
    """The whole file."""
    lines = [f"# {escape(shown.title)}", "", escape(shown.about), ""]
    for section in shown.sections:
        lines += [f"## {section.title}", ""]
        if section.lead:
            lines += [escape(section.lead), ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def escape(text: str) -> str:
    """A text on one line in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: frozenset[int] = frozenset({0})) -> list[str]:
    """Lines of a table, its columns padded so that it reads as text too."""
    cells = [[escape(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    lines = []
    for row in cells:
        columns = enumerate(zip(row, widths, strict=True))
        padded = [cell.ljust(wide) if k in left else cell.rjust(wide) for k, (cell, wide) in columns]
        lines.append(f"| {' | '.join(padded)} |")
    rules = ["-" * (wide + 2) if k in left else "-" * (wide + 1) + ":" for k, wide in enumerate(widths)]
    rule = f"|{'|'.join(rules)}|"
    return [lines[0], rule, *lines[1:]]


def _block(block: Block) -> list[str]:
    match block:
        case Cards():
            return _cards(block)
        case Table():
            title = [f"**{escape(block.title)}**", ""] if block.title else []
            below = ["", escape(block.below)] if block.below else []
            return [*title, *table(block.header, block.rows, block.left), *below]
        case Pictures():
            return [line for picture in block.pictures for line in _drawing(picture)]
        case Plot() | Picture():
            return _drawing(block)
        case Text():
            title = [f"**{escape(block.title)}**", ""] if block.title else []
            return [*title, *(f"- {escape(item)}" for item in block.items)]


def _drawing(drawn: Plot | Picture) -> list[str]:
    title = f"**{escape(drawn.title)}**: " if drawn.title else ""
    return [f"- {title}{escape(drawn.told)} {escape(drawn.below)}".rstrip()]


def _cards(block: Cards) -> list[str]:
    def ends(card: Card) -> list[str]:
        band = f"{card.draws[0][0]} to {card.draws[1][0]}" if card.draws else ""
        return [card.ends[0][0] if card.ends else "", card.text, card.ends[2][0] if card.ends else "", band]

    rows = [[card.label, *ends(card), card.note] for card in block.cards]
    header = ["figure", "low", "nominal", "high", "nine of ten draws", ""]
    facts = [[label, text] for label, _, text in block.facts]
    return [*table(header, rows, frozenset({0, 5})), "", *table(["count", "of"], facts)]
