"""Plan: a sweep as the user wrote it, from options or from a sweep file (`neuroemu_sweep: 1`), options laid over the file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from .. import library
from ..errors import Problem, ProgramError
from ..files import marked_yaml
from ..files.checking import Spec, Version, check
from ..files.overrides import check_repeats
from . import axes, goals
from .axes import Axis
from .goals import Goal

SEARCHES = ("grid", "random", "nsga2", "tpe")
SEARCHING = ("nsga2", "tpe")  # that go by what earlier points gave
POINTS = 64  # where nothing is said

Points = Annotated[int, Field(ge=1, le=axes.MOST_POINTS)]


class SweepSpec(Spec):
    """A sweep file.  program: beside the file, or a name of the library.  set: laid over the program at every point."""

    neuroemu_sweep: Version
    program: Annotated[str, Field(min_length=1)]
    about: str = ""
    set: dict[str, Any] = {}
    vary: dict[str, list[Any] | str] = {}
    goals: dict[str, Literal["min", "max"]] = {}
    search: Literal["grid", "random", "nsga2", "tpe"] = "grid"
    points: Points | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


@dataclass(frozen=True)
class Plan:
    """program: the file.  fixed: KEY=VALUE at every point.  vary: by dotted key.  points: at most, None for a whole grid.

    search: one of SEARCHES.  seed: of its draws.  allow_code: whether Python files that the program names may be run.
    """

    program: Path
    fixed: tuple[str, ...]
    vary: dict[str, Axis]
    goals: tuple[Goal, ...]
    search: str = "grid"
    points: int | None = None
    seed: int = 0
    allow_code: bool = False

    @property
    def keys(self) -> list[str]:
        """The varied keys, in the order of the values of a point."""
        return list(self.vary)

    @property
    def spread(self) -> bool:
        """Whether summaries need their `ranges`."""
        return any(goal.needs_ranges for goal in self.goals)

    def overrides(self, values: tuple[Any, ...]) -> tuple[str, ...]:
        """What makes the program that of a point, as --set takes it."""
        given = dict(zip(self.vary, values, strict=True))
        return (*self.fixed, *(axes.override(key, given[key]) for key in axes.in_order(list(given))))

    def told(self) -> dict[str, Any]:
        """What decides the points and their order; two plans that agree in it may share a folder. `points` may grow."""
        return {
            "program": str(self.program.resolve()),
            "set": list(self.fixed),
            "vary": {key: axis.told() for key, axis in self.vary.items()},
            "goals": {goal.key: goal.direction for goal in self.goals},
            "search": self.search,
            "seed": self.seed,
        }

    @property
    def hash(self) -> str:
        """Of `told`, short enough for the name of a folder."""
        return hashlib.sha256(json.dumps(self.told()).encode()).hexdigest()[:8]


def of_options(
    program: str,
    fixed: tuple[str, ...] = (),
    vary: tuple[str, ...] = (),
    goal: tuple[str, ...] = (),
    search: str | None = None,
    points: int | None = None,
    seed: int | None = None,
    allow_code: bool = False,
) -> Plan:
    """The plan that a command line gives.  program: a program, or a sweep file that names one.

    Raises ProgramError with every mistake in the options, or with every one in the file.
    """
    spec, path = _spec(program)
    problems: list[Problem] = []
    varied: dict[str, Axis] = {}
    chosen: list[Goal] = []
    settings: list[str] = []
    if spec is not None:
        problems += _of_spec(spec, program, varied, chosen, settings)
    own: dict[str, str] = {}
    for option in vary:
        try:
            key, axis = axes.of_option(option)
        except ProgramError as error:
            problems += error.problems
            continue
        if key in own:
            what = marked_yaml.printable(f"is varied twice, by '--vary {own[key]}' and '--vary {option}'")
            problems.append(Problem(what, path=key, remedy="all values in one of them"))
        own[key], varied[key] = option, axis
    problems += _undone(varied, fixed, settings, own)
    try:
        asked = goals.goals_of([goals.of_option(option) for option in goal], "--goal")
        chosen = [*(g for g in chosen if g.key not in [o.key for o in asked]), *asked]
    except ProgramError as error:
        problems += error.problems
    search = search or (spec.search if spec else "grid")
    points = points if points is not None else spec.points if spec else None
    if not varied and not problems:
        problems.append(Problem("the sweep varies nothing", remedy="--vary chip.mesh.width=2,4,8"))
    if not chosen and not problems:
        problems += goals.none_given().problems
    problems += _nested(varied)
    problems += axes.grid_problems(varied) if search == "grid" else []
    if search == "grid" and points is not None:
        problems.append(Problem("a grid has its own points", "--points", remedy=f"--search random --points {points}"))
    if problems:
        raise ProgramError(problems)
    if search != "grid" and points is None:
        points = POINTS
    first = (*settings, *fixed)
    seed = seed if seed is not None else spec.seed if spec else 0
    return Plan(path, first, varied, tuple(chosen), search, points, seed, allow_code)


def _spec(program: str) -> tuple[SweepSpec | None, Path]:
    """The sweep file that `program` may be, and the program."""
    path = library.find("programs", program, error=ProgramError)
    if not _is_sweep(path):
        return None, path
    document = marked_yaml.read(path, ProgramError)
    spec, problems, _ = check(SweepSpec, document)
    if spec is None:
        raise ProgramError(problems)
    try:
        found = path.parent / spec.program
        found = found if found.is_file() else library.find("programs", spec.program, error=ProgramError)
    except ProgramError as error:
        told = [document.problem(("program",), p.what, p.allowed, p.remedy) for p in error.problems]
        raise ProgramError(told) from None
    return spec, found


def _is_sweep(path: Path) -> bool:
    try:
        with open(path, "rb") as stream:
            return b"neuroemu_sweep:" in stream.read(1 << 16)
    except OSError:
        return False


def _of_spec(
    spec: SweepSpec, name: str, varied: dict[str, Axis], chosen: list[Goal], settings: list[str]
) -> list[Problem]:
    problems: list[Problem] = []
    settings += [axes.override(key, spec.set[key]) for key in axes.in_order(list(spec.set))]
    for key, value in spec.vary.items():
        try:
            if not axes.KEY.fullmatch(key):
                raise ProgramError([Problem(f"'{key}' is no dotted key", name, path="vary")])
            varied[key] = axes.of_value(value, f"{name}: vary.{key}")
        except ProgramError as error:
            problems += error.problems
    try:
        chosen += goals.goals_of(spec.goals.items(), f"{name}: goals")
    except ProgramError as error:
        problems += error.problems
    return problems


def _undone(vary: dict[str, Axis], fixed: tuple[str, ...], settings: list[str], own: dict[str, str]) -> list[Problem]:
    """What is set and then varied, or set twice, so that it would be lost.

    fixed: of the command line.  settings: of the sweep file, over which both lie.  own: the --vary options by key.
    """
    found: list[Problem] = []
    try:
        check_repeats(fixed)
    except ProgramError as error:
        found += error.problems
    for source, given in (("--set", fixed), ("set:", tuple(settings))):
        for setting in given:
            key = setting.partition("=")[0]
            over = [above for above in vary if f"{key}.".startswith(f"{above}.")]
            if not over or (given is not fixed and over[0] == key and key in own):  # options lie over the file
                continue
            by = f"'--vary {own[over[0]]}'" if over[0] in own else f"'vary: {over[0]}' of the sweep file"
            what = marked_yaml.printable(f"'{source} {setting}' would be undone by {by}")
            remedy = "one of the two" if over[0] == key else f"--vary {marked_yaml.printable(setting)}, of one value"
            found.append(Problem(what, path=key, remedy=remedy))
    return found


def _nested(vary: dict[str, Axis]) -> list[Problem]:
    """Keys that another key would overwrite; `chip` may be varied beside what lies in it, as a name that is extended."""
    return [
        Problem(f"'{above}' is varied, too, and holds it", path=key, remedy="one of the two")
        for key in vary
        for above in vary
        if key.startswith(f"{above}.") and above != "chip"
    ]
