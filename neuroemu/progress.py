"""Progress of a run: a bar with steps/s and ETA on a terminal, a plain line now and then when piped, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

PLAIN_EVERY_S = 5.0
PARTS_AFTER_S = 1.0  # of a stage, from which on the parts of it are named, too


class Progress:
    """Says nothing; the base of the two that do."""

    def stage(self, name: str) -> None:
        """A new stage begins."""

    def part(self, name: str) -> None:
        """A part of the stage begins."""

    def steps(self, stage: str, done: int, total: int, unit: str = "step") -> None:
        """`done` of `total` time steps, or other units, are behind us."""


class _Rate:
    """Steps per second since the first look, which comes after any compilation."""

    def __init__(self) -> None:
        self.first: tuple[float, int] | None = None

    def at(self, done: int) -> float | None:
        """Steps/s now; None at the first look."""
        now = time.monotonic()
        if self.first is None:
            self.first = (now, done)
            return None
        began, before = self.first
        return (done - before) / max(now - began, 1e-9)


class _Plain(Progress):
    """Lines on stderr."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()
        self.rate = _Rate()

    def stage(self, name: str) -> None:
        self.began = self.last = time.monotonic()
        _say(name)

    def part(self, name: str) -> None:
        taken = time.monotonic() - self.began
        if taken >= PARTS_AFTER_S:
            _say(f"{name} ({taken:.0f} s so far)")

    def steps(self, stage: str, done: int, total: int, unit: str = "step") -> None:
        rate = self.rate.at(done)
        if not rate or time.monotonic() - self.last < PLAIN_EVERY_S:
            return
        self.last = time.monotonic()
        left = (total - done) / rate
        _say(f"{unit} {done} of {total}, {rate:.{0 if rate >= 10 else 2}f} {unit}s/s, {left:.0f} s left")


def _say(text: str) -> None:
    """A line for who reads along; that nobody does any more ends no run."""
    with suppress(OSError):
        print(f"neuroemu: {text}", file=sys.stderr, flush=True)


@contextmanager
def shown(quiet: bool) -> Iterator[Progress]:
    """The Progress that suits where stderr goes."""
    if quiet or sys.stderr is None:
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
        self.name = "reading"
        self.task = bar.add_task(self.name, total=None, rate="")
        self.rate = _Rate()

    def stage(self, name: str) -> None:
        self.name = name
        self.bar.update(self.task, description=name)

    def part(self, name: str) -> None:
        self.bar.update(self.task, description=f"{self.name}: {name}")

    def steps(self, stage: str, done: int, total: int, unit: str = "step") -> None:
        rate = self.rate.at(done)
        self.bar.update(self.task, completed=done, total=total, rate=f"{rate:,.0f} {unit}s/s" if rate else "")
