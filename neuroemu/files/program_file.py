"""Program files: YAML in, a Program out, or every mistake at once with its place.

Three passes: the YAML itself (marked_yaml), its shape (program_schema), then names, sizes and arrays (build_network,
build_inputs and here). What is wrong in one pass is taken out (salvage), so that the next still finds its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .. import library
from ..decode import FirstSpike, Population, Rate
from ..environments import Environment
from ..errors import ChipError, Problem, ProgramError
from ..mapping import METHODS, MappingOptions
from ..program import Decode, Program, Training
from ..units import counted
from . import chip_file, marked_yaml
from . import program_schema as schema
from .build_environment import check_environment, environment_of, is_expected
from .build_inputs import inputs_of
from .build_learning import check_learning, rules_of, snapshots_of
from .build_network import network_of, with_probes
from .checking import check
from .draft import Draft
from .marked_yaml import Document
from .overrides import check_repeats, lay_over
from .salvage import Salvaged, salvage, whole


def read(
    name: str | Path,
    overrides: tuple[str, ...] = (),
    seed: int | None = None,
    steps: int | None = None,
    allow_code: bool = False,
    environment: Environment | None = None,
) -> Program:
    """The program in a file (a path, or the name of one that comes along).

    overrides: 'KEY=VALUE' with dotted keys, laid over the file.  seed, steps: likewise.  allow_code: whether Python files
    that it names ('neuron: FILE.py:NAME') may be run.  environment: in place of the file's own.  Raises ProgramError with every
    mistake of the file, of its chip and of the arrays it names.
    """
    given = {key: value for key, value in (("seed", seed), ("run.steps", steps)) if value is not None}
    check_repeats(overrides, {key: f"--{key.removeprefix('run.')} {value}" for key, value in given.items()})
    path = library.find("programs", str(name), error=ProgramError)
    document = marked_yaml.read(path, ProgramError, go_on=True)
    for override in (*overrides, *(f"{key}={value}" for key, value in given.items())):
        lay_over(document, override)
    return built(document, path, allow_code, environment)


def built(document: Document, path: Path, allow_code: bool = False, environment: Environment | None = None) -> Program:
    """The program of a document that was read from the file at `path`, with what was laid over it. Raises as `read`."""
    spec, problems, salvaged = _shape(document)
    if spec is None or salvaged is None:
        raise ProgramError(problems)
    draft = Draft(document, spec, path, salvaged, allow_code, problems)
    return _program(draft, environment)


def _shape(document: Document) -> tuple[schema.ProgramSpec | None, list[Problem], Salvaged | None]:
    """The document as a spec, of all of it or of what can be salvaged; and every problem so far."""
    salvaged = salvage(document.data, document.lost) if document.lost else whole(document.data)
    if salvaged is None:
        return None, document.problems, None
    spec, problems, faulty = check(schema.ProgramSpec, document, salvaged.data)
    problems = [*document.problems, *problems]
    if spec is None:
        salvaged = salvage(document.data, [*document.lost, *faulty])
        if salvaged is not None:
            spec, _, _ = check(schema.ProgramSpec, document, salvaged.data)
    return spec, problems, salvaged


def _program(draft: Draft, given: Environment | None) -> Program:
    """The program, or a ProgramError with every problem."""
    spec = draft.spec
    chip = None
    try:
        chip, prices = chip_file.read_inline(draft.document, ("chip",), draft.path.parent)
    except ChipError as error:
        draft.problems += error.problems
    network = network_of(draft, rules_of(draft))
    environment = environment_of(draft, given)
    inputs = inputs_of(draft, environment, is_expected(draft, given))
    check_environment(draft, environment, network)
    check_learning(draft, network, chip, inputs)
    training = _training(draft)
    decode = _decode(draft)
    mapping = _mapping(draft)
    network = with_probes(draft, network)
    snapshots = snapshots_of(draft, network)
    if draft.problems or chip is None:
        raise ProgramError(list(dict.fromkeys(draft.problems)))
    return Program(
        name=spec.name,
        network=network,
        chip=chip,
        prices=prices,
        steps=spec.run.steps,
        inputs=inputs,
        samples=None if spec.run.samples == "all" else spec.run.samples,
        seed=spec.seed,
        fresh_samples=spec.run.reset,
        latency=spec.run.latency,
        decode=decode,
        mapping=mapping,
        calibrate=spec.quantise.calibrate,
        float_reference=spec.report.float_reference,
        neurobench=spec.report.neurobench,
        path=draft.path,
        files=tuple(dict.fromkeys(draft.files)),
        places=draft.places,
        snapshots=snapshots,
        environment=environment,
        training=training,
    )


def _training(draft: Draft) -> Training | None:
    given = draft.spec.run.training
    if given is None:
        return None
    if not draft.spec.learning:
        draft.problem(("run", "training"), "nothing learns", "'learning', and 'learn' in a connection", at_key=True)
    return Training(given.passes, given.samples)


def _decode(draft: Draft) -> Decode | None:
    given = draft.spec.decode
    if given is None or not draft.known(given.from_, ("decode", "from"), on_chip=True):
        return None
    if given.method != "population":
        if given.values is not None:
            draft.problem(
                ("decode", "values"), f"says nothing to the method '{given.method}'", "with 'method: population'"
            )
        return Decode(given.from_, Rate() if given.method == "rate" else FirstSpike())
    n = draft.size(given.from_)
    if given.values is None:
        draft.problem(
            ("decode",), "the method 'population' needs 'values'", f"{n} numbers, what each compartment stands for"
        )
        return None
    values = draft.values(given.values, n, ("decode", "values"))
    return Decode(given.from_, Population(np.broadcast_to(values, (n,))))


def _mapping(draft: Draft) -> MappingOptions:
    given = draft.spec.mapping
    for name, count in given.parts.items():
        if draft.known(name, ("mapping", "parts", name), on_chip=True):
            size = draft.size(name)
            if count > size:
                draft.problem(
                    ("mapping", "parts", name),
                    f"{counted(count, 'part')} of {counted(size, 'compartment')}",
                    f"1..{size}",
                )
    if given.profile and given.weigh_by != "spikes":
        draft.problem(("mapping", "profile"), "says nothing where synapses weigh", "with 'weigh_by: spikes'")
    partition, placement = METHODS[given.method]
    profile, file = (str(draft.path.parent / name) if name else "" for name in (given.profile, given.file))
    return MappingOptions(
        given.partition or partition,
        given.placement or placement,
        dict(given.parts),
        given.share_cores,
        given.weigh_by,
        profile,
        given.profile_steps,
        file,
    )
