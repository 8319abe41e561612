"""The inputs of a program: data sets, values and spike lists of a spec, checked against the populations that take them."""

from __future__ import annotations

import csv
import difflib
from typing import Any

import numpy as np

from .. import closing, encode
from ..data import DATASETS, Split
from ..environments import Environment
from ..program import DataInput, EnvironmentInput, Input, LabelsInput, SpikesInput, ValuesInput
from ..units import counted
from . import arrays, marked_yaml
from .draft import MOST, Draft
from .input_schema import DataSpec, EnvironmentInputSpec, LabelsSpec, SpikesSpec
from .marked_yaml import Path_
from .number_schema import REFERENCE
from .population_schema import SourceSpec

MOST_CLASSES = 2**16


def inputs_of(draft: Draft, environment: Environment | None, expected: bool) -> dict[str, Input]:
    """The inputs by name; what is wrong with them is noted in the draft.

    environment: of the program, None where there is none or, if one was expected, where what is wrong with it was told.
    """
    asked = draft.spec.inputs
    made = {name: _input(draft, name, given) for name, given in asked.items() if not isinstance(given, LabelsSpec)}
    inputs = {name: given for name, given in made.items() if given is not None}
    for name, given in asked.items():
        labels = _labels(draft, given, inputs, ("inputs", name)) if isinstance(given, LabelsSpec) else None
        if labels is not None:
            inputs[name] = labels
    _check_inputs(draft, inputs)
    _check_sent(draft, inputs, environment, expected)
    return inputs


def _check_sent(draft: Draft, inputs: dict[str, Input], environment: Environment | None, expected: bool) -> None:
    """What inputs take from the environment is what it sends, in that width."""
    if environment is None and expected:
        return
    takers = [
        (wanted, isinstance(population, SourceSpec), int(np.prod(population.dimensions())))
        for population in draft.spec.network.populations.values()
        if (wanted := getattr(population, "source", None) or getattr(population, "current", None))
    ]
    takers += [(source.name, True, source.size) for source in (draft.imported.sources if draft.imported else ())]
    rewards = {rule.reward for rule in draft.spec.learning.values()}
    for name, given in inputs.items():
        if isinstance(given, EnvironmentInput):
            own = [(is_source, size) for wanted, is_source, size in takers if wanted == name]
            told = [closing.unfit(name, given, environment, *each) for each in own]
            told += [closing.unfit(name, given, environment, None, 1)] if name in rewards else []
            for what in dict.fromkeys(what for each in told for what in each):
                draft.problem(("inputs", name), what)


def _input(draft: Draft, name: str, given: Any) -> Input | None:
    at = ("inputs", name)
    if isinstance(given, SpikesSpec):
        return _spikes(draft, given, at)
    if isinstance(given, EnvironmentInputSpec):
        return EnvironmentInput(given.environment, _encoder(draft, given, at))
    encoder = _encoder(draft, given, at)
    if isinstance(given, DataSpec):
        known = DATASETS[given.data]
        if isinstance(encoder, encode.Delta):
            draft.problem(
                (*at, "encode"),
                "'delta' needs values by step, and this data set has none",
                "bernoulli, latency, current",
            )
        if given.split.side != "all" and given.split.test >= known.samples:
            draft.problem(
                (*at, "split"), f"holds out {counted(given.split.test, 'sample')}", f"fewer than {known.samples}"
            )
        if isinstance(encoder, encode.Bernoulli) and not 0 <= encoder.gain <= 1:
            draft.problem(
                (*at, "gain"), f"is {encoder.gain:g}, and the data reach from 0 to 1: no probabilities", "0..1"
            )
        return DataInput(given.data, Split(given.split.side, given.split.test, given.split.seed), encoder)
    values = written = draft.array(given.values, (*at, "values"))
    labels = None if given.labels is None else draft.array(given.labels, (*at, "labels"))
    if values is None or written is None:
        return None
    series = isinstance(encoder, encode.Delta)
    values = values[None] if values.ndim == (2 if series else 1) else values
    if values.ndim != (3 if series else 2) and not (values.ndim == 3 and not isinstance(encoder, encode.Latency)):
        draft.problem(
            (*at, "values"),
            f"has {counted(values.ndim, 'dimension')}",
            "[samples][channels]; [samples][steps][channels] for a signal by step",
        )
        return None
    if values.size == 0:
        draft.problem((*at, "values"), "is empty", "at least one sample")
        return None
    unfit = encode.unfit(encoder, written)
    if unfit is not None:
        inside = unfit.at if isinstance(given.values, list) else ()
        draft.problem((*at, "values", *inside), unfit.what, unfit.allowed, unfit.remedy)
    if values.ndim == 3 and values.shape[1] < draft.spec.run.steps:
        draft.problem(
            (*at, "values"),
            f"has {counted(values.shape[1], 'step')} a sample",
            f"at least run.steps = {draft.spec.run.steps}",
        )
    if isinstance(encoder, encode.Correlated):
        if encoder.group > values.shape[-1]:
            draft.problem(
                (*at, "group"),
                f"is {encoder.group}; the values have {counted(values.shape[-1], 'channel')}",
                f"1..{values.shape[-1]}",
            )
        elif np.any(values[..., : encoder.group] != values[..., :1]):
            draft.problem(
                (*at, "values"),
                f"the first {encoder.group} channels, which fire together, have different rates",
                "one rate for all of the group",
            )
    if labels is not None and labels.shape != (values.shape[0],):
        draft.problem(
            (*at, "labels"),
            f"has the shape {list(labels.shape)}",
            f"one label for each of {counted(values.shape[0], 'sample')}",
        )
    return ValuesInput(values.astype(np.float64), encoder, labels)


def _labels(draft: Draft, given: LabelsSpec, inputs: dict[str, Input], at: Path_) -> LabelsInput | None:
    """The labels of another input as spikes: channels 0 to the highest label."""
    of, at = inputs.get(given.labels_of), (*at, "labels_of")
    if of is None and given.labels_of in (*draft.salvaged.names, *draft.spec.inputs):
        if isinstance(draft.spec.inputs.get(given.labels_of), LabelsSpec):
            draft.problem(at, f"'{given.labels_of}' is made of labels itself", "a data set, or values with labels")
        return None  # what is wrong with it has been said
    if isinstance(of, DataInput):
        return LabelsInput(given.labels_of, DATASETS[of.dataset].classes, encode.Bernoulli(given.gain))
    if of is None:
        near = difflib.get_close_matches(given.labels_of, draft.spec.inputs, n=1)
        what, remedy = f"there is no input '{given.labels_of}'", f"'{near[0]}'" if near else ""
        draft.problem(at, what, "a data set, or values with labels", remedy)
        return None
    labels = of.labels if isinstance(of, ValuesInput) else None
    if labels is None or np.any((labels < 0) | (labels > MOST_CLASSES) | (labels % 1 != 0)):
        what = "has no labels" if labels is None else "has labels that are no classes"
        draft.problem(at, f"'{given.labels_of}' {what}", f"labels of whole numbers, 0..{MOST_CLASSES}")
        return None
    return LabelsInput(given.labels_of, int(labels.max()) + 1, encode.Bernoulli(given.gain))


def _encoder(draft: Draft, given: Any, at: Path_) -> Any:
    """The encoder, None for 'spikes'."""
    own: dict[str, set[str]] = {
        "spikes": set(),
        "bernoulli": {"gain"},
        "correlated": {"gain", "correlation", "group"},
        "latency": {"tau", "threshold", "linear"},
        "delta": {"threshold", "off_spikes"},
        "current": {"gain"},
    }
    for key in sorted(given.model_fields_set & set().union(*own.values()) - own[given.encode]):
        draft.problem(
            (*at, key),
            f"'{key}' says nothing to the encoder '{given.encode}'",
            ", ".join(sorted(own[given.encode])),
        )
    if given.encode == "spikes":
        return None
    if given.encode == "bernoulli":
        return encode.Bernoulli(given.gain)
    if given.encode == "correlated":
        if given.group is None:
            draft.problem(
                at, "'encode: correlated' without a 'group'", "how many channels, from the first on, fire together"
            )
        return encode.Correlated(given.correlation, given.group or 1, given.gain)
    if given.encode == "latency":
        threshold = 0.01 if given.threshold is None else given.threshold
        if not 0 < threshold < 1:
            draft.problem((*at, "threshold"), f"is {threshold:g}", "between 0 and 1")
        return encode.Latency(given.tau, threshold, given.linear)
    if given.encode == "delta":
        if given.threshold is not None and given.threshold <= 0:
            draft.problem((*at, "threshold"), f"is {given.threshold:g}: every step would be a change", "more than 0")
        return encode.Delta(0.1 if given.threshold is None else given.threshold, given.off_spikes)
    return encode.Current(given.gain)


def _spikes(draft: Draft, given: SpikesSpec, at: Path_) -> SpikesInput | None:
    at = (*at, "spikes")
    if isinstance(given.spikes, str) and given.spikes.endswith(".csv"):
        table = _csv(draft, given.spikes, at)
    elif isinstance(given.spikes, str) and not REFERENCE.match(given.spikes):
        draft.problem(at, f"found '{given.spikes}'", "a list of [step, channel], 'FILE.csv' or 'FILE.npz#NAME'")
        return None
    elif isinstance(given.spikes, str):
        table = draft.array(given.spikes, at)
    else:
        if len({len(row) for row in given.spikes}) > 1:
            draft.problem(at, "some rows have a payload and some have none", "rows alike")
            return None
        table = np.array(given.spikes, np.int64).reshape(-1, len(given.spikes[0]) if given.spikes else 2)
    if table is None:
        return None
    if table.ndim != 2 or table.shape[1] not in (2, 3):
        draft.problem(at, f"has the shape {list(table.shape)}", "rows of [step, channel] or [step, channel, payload]")
        return None
    lowest = np.array([0, 0, -MOST - 1])[: table.shape[1]]
    odd = table[(table < lowest) | (table > MOST) | (table % 1 != 0)]
    if odd.size:
        payloads = ", payloads of 32 bits" if table.shape[1] == 3 else ""
        draft.problem(at, f"holds {odd[0]:g}", f"whole numbers 0..{MOST}{payloads}")
        return None
    if table.size and table[:, 0].min() < 1:
        draft.problem(at, f"holds the step {int(table[:, 0].min())}", "steps from 1")
    table = np.unique(table.astype(np.int64), axis=0)
    if table.shape[1] == 2:
        return SpikesInput(table[:, 0], table[:, 1])
    table = table[table[:, 2] != 0]
    if np.any(np.all(np.diff(table[:, :2], axis=0) == 0, axis=1)):
        draft.problem(
            at, "a channel has two spikes with different payloads in one step", "one spike a channel and step"
        )
        return None
    return SpikesInput(table[:, 0], table[:, 1], table[:, 2])


def _csv(draft: Draft, name: str, at: Path_) -> np.ndarray | None:
    path = draft.path.parent / name
    rows: list[list[int]] = []
    try:
        arrays.check_file(path, marked_yaml.MAX_BYTES)
        with open(path, newline="", encoding="utf-8-sig") as stream:
            for number, row in enumerate(csv.reader(stream), 1):
                if not row or (number == 1 and len(row) in (2, 3) and not any(c.isdigit() for c in "".join(row))):
                    continue  # a blank line, or the header
                cells = [cell.strip() for cell in row]
                width = len(rows[0]) if rows else len(cells)
                digits = [cell.removeprefix("-") if k == 2 else cell for k, cell in enumerate(cells)]
                if not 2 <= len(cells) == width <= 3 or not all(
                    c.isascii() and c.isdigit() and len(c) < 11 for c in digits
                ):
                    allowed = "step,channel or step,channel,payload in every row"
                    draft.problem(at, f"{path}:{number}: found {','.join(row)[:40]!r}", allowed)
                    return None
                rows.append([int(cell) for cell in cells])
    except UnicodeDecodeError:
        draft.problem(at, f"'{path}' is not text (UTF-8)", "lines of step,channel")
        return None
    except (OSError, csv.Error) as error:
        draft.problem(at, f"'{path}' cannot be read ({getattr(error, 'strerror', None) or error})")
        return None
    except ValueError as error:  # not a regular file, too large
        draft.problem(at, str(error))
        return None
    draft.files.append(path)
    return np.array(rows, np.int64).reshape(len(rows), -1) if rows else np.empty((0, 2), np.int64)


def _check_inputs(draft: Draft, inputs: dict[str, Input]) -> None:
    """Every source and current names an input of its kind and size; every input is used."""
    used, meant = {rule.reward for rule in draft.spec.learning.values() if rule.reward}, set()
    for reward in used - set(draft.spec.inputs):  # which is told with the rule
        meant |= set(difflib.get_close_matches(reward, draft.spec.inputs, n=1))
    for name, population in draft.spec.network.populations.items():
        wanted = getattr(population, "source", None) or getattr(population, "current", None)
        if wanted is None:
            continue
        key = "source" if isinstance(population, SourceSpec) else "current"
        at = ("network", "populations", name, key)
        used.add(wanted)
        if wanted in draft.salvaged.names:
            continue
        if wanted not in draft.spec.inputs:
            near = difflib.get_close_matches(wanted, draft.spec.inputs, n=1)
            meant |= set(near)
            known = ", ".join(draft.spec.inputs) or "a name under 'inputs', which is empty"
            draft.problem(at, f"there is no input '{wanted}'", known, f"'{near[0]}'" if near else "")
        elif wanted in inputs:
            _check_input(draft, inputs[wanted], key, int(np.prod(population.dimensions())), at, wanted)
    for population in draft.imported.sources if draft.imported is not None else ():
        wanted = population.name  # an Input of NIR asks for the input of its own name
        used.add(wanted)
        if wanted in inputs:
            _check_input(draft, inputs[wanted], "source", population.size, ("inputs", wanted), wanted)
        elif wanted not in draft.salvaged.names and wanted not in draft.spec.inputs:
            near = difflib.get_close_matches(wanted, draft.spec.inputs, n=1)
            meant |= set(near)
            what = f"the file's Input '{wanted}' takes an input of its name, and there is none"
            key = "nir" if draft.spec.network.nir else "ann"
            remedy = f"'{near[0]}' by that name" if near else ""
            draft.problem(("network", key), what, f"'{wanted}' under 'inputs'", remedy)
    unused = set() if draft.import_failed else set(draft.spec.inputs) - used - meant if draft.salvaged.whole else set()
    for name in sorted(unused):
        draft.problem(
            ("inputs", name),
            f"nothing takes the input '{name}'",
            remedy=f"'source: {name}' in a population",
            at_key=True,
        )
    _check_samples(draft, inputs)


def _check_samples(draft: Draft, inputs: dict[str, Input]) -> None:
    """Every input has as many samples as are learned from and run."""
    wanted, training = draft.spec.run.samples, draft.spec.run.training
    lists = all(isinstance(given, SpikesInput) for given in inputs.values())
    if training is not None and training.samples is None and lists and draft.salvaged.whole:
        what = "how many samples are learned from is not said, and no input tells"
        draft.problem(("run", "training"), what, "'samples'", at_key=True)
    for name, given in inputs.items():
        if isinstance(given, (SpikesInput, EnvironmentInput, LabelsInput)):
            continue
        available = given.values.shape[0] if isinstance(given, ValuesInput) else _side_size(given)
        if training is not None:
            available -= _check_training(draft, name, given, available)
        if wanted != "all" and wanted > available:
            draft.problem(
                ("run", "samples"), f"is {wanted}; the input '{name}' has {available}", f"1..{available}, all"
            )


def _check_training(draft: Draft, name: str, given: DataInput | ValuesInput, available: int) -> int:
    """How many of the samples of an input are learned from instead of answered."""
    training, at = draft.spec.run.training, ("run", "training", "samples")
    assert training is not None
    if isinstance(given, DataInput) and given.split.side == "test":
        most = DATASETS[given.dataset].samples - given.split.test_size
        if training.samples is not None and training.samples > most:
            draft.problem(at, f"is {training.samples}; '{name}' has {most} beside its test", f"1..{most}")
        return 0
    if training.samples is None:
        remedy = "'split: {side: test}' for a data set, whose other side is learned from"
        what = f"which of the samples of '{name}' are learned from is not said"
        draft.problem(("run", "training"), what, f"'samples', 1..{available - 1}", remedy, at_key=True)
        return 0
    if training.samples >= available:
        what = f"is {training.samples}; the input '{name}' has {available}, and some must be left to answer"
        draft.problem(at, what, f"1..{available - 1}" if available > 1 else "two samples or more")
        return 0
    return training.samples


def _check_input(draft: Draft, given: Input, key: str, size: int, at: Path_, name: str) -> None:
    if isinstance(given, EnvironmentInput):
        return  # see _check_sent
    if isinstance(given, SpikesInput):
        if key == "current":
            draft.problem(at, f"'{name}' is a list of spikes", "an input with 'encode: current'")
        elif given.channel.size and given.channel.max() >= size:
            draft.problem(("inputs", name), f"has a spike in channel {given.channel.max()}", f"0..{size - 1}")
        return
    if (key == "current") != isinstance(given.encoder, encode.Current):
        what = "makes spikes" if key == "current" else "is a current"
        draft.problem(at, f"the input '{name}' {what}", "'current' with 'encode: current', else 'source'")
        return
    if isinstance(given, LabelsInput):
        n = given.classes
    else:
        n = DATASETS[given.dataset].channels if isinstance(given, DataInput) else given.values.shape[-1]
    if given.encoder.channels(n) != size:
        draft.problem(
            at, f"the input '{name}' has {counted(given.encoder.channels(n), 'channel')}; the population has {size}"
        )


def _side_size(given: DataInput) -> int:
    """How many samples are on the side of the split that is used."""
    known, split = DATASETS[given.dataset].samples, given.split
    return {"all": known, "test": split.test_size, "train": known - split.test_size}[split.side]
