"""Where the chips and programs that come with neuroemu lie, installed or in a checkout.

A name without a folder ('digits', 'loihi1-davies2018') is looked up here; a path is taken as it is.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from .errors import Problem, ProblemsError

_PACKAGE = Path(__file__).resolve().parent


def folder(kind: str) -> Path:
    """The folder of 'chips' or 'programs': inside the installed package, else at the top of the checkout."""
    installed = _PACKAGE / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def names(kind: str) -> list[str]:
    """Every name that `find` knows, sorted."""
    return sorted(path.stem for path in folder(kind).glob("*.yaml"))


def find(kind: str, name: str, beside: Path | None = None, error: type[ProblemsError] = ProblemsError) -> Path:
    """The file of a chip or program: a path as it is (or relative to `beside`), else a name of the library.

    programs/digits.yaml from an empty folder means the library's digits. Raises `error` with the nearest name.
    """
    given = Path(name)
    for candidate in ([beside / given] if beside else []) + [given]:
        if candidate.is_file() or (candidate.exists() and candidate.suffix in (".yaml", ".yml")):
            return candidate
    in_library = given.name == name or given.parent.as_posix() == kind
    known = folder(kind) / f"{given.stem if given.suffix in ('.yaml', '.yml') else given.name}.yaml"
    if in_library and known.is_file():
        return known
    near = difflib.get_close_matches(given.stem, names(kind), n=1)
    raise error(
        [
            Problem(
                f"no file and no {kind[:-1]} of the library has the name '{name}'",
                allowed=f"the path of a .yaml file, or one of {', '.join(names(kind))}",
                remedy=f"'{near[0]}'" if near else "",
            )
        ]
    )
