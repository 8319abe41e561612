"""Two figures of all points of a sweep, and the front of those that no other beats in both."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import OutputError
from ...units import counted
from . import style

TABLES = ("points.sqlite", "points.csv")
X, Y = "energy_pj.total", "latency_ns.total"
LARGE = ("accuracy", "quantisation.float.accuracy", "quantisation.float.agreement")  # better when large
MOST = 1_000_000  # points


def figure(folder: Path, x: str, y: str) -> Any:
    """x, y: columns of the table of results; '' for X and Y.  Raises OutputError where there is no such table or column."""
    x, y = x or X, y or Y
    points = read(folder, (x, y))
    if not len(points):
        raise OutputError(f"No point of {folder} has both '{x}' and '{y}'. Try other figures: --x, --y.")
    best = front(points * np.array([-1.0 if name in LARGE else 1.0 for name in (x, y)]))
    drawn, axes = style.new(4.4)
    axis = axes[0, 0]
    axis.scatter(points[:, 0], points[:, 1], s=14, color=style.MUTED, label=f"{counted(len(points), 'point')}")
    edge = points[best][np.argsort(points[best, 0], kind="stable")]
    axis.plot(
        edge[:, 0], edge[:, 1], "o-", color=style.ACCENT, markersize=4.5, linewidth=1.2, label=f"front: {len(edge):,}"
    )
    for name, scale in ((x, axis.set_xscale), (y, axis.set_yscale)):
        values = points[:, 0 if name == x else 1]
        if values.min() > 0 and values.max() > 30 * values.min():
            scale("log")
    axis.set_xlabel(style.literal(x), fontsize=9, color=style.SOFT)
    axis.set_ylabel(style.literal(y), fontsize=9, color=style.SOFT)
    axis.legend(frameon=False, fontsize=8, labelcolor=style.SOFT)
    style.plain(axis)
    return drawn


def front(costs: np.ndarray) -> np.ndarray:
    """Indices of the points of (n, 2) costs that no other beats: is as good in both and better in one."""
    order = np.lexsort((costs[:, 1], costs[:, 0]))
    kept: list[int] = []
    least = np.inf
    for k in order.tolist():
        if costs[k, 1] < least or (kept and np.array_equal(costs[k], costs[kept[-1]])):
            kept.append(k)
            least = costs[k, 1]
    return np.array(kept)


def read(folder: Path, names: Sequence[str]) -> np.ndarray:
    """(n, 2) float64 of the points that have both figures."""
    path = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if path is None:
        raise OutputError(
            f"{folder} holds no results of a sweep: {' and '.join(TABLES)} are missing. "
            "Try the folder that 'neuroemu sweep' wrote."
        )
    try:
        rows = _sqlite(path, names) if path.suffix == ".sqlite" else _csv(path, names)
    except (sqlite3.Error, OSError, ValueError, csv.Error) as error:
        raise OutputError(f"{path} cannot be read ({error}).") from None
    return np.array(
        [[float(a), float(b)] for a, b in rows if a not in (None, "") and b not in (None, "")], float
    ).reshape(-1, 2)


def _sqlite(path: Path, names: Sequence[str]) -> list[tuple[Any, Any]]:
    file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        _check(path, names, [row[1] for row in file.execute("PRAGMA table_info(points)")])
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        return file.execute(f"SELECT {quoted} FROM points LIMIT {MOST}").fetchall()
    finally:
        file.close()


def _csv(path: Path, names: Sequence[str]) -> list[tuple[Any, Any]]:
    with open(path, newline="", encoding="utf-8") as stream:
        found = csv.DictReader(stream)
        _check(path, names, list(found.fieldnames or []))
        return [(row[names[0]], row[names[1]]) for row, _ in zip(found, range(MOST), strict=False)]


def _check(path: Path, names: Sequence[str], there: list[str]) -> None:
    missing = [name for name in names if name not in there]
    if missing:
        what = ", ".join(f"'{name}'" for name in missing)
        raise OutputError(f"{path} has no column {what}. It has: {', '.join(there)}.")
