"""Told: what the command prints of a sweep that is done, as text or as JSON."""

from __future__ import annotations

import os
from typing import Any

from ..units import counted
from .folder import PAGE, TABLE
from .scales import figure_text, value_text
from .sweep import Outcome
from .table import failures

MOST = 12  # rows of the front
MOST_FAILED = 5  # reasons


def as_text(outcome: Outcome, seconds: float, width: int) -> str:
    """A page: how many of each, the front, what failed, where it is."""
    plan, counts, n = outcome.plan, outcome.counts, len(outcome.rows)
    before = f" ({outcome.before:,} were there before)" if outcome.before else ""
    lines = [
        f"sweep of {plan.program.stem}: {counted(n, 'point')} in {seconds:.1f} s{before}: "
        f"{counts['run']:,} run, {counts['map']:,} mapped again, {counts['price']:,} priced again, {counts['failed']:,} failed"
    ]
    if outcome.front:
        goals = ", ".join(f"{goal.key} {goal.direction}" for goal in plan.goals)
        lines += ["", f"best by {goals}", *_table(outcome, width)]
    failed = failures(outcome.rows)
    for error, rows in failed[:MOST_FAILED]:
        values = ", ".join(f"{key}={value_text(v)}" for key, v in zip(plan.keys, rows[0].values, strict=True))
        which = f"{len(rows):,} points failed, the first" if len(rows) > 1 else "failed:"
        lines += ["", f"{which} point {rows[0].number} ({values})", *(f"  {line}" for line in error.splitlines())]
    if len(failed) > MOST_FAILED:
        others = sum(len(rows) for _, rows in failed[MOST_FAILED:])
        lines += ["", f"... and {others:,} more failed for other reasons, which are in {PAGE}."]
    where = os.path.relpath(outcome.folder)
    where = str(outcome.folder) if where.startswith("..") else where
    programs = f", {counted(len(outcome.programs), 'program')} in best/" if outcome.programs else ""
    lines += ["", f"{where}: {PAGE}, {TABLE}{programs}"]
    return "\n".join(lines) + "\n"


def _table(outcome: Outcome, width: int) -> list[str]:
    plan = outcome.plan
    rows = [["point", *(goal.key for goal in plan.goals), *plan.keys]]
    for row in outcome.front[:MOST]:
        figures = [figure_text(goal.key, row.figures[goal.key]) for goal in plan.goals]
        rows.append([str(row.number), *figures, *(value_text(value) for value in row.values)])
    wide = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    n = 1 + len(plan.goals)
    lines = [
        "  ".join(f"{c:>{w}}" if k < n else f"{c:{w}}" for k, (c, w) in enumerate(zip(row, wide, strict=True))).rstrip()
        for row in rows
    ]
    lines = [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
    more = len(outcome.front) - MOST
    return [*lines, *([f"... and {more:,} more that no other point beats"] if more > 0 else [])]


def as_values(outcome: Outcome) -> dict[str, Any]:
    """For --json."""
    keys = outcome.plan.keys
    return {
        "program": str(outcome.plan.program),
        "folder": str(outcome.folder),
        "points": len(outcome.rows),
        "before": outcome.before,
        **outcome.counts,
        "goals": {goal.key: goal.direction for goal in outcome.plan.goals},
        "front": [
            {
                "point": row.number,
                "values": dict(zip(keys, row.values, strict=True)),
                "figures": {goal.key: row.figures[goal.key] for goal in outcome.plan.goals},
            }
            for row in outcome.front
        ],
        "programs": [str(path) for path in outcome.programs],
    }
