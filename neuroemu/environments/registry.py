"""Where environments are found: those that come along by name, those of a user's own file by its class."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from ..errors import Problem, ProgramError
from .environment import Environment

BUILT_IN = {
    "bandit": ("bandit", "Bandit"),
    "distal_reward": ("distal_reward", "DistalReward"),
    "windy_grid": ("windy_grid", "WindyGrid"),
}
"""Name of an environment: file of this package, class."""


def find(name: str) -> type[Environment]:
    """The class of that name. Raises KeyError where there is none."""
    file, attribute = BUILT_IN[name]
    found: type[Environment] = getattr(importlib.import_module(f".{file}", __package__), attribute)
    return found


def name_of(environment: Environment) -> str:
    """What a report calls it: its built-in name, or its class."""
    kind = type(environment)
    return next((name for name in BUILT_IN if find(name) is kind), kind.__qualname__)


def class_of(module: ModuleType, name: str) -> type[Environment]:
    """The Environment called `name` in a module that was run. Raises ProgramError with those that it has."""
    found = getattr(module, name, None)
    if _is_one(found):
        return found  # type: ignore[return-value]
    there = [key for key, value in vars(module).items() if _is_one(value) and value.__module__ == module.__name__]
    what = f"'{Path(str(module.__file__)).name}' has no class '{name}' that is a neuroemu.Environment"
    if isinstance(found, type) and issubclass(found, Environment):
        lacking = ", ".join(sorted(found.__abstractmethods__))
        what = f"the environment '{name}' of '{Path(str(module.__file__)).name}' lacks {lacking}"
    raise ProgramError([Problem(what, allowed=", ".join(there) or "none")])


def _is_one(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Environment) and not value.__abstractmethods__
