"""What `run` and `resume` have in common: a run from what was asked for to where it lands."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .interrupts import interrupts
from .options import compiled_for

if TYPE_CHECKING:
    from ..asked import Asked
    from ..program import Program
    from ..report import Report
    from ..timeline import Told
    from ..unfinished import Unfinished


def shown_progress(quiet: bool) -> AbstractContextManager[Any]:
    from ..progress import shown

    return shown(quiet=quiet)


def read(asked: Asked) -> Program:
    """The program with everything that was asked for. Raises ProgramError."""
    from ..files import overrides, program_file

    overrides.check_repeats(asked.overrides, {"run.latency": f"--latency {asked.latency}"} if asked.latency else None)
    found = program_file.read(asked.program, asked.overrides, asked.seed, asked.steps, asked.allow_code)
    found = replace(
        found,
        latency=asked.latency or found.latency,
        float_reference=asked.in_floats or found.float_reference,
        neurobench=asked.neurobench or found.neurobench,
    )
    if asked.mapping is not None and not any(
        key.startswith("mapping.file=") for key in asked.overrides
    ):  # which a remedy may ask for
        found = replace(found, mapping=replace(found.mapping, file=asked.mapping))
    return found


def carry_out(
    asked: Asked, progress: Any, threads: int | None, cache: bool, begun: Unfinished | None
) -> tuple[Report, Told | None]:
    """Maps, runs, prices and lands.  begun: a run to go on with.

    Returns the report, which says where it landed, and what the timeline tells where one was asked for.
    """
    program = read(asked)

    def mapped(part: str) -> None:
        interrupts.raise_if_any()
        progress.part(part)

    progress.stage("mapping")
    compiled = compiled_for(program, cache, mapped)
    from .. import pipeline, unfinished  # these load numba: only once the program is known to be right
    from ..report import folder

    if begun is not None:
        begun.check(program, compiled)
    wanted = Path(asked.out) if asked.out else folder.next_free(Path("runs"), program.name)
    folder.check_free(wanted, asked.overwrite)
    if begun is None:
        unfinished.check_free(wanted)
    if begun is None and any(asked.every):
        begun = unfinished.begin(asked, program, compiled, wanted)
        wanted = Path(begun.asked.out)
    interrupts.unfinished = begun.folder if begun else None

    def advanced(stage: str, done: int, total: int) -> None:
        interrupts.raise_if_any()
        progress.steps(stage, done, total)

    try:
        progress.stage("running")
        with interrupts.at_once_if_asked_twice():
            report = pipeline.execute(program, compiled, advanced, threads, begun.journal if begun else None)
        progress.stage("writing")
        interrupts.raise_if_any()
        told: list[Told] = []
        noted = {"asked": asdict(begun.asked if begun else asked)}
        more = (lambda partial: told.append(_timeline(report, partial))) if asked.timeline else None
        landed = folder.write(report, wanted, asked.overwrite, list(asked.command), asked.numbered, noted, more)
        interrupts.landed(landed)
    except BaseException:
        if begun is not None and not begun.resumable:
            begun.remove()
        raise
    if begun is not None:
        begun.remove()
    return replace(report, folder=landed), told[0] if told else None


def _timeline(report: Report, partial: Path) -> Told:
    from .. import timeline

    return timeline.write(report.priced, partial / timeline.FILE)
