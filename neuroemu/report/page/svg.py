"""Elements of an SVG. Every attribute and text is escaped here, so no drawing can be broken by a name from a file."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def element(tag: str, *inner: Markup, **attributes: object) -> Markup:
    """<tag ...>inner</tag>.  Underscores of attributes' names become hyphens, a trailing one is dropped; None is left out.

    inner: other elements; a plain string is escaped.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if not inner:
        return Markup(f"<{tag}{written}/>")
    return Markup(f"<{tag}{written}>{Markup('').join(inner)}</{tag}>")


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def number(value: float) -> str:
    """As short as it is exact to a tenth of a unit."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _text(value: object) -> object:
    return number(value) if isinstance(value, float) else value
