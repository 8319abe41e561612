"""Profile: how often every source spikes, so that a network is mapped for the traffic that it has (weigh_by: spikes).

From the folder of a run of the same network, or from a short run of its own on a plain mapping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from .compiler import Compiled
from .engine.run import Plan, run
from .errors import DoesNotFit, Problem, ProblemsError, ProgramError
from .host import drives, feed
from .mapping import MappingOptions
from .network import Network
from .prepare import compile_program
from .program import Program
from .report import saved

# A source that never spiked counts as a 16th of a spike: then what it reaches still lies together, where that costs nothing.
SPIKE = 16


def compiled(program: Program, cache: bool = True, stage: Callable[[str], None] = lambda name: None) -> Compiled:
    """The program mapped as its options say, profiled where they ask for it.  cache, stage: see prepare.compile_program.

    Raises as compile_network does; ProgramError for a profile of another network, OutputError where there is none.
    """
    mapping = program.mapping
    if mapping.weigh_by != "spikes" or mapping.seats is not None or mapping.file:
        return compile_program(program, None, cache, stage)
    return compile_program(program, weights(spikes(program, cache)), cache, stage)


def weights(counts: np.ndarray) -> np.ndarray:
    """(n_sources,) int64 what each source counts for a mapper.  counts: its spikes."""
    return SPIKE * counts.astype(np.int64) + 1


def spikes(program: Program, cache: bool = True) -> np.ndarray:
    """(n_sources,) int64 spikes of each source, by the user's numbers."""
    folder = program.mapping.profile
    return _of_run(Path(folder), program.network) if folder else _of_own(program, cache)


def _of_run(folder: Path, network: Network) -> np.ndarray:
    old = saved.read(folder)
    found = (
        dict(zip(old.wiring.names, old.wiring.sizes, strict=True)),
        dict(zip(old.wiring.source_names, old.wiring.source_sizes, strict=True)),
    )
    wanted = {p.name: p.size for p in network.on_chip}, {p.name: p.size for p in network.sources}
    if found != wanted or [list(part) for part in found] != [list(part) for part in wanted]:
        shown = [
            ", ".join(f"{name} {size}" for part in parts for name, size in part.items()) for parts in (found, wanted)
        ]
        what = f"the run in {folder} is of another network: it has {shown[0]}; the program has {shown[1]}"
        raise ProgramError(
            [Problem(what, path="mapping.profile", remedy="a run of this program, or none for a short one")]
        )
    return np.bincount(old.activity.source, minlength=old.wiring.n_sources).astype(np.int64)


def _of_own(program: Program, cache: bool) -> np.ndarray:
    """A run of about mapping.profile_steps steps, mapped plainly: no mapping changes a spike. Scales are those of the whole."""
    steps = min(program.steps, program.mapping.profile_steps)
    short = replace(program, steps=steps, samples=1) if steps < program.steps else program
    given = feed(short)
    samples = min(given.samples, max(1, -(-program.mapping.profile_steps // steps)))
    try:
        made = compile_program(replace(program, mapping=MappingOptions()), cache=cache, remedies=False)
    except (DoesNotFit, ProblemsError):  # trees may be torn
        made = compile_program(replace(program, mapping=MappingOptions("layer")), cache=cache)
    models = {population.name: population.compartment for population in program.network.on_chip}
    plan = Plan(
        steps,
        samples,
        program.seed,
        given.inputs,  # type: ignore[arg-type]
        drives(short, given, made.quantised.scale),  # type: ignore[arg-type]
        fresh_samples=program.fresh_samples,
        models=models,
        rewards=given.rewards,  # type: ignore[arg-type]
        environment=given.loop,
    )
    traces, _ = run(made.image, plan)
    return np.bincount(traces.source, minlength=made.image.n_sources).astype(np.int64)
