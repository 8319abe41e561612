"""Prepare: a Program onto its chip, up to the point where something would run. Loads no numba unless connections are random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import library
from .compiler import Compiled, compile_network
from .compiler.partition import PARTITIONERS
from .compiler.place import PLACERS
from .errors import ChipError, Problem, ProblemsError, ProgramError
from .files import chip_file
from .network import SIGN_MODES, Network, Spikes
from .program import Input, Program


def program_of(
    network: Network,
    chip: str | Path = "loihi1-davies2018",
    *,
    steps: int,
    inputs: dict[str, Input] | None = None,
    name: str = "program",
    **more: Any,
) -> Program:
    """A Program from a Network built in Python.

    chip: a chip file, or the name of one that comes along.  inputs: by the names that the network's spike sources ask for.
    more: samples, seed, fresh_samples, decode, mapping, float_reference (see Program).  Raises ChipError.
    """
    structure, prices = chip_file.read(library.find("chips", str(chip), error=ChipError))
    return Program(name, network, structure, prices, steps, inputs or {}, **more)


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
    mapping = program.mapping
    chosen: list[tuple[str, str, list[str]]] = [
        ("partition", mapping.partition, list(PARTITIONERS)),
        ("placement", mapping.placement, list(PLACERS)),
        *(("mapping.parts", name, program.network.names()) for name in mapping.parts),
    ]
    for kind, name, known in chosen:
        if name not in known:
            problems.append(Problem(f"there is no {kind} '{name}'", allowed=", ".join(known)))
    if program.steps < 1:
        problems.append(Problem(f"steps is {program.steps}", allowed="at least 1"))
    if not 0 <= program.seed < 2**64:
        problems.append(Problem(f"seed is {program.seed}", allowed="0..2**64-1"))
    formats = (projection.format for projection in program.network.projections)
    for mode in {format.sign_mode for format in formats if format} - set(SIGN_MODES):
        problems.append(Problem(f"there is no sign mode '{mode}'", allowed=", ".join(SIGN_MODES)))
    if problems:
        raise ProgramError(problems)
