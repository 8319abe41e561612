"""The environment of a program, built from its spec; what is wrong with it is noted in the draft."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from .. import closing
from ..environments import BUILT_IN, Environment, find, registry
from ..network import Network
from .draft import Draft
from .environment_schema import OwnEnvironmentSpec
from .marked_yaml import Path_

AT = ("environment",)


def environment_of(draft: Draft, given: Environment | None) -> Environment | None:
    """The one that the caller gives, or the file's; None where there is none or what is wrong was told."""
    if given is None and draft.spec.environment is None:
        return None
    before = len(draft.problems)
    made: Any = given
    if given is None:
        spec = draft.spec.environment
        made = _own(draft, spec) if isinstance(spec, OwnEnvironmentSpec) else _built_in(spec)
    if len(draft.problems) > before:
        return None
    _note(draft, AT, closing.faults(made))
    return made if len(draft.problems) == before else None


def is_expected(draft: Draft, given: Environment | None) -> bool:
    """Whether there was to be one, whatever became of it."""
    return given is not None or "environment" in draft.document.data


def check_environment(draft: Draft, environment: Environment | None, network: Network) -> None:
    """Notes what of an environment does not go with the network and the other settings."""
    if environment is None:
        return
    told = [each for each in closing.watched(environment, network) if not _was_told(draft, each)]
    _note(draft, AT, told)
    calibrate, floats = draft.spec.quantise.calibrate, draft.spec.report.float_reference
    if calibrate:
        _note(draft, ("quantise", "calibrate"), closing.open_only(calibrate, False))
    if floats:
        _note(draft, ("report", "float_reference"), closing.open_only(0, floats))


def _was_told(draft: Draft, told: closing.Told) -> bool:
    """Whether it watches a population that was taken out of the file because of its mistakes."""
    return any(f"'{name}'" in told.what for name in draft.salvaged.names)


def _note(draft: Draft, at: Path_, told: Iterable[closing.Told]) -> None:
    for each in told:
        draft.problem(at, each.what, each.allowed, each.remedy)


def _built_in(spec: Any) -> Environment:
    assert spec.kind in BUILT_IN
    return find(spec.kind)(**{key: value for key, value in spec if key != "kind"})


def _own(draft: Draft, spec: OwnEnvironmentSpec) -> Environment | None:
    """An object of the class that 'FILE.py:NAME' names."""
    at = (*AT, "python")
    file, _, attribute = spec.python.rpartition(":")
    if not file.endswith(".py") or not attribute:
        draft.problem(at, f"found '{spec.python}'", "'FILE.py:NAME', a class in a Python file beside the program")
        return None
    found = draft.of_python(file, at, lambda module: registry.class_of(module, attribute))
    if found is None:
        return None
    given = dict(spec.parameters) | ({} if spec.every is None else {"every": spec.every})
    known = [p for p in inspect.signature(found).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in known)
    names = [p.name for p in known if p.kind is not p.VAR_KEYWORD]
    for name in given if not takes_any else ():
        if name not in names:
            path = (*AT, "every") if name == "every" and spec.every is not None else (*AT, "parameters", name)
            draft.problem(path, f"'{attribute}' takes no '{name}'", ", ".join(names) or "nothing", at_key=True)
    for p in known:
        if p.default is p.empty and p.name not in given and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            draft.problem(AT, f"'{attribute}' needs '{p.name}'", f"{p.name} under 'parameters'", at_key=True)
    if any(problem.path.startswith("environment") for problem in draft.problems):
        return None
    return draft.of_python(file, at, lambda module: found(**given))
