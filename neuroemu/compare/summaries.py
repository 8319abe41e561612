"""summary.json of two run folders, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OutputError
from ..report.reading import json_table

APART = ("wall_s", "image_from_cache")  # no matter of the run


@dataclass(frozen=True)
class Figure:
    """A value of summary.json that differs, by its dotted name (of a list, by its place); None where one has none."""

    name: str
    one: Any
    other: Any


def figures(one: Path, other: Path) -> list[Figure]:
    """In the order of the summary. Raises OutputError."""
    a, b = (dict(_leaves(summary_of(folder))) for folder in (one, other))
    names = [name for name in dict.fromkeys((*a, *b)) if name not in APART]
    return [Figure(name, a.get(name), b.get(name)) for name in names if not _alike(a.get(name), b.get(name))]


def _alike(a: Any, b: Any) -> bool:
    return a == b or (a != a and b != b)  # NaN is as NaN


def summary_of(folder: Path) -> dict[str, Any]:
    """Raises OutputError where the folder has none."""
    path = folder / "summary.json"
    if not path.is_file():
        raise OutputError(f"{folder} holds no run: it has no summary.json. Try a folder that 'neuroemu run' wrote.")
    return json_table(path)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _leaves(one, f"{path}.{key}" if path else str(key))
    if not isinstance(value, (dict, list)):
        yield path, value
