"""Prepare: a Program onto its chip, up to the point where something would run. Loads no numba unless connections are random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from . import cache as images
from . import closing, encode, floatable, learnable, library, mapping_file, modes
from .compiler import Compiled, compile_network
from .compiler.partition import PARTITIONERS
from .compiler.place import PLACERS
from .data import DATASETS
from .encode import Current
from .errors import ChipError, Problem, ProblemsError, ProgramError
from .files import chip_file
from .mapping import WEIGH_BY
from .network import SIGN_MODES, Network, Population, Spikes
from .program import DataInput, EnvironmentInput, Input, LabelsInput, Program, SpikesInput, ValuesInput
from .units import counted


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
    more: samples, seed, fresh_samples, decode, mapping, calibrate, float_reference, snapshots, environment (see Program).
    Raises ChipError.
    """
    structure, prices = chip_file.read(library.find("chips", str(chip), error=ChipError))
    return Program(name, network, structure, prices, steps, inputs or {}, **more)


def compile_program(
    program: Program,
    weight: np.ndarray | None = None,
    cache: bool = True,
    stage: Callable[[str], None] = lambda name: None,
    remedies: bool = True,
) -> Compiled:
    """The program's network mapped onto its chip; problems carry the file and line they come from.

    weight: (n_sources,) how often each source is taken to spike, None for alike; profile.py finds it.
    cache: whether an image that an earlier run compiled will do, and is kept for the next (cache/folder.py).  stage: is told
    the name of each stage.  remedies: whether to look for some where it does not fit.
    """
    _check(program)
    network, chip, options, seed = program.network, program.chip, program.mapping, program.seed
    border = program.prices.border
    calibration = None
    if program.calibrate:
        from .calibrate import calibrate  # loads numba

        calibration = calibrate(program, program.calibrate)
    try:
        if options.file:
            options = replace(options, seats=mapping_file.read(Path(options.file), network, chip))

        def make() -> Compiled:
            return compile_network(network, chip, options, seed, weight, border, calibration, remedies, stage)

        return images.compiled(make, network, chip, options, seed, weight, border, calibration) if cache else make()
    except ProblemsError as error:
        raise program.located(error) from None


def _check(program: Program) -> None:
    """What a Program built in Python may lack; files are checked where they are read."""
    problems = []
    for population in program.network.populations:
        problems += _input_problems(program, population)
    for probe in program.network.probes:
        size = program.network[probe.population].size
        index = np.asarray(probe.index if probe.index is not None else 0)
        if index.size and (index.min() < 0 or index.max() >= size):
            problems.append(
                Problem(f"a probe has the index {index.max()}", path=probe.population, allowed=f"0..{size - 1}")
            )
    if program.decode is not None and program.decode.population not in [p.name for p in program.network.on_chip]:
        problems.append(Problem(f"there is no population '{program.decode.population}' on the chip to decode"))
    if program.samples is not None and program.samples < 1:
        problems.append(Problem(f"samples is {program.samples}", allowed="at least 1"))
    problems += _training_problems(program)
    problems += learnable.problems(program.network, program.chip, program.inputs)
    plastic = [projection.name for projection in program.network.projections if projection.learning is not None]
    for name, every in program.snapshots.items():
        if name not in plastic or not isinstance(every, Integral) or every < 0:
            problems.append(
                Problem(f"a snapshot of '{name}' every {every} steps", allowed=f"whole steps; {', '.join(plastic)}")
            )
    problems += closing.problems(program)
    problems += _float_problems(program)
    problems += modes.problems(program.chip.mesh, program.prices, program.latency)
    mapping = program.mapping
    chosen: list[tuple[str, str, list[str]]] = [
        ("partition", mapping.partition, list(PARTITIONERS)),
        ("placement", mapping.placement, list(PLACERS)),
        ("weigh_by", mapping.weigh_by, list(WEIGH_BY)),
        *(("mapping.parts", name, program.network.names()) for name in mapping.parts),
    ]
    for kind, name, known in chosen:
        if name not in known:
            problems.append(Problem(f"there is no {kind} '{name}'", allowed=", ".join(known)))
    if not isinstance(program.calibrate, Integral) or program.calibrate < 0:
        problems.append(Problem(f"calibrate is {program.calibrate}", allowed="a number of samples, 0 for none"))
    if not isinstance(program.steps, Integral) or program.steps < 1:
        problems.append(Problem(f"steps is {program.steps}", allowed="a whole number of at least 1"))
    if not isinstance(program.seed, Integral) or not 0 <= program.seed < 2**64:
        problems.append(Problem(f"seed is {program.seed}", allowed="a whole number 0..2**64-1"))
    exact = program.network.exact
    told = program.neurobench and exact is not None and program.fresh_samples and program.environment is None
    if told and exact is not None and isinstance(program.steps, Integral) and program.steps <= exact.most_depth:
        late = exact.most_depth
        what = (
            f"steps is {program.steps}, and the chip's last layer is {late} behind: NeuroBench has no step to tell of"
        )
        problems.append(Problem(what, allowed=f"at least {late + 1}", remedy=f"steps: {late + 1}, or no neurobench"))
    formats = (projection.format for projection in program.network.projections)
    for mode in {format.sign_mode for format in formats if format} - set(SIGN_MODES):
        problems.append(Problem(f"there is no sign mode '{mode}'", allowed=", ".join(SIGN_MODES)))
    if problems:
        raise program.located(ProgramError(problems))


def _float_problems(program: Program) -> list[Problem]:
    """What is asked for in floats and has none. Of closed loops, and of what is no number, that was said."""
    if program.environment is not None:
        return []
    graded = [
        source.name
        for source in program.network.sources
        if isinstance(source.model, Spikes)
        and isinstance(given := program.inputs.get(source.model.source), SpikesInput)
        and given.payload is not None
    ]
    if program.float_reference:
        return floatable.problems(program.network, graded, "without --float, and without 'float_reference: true'")
    return floatable.problems(program.network, graded, "quantise: {calibrate: 0}") if program.calibrate else []


def _input_problems(program: Program, population: Population) -> list[Problem]:
    """What is wrong with the input of a spike source, or with the direct current of a population."""
    model = population.model
    name = model.source if isinstance(model, Spikes) else getattr(model, "current", None)
    if name is None:
        return []
    given, is_source = program.inputs.get(name), isinstance(model, Spikes)
    if given is None:
        return [Problem(f"there is no input '{name}'", path=population.name, allowed=", ".join(program.inputs))]
    found = []
    if isinstance(given, EnvironmentInput):
        found += closing.unfit(name, given, program.environment, is_source, population.size)
    elif isinstance(given, SpikesInput):
        if not is_source:
            found.append(f"'{name}' is a list of spikes, not a current")
        elif (
            given.step.shape != given.channel.shape
            or given.step.dtype.kind not in "iu"
            or given.channel.dtype.kind not in "iu"
        ):
            found.append(f"the input '{name}' is not two lists of whole numbers, steps and channels, of one length")
        elif given.payload is not None and (
            given.payload.shape != given.step.shape
            or given.payload.dtype.kind not in "iu"
            or np.any(given.payload != given.payload.astype(np.int32))
        ):
            found.append(f"the payloads of '{name}' are not one whole number of 32 bits a spike")
        elif given.step.size and given.step.min() < 1:
            found.append(f"the input '{name}' has a spike at step {given.step.min()}; steps count from 1")
        elif given.channel.size and (given.channel.min() < 0 or given.channel.max() >= population.size):
            found.append(f"the input '{name}' has a spike in channel {given.channel.max()} of {population.size}")
    elif isinstance(given.encoder, Current) == is_source:
        found.append(f"the input '{name}' {'is a current' if is_source else 'makes spikes'}")
    else:
        if isinstance(given, ValuesInput):
            found += _values_problems(name, given)
        if isinstance(given, LabelsInput) and not _has_labels(program.inputs.get(given.labels_of)):
            found.append(f"the input '{name}' takes the labels of '{given.labels_of}', which has none")
        gain = given.encoder.gain if isinstance(given.encoder, encode.Bernoulli) else 1.0
        if not isinstance(given, ValuesInput) and not 0 <= gain <= 1:  # of data sets from 0 to 1, and of labels
            found.append(
                f"the input '{name}' has the gain {gain:g}, and its values reach from 0 to 1: no probabilities"
            )
        if found:
            return [Problem(what, path=population.name) for what in found]
        width = _channels(given)
        if given.encoder.channels(width) != population.size:
            found.append(
                f"the input '{name}' has {counted(given.encoder.channels(width), 'channel')}, not {population.size}"
            )
        if isinstance(given, ValuesInput) and given.values.ndim == 3 and given.values.shape[1] < program.steps:
            found.append(f"the input '{name}' has {counted(given.values.shape[1], 'step')}; {program.steps} are run")
    return [Problem(what, path=population.name) for what in found]


def _training_problems(program: Program) -> list[Problem]:
    training, found = program.training, []
    if training is None:
        return []
    if training.passes < 1 or (training.samples is not None and training.samples < 1):
        found.append(Problem(f"{training}", allowed="passes and samples of at least 1"))
    if training.samples is None and all(isinstance(given, SpikesInput) for given in program.inputs.values()):
        found.append(Problem("how many samples are learned from is not said", allowed="Training(samples=n)"))
    for name, given in program.inputs.items():
        bare = isinstance(given, (LabelsInput, SpikesInput))
        if training.samples is None and not bare and not (isinstance(given, DataInput) and given.split.side == "test"):
            found.append(
                Problem(f"which samples of '{name}' are learned from is not said", allowed="Training(samples=n)")
            )
    return found


def _has_labels(given: Input | None) -> bool:
    return isinstance(given, DataInput) or (isinstance(given, ValuesInput) and given.labels is not None)


def _channels(given: DataInput | LabelsInput | ValuesInput) -> int:
    """What a sample has of them before it is encoded."""
    if isinstance(given, LabelsInput):
        return given.classes
    return DATASETS[given.dataset].channels if isinstance(given, DataInput) else given.values.shape[-1]


def _values_problems(name: str, given: ValuesInput) -> list[str]:
    if not isinstance(given.values, np.ndarray) or given.values.ndim not in (2, 3) or given.values.size == 0:
        return [f"the values of '{name}' are not an array [samples][channels] or [samples][steps][channels]"]
    if given.values.dtype.kind not in "biuf" or not np.all(np.isfinite(given.values)):
        return [f"the values of '{name}' are not all finite numbers"]
    if given.labels is not None and np.shape(given.labels) != given.values.shape[:1]:
        return [f"the labels of '{name}' have the shape {np.shape(given.labels)}, not one for each sample"]
    unfit = encode.unfit(given.encoder, given.values)
    return [] if unfit is None else [f"of the input '{name}', {unfit.what}"]
