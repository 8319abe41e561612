"""--set KEY=VALUE: one value laid over a document, with dotted keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..errors import Problem, ProgramError
from . import marked_yaml
from .marked_yaml import Document, Mark, Path_, dotted, printable


def lay_over(document: Document, override: str) -> None:
    """Lays one KEY=VALUE over a document; a chip given by name becomes a chip that extends it."""
    key, equals, text = override.partition("=")
    source = printable(f"--set {override}")
    if not equals or not key:
        raise ProgramError([Problem("not of the form KEY=VALUE", file=source, remedy="--set run.steps=10")])
    try:
        value = marked_yaml.value(text, source, ProgramError).data
    except ProgramError as error:
        raise ProgramError([replace(problem, line=None, column=None) for problem in error.problems]) from None
    *above, last = key.split(".")
    here: Any = document.data
    path: Path_ = ()
    for name in above:
        if path == () and name == "chip" and isinstance(here.get("chip"), str):
            here["chip"] = {"extends": here["chip"]}
        step = _step(here, name, path, source)
        path = (*path, step)
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
        if not isinstance(here, (dict, list)):
            raise ProgramError(
                [Problem(f"'{dotted(path)}' is not a mapping", file=source, allowed="keys of the program")]
            )
    step = _step(here, last, path, source)
    here[step] = value
    path = (*path, step)
    for marks in (document.values, document.keys):  # what stood below is gone
        for below in [other for other in marks if other[: len(path)] == path]:
            del marks[below]
    document.values[path] = document.keys[path] = Mark(source)


def check_repeats(overrides: Iterable[str], options: dict[str, str] | None = None) -> None:
    """Raises ProgramError where one KEY=VALUE would undo another that stands before it, of the same key or of one inside.

    options: what other options lay over it after them, by key, as they are written ('--steps 5').
    """
    given = [(override.partition("=")[0], f"'--set {override}'") for override in overrides]
    given += [(key, f"'{option}'") for key, option in (options or {}).items()]
    problems = [
        Problem(f"{before} would be undone by {after}", path=printable(above), remedy="one of the two")
        if above == key
        else Problem(
            f"{before} would be undone by {after}, which holds it", path=printable(key), remedy="the other order"
        )
        for at, (above, after) in enumerate(given)
        for key, before in given[:at]
        if f"{key}.".startswith(f"{above}.")
    ]
    if problems:
        raise ProgramError([replace(problem, what=printable(problem.what)) for problem in problems])


def _step(here: dict[str, Any] | list[Any], name: str, path: Path_, source: str) -> str | int:
    """A step of a dotted key: a key of a mapping as it is written, an index of a list as a number that is there."""
    if isinstance(here, dict):
        return name
    if name.isascii() and name.isdigit() and len(name) < 10 and int(name) < len(here):
        return int(name)
    there = f"0..{len(here) - 1}" if here else "nothing, it is empty"
    raise ProgramError([Problem(f"'{dotted(path)}' is a list and has no '{name}'", file=source, allowed=there)])
