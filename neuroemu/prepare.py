"""Prepare: a Program onto its chip, up to the point where something would run. Loads no numba unless connections are random."""

from __future__ import annotations

from .compiler import Compiled, compile_network
from .errors import Problem, ProblemsError, ProgramError
from .network import Spikes
from .program import Program


def compile_program(program: Program) -> Compiled:
    """The program's network mapped onto its chip; problems carry the file and line they come from."""
    _check(program)
    try:
        return compile_network(program.network, program.chip, program.mapping, program.seed)
    except ProblemsError as error:
        raise program.located(error) from None


def _check(program: Program) -> None:
    """What a Program built in Python may lack; files are checked where they are read."""
    problems = []
    for population in program.network.sources:
        assert isinstance(population.model, Spikes)
        if population.model.source not in program.inputs:
            problems.append(Problem(f"there is no input '{population.model.source}'", path=population.name))
    if program.steps < 1:
        problems.append(Problem(f"steps is {program.steps}", allowed="at least 1"))
    if problems:
        raise ProgramError(problems)
