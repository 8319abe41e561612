"""Two runs run again, every state of every compartment looked at, up to the first that differs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import host, pipeline
from ..asked import Asked, asked_of
from ..compiler import Compiled
from ..counters import Traces
from ..engine.checkpoint import Checkpoint
from ..engine.run import run
from ..errors import NeuroemuError
from ..files import program_file
from ..network import Probe
from ..prepare import compile_program
from ..program import Program
from ..report.reading import json_table, reading
from .first import First
from .spiked import first_spike

VALUES = 1 << 22  # states that are looked at together


@dataclass(frozen=True)
class Rebuilt:
    """A run's program, as it was."""

    program: Program
    compiled: Compiled


def rebuild(folder: Path) -> Rebuilt | str:
    """The program of a run folder, or why it cannot be had: it was made in Python, or its files are not what they were."""
    manifest = json_table(folder / "manifest.json")
    if "asked" not in manifest or "inputs" not in manifest:
        return f"{folder} does not say what it was asked for (it was not made by 'neuroemu run')"
    with reading(folder / "manifest.json"):
        asked = _asked(manifest["asked"])
        files = dict(manifest["inputs"])
        if asked.allow_code:
            return f"{folder} has models of its own, which are not run here"
        for path, digest in files.items():
            if not Path(path).is_file() or hashlib.sha256(Path(path).read_bytes()).hexdigest() != digest:
                return f"{path} is not what it was when {folder} was run"
    try:
        program = program_file.read(_path(asked), asked.overrides, asked.seed, asked.steps)
        compiled = compile_program(program)
    except NeuroemuError as error:
        return f"the program of {folder} cannot be read again: {error}"
    if compiled.image.model_hash != manifest.get("model_hash"):
        return f"the program of {folder} is compiled to another network than then"
    return Rebuilt(program, compiled)


def _asked(written: Any) -> Asked:
    """Raises TypeError, AttributeError where what is needed of it here is none."""
    asked = asked_of(written)
    texts = asked.program, asked.folder, *asked.overrides
    numbers = [number for number in (asked.seed, asked.steps) if number is not None]
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise TypeError("'asked' is not what a run writes")
    return asked


def _path(asked: Asked) -> str:
    path = Path(asked.folder) / asked.program
    return str(path) if path.is_file() else asked.program


def first_state(one: Rebuilt, other: Rebuilt, until: int) -> First | str | None:
    """The first state or spike that differs up to a step, or why nobody can say.

    Of one step, the first state in the network's order; spikes come after.
    """
    names = [
        [
            (population.name, population.size, population.compartment.state._fields)
            for population in each.program.network.on_chip
        ]
        for each in (one, other)
    ]
    if names[0] != names[1]:
        return "their compartments have different models"
    if one.program.environment is not None or other.program.environment is not None:
        return "an environment takes part, which is not run again"
    if (one.program.steps, one.program.fresh_samples) != (other.program.steps, other.program.fresh_samples):
        return "their samples have different lengths"
    n_values = sum(size * len(fields) for _, size, fields in names[0])
    stretch, begins = max(VALUES // max(n_values, 1), 1), [None, None]
    for begin in range(0, until, stretch):
        states, spikes = [], []
        for k, each in enumerate((one, other)):
            traces, begins[k] = _states(each, begins[k], min(begin + stretch, until))  # type: ignore[call-overload]
            states.append(traces.states)
            late = traces.step > begin
            spikes.append((traces.step[late], traces.source[late], traces.payload[late]))
        found = [
            First(
                begin + int(row[0]) + 1,
                field,
                name,
                int(column[0]),
                int(a[row[0], column[0]]),
                int(b[row[0], column[0]]),
            )
            for (name, field), a in states[0].items()
            for b in [states[1][name, field]]
            for row, column in [np.nonzero(a != b)]
            if row.size
        ]
        image = one.compiled.image
        inputs = zip(image.source_names, np.diff(image.source_first).tolist(), strict=True)
        sizes = [*((name, size) for name, size, _ in names[0]), *inputs]
        found += first_spike(sizes, *spikes)  # of one step, states come first: spikes follow from them
        if found:
            return min(found, key=lambda first: first.step)
    return None


def _states(each: Rebuilt, begin: Checkpoint | None, until: int) -> tuple[Traces, Checkpoint]:
    """The steps after a checkpoint up to another, with all states."""
    program = each.program
    kept: list[Checkpoint] = []
    probes = tuple(Probe(p.name, field) for p in program.network.on_chip for field in p.compartment.state._fields)
    plan = pipeline.plan_of(program, each.compiled, host.feed(program))
    plan = replace(plan, probes=probes, snapshots={}, begin=begin, keep=kept.append, until=until, threads=1)
    traces, _ = run(each.compiled.image, plan)
    return traces, kept[0]
