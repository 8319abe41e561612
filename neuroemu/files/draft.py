"""A Draft: what the builders of a program share while they build it. They collect problems here and go on."""

from __future__ import annotations

import contextlib
import difflib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from .. import compartments
from ..compartments import Model, registry
from ..errors import Problem, ProgramError
from ..network import Network
from ..program import Place
from . import arrays, marked_yaml
from .marked_yaml import Document, Path_, dotted
from .population_schema import SourceSpec
from .program_schema import ProgramSpec
from .salvage import Salvaged

T = TypeVar("T")
MOST = 2**31 - 1  # of a step, a delay, an index


def _told(error: BaseException, path: Path) -> tuple[Problem, ...]:
    """What reading or running a Python file raised, with the line of it."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return (Problem(f"running '{path}:{error.lineno}' failed: SyntaxError: {error.msg}"),)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, ProgramError):
        where = f"'{path}:{lines[-1]}': " if lines else ""
        return tuple(replace(problem, what=where + problem.what) for problem in error.problems)
    if not lines and isinstance(error, OSError):
        return (Problem(f"'{path}' cannot be read ({error.strerror or error})"),)
    if not lines and isinstance(error, ValueError):
        return (Problem(str(error)),)
    where = f"{path}:{lines[-1]}" if lines else f"{path}"
    return (Problem(f"running '{where}' failed: {type(error).__name__}: {error}"),)


@dataclass
class Draft:
    """document, spec: what was read.  path: the file, arrays lie beside it.  salvaged: what the spec was made of.

    allow_code: whether Python files that the program names may be run.
    problems, files (that were read), places (of populations and projections) and paths (of projections) grow while the program
    is built.
    imported: the network of a NIR file.  import_failed: there is one that could not be read, so its populations are not known.
    stand_ins: populations whose own model could not be had, so that what goes with it is not known.
    """

    document: Document
    spec: ProgramSpec
    path: Path
    salvaged: Salvaged
    allow_code: bool = False
    problems: list[Problem] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    paths: dict[str, Path_] = field(default_factory=dict)
    imported: Network | None = None
    import_failed: bool = False
    stand_ins: set[str] = field(default_factory=set)
    _modules: dict[Path, ModuleType | BaseException] = field(default_factory=dict)

    def values(self, value: Any, n: int, at: Path_, otherwise: float = 0.0) -> Any:
        """One number for all, or (n,) numbers; `otherwise` where a problem was noted, to go on with."""
        array = self.array(value, at)
        if array is None:
            return otherwise
        if array.ndim and array.shape != (n,):
            self.problem(at, f"has the shape {list(array.shape)}", f"one number, or {n} (one a compartment)")
            return otherwise
        return array if array.ndim else float(array)

    def array(self, value: Any, at: Path_) -> np.ndarray | None:
        """Inline numbers or 'FILE.npz#NAME' as an array; None with a problem noted."""
        if not isinstance(value, str):
            try:
                return np.array(value, np.float64)
            except ValueError:
                self.problem(at, "the rows of the list differ in length", "rows of one length")
                return None
        try:
            array = arrays.load(value, self.path.parent)
        except ValueError as error:
            self.problem(at, str(error))
            return None
        self.files.append(self.path.parent / value.partition("#")[0])
        return array

    def own_model(self, name: str, at: Path_) -> Model | None:
        """The model of 'FILE.py:NAME' beside the program, or of an installed package; None with a problem noted."""
        file, _, attribute = name.rpartition(":")
        if file:
            return self.of_python(file, at, lambda module: registry.model_of(module, attribute))
        return self._tried(lambda: compartments.find(name), self.path.parent, at)

    def of_python(self, file: str, at: Path_, get: Callable[[ModuleType], T]) -> T | None:
        """What is got out of a Python file beside the program, which is run; None with a problem noted."""
        if not self.allow_code:
            self.problem(at, f"'{file}' is Python code, which would be run", remedy="--allow-code, if you trust it")
            return None
        path = self.path.parent / file
        return self._tried(lambda: get(self._module(path)), path, at)

    def _tried(self, get: Callable[[], T], path: Path, at: Path_) -> T | None:
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what the user's code prints is no result of ours
                return get()
        except (Exception, SystemExit) as error:  # whatever the user's code raises
            for problem in _told(error, path):
                self.problem(at, problem.what, problem.allowed, problem.remedy)
            return None

    def _module(self, path: Path) -> ModuleType:
        """A Python file, run once however often the program names it; what it raised is raised again."""
        found = self._modules.get(path.resolve())
        if found is None:
            try:
                arrays.check_file(path, marked_yaml.MAX_BYTES)
                self.files.append(path)
                found = registry.module_of(path)
            except (Exception, SystemExit) as error:
                found = error
            self._modules[path.resolve()] = found
        if isinstance(found, BaseException):
            raise found
        return found

    def known(self, name: str, at: Path_, on_chip: bool = False) -> bool:
        populations = {name: isinstance(p, SourceSpec) for name, p in self.spec.network.populations.items()}
        if self.imported is not None:
            populations |= {population.name: not population.on_chip for population in self.imported.populations}
        names = [n for n, is_source in populations.items() if not on_chip or not is_source]
        if name in names:
            return True
        if name in self.salvaged.names or self.import_failed:
            return False  # it is there, and what is wrong with it has been said
        near = difflib.get_close_matches(name, names, n=1) if name not in populations else []
        what = f"there is no population '{name}'" if name not in populations else f"'{name}' is a spike source"
        self.problem(at, what, ", ".join(names), f"'{near[0]}'" if near else "")
        return False

    def size(self, name: str) -> int:
        """Compartments of a known population."""
        if self.imported is not None and name in self.imported.names():
            return self.imported[name].size
        return int(np.prod(self.spec.network.populations[name].dimensions()))

    @property
    def step_ms(self) -> float:
        """Length of a time step."""
        return self.imported.step_ms if self.imported is not None else self.spec.network.step

    def problem(self, at: Path_, what: str, allowed: str = "", remedy: str = "", at_key: bool = False) -> None:
        self.problems.append(self.document.problem(at, what, allowed, remedy, at_key))

    def remember(self, name: str, at: Path_) -> None:
        mark = self.document.key_mark(at)
        self.places.setdefault(name, Place(mark.file, mark.line, mark.column, dotted(at)))
