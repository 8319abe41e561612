"""The summary: one flat-ish dict of everything that a user asks first, the content of summary.json."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.image import digest
from ..counters import OVERFLOWS
from ..decode import NO_ANSWER
from ..encode import Current
from ..events import Event
from ..program import EnvironmentInput, LabelsInput, Program, SpikesInput, ValuesInput
from . import priced, synapses

if TYPE_CHECKING:
    from .report import Report

MOST_WINDOWS, LEAST_WINDOW = 60, 20  # of a learning curve; samples in one


def summarise(report: Report, spread: bool = True) -> dict[str, Any]:
    """summary.json: what a run did and cost (priced.py), what it answered, and what rounding did to it.  spread: see there."""
    program, answers, image = report.program, report.answers, report.compiled.image
    return {
        "name": program.name,
        "accuracy": answers.accuracy if answers else None,
        "unanswered": int(np.sum(answers.answers == NO_ANSWER) + np.sum(np.isnan(answers.answers)))
        if answers
        else None,
        "mean_error": answers.mean_error if answers else None,
        "trained": report.trained,
        "training": _training(report),
        **priced.summarise(report.priced, int(program.seed), spread),
        "weights": synapses.summarise(report),
        "overflows": _overflows(report),
        "environment": _environment(report),
        "graded_spikes": sum(int(np.count_nonzero(np.abs(payload) != 1)) for _, _, payload in report.traces.pieces()),
        "quantisation": _quantisation(report),
        "neurobench": report.neurobench,
        "wall_s": report.wall_s,
        "image_from_cache": report.compiled.from_cache,
        "seed": program.seed,
        "run_hash": _run_hash(report),
        "model_hash": image.model_hash,
        "mesh_hash": report.wiring.mesh_hash,
    }


def _training(report: Report) -> dict[str, Any] | None:
    """How many were answered right while they were learned from: shares 0..1 of each pass, and of windows of samples."""
    right = report.answers.learning if report.answers else None
    if right is None or report.program.training is None:
        return None
    passes = np.array_split(right, report.program.training.passes)
    windows = np.array_split(right, min(MOST_WINDOWS, -(-right.size // LEAST_WINDOW)))
    return {
        "accuracy_by_pass": [float(np.mean(each)) for each in passes],
        "accuracy_by_window": [float(np.mean(each)) for each in windows],
    }


def _environment(report: Report) -> dict[str, Any] | None:
    """What closed the loop and what it says of itself; a number that JSON has not is None."""
    loop = report.closed_loop
    if loop is None:
        return None
    results = {name: value if math.isfinite(value) else None for name, value in loop.results.items()}
    return {"kind": loop.kind, "every": loop.every, "phases": loop.phases, "results": results}


def _overflows(report: Report) -> dict[str, dict[str, int]]:
    """How often compartments left their registers, by population, only where they did."""
    names = report.compiled.image.names
    rows = zip(names, report.counters.overflows.tolist(), strict=True)
    found = {name: {kind: n for kind, n in zip(OVERFLOWS, row, strict=True) if n} for name, row in rows}
    return {name: kinds for name, kinds in found.items() if kinds}


def _run_hash(report: Report) -> str:
    """Of everything that decides spikes and counts: the image, the seed, the length, and what the host sent."""
    program, traces, n = report.program, report.traces, report.compiled.image.n_compartments
    spikes = hashlib.sha256()
    for step, source, payload in traces.pieces():
        sent = source >= n
        for column in (step[sent], source[sent], payload[sent]):
            spikes.update(np.ascontiguousarray(column).data)
    settings = (int(program.seed), int(program.steps), int(report.samples), bool(program.fresh_samples))
    answered = () if report.closed_loop is None else (report.closed_loop.sent,)
    frozen = [] if program.training is None else [("trained", report.trained)]
    return digest(
        report.compiled.image.model_hash, settings, spikes.hexdigest(), *_currents(program), *answered, *frozen
    )


def _currents(program: Program) -> list[tuple[Any, ...]]:
    """What the direct currents and rewards of a program are made of: (values or the data set, split; gain), by name."""
    found: list[tuple[Any, ...]] = []
    for _, given in sorted(program.inputs.items()):
        if isinstance(given, EnvironmentInput):
            continue  # ClosedLoop.sent has it
        if not isinstance(given, (LabelsInput, SpikesInput)) and isinstance(given.encoder, Current):
            values = given.values if isinstance(given, ValuesInput) else (given.dataset, repr(given.split))
            found.append((values, float(given.encoder.gain)))
    rewards = {projection.learning.reward for projection in program.network.projections if projection.learning}
    for name in sorted(rewards - {None}):  # type: ignore[type-var]
        given = program.inputs[str(name)]
        if isinstance(given, SpikesInput):
            found.append((given.step, given.channel, given.payload))
    return found


def _quantisation(report: Report) -> dict[str, Any]:
    """What rounding did, and what it cost against the float twin where that was run."""
    found: dict[str, Any] = {
        "populations": [asdict(entry) for entry in report.compiled.quantised.populations],
        "projections": [asdict(entry) for entry in report.compiled.quantised.projections],
    }
    twin = report.float_run
    if twin is not None:
        accuracy = report.answers.accuracy if report.answers else None
        chip_spikes = int(report.tally.by_step[:, Event.SPIKE_OUT].sum())
        found["float"] = {
            "accuracy": twin.accuracy,
            "accuracy_lost": None if twin.accuracy is None or accuracy is None else twin.accuracy - accuracy,
            "agreement": twin.agreement,
            "spikes": twin.spikes,
            "spikes_changed": priced.ratio(chip_spikes - twin.spikes, twin.spikes),
            "of": twin.of,
            "rasters": {
                name: {**found_here._asdict(), "agreement": found_here.agreement}
                for name, found_here in twin.rasters.items()
            },
        }
    return found
