"""run: a program in, a Report out. The one place where the stages are called in their order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from . import budget, host, spool
from .compartments import Model
from .compiler import Compiled
from .compiler.expand import expand
from .costs import Activity, Costs, costs
from .counters import Counters, Traces
from .decode import score
from .engine.crew import available
from .engine.journal import Journal
from .engine.run import Plan
from .engine.run import run as run_engine
from .engine.shares import blocks_of
from .environments import Environment
from .errors import ProblemsError
from .files import program_file
from .host import Feed
from .network import Network
from .neurobench import of_chip, of_graph
from .prepare import program_of
from .profile import compiled as compiled_for
from .program import Program
from .reference import raster, run_float, sent_to
from .report import Report
from .report.report import Answers, ClosedLoop, FloatComparison
from .report.summary import summarise
from .wiring import Wiring, wiring_of

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


def run(
    program: str | Path | Program | Network,
    folder: str | Path | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    allow_code: bool = False,
    cache: bool = True,
    environment: Environment | None = None,
    **settings: Any,
) -> Report:
    """Runs a program and returns its Report; with a folder, also writes it there, whole or not at all.

    program: a path, the name of one that comes along ('digits'), a Program, or a Network with the settings of
    prepare.program_of (chip, steps, inputs, samples, seed, decode, ...).
    threads: None takes what is worth it; results are the same.  allow_code: whether Python files that the file names may
    be run.  cache: whether an image that an earlier run compiled will do.  environment: in place of the program's own.
    Raises ProgramError, ChipError, QuantisationError, DoesNotFit, DataError, OutputError, TooLarge; nothing is written then.
    """
    if isinstance(program, Network):
        program = program_of(program, **settings)
    elif settings:
        raise TypeError(
            f"{', '.join(settings)}: settings go with a Network; a Program has its own (dataclasses.replace)"
        )
    if not isinstance(program, Program):
        program = program_file.read(program, allow_code=allow_code, environment=environment)
    elif environment is not None:
        program = replace(program, environment=environment)
    report = execute(program, compiled_for(program, cache), progress, threads)
    if folder is None:
        return report
    return replace(report, folder=report.save(folder))


def compile_models(program: Program, compiled: Compiled) -> None:
    """Compiles the kernels that the program would run. Raises ProgramError where a model of the user's cannot be compiled."""
    try:
        blocks_of(compiled.image, _models(program))
    except ProblemsError as error:
        raise program.located(error) from None


def _models(program: Program) -> dict[str, Model]:
    return {population.name: population.compartment for population in program.network.on_chip}


def plan_of(program: Program, compiled: Compiled, given: Feed) -> Plan:
    """What the engine is to run.  given: of the same program (host.feed)."""
    return Plan(
        program.steps,
        given.samples,
        program.seed,
        given.inputs,  # type: ignore[arg-type]
        host.drives(program, given, compiled.quantised.scale),  # type: ignore[arg-type]
        program.network.probes,
        program.fresh_samples,
        models=_models(program),
        rewards=given.rewards,  # type: ignore[arg-type]
        snapshots=program.snapshots,
        learning_steps=None if program.training is None else given.trained * program.steps,
        environment=given.loop,
        membranes=program.neurobench,
    )


def execute(
    program: Program,
    compiled: Compiled,
    progress: Progress | None = None,
    threads: int | None = None,
    journal: Journal | None = None,
    spread: bool = True,
) -> Report:
    """Runs a compiled program, prices it and decodes it.

    journal: where it keeps what is done, and goes on from.  spread: whether its summary has `ranges`.
    """
    began = time.perf_counter()
    image = compiled.image
    given = host.feed(program)
    total = program.steps * given.samples
    budget.check(image, program.network, total, program.snapshots)

    def advanced(done: int) -> None:
        if progress:
            progress("chip", done, total)

    plan = replace(
        plan_of(program, compiled, given),
        progress=advanced,
        most_spikes=budget.most_spikes(),
        threads=threads,
        memory=spool.budget(),
        journal=journal,
    )
    try:
        traces, counters = run_engine(image, plan)
        closed = None if given.loop is None else ClosedLoop.of(given.loop)
    except ProblemsError as error:
        raise program.located(error) from None
    program, given = _as_run(program, given, counters.counts.shape[0])

    def priced(done: int, total: int) -> None:
        if progress:
            progress("costs", done, total)

    wiring, activity = (
        wiring_of(image),
        Activity(counters.counts, traces.step, traces.source, counters.learned, traces.payload),
    )
    cost = costs(wiring, activity, program.prices, program.latency, threads or available(), priced)
    answers = _answers(program, given, *_spikes_of(program, compiled, traces))
    twin = _float_twin(program, compiled, traces, given, answers)
    report = Report(
        program=program,
        compiled=compiled,
        traces=traces,
        counters=counters,
        wiring=wiring,
        activity=activity,
        costs=cost,
        samples=given.samples,
        trained=given.trained,
        answers=answers,
        float_run=twin,
        closed_loop=closed,
        neurobench=_neurobench(program, compiled, given, wiring, traces, counters, cost, answers),
        wall_s=time.perf_counter() - began,
        summary={},
    )
    return replace(report, summary=summarise(report, spread))


def _as_run(program: Program, given: Feed, done: int) -> tuple[Program, Feed]:
    """Program and feed of a run that its environment ended after so many steps."""
    if done == program.steps * given.samples:
        return program, given
    if given.samples == 1:
        return replace(program, steps=done), given
    samples = done // program.steps
    return program, replace(given, samples=samples, labels=None if given.labels is None else given.labels[:samples])


def _spikes_of(program: Program, compiled: Compiled, traces: Traces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps, indices and payloads of the spikes of the population that answers."""
    if program.decode is None:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int8)
    image = compiled.image
    k = image.names.index(program.decode.population)
    return traces.of(int(image.blocks.first[k]), int(image.blocks.size[k]))


def _answers(program: Program, given: Feed, step: np.ndarray, index: np.ndarray, payload: np.ndarray) -> Answers | None:
    if program.decode is None:
        return None
    decoder, n = program.decode.decoder, program.network[program.decode.population].size
    found = decoder.answers(step, index, payload, n, program.steps, given.samples)
    before, found = np.split(found, [given.trained])
    if given.labels is None:
        return Answers(found, None, None, None)
    learned, labels = np.split(given.labels, [given.trained])
    right = before == learned if decoder.classifies and before.size else None
    return Answers(found, labels, *score(decoder, found, labels), right)


def _neurobench(
    program: Program,
    compiled: Compiled,
    given: Feed,
    wiring: Wiring,
    traces: Traces,
    counters: Counters,
    cost: Costs,
    answers: Answers | None,
) -> dict[str, Any] | None:
    """NeuroBench's metrics: {'chip': ..}, and of a network from NIR {'framework': ..} besides."""
    if not program.neurobench:
        return None
    accuracy = answers.accuracy if answers else None
    found = {"chip": of_chip(program, compiled, wiring, traces, counters, cost.tally, given.samples, accuracy)}
    exact = program.network.exact
    if exact is not None and program.fresh_samples and given.loop is None:
        steps = program.steps - exact.most_depth
        sent = {
            node: sent_to(given, name, exact.graph.nodes[node].size, program.steps, steps)
            for node, name in exact.sources.items()
        }
        classes = program.decode is None or program.decode.decoder.classifies  # else labels are values, not indices
        found["framework"] = of_graph(exact, sent, given.labels if classes else None)
    return found


def _float_twin(
    program: Program, compiled: Compiled, traces: Traces, given: Feed, chip: Answers | None
) -> FloatComparison | None:
    if not program.float_reference:
        return None
    try:
        twin = run_float(
            program.network, expand(program.network, program.seed), given, program.steps, program.fresh_samples
        )
    except ProblemsError as error:
        raise program.located(error) from None
    rasters, blocks = {}, compiled.image.blocks
    for k, name in enumerate(compiled.image.names):
        if name in twin.step:
            n = int(blocks.size[k])
            on_chip = traces.of(int(blocks.first[k]), n)[:2]
            rasters[name] = raster(on_chip, (twin.step[name], twin.index[name]), n)
    if program.decode is None or chip is None:
        return FloatComparison(None, twin.spikes, None, twin.of, rasters)
    name = program.decode.population
    ones = np.ones(twin.step[name].size, np.int8)
    answers = _answers(program, given, twin.step[name], twin.index[name], ones)
    assert answers is not None
    same = np.isclose(answers.answers, chip.answers, equal_nan=True)
    return FloatComparison(answers.accuracy, twin.spikes, float(np.mean(same)), twin.of, rasters)
