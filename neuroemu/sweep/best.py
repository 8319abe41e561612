"""Best: the points of the front as programs ready to run, each a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from .. import library
from ..errors import ChipError, ProgramError
from .folder import BEST, Folder, write
from .plan import Plan
from .reading import Reader
from .table import Row

MOST = 50  # programs


def write_programs(plan: Plan, rows: Sequence[Row], folder: Folder) -> list[Path]:
    """Writes best/point-N.yaml for the first rows of a front; those of an earlier front go. Raises OutputError."""
    above = folder.path / BEST
    above.mkdir(exist_ok=True)
    reader, written = Reader(plan.program, plan.allow_code), []
    for row in rows[:MOST]:
        overrides = plan.overrides(row.values)
        program, data = reader.read(overrides)
        named = {path.resolve() for path in program.files}
        for option in (program.mapping.file, program.mapping.profile):
            named |= {Path(option).resolve()} if option else set()
        whole = _at_home(data, plan.program.parent, named)
        whole["chip"] = _chip(whole["chip"], plan.program.parent)
        path = above / f"point-{row.number}.yaml"
        head = f"# Point {row.number} of the sweep of {plan.program.name}: {'; '.join(overrides)}".replace("\n", " ")
        text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=120)
        write(path, f"{_printable(head)}\n{text}")
        written.append(path)
    for old in above.glob("point-*.yaml"):
        if old not in written:
            old.unlink(missing_ok=True)
    return written


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)


def _at_home(value: Any, home: Path, named: set[Path]) -> Any:
    """The content with the files that the program names, beside it, named by where they are."""
    if isinstance(value, dict):
        return {key: _at_home(inner, home, named) for key, inner in value.items()}
    if isinstance(value, list):
        return [_at_home(inner, home, named) for inner in value]
    if not isinstance(value, str):
        return value
    for mark in ("#", ":"):  # weights.npz#w1, model.py:Name
        file, found, rest = value.partition(mark)
        if file and (home / file).resolve() in named:
            return f"{(home / file).resolve()}{found}{rest}"
    return value


def _chip(given: Any, home: Path) -> Any:
    """The chip of the program, by where its file is if it lies beside the program."""
    name = given.get("extends") if isinstance(given, dict) else given
    try:
        found = library.find("chips", str(name), home, ChipError)
    except (ChipError, ProgramError):
        return given
    if found.resolve().parent == library.folder("chips").resolve():
        return given
    return {**given, "extends": str(found.resolve())} if isinstance(given, dict) else str(found.resolve())
