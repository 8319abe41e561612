"""Page: sweep.html, one file that asks for nothing: no network, no script. Everything in it is escaped by its template."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from . import drawing
from .axes import in_order, override
from .folder import TABLE
from .scales import axis_text, figure_text, value_text
from .table import failures

if TYPE_CHECKING:
    from .sweep import Outcome

TEMPLATE = "page.html.j2"
MOST_FAILED = 50  # reasons that are listed
MOST_NUMBERS = 20  # points that are named of each
MOST_BEST = 50


def page(outcome: Outcome) -> str:
    """The text of sweep.html."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    plan, keys = outcome.plan, outcome.plan.keys
    chosen = {row.number for row in outcome.front}
    able = [row for row in outcome.rows if not row.error and all(row.figures[g.key] is not None for g in plan.goals)]
    beaten = [row for row in able if row.number not in chosen]
    others = drawing.thinned(beaten)
    best = drawing.thinned(outcome.front)
    failed = failures(outcome.rows)
    written = {path.stem for path in outcome.programs}
    return environment.get_template(TEMPLATE).render(
        name=plan.program.stem,
        counts=outcome.counts,
        n=len(outcome.rows),
        plan=plan,
        fixed=plan.fixed,
        vary=[(key, axis_text(axis)) for key, axis in plan.vary.items()],
        keys=keys,
        table=TABLE,
        best=[
            {
                "number": row.number,
                "values": [value_text(value) for value in row.values],
                "figures": [figure_text(goal.key, row.figures[goal.key]) for goal in plan.goals],
                "file": f"best/point-{row.number}.yaml" if f"point-{row.number}" in written else "",
                "how": row.how,
                "command": command(outcome, dict(zip(keys, row.values, strict=True))),
            }
            for row in outcome.front[:MOST_BEST]
        ],
        n_best=len(outcome.front),
        scatters=drawing.scatters(others, best, keys, plan.goals),
        parallel=drawing.parallel(others, best, plan.vary, plan.goals),
        left_out=len(beaten) - len(others) + len(outcome.front) - len(best),
        failed=[
            {
                "numbers": ", ".join(str(row.number) for row in rows[:MOST_NUMBERS]),
                "more": max(0, len(rows) - MOST_NUMBERS),
                "first": [value_text(value) for value in rows[0].values],
                "error": error,
            }
            for error, rows in failed[:MOST_FAILED]
        ],
        n_failed=len(failed),
        box=drawing,
    )


def command(outcome: Outcome, values: dict[str, object]) -> str:
    """The command line that runs a point."""
    plan = outcome.plan
    settings = [*plan.fixed, *(override(key, values[key]) for key in in_order(list(values)))]
    words = ["neuroemu", "run", str(plan.program), *(part for setting in settings for part in ("--set", setting))]
    return shlex.join([*words, *(["--allow-code"] if plan.allow_code else [])])
