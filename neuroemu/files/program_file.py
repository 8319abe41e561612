"""Program files: YAML in, a Program out, or every mistake at once with its place.

Three passes: the YAML itself (marked_yaml), its shape (program_schema), then names, sizes and arrays (here).
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import connect, encode, library
from ..data import DATASETS, Split
from ..decode import FirstSpike, Population, Rate
from ..errors import ChipError, Problem, ProgramError
from ..mapping import MappingOptions
from ..network import Lif, LifRegisters, Network, Noise, Spikes, WeightFormat
from ..program import DataInput, Decode, Input, Place, Program, SpikesInput, ValuesInput
from . import arrays, chip_file, marked_yaml
from . import program_schema as schema
from .checking import check
from .marked_yaml import Document, Mark, Path_, dotted

MOST = 2**31 - 1  # of a step, a delay, an index


def read(
    name: str | Path, overrides: tuple[str, ...] = (), seed: int | None = None, steps: int | None = None
) -> Program:
    """The program in a file (a path, or the name of one that comes along).

    overrides: 'KEY=VALUE' with dotted keys, laid over the file.  seed, steps: likewise.  Raises ProgramError or ChipError.
    """
    path = library.find("programs", str(name), error=ProgramError)
    document = marked_yaml.read(path, ProgramError)
    for override in overrides:
        _override(document, override)
    for key, value in (("seed", seed), ("run.steps", steps)):
        if value is not None:
            _override(document, f"{key}={value}")
    spec, problems = check(schema.ProgramSpec, document)
    if spec is None:
        raise ProgramError(problems)
    return _Builder(document, spec, path).program()


def _override(document: Document, override: str) -> None:
    """Lays one KEY=VALUE over a document; a chip given by name becomes a chip that extends it."""
    key, equals, text = override.partition("=")
    source = marked_yaml.printable(f"--set {override}")
    if not equals or not key:
        raise ProgramError([Problem("not of the form KEY=VALUE", file=source, remedy="--set run.steps=10")])
    try:
        value = marked_yaml.value(text, source, ProgramError).data
    except ProgramError as error:
        raise ProgramError([replace(problem, line=None, column=None) for problem in error.problems]) from None
    *above, last = key.split(".")
    here: Any = document.data
    path: Path_ = ()
    for name in above:
        if path == () and name == "chip" and isinstance(here.get("chip"), str):
            here["chip"] = {"extends": here["chip"]}
        step = _step(here, name, path, source)
        path = (*path, step)
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
        if not isinstance(here, (dict, list)):
            raise ProgramError(
                [Problem(f"'{dotted(path)}' is not a mapping", file=source, allowed="keys of the program")]
            )
    step = _step(here, last, path, source)
    here[step] = value
    path = (*path, step)
    for marks in (document.values, document.keys):  # what stood below is gone
        for below in [other for other in marks if other[: len(path)] == path]:
            del marks[below]
    document.values[path] = document.keys[path] = Mark(source)


def _step(here: dict[str, Any] | list[Any], name: str, path: Path_, source: str) -> str | int:
    """A step of a dotted key: a key of a mapping as it is written, an index of a list as a number that is there."""
    if isinstance(here, dict):
        return name
    if name.isascii() and name.isdigit() and len(name) < 10 and int(name) < len(here):
        return int(name)
    there = f"0..{len(here) - 1}" if here else "nothing, it is empty"
    raise ProgramError([Problem(f"'{dotted(path)}' is a list and has no '{name}'", file=source, allowed=there)])


@dataclass
class _Builder:
    """Builds the Program and collects problems on the way."""

    document: Document
    spec: schema.ProgramSpec
    path: Path
    problems: list[Problem] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    def program(self) -> Program:
        spec = self.spec
        try:
            chip, prices = chip_file.read_inline(self.document, ("chip",), self.path.parent)
        except ChipError as error:
            self.problems += error.problems
        network = self._network()
        inputs = {name: made for name, given in spec.inputs.items() if (made := self._input(name, given)) is not None}
        self._check_inputs(inputs)
        decode = self._decode()
        mapping = self._mapping()
        network = self._probes(network)
        if self.problems:
            raise ProgramError(self.problems)
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
            decode=decode,
            mapping=mapping,
            float_reference=spec.report.float_reference,
            path=self.path,
            files=tuple(dict.fromkeys(self.files)),
            places=self.places,
        )

    # ---- network ----

    def _network(self) -> Network:
        network = Network(self.spec.network.step)
        for name, given in self.spec.network.populations.items():
            at = ("network", "populations", name)
            self._remember(name, at)
            network = network.population(name, given.dimensions(), self._model(given, at, name))
        for index, given in enumerate(self.spec.network.connections):
            at = ("network", "connections", index)
            connector = self._connector(given, at)
            if (
                not self._known(given.from_, (*at, "from"))
                or not self._known(given.to, (*at, "to"))
                or connector is None
            ):
                continue
            if not network[given.to].on_chip:
                self._problem(
                    (*at, "to"), f"'{given.to}' is a spike source and receives nothing", "a population with 'neuron'"
                )
                continue
            chosen = WeightFormat(**given.format.model_dump()) if given.format else None
            network = network.connect(given.from_, given.to, connector, chosen, given.bits, given.name)
            self._remember(network.projections[-1].name, at)
        return network

    def _model(self, given: Any, at: Path_, name: str) -> Spikes | Lif | LifRegisters:
        if isinstance(given, schema.SourceSpec):
            return Spikes(given.source)
        n = int(np.prod(given.dimensions()))
        if isinstance(given, schema.LifSpec):
            threshold = self._values(given.threshold, n, (*at, "threshold"), otherwise=1.0)
            if np.any(np.asarray(threshold) <= 0):
                self._problem((*at, "threshold"), "a threshold is not above 0", "numbers above 0")
            return Lif(
                given.tau_mem,
                given.tau_syn,
                threshold,
                self._values(given.bias, n, (*at, "bias")),
                given.refractory,
                given.current,
            )
        fields = ("decay_u", "decay_v", "threshold", "threshold_low", "bias", "bias_exponent", "refractory", "u", "v")
        values = {
            key: None if getattr(given, key) is None else self._values(getattr(given, key), n, (*at, key))
            for key in (*fields, "v_min", "v_max")
        }
        noise = Noise(given.noise.exponent, given.noise.mantissa, given.noise.at_membrane) if given.noise else None
        return LifRegisters(**values, reset_interval=given.reset_interval, reset_offset=given.reset_offset, noise=noise)

    def _values(self, value: Any, n: int, at: Path_, otherwise: float = 0.0) -> Any:
        """One number for all, or (n,) numbers; `otherwise` where a problem was noted, to go on with."""
        array = self._array(value, at)
        if array is None:
            return otherwise
        if array.ndim and array.shape != (n,):
            self._problem(at, f"has the shape {list(array.shape)}", f"one number, or {n} (one a compartment)")
            return otherwise
        return array if array.ndim else float(array)

    def _connector(self, given: Any, at: Path_) -> connect.Connector | None:
        before = len(self.problems)
        weights, delay = self._distribution(given.weights, (*at, "weights")), self._delay(given.delay, (*at, "delay"))
        made: connect.Connector
        if isinstance(given, schema.DenseSpec):
            made = connect.Dense(weights, delay)
        elif isinstance(given, schema.OneToOneSpec):
            made = connect.OneToOne(weights, delay)
        elif isinstance(given, schema.RandomSpec):
            made = connect.Random(weights, given.probability, given.fan_in, delay)
        elif isinstance(given, schema.SparseSpec):
            pre, post = self._indices(given.pre, (*at, "pre")), self._indices(given.post, (*at, "post"))
            made = connect.Sparse(pre, post, weights, delay)
        else:
            made = connect.Conv2d(np.asarray(weights), given.stride, given.padding, given.delay)
        return made if len(self.problems) == before else None

    def _indices(self, value: Any, at: Path_) -> np.ndarray:
        array = self._array(value, at)
        if array is None or array.ndim != 1 or np.any(array % 1) or np.any(np.abs(array) > MOST):
            if array is not None:
                self._problem(at, "is not a list of whole numbers", "indices within the population")
            return np.empty(0, np.int64)
        return array.astype(np.int64)

    def _distribution(self, value: Any, at: Path_) -> Any:
        if isinstance(value, schema.UniformSpec):
            return connect.Uniform(*value.uniform)
        if isinstance(value, schema.NormalSpec):
            return connect.Normal(*value.normal)
        array = self._array(value, at)
        return 0.0 if array is None else array if array.ndim else float(array)

    def _delay(self, value: Any, at: Path_) -> Any:
        """Steps beyond the first; times are rounded to steps."""
        if isinstance(value, str) and value.endswith(" ms"):
            made: Any = float(np.rint(float(value[:-3]) / self.spec.network.step))
        else:
            made = self._distribution(value, at)
        if isinstance(made, (connect.Uniform, connect.Normal)):
            return made
        if np.any(np.abs(made) > MOST):
            self._problem(at, f"a delay of {np.max(np.abs(made)):g} steps", f"0..{MOST}, and what the chip has")
        elif np.any(np.asarray(made) % 1):
            self._problem(at, "a delay is not a whole number of steps", "whole numbers, or a time like '3 ms'")
        return made

    # ---- inputs, outputs ----

    def _input(self, name: str, given: Any) -> Input | None:
        at = ("inputs", name)
        if isinstance(given, schema.SpikesSpec):
            return self._spikes(given, at)
        encoder = self._encoder(given, at)
        if isinstance(given, schema.DataSpec):
            known = DATASETS[given.data]
            if isinstance(encoder, encode.Delta):
                self._problem(
                    (*at, "encode"),
                    "'delta' needs values by step, and this data set has none",
                    "bernoulli, latency, current",
                )
            if given.split.side != "all" and given.split.test >= known.samples:
                self._problem((*at, "split"), f"holds out {given.split.test} samples", f"fewer than {known.samples}")
            return DataInput(given.data, Split(given.split.side, given.split.test, given.split.seed), encoder)
        values = self._array(given.values, (*at, "values"))
        labels = None if given.labels is None else self._array(given.labels, (*at, "labels"))
        if values is None:
            return None
        series = isinstance(encoder, encode.Delta)
        values = values[None] if values.ndim == (2 if series else 1) else values
        if values.ndim != (3 if series else 2) and not (values.ndim == 3 and not isinstance(encoder, encode.Latency)):
            self._problem(
                (*at, "values"),
                f"has {values.ndim} dimensions",
                "[samples][channels]; [samples][steps][channels] for a signal by step",
            )
            return None
        if values.size == 0:
            self._problem((*at, "values"), "is empty", "at least one sample")
            return None
        if values.ndim == 3 and values.shape[1] < self.spec.run.steps:
            self._problem(
                (*at, "values"), f"has {values.shape[1]} steps a sample", f"at least run.steps = {self.spec.run.steps}"
            )
        if labels is not None and labels.shape != (values.shape[0],):
            self._problem(
                (*at, "labels"),
                f"has the shape {list(labels.shape)}",
                f"one label for each of {values.shape[0]} samples",
            )
        return ValuesInput(values.astype(np.float64), encoder, labels)

    def _encoder(self, given: Any, at: Path_) -> encode.Encoder:
        own = {
            "bernoulli": {"gain"},
            "latency": {"tau", "threshold", "linear"},
            "delta": {"threshold", "off"},
            "current": {"gain"},
        }
        for key in sorted(given.model_fields_set & {"gain", "tau", "threshold", "linear", "off"} - own[given.encode]):
            self._problem(
                (*at, key),
                f"'{key}' says nothing to the encoder '{given.encode}'",
                ", ".join(sorted(own[given.encode])),
            )
        if given.encode == "bernoulli":
            return encode.Bernoulli(given.gain)
        if given.encode == "latency":
            threshold = 0.01 if given.threshold is None else given.threshold
            if not 0 < threshold < 1:
                self._problem((*at, "threshold"), f"is {threshold:g}", "between 0 and 1")
            return encode.Latency(given.tau, threshold, given.linear)
        if given.encode == "delta":
            return encode.Delta(0.1 if given.threshold is None else given.threshold, given.off)
        return encode.Current(given.gain)

    def _spikes(self, given: schema.SpikesSpec, at: Path_) -> SpikesInput | None:
        at = (*at, "spikes")
        if isinstance(given.spikes, str) and given.spikes.endswith(".csv"):
            table = self._csv(given.spikes, at)
        elif isinstance(given.spikes, str) and not schema.REFERENCE.match(given.spikes):
            self._problem(at, f"found '{given.spikes}'", "a list of [step, channel], 'FILE.csv' or 'FILE.npz#NAME'")
            return None
        elif isinstance(given.spikes, str):
            table = self._array(given.spikes, at)
        else:
            table = np.array(given.spikes, np.int64).reshape(-1, 2)
        if table is None:
            return None
        if table.ndim != 2 or table.shape[1] != 2:
            self._problem(at, f"has the shape {list(table.shape)}", "rows of [step, channel]")
            return None
        odd = table[(table < 0) | (table > MOST) | (table % 1 != 0)]
        if odd.size:
            self._problem(at, f"holds {odd[0]:g}", f"whole numbers 0..{MOST}")
            return None
        if table.size and table[:, 0].min() < 1:
            self._problem(at, f"holds the step {int(table[:, 0].min())}", "steps from 1")
        table = np.unique(table.astype(np.int64), axis=0)
        return SpikesInput(table[:, 0], table[:, 1])

    def _csv(self, name: str, at: Path_) -> np.ndarray | None:
        path = self.path.parent / name
        rows = []
        try:
            arrays.check_file(path, marked_yaml.MAX_BYTES)
            with open(path, newline="", encoding="utf-8-sig") as stream:
                for number, row in enumerate(csv.reader(stream), 1):
                    if not row or (number == 1 and len(row) == 2 and not any(c.isdigit() for c in "".join(row))):
                        continue  # a blank line, or the header
                    cells = [cell.strip() for cell in row]
                    if len(cells) != 2 or not all(c.isascii() and c.isdigit() and len(c) < 11 for c in cells):
                        self._problem(at, f"{path}:{number}: found {','.join(row)[:40]!r}", "step,channel")
                        return None
                    rows.append([int(cell) for cell in cells])
        except UnicodeDecodeError:
            self._problem(at, f"'{path}' is not text (UTF-8)", "lines of step,channel")
            return None
        except (OSError, csv.Error) as error:
            self._problem(at, f"'{path}' cannot be read ({getattr(error, 'strerror', None) or error})")
            return None
        except ValueError as error:  # not a regular file, too large
            self._problem(at, str(error))
            return None
        self.files.append(path)
        return np.array(rows, np.int64).reshape(-1, 2)

    def _check_inputs(self, inputs: dict[str, Input]) -> None:
        """Every source and current names an input of its kind and size; every input is used."""
        used, meant = set(), set()
        for name, population in self.spec.network.populations.items():
            wanted = getattr(population, "source", None) or getattr(population, "current", None)
            if wanted is None:
                continue
            key = "source" if isinstance(population, schema.SourceSpec) else "current"
            at = ("network", "populations", name, key)
            used.add(wanted)
            if wanted not in self.spec.inputs:
                near = difflib.get_close_matches(wanted, self.spec.inputs, n=1)
                meant |= set(near)
                known = ", ".join(self.spec.inputs) or "a name under 'inputs', which is empty"
                self._problem(at, f"there is no input '{wanted}'", known, f"'{near[0]}'" if near else "")
            elif wanted in inputs:
                self._check_input(inputs[wanted], key, int(np.prod(population.dimensions())), at, wanted)
        for name in sorted(set(self.spec.inputs) - used - meant):
            self._problem(
                ("inputs", name),
                f"nothing takes the input '{name}'",
                remedy=f"'source: {name}' in a population",
                at_key=True,
            )
        self._check_samples(inputs)

    def _check_samples(self, inputs: dict[str, Input]) -> None:
        """Every input has as many samples as are run."""
        wanted = self.spec.run.samples
        for name, given in inputs.items():
            if isinstance(given, SpikesInput) or wanted == "all":
                continue
            available = given.values.shape[0] if isinstance(given, ValuesInput) else _side_size(given)
            if wanted > available:
                self._problem(
                    ("run", "samples"), f"is {wanted}; the input '{name}' has {available}", f"1..{available}, all"
                )

    def _check_input(self, given: Input, key: str, size: int, at: Path_, name: str) -> None:
        if isinstance(given, SpikesInput):
            if key == "current":
                self._problem(at, f"'{name}' is a list of spikes", "an input with 'encode: current'")
            elif given.channel.size and given.channel.max() >= size:
                self._problem(("inputs", name), f"has a spike in channel {given.channel.max()}", f"0..{size - 1}")
            return
        if (key == "current") != isinstance(given.encoder, encode.Current):
            what = "makes spikes" if key == "current" else "is a current"
            self._problem(at, f"the input '{name}' {what}", "'current' with 'encode: current', else 'source'")
            return
        n = DATASETS[given.dataset].channels if isinstance(given, DataInput) else given.values.shape[-1]
        if given.encoder.channels(n) != size:
            self._problem(at, f"the input '{name}' has {given.encoder.channels(n)} channels; the population has {size}")

    def _decode(self) -> Decode | None:
        given = self.spec.decode
        if given is None or not self._known(given.from_, ("decode", "from"), on_chip=True):
            return None
        if given.method != "population":
            if given.values is not None:
                self._problem(
                    ("decode", "values"), f"says nothing to the method '{given.method}'", "with 'method: population'"
                )
            return Decode(given.from_, Rate() if given.method == "rate" else FirstSpike())
        n = int(np.prod(self.spec.network.populations[given.from_].dimensions()))
        if given.values is None:
            self._problem(
                ("decode",), "the method 'population' needs 'values'", f"{n} numbers, what each compartment stands for"
            )
            return None
        values = self._values(given.values, n, ("decode", "values"))
        return Decode(given.from_, Population(np.broadcast_to(values, (n,))))

    def _mapping(self) -> MappingOptions:
        given = self.spec.mapping
        for name, count in given.parts.items():
            if self._known(name, ("mapping", "parts", name), on_chip=True):
                size = int(np.prod(self.spec.network.populations[name].dimensions()))
                if count > size:
                    self._problem(("mapping", "parts", name), f"{count} parts of {size} compartments", f"1..{size}")
        return MappingOptions(given.partition, given.placement, dict(given.parts), given.share_cores)

    def _probes(self, network: Network) -> Network:
        for index, text in enumerate(self.spec.probes):
            at = ("probes", index)
            found = schema.PROBE.match(text)
            if not found:
                self._problem(
                    at, f"found {text!r}", "POPULATION.spikes, POPULATION.u or .v, with an index like [0:3] or [5]"
                )
                continue
            name, observable, chosen = found.groups()
            on_chip = observable != "spikes"
            if self._known(name, at, on_chip) and name in network.names():
                indices = self._probe_index(chosen, network[name].size, at)
                network = network.probe(name, observable, indices)
        return network

    def _probe_index(self, text: str | None, n: int, at: Path_) -> np.ndarray | None:
        if text is None:
            return None
        try:
            if ":" in text:
                bounds = [int(part) if part.strip() else None for part in text.split(":")]
                chosen = np.arange(n)[slice(*bounds)]
            else:
                chosen = np.array([int(part) for part in text.split(",")])
        except (ValueError, TypeError):
            self._problem(at, f"'[{text}]' is not an index", "[5], [0:3] or [0,2,5]")
            return None
        if chosen.size == 0 or chosen.min() < 0 or chosen.max() >= n:
            self._problem(at, f"'[{text}]' lies outside", f"0..{n - 1}")
            return None
        return chosen

    # ---- helpers ----

    def _array(self, value: Any, at: Path_) -> np.ndarray | None:
        """Inline numbers or 'FILE.npz#NAME' as an array; None with a problem noted."""
        if not isinstance(value, str):
            try:
                return np.array(value, np.float64)
            except ValueError:
                self._problem(at, "the rows of the list differ in length", "rows of one length")
                return None
        try:
            array = arrays.load(value, self.path.parent)
        except ValueError as error:
            self._problem(at, str(error))
            return None
        self.files.append(self.path.parent / value.partition("#")[0])
        return array

    def _known(self, name: str, at: Path_, on_chip: bool = False) -> bool:
        populations = self.spec.network.populations
        names = [n for n, p in populations.items() if not on_chip or not isinstance(p, schema.SourceSpec)]
        if name in names:
            return True
        near = difflib.get_close_matches(name, names, n=1) if name not in populations else []
        what = f"there is no population '{name}'" if name not in populations else f"'{name}' is a spike source"
        self._problem(at, what, ", ".join(names), f"'{near[0]}'" if near else "")
        return False

    def _problem(self, at: Path_, what: str, allowed: str = "", remedy: str = "", at_key: bool = False) -> None:
        self.problems.append(self.document.problem(at, what, allowed, remedy, at_key))

    def _remember(self, name: str, at: Path_) -> None:
        mark = self.document.key_mark(at)
        self.places.setdefault(name, Place(mark.file, mark.line, mark.column, dotted(at)))


def _side_size(given: DataInput) -> int:
    """How many samples are on the side of the split that is used."""
    known, split = DATASETS[given.dataset].samples, given.split
    return {"all": known, "test": split.test_size, "train": known - split.test_size}[split.side]
