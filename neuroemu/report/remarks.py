"""Remarks on a run, which its costs do not tell: what of its file was assumed, what left its registers, what may not be meant.

Each is a sentence; 'Warning: ', 'Not modelled: ' and 'NIR, ' before it say of what kind. summary.json has them as `notes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import mapping_file
from ..errors import ProgramError
from ..surprises import surprises
from ..units import counted

if TYPE_CHECKING:
    from .report import Report

Overflows = dict[str, dict[str, int]]


def remarks(report: Report, overflows: Overflows, learns: bool) -> list[str]:
    """overflows: how often compartments left their registers, by population and kind.  learns: whether any synapse does."""
    return [
        *_of_file(report),
        *_overflows(overflows),
        *surprises(report.program, report.compiled.quantised),
        *_float_does_not_learn(report, learns),
        *_made_for_another(report),
        *_host(report),
        *_calibration(report),
    ]


def _of_file(report: Report) -> list[str]:
    exact = report.program.network.exact
    return [] if exact is None else [f"NIR, {note}" for note in exact.notes if note.kind in ("lossy", "assumed")]


def _overflows(overflows: Overflows) -> list[str]:
    return [
        f"Warning: population '{name}': "
        + ", ".join(f"{kind} {counted(n, 'time')}" for kind, n in kinds.items())
        + ". Its registers are too narrow for its input; try smaller weights or gains, or a shorter tau_syn."
        for name, kinds in overflows.items()
    ]


def _float_does_not_learn(report: Report, learns: bool) -> list[str]:
    text = "Warning: the float network does not learn; what it loses or gains is not quantisation alone."
    return [text] if learns and report.program.float_reference else []


def _made_for_another(report: Report) -> list[str]:
    """Where the mapping was given and names another chip. It was found to fit: the meshes are alike."""
    given, chip = report.program.mapping.file, report.program.chip.name
    try:
        named = mapping_file.chip_of(Path(given)) if given else ""
    except ProgramError:  # it is gone since
        named = ""
    return [f"Warning: {given} was made for {named}; this is {chip}."] if named not in ("", chip) else []


def _host(report: Report) -> list[str]:
    if report.closed_loop is None:
        return []
    phases = counted(report.closed_loop.phases, "management phase")
    return [f"Not modelled: what the host does in {phases}, and how long the chip waits for it."]


def _calibration(report: Report) -> list[str]:
    wanted, there = report.program.calibrate, report.samples
    if wanted <= there:
        return []
    all_of = "the only one that is" if there == 1 else "all that are"
    return [f"Calibrated with {counted(there, 'sample')}, {all_of} run; quantise.calibrate is {wanted}."]
