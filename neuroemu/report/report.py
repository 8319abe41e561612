"""Report: everything that one run gave, as values. How it is shown and written stands in the files beside this one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..compiler import Compiled
from ..costs import Activity, Costs
from ..counters import Counters, Traces
from ..energy import Bill
from ..loop import Loop
from ..program import Program
from ..reference import Raster
from ..schedule import Schedule
from ..tally import Tally
from ..wiring import Wiring
from .priced import Priced


@dataclass(frozen=True)
class Answers:
    """What the decoder read.  answers, labels: (samples,) of those that were not learned from.

    labels and the scores are None where there are none.  learning: (samples that were learned from,) bool, which of them
    were answered right when they were; None where answers are no classes, or nothing was learned from.
    """

    answers: np.ndarray
    labels: np.ndarray | None
    accuracy: float | None
    mean_error: float | None
    learning: np.ndarray | None = None


@dataclass(frozen=True)
class FloatComparison:
    """The float run beside the chip.  agreement: share of samples with the same answer, None without a decoder.

    of: 'twin', or the framework whose computation it is.  rasters: by population on the chip.
    """

    accuracy: float | None
    spikes: int
    agreement: float | None
    of: str = "twin"
    rasters: dict[str, Raster] = field(default_factory=dict)


@dataclass(frozen=True)
class ClosedLoop:
    """The environment of a run.  results: what it says of itself.  sent: a digest of all that it answered."""

    kind: str
    every: int
    phases: int
    results: dict[str, float]
    sent: str

    @classmethod
    def of(cls, loop: Loop) -> ClosedLoop:
        """Of a loop that has come to its end. Raises ProgramError where the environment's results are no numbers."""
        return cls(loop.kind, loop.every, loop.phases, loop.results(), loop.sent)


@dataclass(frozen=True)
class Report:
    """A finished run.  summary: the content of summary.json.  folder: where it was written, None if nowhere.

    neurobench: metrics by NeuroBench's names, of the 'chip' and of the 'framework', or None.
    trained: how many of the samples, the first ones, were learned from before the others were answered.
    """

    program: Program
    compiled: Compiled
    traces: Traces
    counters: Counters
    wiring: Wiring
    activity: Activity
    costs: Costs
    samples: int
    answers: Answers | None
    float_run: FloatComparison | None
    wall_s: float
    summary: dict[str, Any]
    neurobench: dict[str, Any] | None = None
    trained: int = 0
    folder: Path | None = None
    closed_loop: ClosedLoop | None = None

    @property
    def priced(self) -> Priced:
        program, parts = self.program, self.compiled.mapping.parts
        return Priced(
            program.chip, program.prices, program.latency, parts, self.wiring, self.activity, self.costs, program.steps
        )

    @property
    def tally(self) -> Tally:
        return self.costs.tally

    @property
    def bill(self) -> Bill:
        return self.costs.bill

    @property
    def schedule(self) -> Schedule:
        return self.costs.schedule

    def spikes(self, population: str) -> tuple[np.ndarray, np.ndarray]:
        """(step, index) of the spikes of a population or a spike source; steps from 1 over the whole run."""
        step, index, _ = self.traces.of(*self.range_of(population))
        return step, index

    def range_of(self, population: str) -> tuple[int, int]:
        """(first source, size) of a population or a spike source."""
        image = self.compiled.image
        if population in image.names:
            k = image.names.index(population)
            return int(image.blocks.first[k]), int(image.blocks.size[k])
        k = image.source_names.index(population)
        return int(image.source_first[k]), int(image.source_first[k + 1] - image.source_first[k])

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Writes the run folder, whole or not at all; returns where. Raises OutputError if the folder is there already."""
        from .folder import write

        return write(self, Path(folder), overwrite, command=["neuroemu.run"])

    def __str__(self) -> str:
        from .terminal import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .html import as_html

        return as_html(self)
