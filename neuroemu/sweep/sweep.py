"""sweep: a Plan in, an Outcome out, and everything in between kept in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cache.key import sources
from ..engine.crew import available
from ..errors import Problem, ProgramError
from . import goals as wanted
from .axes import Listed
from .best import write_programs
from .candidates import candidates
from .conduct import Conduct, Progress, counts
from .crew import Crew
from .folder import PAGE, Folder, write
from .front import front
from .identity import digest, identity, named
from .plan import Plan
from .reading import Reader, structure
from .table import Row, Table
from .tasks import Setting

__all__ = ["Outcome", "run"]


@dataclass(frozen=True)
class Outcome:
    """A sweep that is done.  rows: of all points, by number.  front: best by the first goal first.  before: rows known before.

    programs: of the front, ready to run.
    """

    plan: Plan
    folder: Path
    rows: tuple[Row, ...]
    front: tuple[Row, ...]
    before: int
    programs: tuple[Path, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many points ran, were mapped again, were priced again, and failed."""
        return counts(self.rows)


def run(
    plan: Plan,
    folder: Path,
    jobs: int | None = None,
    scheduler: str | None = None,
    cache: bool = True,
    retry_failed: bool = False,
    progress: Progress = lambda stage, done, total: None,
    opened: Callable[[Path], None] = lambda folder: None,
) -> Outcome:
    """Does what is missing of a sweep. jobs: processes, None for the cores there are.  scheduler: of a dask cluster instead.

    cache: whether images of earlier runs will do.  retry_failed: whether points that failed are tried again.
    progress: told the stage, points done and in all.  opened: told the folder, once the sweep can go on in it.
    Raises ProgramError, ChipError (nothing can be run), OutputError (the folder; what was done is kept).
    """
    digest_of_program = _checked(plan)
    source = candidates(plan)
    held = Folder(folder, plan, digest_of_program)
    crew: Crew | None = None
    table: Table | None = None
    try:
        jobs = min(jobs or available(), 1 << 10)
        setting = Setting(
            str(plan.program.resolve()), str(held.work), plan.allow_code, cache, max(1, available() // jobs), plan.spread,
            sources(),
        )  # fmt: skip
        crew = _crew(setting, jobs, scheduler, progress)
        table = Table(held.table, plan)
        if retry_failed:
            table.forget_failed()
        conduct = Conduct(plan, held, table, crew, progress)
        opened(held.path)
        conduct.go(source)
        crew.close()
        rows = sorted(conduct.rows.values(), key=lambda row: row.number)
        return _ended(plan, held, rows, conduct.before)
    except BaseException:
        if table is None or table.is_empty():
            if table is not None:
                table.close()
            held.abandon()
        raise
    finally:
        if crew is not None:
            crew.close()
        if table is not None:
            table.close()
        held.close()


def _crew(setting: Setting, jobs: int, scheduler: str | None, progress: Progress) -> Crew:
    if scheduler is None:
        from .local import Local

        return Local(setting, jobs)
    from .cluster import Cluster

    return Cluster(setting, scheduler, lambda text: progress(text, 0, 0))


def _checked(plan: Plan) -> str:
    """A digest of the program without what is varied, and of files that are. Raises where that cannot be, or have the goals."""
    program, data = Reader(plan.program, plan.allow_code).read(plan.fixed)
    problems = wanted.problems(plan.goals, program)
    if problems:
        raise ProgramError(problems)
    lists = [axis for axis in plan.vary.values() if isinstance(axis, Listed)]
    files = [named(plan.program.parent, value) for axis in lists for value in axis.values]
    return digest(*identity(program, data), repr(structure(program.chip)), program.prices.hash, files)


def _ended(plan: Plan, held: Folder, rows: Sequence[Row], before: int) -> Outcome:
    """Writes what is shown of a sweep. Raises ProgramError where no point has a figure that was wanted."""
    from .page import page

    best = front(rows, plan.goals)
    missing = [g for g in plan.goals if rows and all(row.figures[g.key] is None for row in rows if not row.error)]
    if missing and any(not row.error for row in rows):
        raise ProgramError([Problem(f"no point has a figure '{g.key}'", f"--goal {g.key}") for g in missing])
    programs = write_programs(plan, best, held)
    outcome = Outcome(plan, held.path, tuple(rows), tuple(best), before, tuple(programs))
    write(held.path / PAGE, page(outcome))
    return outcome
