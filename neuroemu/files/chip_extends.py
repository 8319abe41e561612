"""Extends: a chip file that starts from another chip, and what a section keeps of the one that it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import library
from ..errors import ChipError, Problem
from . import marked_yaml
from .checking import (
    shown,
)
from .marked_yaml import Document, Path_


def placed(problem: Problem, document: Document, at: Path_) -> Problem:
    return problem if problem.file else document.problem(at, problem.what, problem.allowed, problem.remedy)


def with_base(document: Document, beside: Path, seen: tuple[Path, ...]) -> Document:
    """The document laid over the chip that it extends, marks included."""
    base_name = document.data.get("extends")
    if base_name is None:
        return document
    if not isinstance(base_name, str):
        raise ChipError([document.problem(("extends",), f"found {shown(base_name)}", "the name or the path of a chip")])
    try:
        base_path = library.find("chips", base_name, beside, ChipError)
    except ChipError as error:
        raise ChipError([placed(problem, document, ("extends",)) for problem in error.problems]) from None
    if base_path.resolve() in seen:
        raise ChipError(
            [document.problem(("extends",), f"'{base_name}' extends itself in the end", "a chain that ends")]
        )
    base = with_base(marked_yaml.read_again(base_path, ChipError), base_path.parent, (*seen, base_path.resolve()))
    merged = Document(document.file, document.inside)
    merged.values, merged.keys = {**base.values, **document.values}, {**base.keys, **document.keys}
    merged.data = dict(base.data)
    for key, value in document.data.items():
        under = base.data.get(key)
        merged.data[key] = laid_over(key, value, under, document) if _both_dicts(value, under) else value
    merged.data.pop("extends", None)
    return merged


def _both_dicts(a: Any, b: Any) -> bool:
    return isinstance(a, dict) and isinstance(b, dict)


# Sections whose figures share one source; prices and static have one for each entry.
_SOURCED = ("mesh", "core", "synapse", "registers", "clock", "barrier", "link", "area")


def laid_over(section: str, new: dict[str, Any], old: dict[str, Any], document: Document) -> dict[str, Any]:
    """A section over its base, key by key. What was changed loses its old range, and its source says who changed it."""
    if section in _SOURCED:
        return _changed(new, old, document, (section,))
    result = dict(old)
    for key, value in new.items():
        entry = section in ("prices", "static") and _both_dicts(value, old.get(key))
        result[key] = _changed(value, old[key], document, (section, key)) if entry else value
    return result


def _changed(new: dict[str, Any], old: dict[str, Any], document: Document, at: Path_) -> dict[str, Any]:
    """Sourced figures over others. A source and a provenance of their own come before `changed in` and 'estimate'."""
    figures = [key for key in new if key not in ("source", "provenance")]
    stale = {f"{key}_range" for key in figures} | ({"range"} if _ranged_times(old) & set(figures) else set())
    kept = {key: value for key, value in old.items() if key not in stale}
    if not figures:
        return {**kept, **new}
    who = " and ".join(sorted({document.mark((*at, key)).file for key in figures}))
    what = f"{', '.join(map(str, figures))} " if len(at) == 1 else ""  # of a section with many figures
    before = f", before: {old['source']}" if old.get("source") else ""
    return {**kept, "source": f"{what}changed in {who}{before}", "provenance": "estimate", **new}


def _ranged_times(barrier: dict[str, Any]) -> set[str]:
    """The key that the factors of a barrier's range belong to."""
    return set() if "range" not in barrier else {"chips"} if barrier.get("chips") else {"time", "chips"}
