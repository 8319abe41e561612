"""report.html and report.md of a run folder."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import OutputError
from ...units import counted
from . import html, markdown
from .belief import manifest, neurobench, not_modelled, quantisation
from .energy import energy
from .files import RunFiles
from .headline import headline
from .heat import heat
from .membranes import membranes
from .model import Page
from .placement import placement
from .raster import raster
from .strip import strip
from .weights import weights

FILES = ("report.html", "report.md")


def page(folder: Path) -> Page:
    """Everything that is shown of a run.  Raises OutputError where the folder is none or lacks what is needed."""
    files = RunFiles(folder)
    summary = files.summary
    try:
        steps = summary["steps"]
        about = f"{summary['chip']}, {counted(steps, 'step')}, latency mode '{summary['latency']}'"
        made = (
            headline(summary),
            energy(files),
            strip(files),
            heat(files),
            raster(files),
            membranes(files),
            weights(files),
            placement(files),
            quantisation(summary),
            neurobench(summary),
            not_modelled(summary),
            manifest(files),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        # A folder is somebody's files: what is missing or of another kind deep inside is told as such.
        raise OutputError(f"{folder} cannot be shown ({type(error).__name__}: {error}). Run it again.") from error
    return Page(str(summary["name"]), about, tuple(section for section in made if section is not None))


def draw(folder: Path) -> list[Path]:
    """Writes both files into the folder, each whole or not at all; returns where.  Raises OutputError as page, and OSError."""
    shown = page(folder)
    written = []
    for name, text in zip(FILES, (html.page(shown), markdown.page(shown)), strict=True):
        path, partial = folder / name, folder / f".{name}.{os.getpid()}"
        try:
            partial.write_text(text, encoding="utf-8")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        written.append(path)
    return written
