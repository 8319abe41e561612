"""Table: what became of every point, in SQLite: one row a point, landed together with its neighbours or not at all.

  points    point, what was varied, how it was had (run, map, price), why it failed, headline figures, goals, the summary
  mappings  what each mapping turned out to be, so that none is made twice
Columns are named as the keys of the program and of summary.json are: SELECT "chip.mesh.width", "energy_pj.total" FROM points.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import OutputError
from .candidates import Values, key_of
from .goals import HEADLINES, figure
from .plan import Plan

FORMAT = 1
RESERVED = ("point", "how", "error", "wall_s", "what", "record", "mesh_hash", "key", "summary")


@dataclass(frozen=True)
class Row:
    """A point that is done.  how: 'run', 'map' or 'price', None where it failed.  what, record, mesh_hash: what it shares."""

    number: int
    values: Values
    how: str | None
    error: str | None
    wall_s: float
    what: str
    record: str
    mesh_hash: str
    figures: dict[str, float | None]


def failures(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """The points that failed, by why, in the order of the first of each."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.error:
            found.setdefault(row.error, []).append(row)
    return list(found.items())


class Table:
    """The file, open. Only the process that holds the sweep's folder writes it."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self._path, self._plan = path, plan
        self._figures = tuple(dict.fromkeys((*HEADLINES, *(goal.key for goal in plan.goals))))
        self._varied = _columns(plan.keys, (*RESERVED, *self._figures))
        try:
            self._file = sqlite3.connect(path, isolation_level=None)
            self._file.execute("PRAGMA journal_mode = WAL")  # a row is safe from a kill without waiting for the disk
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._make()
        except sqlite3.Error as error:
            raise OutputError(f"{path} cannot be opened ({error}). Try another -o.") from None

    def _make(self) -> None:
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT):
            raise OutputError(f"{self._path} has the format {version}, this version reads {FORMAT}. Try another -o.")
        numbers = ", ".join(f"{_quoted(name)} NUMERIC" for name in self._figures)
        varied = ", ".join(map(_quoted, self._varied))
        self._file.execute("BEGIN")
        self._file.execute(
            f"CREATE TABLE IF NOT EXISTS points (point INTEGER PRIMARY KEY, {varied}, how TEXT, error TEXT, {numbers}, "
            "wall_s REAL, what TEXT, record TEXT, mesh_hash TEXT, key TEXT UNIQUE, summary TEXT)"
        )
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS mappings (mapping TEXT PRIMARY KEY, model_hash TEXT, mesh_hash TEXT, error TEXT)"
        )
        self._file.execute(f"PRAGMA user_version = {FORMAT}")
        self._file.execute("COMMIT")

    def rows(self) -> list[Row]:
        """All rows, by their points."""
        columns = ["point", "how", "error", "wall_s", "what", "record", "mesh_hash", "key", *self._figures]
        found = []
        for row in self._file.execute(f"SELECT {', '.join(map(_quoted, columns))} FROM points ORDER BY point"):
            number, how, error, wall_s, what, record, mesh_hash, key, *figures = row
            values = tuple(json.loads(key))
            named = dict(zip(self._figures, figures, strict=True))
            found.append(Row(number, values, how, error, wall_s, what, record, mesh_hash, named))
        return found

    def add(self, rows: Sequence[tuple[Row, dict[str, Any] | None]]) -> list[Row]:
        """Puts rows and their summaries there, in one go; returns them with their figures."""
        added = []
        marks = ", ".join("?" * (len(RESERVED) + len(self._varied) + len(self._figures)))
        names = [*RESERVED, *self._varied, *self._figures]
        command = f"INSERT OR REPLACE INTO points ({', '.join(map(_quoted, names))}) VALUES ({marks})"
        self._begin()
        for row, summary in rows:
            figures = {name: None if summary is None else figure(summary, name) for name in self._figures}
            added.append(replace(row, figures=figures))
            text = None if summary is None else json.dumps(summary)
            shared = (row.what, row.record, row.mesh_hash, key_of(row.values), text)
            head = (row.number, row.how, row.error, row.wall_s, *shared)
            self._execute(command, (*head, *map(_cell, row.values), *figures.values()))
        self._commit()
        return added

    def mappings(self) -> dict[str, tuple[str, str, str | None]]:
        """(model_hash, mesh_hash, error) of every mapping that was made."""
        found = self._file.execute("SELECT mapping, model_hash, mesh_hash, error FROM mappings")
        return {mapping: (model_hash, mesh_hash, error) for mapping, model_hash, mesh_hash, error in found}

    def add_mapping(self, mapping: str, model_hash: str, mesh_hash: str, error: str | None) -> None:
        self._begin()
        self._execute("INSERT OR REPLACE INTO mappings VALUES (?, ?, ?, ?)", (mapping, model_hash, mesh_hash, error))
        self._commit()

    def forget_failed(self) -> None:
        """So that they are tried again."""
        self._begin()
        self._execute("DELETE FROM points WHERE error IS NOT NULL", ())
        self._execute("DELETE FROM mappings WHERE error IS NOT NULL", ())
        self._commit()

    def close(self) -> None:
        self._file.close()

    def _begin(self) -> None:
        self._execute("BEGIN IMMEDIATE", ())

    def _commit(self) -> None:
        self._execute("COMMIT", ())

    def _execute(self, command: str, values: tuple[Any, ...]) -> None:
        try:
            self._file.execute(command, values)
        except sqlite3.Error as error:
            raise OutputError(f"{self._path} cannot be written ({error}). Points that were done are kept.") from None


def _columns(keys: list[str], taken: tuple[str, ...]) -> list[str]:
    """A column for each key; to SQLite names that differ in their case alone are the same."""
    known, found = {name.lower() for name in taken}, []
    for key in keys:
        name, k = key, 2
        while name.lower() in known:
            name, k = f"{key} ({k})", k + 1
        known.add(name.lower())
        found.append(name)
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cell(value: Any) -> Any:
    """A value as SQLite keeps it: numbers and text as they are, the rest as JSON."""
    plain = value is None or (isinstance(value, (int, float, str)) and not isinstance(value, bool))
    return value if plain and not (isinstance(value, int) and abs(value) >= 2**63) else json.dumps(value)
