"""Progress of a run: a bar with steps/s and ETA on a terminal, a plain line now and then when piped, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PLAIN_EVERY_S = 5.0


class Progress:
    """Says nothing; the base of the two that do."""

    def stage(self, name: str) -> None:
        """A new stage begins."""

    def steps(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` time steps are behind us."""


class _Plain(Progress):
    """Lines on stderr."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()

    def stage(self, name: str) -> None:
        self.began = self.last = time.monotonic()
        print(f"neuroemu: {name}", file=sys.stderr, flush=True)

    def steps(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.last < PLAIN_EVERY_S:
            return
        self.last = now
        rate = done / (now - self.began)
        left = (total - done) / rate if rate else 0.0
        print(f"neuroemu: step {done} of {total}, {rate:.0f} steps/s, {left:.0f} s left", file=sys.stderr, flush=True)


@contextmanager
def shown(quiet: bool) -> Iterator[Progress]:
    """The Progress that suits where stderr goes."""
    if quiet:
        yield Progress()
        return
    if not sys.stderr.isatty():
        yield _Plain()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        SpinnerColumn(),
        TextColumn("{task.description:8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        yield _Bar(bar)


class _Bar(Progress):
    """A rich progress bar on stderr."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar
        self.task = bar.add_task("reading", total=None, rate="")
        self.began = time.monotonic()

    def stage(self, name: str) -> None:
        self.began = time.monotonic()
        self.bar.update(self.task, description=name)

    def steps(self, stage: str, done: int, total: int) -> None:
        rate = done / max(time.monotonic() - self.began, 1e-9)
        self.bar.update(self.task, completed=done, total=total, rate=f"{rate:,.0f} steps/s")
