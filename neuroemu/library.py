"""Where the chips and programs that come with neuroemu lie, installed or in a checkout.

A name without a folder ('digits', 'loihi1-davies2018') is looked up here; a path is taken as it is.
"""

from __future__ import annotations

import difflib
import stat
from collections import Counter
from pathlib import Path

from .errors import Problem, ProblemsError

_PACKAGE = Path(__file__).resolve().parent
_MAX_SHOWN = 100  # characters of a name


def folder(kind: str) -> Path:
    """The folder of 'chips' or 'programs': inside the installed package, else at the top of the checkout."""
    installed = _PACKAGE / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def names(kind: str) -> list[str]:
    """Every name that `find` knows, sorted; those in folders with the folder's name ('seeds/correlation')."""
    base = folder(kind)
    return sorted(path.relative_to(base).with_suffix("").as_posix() for path in base.rglob("*.yaml"))


def find(kind: str, name: str, beside: Path | None = None, error: type[ProblemsError] = ProblemsError) -> Path:
    """The file of a chip or program: a path as it is (or relative to `beside`), else a name of the library.

    programs/digits.yaml from an empty folder means the library's digits. Raises `error` with the nearest name, and for
    what is neither a file nor a folder: nobody may open a pipe and wait.
    """
    given = Path(name)
    is_yaml = given.suffix in (".yaml", ".yml")
    found = {candidate: _kind(candidate) for candidate in ([beside / given] if beside else []) + [given]}
    for candidate, is_a in found.items():
        if is_a == "other":
            raise error([Problem(f"'{candidate}' is not a regular file")])
        if is_a == "file" and (is_yaml or not _has(kind, name)):  # a stray file does not hide the library's
            return candidate
    key = (given.with_suffix("") if is_yaml else given).as_posix().removeprefix(f"{kind}/")
    if _has(kind, key):
        return folder(kind) / f"{key}.yaml"
    for candidate, is_a in found.items():
        if is_a == "folder" and name:
            raise error([Problem(f"'{candidate}' is a folder", remedy="the path of a .yaml file in it")])
    shown = name if len(name) <= _MAX_SHOWN else name[:_MAX_SHOWN] + "..."
    near = difflib.get_close_matches(given.stem[:_MAX_SHOWN], names(kind), n=1)
    raise error(
        [
            Problem(
                f"no file and no {kind[:-1]} of the library has the name '{shown}'",
                allowed=f"the path of a .yaml file, or one of {_told(kind)}",
                remedy=f"'{near[0]}'" if near else "",
            )
        ]
    )


def name_of(kind: str, path: str | Path) -> str:
    """What `find` finds that file by, '' where it is none of the library's."""
    base = folder(kind)
    return Path(path).relative_to(base).with_suffix("").as_posix() if Path(path).is_relative_to(base) else ""


def _has(kind: str, name: str) -> bool:
    """Whether it is among `names`, without going through them all."""
    path = Path(name)
    inside = path.as_posix() == name and not path.is_absolute() and ".." not in path.parts
    return inside and _kind(folder(kind) / f"{name}.yaml") == "file"


def _told(kind: str) -> str:
    """The names, of a folder only how many it has."""
    known = names(kind)
    folders = Counter(name.rpartition("/")[0] for name in known if "/" in name)
    inside = [f"the {n} of '{folder}/' ('neuroemu {kind}' lists them)" for folder, n in folders.items()]
    return ", ".join([*(name for name in known if "/" not in name), *inside])


def _kind(path: Path) -> str:
    """'file', 'folder', 'other', or '' where nothing is or can be (a name too long or with a zero byte)."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"
