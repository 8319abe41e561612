"""One plot into one file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import OutputError
from ..page.files import RunFiles
from . import energy, mesh, pareto, raster

SUFFIXES = (".png", ".pdf", ".svg")
RUNS: dict[str, Callable[[RunFiles], Any]] = {"raster": raster.figure, "energy": energy.figure, "mesh": mesh.figure}
KINDS = (*RUNS, "pareto")


def save(kind: str, folder: Path, path: Path, x: str = "", y: str = "") -> None:
    """Draws one of KINDS from a folder.  x, y: figures of summary.json, for 'pareto'.

    Raises OutputError where matplotlib is missing, the folder is no run (or no sweep) or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(
            f"{path} is no picture that is known here. Allowed: {', '.join(SUFFIXES)}. Try: -o {kind}.png."
        )
    if importlib.util.find_spec("matplotlib") is None:
        raise OutputError(
            "Plots need the package 'matplotlib', which is not installed. Try: pip install 'neuroemu[plot]'."
        )
    drawn = pareto.figure(folder, x, y) if kind == "pareto" else RUNS[kind](RunFiles(folder))
    try:
        drawn.savefig(path, dpi=160, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}). Try another -o.") from None
