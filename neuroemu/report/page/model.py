"""What a page is made of: sections of cards, tables, figures and lists, which every way of writing it shows alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Card:
    """A headline figure.  value: the number in the unit of summary.json.  text: the same as people read it.

    ends: (low, nominal, high) and draws: (5 %, 95 %), as (text, place in 0..1) each; empty where there is no range.
    """

    label: str
    value: float
    text: str
    note: str = ""
    ends: tuple[tuple[str, float], ...] = ()
    draws: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Cards:
    """The headline.  facts: (label, number, text) of what has no range."""

    cards: Sequence[Card]
    facts: Sequence[tuple[str, float, str]] = ()


@dataclass(frozen=True)
class Table:
    """header: names, with their units.  rows: texts.  left: columns of words; the others are numbers, set to the right.

    shares: 0..1 of each row, drawn as a bar at its end; empty where there are none.  below: what must be said of the table.
    minor: columns that a narrow page leaves out.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[int] = frozenset({0})
    shares: Sequence[float] = ()
    below: str = ""
    minor: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Plot:
    """A drawing that stretches to the width of the page; what is written on its axes is text of the page, not of the drawing.

    body: elements of an SVG of width x height units.  y: texts at the top and the bottom.  x: texts from left to right.
    legend: (class of the style sheet, text).  tall: its height on the page in pixels.
    told: the drawing in a sentence, for those who do not see it.  rows: (name, percent of the height) beside it, in place of y.
    """

    title: str
    body: Markup
    width: float
    height: float
    tall: int
    told: str
    y: tuple[str, ...] = ()
    x: tuple[str, ...] = ()
    legend: Sequence[tuple[str, str]] = ()
    below: str = ""
    rows: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True)
class Picture:
    """A drawing that keeps its proportions.  widest: pixels; the rest as in Plot."""

    title: str
    body: Markup
    width: float
    height: float
    widest: int
    told: str
    legend: Sequence[tuple[str, str]] = ()
    scale: tuple[str, str] = ("", "")
    below: str = ""


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side where there is room."""

    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Text:
    """A list of remarks.  kind: 'plain' or 'warning'."""

    items: Sequence[str]
    title: str = ""
    kind: str = "plain"


Block = Cards | Table | Plot | Picture | Pictures | Text


@dataclass(frozen=True)
class Section:
    """key: the anchor of the section."""

    key: str
    title: str
    blocks: Sequence[Block]
    lead: str = ""


@dataclass(frozen=True)
class Page:
    """title: the program.  about: one line.  sections: in order."""

    title: str
    about: str
    sections: Sequence[Section] = field(default_factory=tuple)
