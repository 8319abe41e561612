"""A page as one HTML file that asks nobody for anything, and its headline as a fragment for notebooks.

The templates escape every value. Style and script are in the file; the policy in its head allows that script and no other, and
no request.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from .model import Page, Section

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    import jinja2  # only where a page is written

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.tests["kind"] = lambda block, name: type(block).__name__ == name
    return found


def page(shown: Page) -> str:
    """The whole file."""
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    given: dict[str, Any] = {
        "page": shown,
        "style": Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        "script": Markup(script),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    return _environment().get_template("page.html").render(given)


def fragment(title: str, sections: list[Section]) -> str:
    """Sections with as much of the style as they need, for a notebook: no script, nothing outside of its own box."""
    style = Markup((TEMPLATES / "fragment.css").read_text(encoding="utf-8"))
    return _environment().get_template("fragment.html").render(title=title, sections=sections, style=style)
