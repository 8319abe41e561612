"""Folder: where a sweep lives and goes on: one sweep, one process at a time, nothing else.

points.sqlite   the table of results       sweep.html, best/   what is shown, written anew when the sweep ends
sweep.json      what the sweep is          work/               records of runs that points are priced from, images
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from .. import json_text
from ..cache.key import sources
from ..errors import OutputError
from .plan import Plan

FORMAT = 1
TABLE, PLAN, PAGE, BEST, WORK, LOCK = "points.sqlite", "sweep.json", "sweep.html", "best", "work", ".lock"


class Folder:
    """A sweep's folder, held until it is closed or its process ends, however that ends."""

    def __init__(self, path: Path, plan: Plan, program: str) -> None:
        """Takes the folder, makes it where it is not there. program: digest of the program as it is without the varied keys.

        Raises OutputError where another sweep is in it, or another process at work in it, or anything else.
        """
        self.path = path.absolute()
        self._made = not self.path.exists()
        try:
            if self.path.exists() and not self.path.is_dir():
                raise OutputError(f"{path} is not a folder. Try another -o.")
            if self._is_strange() and not (self.path / LOCK).exists():  # which a sweep that just begins makes first
                raise _strange(path)
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = self._held()
            if self._is_strange():
                self._lock.close()
                raise _strange(path)
            told = {"neuroemu_sweep_folder": FORMAT, **plan.told(), "program_hash": program, "sources": sources()}
            if (self.path / PLAN).exists():
                self._check(told)
            else:
                partial = self.path / f"{PLAN}.partial"
                partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
                os.replace(partial, self.path / PLAN)
            self.work.mkdir(exist_ok=True)
            for left in self.work.glob(".partial-*"):
                shutil.rmtree(left, ignore_errors=True)
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror}). Try another -o.") from None

    @property
    def work(self) -> Path:
        return self.path / WORK

    @property
    def table(self) -> Path:
        return self.path / TABLE

    def forget_images(self) -> None:
        """Mappings that no point waits for any more."""
        for image in self.work.glob("*.image"):
            image.unlink(missing_ok=True)

    def close(self) -> None:
        self._lock.close()

    def abandon(self) -> None:
        """Closes it, and takes it away again where this call made it and nothing was done."""
        self.close()
        if self._made:
            shutil.rmtree(self.path, ignore_errors=True)

    def _is_strange(self) -> bool:
        """Whether there is something in it, but no sweep."""
        names = {entry.name for entry in self.path.iterdir()} if self.path.is_dir() else set()
        return PLAN not in names and bool(names - {LOCK, f"{LOCK}-journal", f"{PLAN}.partial"})

    def _held(self) -> sqlite3.Connection:
        """A lock of SQLite's: the same on every system, and gone with its process."""
        lock = sqlite3.connect(self.path / LOCK, timeout=0, isolation_level=None)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            lock.close()
            if "locked" in str(error):
                what = f"another sweep is at work in {self.path}"
                raise OutputError(f"{what}. Try to wait for it, or another -o.") from None
            raise OutputError(f"{self.path / LOCK} cannot be opened ({error}). Try another -o.") from None
        return lock

    def _check(self, told: dict[str, Any]) -> None:
        """Raises OutputError where the folder is of another sweep."""
        try:
            old = json_text.parse((self.path / PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            old = None
        if not isinstance(old, dict):
            self._lock.close()
            raise OutputError(f"{self.path / PLAN} cannot be read. Try another -o.")
        other = [key for key in told if old.get(key) != told[key]]
        if other:
            self._lock.close()
            known = {
                "sources": "was begun with another version of neuroemu",
                "program_hash": "is of a program that has changed since",
            }
            first = next((key for key in other if key not in known), "")
            what = f"is of another sweep ({_told(first, old, told)})" if first else known[other[0]]
            raise OutputError(f"{self.path} {what}; its points would not compare. Try another -o.")


def _strange(path: Path) -> OutputError:
    return OutputError(f"{path} is not empty and holds no sweep; nothing was touched. Try another -o.")


def _told(key: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    return f"{key} was {json.dumps(old.get(key))[:200]} and is {json.dumps(new[key])[:200]}"


def write(path: Path, text: str) -> None:
    """A file whole or not at all. Raises OutputError."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written ({error.strerror}).") from None
