"""The files of a run folder, read as far as a page needs them. Sizes are looked at before anything is read."""

from __future__ import annotations

import csv
import math
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ... import json_text
from ...errors import OutputError
from ..reading import DAMAGE

NEEDED = (
    "summary.json",
    "manifest.json",
    "mapping.json",
    "steps.csv",
    "cores.csv",
    "populations.csv",
    "links.csv",
    "costs.h5",
)
MOST_TEXT = 256 << 20  # bytes of a JSON or a table that is read whole
MOST_ARRAY = 1 << 30  # bytes of an array that is read whole
AGAIN = "Run it again."


@dataclass(frozen=True)
class RunFiles:
    """A run folder.  Raises OutputError, when made, where it is none or lacks what a page is made of."""

    folder: Path

    def __post_init__(self) -> None:
        missing = [name for name in NEEDED if not (self.folder / name).is_file()]
        if len(missing) == len(NEEDED):
            raise OutputError(
                f"{self.folder} is not the folder of a run. Try one that 'neuroemu run' wrote, like runs/digits-1."
            )
        if missing:
            raise OutputError(
                f"{self.folder} is not whole, or was written by an older version: {', '.join(missing)} is missing. {AGAIN}"
            )

    @cached_property
    def summary(self) -> dict[str, Any]:
        return self._json("summary.json", ("name", "chip", "steps", "samples", "energy_pj", "latency_ns", "ranges"))

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return self._json("manifest.json", ("command", "seed", "versions"))

    @cached_property
    def mapping(self) -> dict[str, Any]:
        return self._json("mapping.json", ("mesh", "limits_per_core", "parts"))

    @cached_property
    def head(self) -> dict[str, Any]:
        """Of costs.h5: names and sizes of populations and sources, the chip's structure."""
        import h5py

        try:
            with h5py.File(self.folder / "costs.h5", "r") as file:
                found = json_text.parse(str(file.attrs["head"]))
        except DAMAGE as error:
            raise self.broken("costs.h5", error) from None
        return self._checked("costs.h5", found, ("names", "sizes", "source_names", "source_sizes", "step_ms", "chip"))

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of a small table."""
        path = self._small(name)
        try:
            with open(path, newline="", encoding="utf-8") as stream:
                return list(csv.DictReader(stream))
        except (OSError, ValueError, csv.Error) as error:
            raise self.broken(name, error) from None

    def npz(self, name: str, keys: list[str]) -> dict[str, np.ndarray]:
        """Those of the arrays that are there.  None is read whose head says more than MOST_ARRAY bytes."""
        found: dict[str, np.ndarray] = {}
        try:
            with zipfile.ZipFile(self.folder / name) as archive:
                there = set(archive.namelist())
                for key in keys:
                    if f"{key}.npy" in there:
                        with archive.open(f"{key}.npy") as stream:
                            self._check_head(name, stream)
                        with archive.open(f"{key}.npy") as stream:
                            found[key] = np.lib.format.read_array(stream, allow_pickle=False)
        except DAMAGE as error:
            raise self.broken(name, error) from None
        return found

    def _check_head(self, name: str, stream: Any) -> None:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
        if math.prod(shape) * kind.itemsize > MOST_ARRAY:
            raise self.broken(name, f"an array of {math.prod(shape) * kind.itemsize:,} bytes is too large for a page")

    def _small(self, name: str) -> Path:
        path = self.folder / name
        if path.stat().st_size > MOST_TEXT:
            raise self.broken(name, f"{path.stat().st_size:,} bytes; a page reads at most {MOST_TEXT:,}")
        return path

    def _json(self, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
        try:
            found = json_text.parse(self._small(name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self.broken(name, error) from None
        return self._checked(name, found, keys)

    def _checked(self, name: str, found: Any, keys: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(found, dict):
            raise self.broken(name, "it is no table of names and values")
        missing = [key for key in keys if key not in found]
        if missing:
            raise self.broken(name, f"{', '.join(missing)} is missing, which older versions did not write")
        return found

    def broken(self, name: str, why: object) -> OutputError:
        return OutputError(f"{self.folder / name} cannot be shown ({why}). {AGAIN}")
