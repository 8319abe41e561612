"""Where models are found: those that come along, those of installed packages, those of a user's own file."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import sys
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from ..errors import Problem, ProgramError
from .table import Model

BUILT_IN = {
    "a_snu": "a_snu",
    "alif": "alif",
    "atrlif": "atrlif",
    "bcm": "bcm",
    "delta": "delta",
    "dendrite": "dendrite",
    "glm": "glm",
    "graded_relu_vec": "graded_relu_vec",
    "graded_vec": "graded_vec",
    "homeostatic_lif": "homeostatic_lif",
    "if": "integrate_and_fire",
    "leaky_error": "leaky_error",
    "li": "leaky_integrator",
    "li_snu": "li_snu",
    "lif": "lif",
    "norm_vec_delay": "norm_vec_delay",
    "prod_neuron": "prod_neuron",
    "rf": "rf",
    "rf_iz": "rf_iz",
    "rf_zero": "rf_zero",
    "sigma_delta": "sigma_delta",
    "snu": "snu",
    "soft_snu": "soft_snu",
    "soma": "soma",
    "srm0": "srm0",
    "three_factor_alif": "three_factor_alif",
    "three_factor_glm": "three_factor_glm",
    "three_factor_lif": "three_factor_lif",
    "three_factor_snu": "three_factor_snu",
}
"""Name of a model: file of this package."""

GROUP = "neuroemu.compartments"


def names() -> list[str]:
    """Every model that can be named without a file."""
    return sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


@cache
def find(name: str) -> Model:
    """The model of that name. Raises KeyError where there is none."""
    if name in BUILT_IN:
        found: Model = importlib.import_module(f".{BUILT_IN[name]}", __package__).MODEL
        return found
    for point in entry_points(group=GROUP):
        if point.name == name:
            with contextlib.redirect_stdout(sys.stderr):
                offered = point.load()
            if not isinstance(offered, Model):
                raise ProgramError([Problem(f"'{point.value}' of an installed package is no Model")])
            return _marked(offered, name, point.value)
    raise KeyError(name)


def is_built_in(model: Model) -> bool:
    """Whether it is one of those that come along, and not only called like one."""
    return model.name in BUILT_IN and find(model.name) is model


def load(path: Path, name: str) -> Model:
    """The Model called `name` in a Python file, which is run. Raises ProgramError where it has none, OSError, and whatever
    the file raises.
    """
    return model_of(module_of(path), name)


def module_of(path: Path) -> ModuleType:
    """A Python file, run; what it prints goes to stderr, for it is no result of ours."""
    source = path.read_bytes()
    origin = hashlib.sha256(source).hexdigest()[:16]
    spec = importlib.util.spec_from_loader(f"neuroemu_user_{path.stem}_{origin}", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[spec.name] = module  # where numba looks for it when it finds its kernel in the cache
    with contextlib.redirect_stdout(sys.stderr):
        exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def model_of(module: ModuleType, name: str) -> Model:
    """The Model called `name` in a module of module_of. Raises ProgramError with those that it has."""
    found = getattr(module, name, None)
    if not isinstance(found, Model):
        there = ", ".join(key for key, value in vars(module).items() if isinstance(value, Model)) or "none"
        raise ProgramError(
            [Problem(f"'{Path(str(module.__file__)).name}' has no Model called '{name}'", allowed=there)]
        )
    return _marked(found, name, module.__name__.rpartition("_")[2])


def _marked(model: Model, name: str, origin: str) -> Model:
    return replace(model, name=name, origin=origin)
