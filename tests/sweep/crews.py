"""Sweeps for tests: a crew in this process, plans, and what a table holds."""

from __future__ import annotations

import contextlib
import sqlite3

from neuroemu.sweep import plan, sweep, tasks
from neuroemu.sweep.crew import Lost

# A program of several cores and tiles, short enough to run often.
SPREAD = (
    "mapping.share_cores=false", "mapping.parts={relay: 8, choice: 2}", "chip.mesh.cores_per_tile=2", "run.steps=30",
)  # fmt: skip
ENERGY, LATENCY = "energy_pj.total", "latency_ns.mean_step"


class Here:
    """Does tasks in this process, the last one given first.  ends_after: tasks, after which it is interrupted.

    dies: of which tasks its workers die.
    """

    width = 2

    def __init__(self, setting, ends_after=None, dies=lambda task: False):
        self.setting, self.ends_after, self.dies = setting, ends_after, dies
        self.waiting, self.done = [], []

    def put(self, task):
        self.waiting.append(task)

    def take(self):
        if self.ends_after is not None and len(self.done) == self.ends_after:
            raise KeyboardInterrupt
        task = self.waiting.pop()
        if self.dies(task):
            return Lost(task, "its worker died 3 times")
        self.done.append(task)
        return tasks.do(self.setting, task)

    def close(self):
        pass

    def of(self, kind):
        return [task for task in self.done if isinstance(task, kind)]


def planned(*vary, program="quickstart", fixed=None, goals=(ENERGY, LATENCY), **more):
    """fixed: None for what of SPREAD is not varied."""
    if fixed is None:
        varied = tuple(option.partition("=")[0] + "." for option in vary)
        fixed = [setting for setting in SPREAD if not f"{setting.partition('=')[0]}.".startswith(varied)]
    return plan.of_options(str(program), tuple(fixed), vary, goals, **more)


def swept(monkeypatch, of, folder, retry_failed=False, **crew):
    """(outcome, crew) of a sweep in this process."""
    made = []

    def here(setting, *_):
        made.append(Here(setting, **crew))
        return made[-1]

    monkeypatch.setattr(sweep, "_crew", here)
    try:
        return sweep.run(of, folder, retry_failed=retry_failed), made[-1]
    except KeyboardInterrupt:
        return None, made[-1]


def table(folder):
    """(columns, rows) of everything but the times.  Read only: a look at a sweep that just begins must not make its file."""
    with contextlib.closing(sqlite3.connect(f"{(folder / 'points.sqlite').as_uri()}?mode=ro", uri=True)) as file:
        names = [row[1] for row in file.execute("PRAGMA table_info(points)") if row[1] != "wall_s"]
        shown = ", ".join(f'"{name}"' for name in names)
        return names, file.execute(f"SELECT {shown} FROM points ORDER BY point").fetchall()
