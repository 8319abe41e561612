"""What every row of the seeds' table tells of a program: chip and floats, pJ an update, seconds.

An update is a synapse that the learning engine read at the end of an epoch; its energy is what the price list has of learning.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

import neuroemu
from neuroemu.files import program_file
from neuroemu.program import Program
from neuroemu.report import Report
from tools.seeds.floats import Outcome, Twin


@dataclass(frozen=True)
class Measured:
    """A run on the chip and its float twin.  seconds: of both."""

    report: Report
    floats: Outcome | None
    seconds: tuple[float, float]

    @property
    def pj_an_update(self) -> float:
        """Learning's energy for each synapse that was read."""
        learning = self.report.summary["learning"]
        return learning["energy_pj"] / learning["synapses_read"]

    def line(self, label: str, chip: float, floats: float | None) -> str:
        """A row of a tool's print."""
        twin = "" if floats is None else f"floats {floats:.4f}, "
        spent = "" if floats is None else f", floats {self.seconds[1]:.1f} s"
        return (
            f"{label}: {twin}chip {chip:.4f}; {self.pj_an_update:.2f} pJ an update; chip {self.seconds[0]:.1f} s{spent}"
        )


def measured(program: Program, in_floats: bool = True, watched: tuple[tuple[str, str], ...] = ()) -> Measured:
    """Both runs.  watched: states of the twin that are kept."""
    began = time.perf_counter()
    report = neuroemu.run(program, threads=1)
    between = time.perf_counter()
    floats = Twin(program).run(watched) if in_floats else None
    return Measured(report, floats, (between - began, time.perf_counter() - between))


def read(name: str, **settings: object) -> Program:
    """A program of programs/seeds; settings by dotted keys, '__' for the dots."""
    given = (f"{key.replace('__', '.')}={value}" for key, value in settings.items())
    return program_file.read(f"seeds/{name}", tuple(given))


def options(about: str | None, passes: int) -> argparse.Namespace:
    """What the tools of the digits ask for."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--passes", type=int, default=passes, help="over the training samples")
    parser.add_argument("--no-float", action="store_true", help="leave the float twin out")
    return parser.parse_args()


def seeds_or_write(about: str | None) -> argparse.Namespace:
    """What tools ask for whose program has its data beside it."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--write", action="store_true", help="the data beside the program, anew")
    return parser.parse_args()


def moves(report: Report, floats: Outcome, projection: str) -> tuple[np.ndarray, np.ndarray]:
    """(synapses,) by how much the weights of a probed connection moved, on the chip and in floats that began alike."""
    found = report.traces.synapses[projection]
    start, end = found.weight[0], found.weight[-1]
    return end - start, floats.weights[projection][found.post, found.pre] - start
