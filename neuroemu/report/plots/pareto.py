"""Two figures of all points of a sweep, and the front of those that no other beats in both."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import OutputError
from ...units import counted, figure_text
from . import style

TABLES = ("points.sqlite", "points.csv")
PLAN = "sweep.json"  # what the sweep was, its goals among it
X, Y = "energy_pj.total", "latency_ns.total"
LARGE = (
    "accuracy",
    "quantisation.float.accuracy",
    "quantisation.float.agreement",
)  # better when large, unless the sweep said
MOST = 1_000_000  # points


def figure(folder: Path, x: str, y: str) -> Any:
    """x, y: columns of the table of results; '' for the sweep's own first goals, and after them X and Y.

    Raises OutputError where there is no such table or column.
    """
    goals = _goals(folder)
    usual = [name for name in dict.fromkeys((*goals, X, Y)) if name not in (x, y)]
    x = x or usual.pop(0)
    y = y or usual.pop(0)
    points = read(folder, (x, y))
    if not len(points):
        raise OutputError(f"No point of {folder} has both '{x}' and '{y}'. Try other figures: --x, --y.")
    large = [goals.get(name, "max" if name in LARGE else "min") == "max" for name in (x, y)]
    best = front(points * np.where(large, -1.0, 1.0))
    drawn, axes = style.new(4.4)
    axis = axes[0, 0]
    axis.scatter(points[:, 0], points[:, 1], s=14, color=style.MUTED, label=counted(len(points), "point"))
    edge = points[best][np.argsort(points[best, 0], kind="stable")]
    # Between two points of the front lies what only the one beats: the step is on the side of the worse.
    axis.plot(
        edge[:, 0], edge[:, 1], "o-", color=style.ACCENT, markersize=4.5, linewidth=1.2, label=f"front: {len(edge):,}",
        drawstyle="steps-pre" if large[0] else "steps-post",
    )  # fmt: skip
    for values, scale in ((points[:, 0], axis.set_xscale), (points[:, 1], axis.set_yscale)):
        if values.min() > 0 and values.max() > 30 * values.min():
            scale("log")
    for name, side in ((x, axis.xaxis), (y, axis.yaxis)):
        _in_units(name, side)
    axis.set_xlabel(style.literal(style.short(x, style.MOST_TITLE)), fontsize=9, color=style.SOFT)
    axis.set_ylabel(style.literal(style.short(y, style.MOST_TITLE)), fontsize=9, color=style.SOFT)
    axis.legend(frameon=False, fontsize=8, labelcolor=style.SOFT)
    style.plain(axis)
    return drawn


def _in_units(name: str, side: Any) -> None:
    """Ticks of an axis as people read the figure; few enough for their texts."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    if side.get_scale() == "linear":
        side.set_major_locator(MaxNLocator(nbins=6))
    side.set_major_formatter(FuncFormatter(lambda value, _: figure_text(name, value)))
    side.set_minor_formatter(NullFormatter())


def _goals(folder: Path) -> dict[str, str]:
    """{figure: 'min' or 'max'} of the sweep that wrote the folder, in its order; none where it does not say."""
    try:
        told = json.loads((folder / PLAN).read_text(encoding="utf-8"))["goals"]
        return {str(name): str(direction) for name, direction in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


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
