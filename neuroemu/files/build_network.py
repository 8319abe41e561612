"""The network of a program: populations, connections and probes of a spec as a Network."""

from __future__ import annotations

import difflib
import math
import re
from typing import Any

import numpy as np

from .. import compartments, connect
from ..compartments import Model
from ..errors import ProgramError
from ..learning import Learning
from ..network import DENDRITES, Lif, LifRegisters, Network, Noise, Registers, Spikes, WeightFormat
from .build_import import imported
from .build_learning import learning_of
from .connection_schema import DenseSpec, OneToOneSpec, RandomSpec, SparseSpec
from .draft import MOST, Draft
from .marked_yaml import Path_
from .number_schema import NormalSpec, UniformSpec
from .population_schema import LifRegistersSpec, LifSpec, OwnSpec, SourceSpec

PROBE = re.compile(r"^([A-Za-z_][\w\-]*)\.([A-Za-z_]\w*)(?:\[(.+)\])?$")


def network_of(draft: Draft, rules: dict[str, Learning]) -> Network:
    """Populations and connections, which learn by `rules`; what is wrong with them is noted in the draft and left out."""
    network = imported(draft)
    named: set[str] = set()
    for name, given in draft.spec.network.populations.items():
        at: Path_ = ("network", "populations", name)
        if name in network.names():
            draft.problem(at, f"'{name}' is a population of the imported file", "a name of its own", at_key=True)
            continue
        draft.remember(name, at)
        delay = _axon_delay(draft, given, at)
        network = network.population(name, given.dimensions(), _model(draft, given, at), delay)
    for index, joined in zip(draft.salvaged.connections, draft.spec.network.connections, strict=True):
        at = ("network", "connections", index)
        connector = _connector(draft, joined, at)
        learning = learning_of(draft, rules, joined, at)
        if joined.name in named:
            draft.problem((*at, "name"), f"'{joined.name}' is the name of another connection", "a name of its own")
            continue
        named |= {joined.name} if joined.name else set()
        if not draft.known(joined.from_, (*at, "from")) or not draft.known(joined.to, (*at, "to")) or connector is None:
            continue
        if not network[joined.to].on_chip:
            draft.problem(
                (*at, "to"), f"'{joined.to}' is a spike source and receives nothing", "a population with 'neuron'"
            )
            continue
        chosen = WeightFormat(**joined.format.model_dump()) if joined.format else None
        ports = network[joined.to].compartment.ports
        if joined.port == DENDRITES:
            draft.problem((*at, "port"), "the port 'dendrites' is for branches", "network.branches: [{from, to}]")
            continue
        if joined.port and joined.port not in ports:
            if joined.to not in draft.stand_ins:
                draft.problem((*at, "port"), f"'{joined.to}' has no port '{joined.port}'", ", ".join(ports))
            continue
        port = joined.port or ""
        network = network.connect(joined.from_, joined.to, connector, chosen, joined.bits, joined.name, port, learning)
        draft.remember(network.projections[-1].name, at)
        draft.paths[network.projections[-1].name] = at
    return _with_branches(draft, network)


def _with_branches(draft: Draft, network: Network) -> Network:
    for index, given in enumerate(draft.spec.network.branches):
        at: Path_ = ("network", "branches", index)
        known = [draft.known(given.from_, (*at, "from")), draft.known(given.to, (*at, "to"))]
        if not all(known):
            continue
        try:
            network = network.branch(given.from_, given.to, given.join)
        except ProgramError as error:
            for problem in error.problems:
                draft.problem(at, problem.what, problem.allowed)
    return network


def _model(draft: Draft, given: Any, at: Path_) -> Spikes | Lif | LifRegisters | Registers:
    if isinstance(given, SourceSpec):
        return Spikes(given.source)
    n = int(np.prod(given.dimensions()))
    if isinstance(given, LifSpec):
        return _lif(draft, given, n, at)
    if isinstance(given, LifRegistersSpec):
        return _lif_registers(draft, given, n, at)
    if isinstance(given, OwnSpec):
        return _own(draft, given, n, at)
    model = compartments.find(given.neuron)
    return Registers(given.neuron, _fields(draft, model, {key: getattr(given, key) for key in model.fields}, n, at))


def _lif(draft: Draft, given: Any, n: int, at: Path_) -> Lif:
    threshold = draft.values(given.threshold, n, (*at, "threshold"), otherwise=1.0)
    if np.any(np.asarray(threshold) <= 0):
        draft.problem((*at, "threshold"), "a threshold is not above 0", "numbers above 0")
    if not given.spikes and "threshold" in given.model_fields_set:
        draft.problem((*at, "threshold"), "a readout (spikes: false) has no threshold", at_key=True)
    return Lif(
        given.tau_mem,
        given.tau_syn,
        threshold if given.spikes else math.inf,
        draft.values(given.bias, n, (*at, "bias")),
        given.refractory,
        given.current,
        given.reset == "subtract",
    )


def _lif_registers(draft: Draft, given: Any, n: int, at: Path_) -> LifRegisters:
    fields = ("decay_u", "decay_v", "threshold", "threshold_low", "bias", "bias_exponent", "refractory", "u", "v")
    values: dict[str, Any] = {
        key: None if getattr(given, key) is None else draft.values(getattr(given, key), n, (*at, key))
        for key in (*fields, "v_min", "v_max")
    }
    noise = Noise(given.noise.exponent, given.noise.mantissa, given.noise.at_membrane) if given.noise else None
    periodic = {"reset_interval": given.reset_interval, "reset_offset": given.reset_offset}
    return LifRegisters(**values, **periodic, noise=noise, soft_reset=given.reset == "subtract")


def _own(draft: Draft, given: Any, n: int, at: Path_) -> LifRegisters | Registers:
    """A model of the user's own file, or of an installed package; LifRegisters stands in where there is none."""
    model = draft.own_model(given.neuron, (*at, "neuron"))
    if model is None:
        draft.stand_ins.add(str(at[-1]))
        return LifRegisters()
    for key in given.parameters:
        if key not in model.fields:
            near = difflib.get_close_matches(key, model.fields, n=1)
            draft.problem(
                (*at, "parameters", key),
                f"'{given.neuron}' has no field '{key}'",
                ", ".join(model.fields),
                f"'{near[0]}'" if near else "",
                at_key=True,
            )
    known = {key: value for key, value in given.parameters.items() if key in model.fields}
    return Registers(model, _fields(draft, model, known, n, (*at, "parameters")))


def _fields(draft: Draft, model: Model, given: dict[str, Any], n: int, at: Path_) -> dict[str, Any]:
    return {key: draft.values(value, n, (*at, key)) for key, value in given.items() if value is not None}


def _axon_delay(draft: Draft, given: Any, at: Path_) -> Any:
    delay, n = _delay(draft, given.axon_delay, (*at, "axon_delay")), int(np.prod(given.dimensions()))
    if isinstance(delay, (connect.Uniform, connect.Normal)) or np.shape(delay) not in ((), (n,)):
        draft.problem((*at, "axon_delay"), "is not one delay for each compartment", f"one number, or {n} of them")
        return 0
    if np.any(np.asarray(delay) < 0):
        draft.problem((*at, "axon_delay"), f"a delay of {np.min(delay):g} steps", f"whole numbers 0..{MOST}")
        return 0
    return np.asarray(delay).astype(np.int64) if np.ndim(delay) else int(delay)


def _connector(draft: Draft, given: Any, at: Path_) -> connect.Connector | None:
    before = len(draft.problems)
    weights, delay = _distribution(draft, given.weights, (*at, "weights")), _delay(draft, given.delay, (*at, "delay"))
    made: connect.Connector
    if isinstance(given, DenseSpec):
        made = connect.Dense(weights, delay)
    elif isinstance(given, OneToOneSpec):
        made = connect.OneToOne(weights, delay)
    elif isinstance(given, RandomSpec):
        made = connect.Random(weights, given.probability, given.fan_in, delay)
    elif isinstance(given, SparseSpec):
        pre, post = _indices(draft, given.pre, (*at, "pre")), _indices(draft, given.post, (*at, "post"))
        made = connect.Sparse(pre, post, weights, delay)
    else:
        made = connect.Conv2d(np.asarray(weights), given.stride, given.padding, given.delay)
    return made if len(draft.problems) == before else None


def _indices(draft: Draft, value: Any, at: Path_) -> np.ndarray:
    array = draft.array(value, at)
    if array is None or array.ndim != 1 or np.any(array % 1) or np.any(np.abs(array) > MOST):
        if array is not None:
            draft.problem(at, "is not a list of whole numbers", "indices within the population")
        return np.empty(0, np.int64)
    return array.astype(np.int64)


def _distribution(draft: Draft, value: Any, at: Path_) -> Any:
    if isinstance(value, UniformSpec):
        return connect.Uniform(*value.uniform)
    if isinstance(value, NormalSpec):
        return connect.Normal(*value.normal)
    array = draft.array(value, at)
    return 0.0 if array is None else array if array.ndim else float(array)


def _delay(draft: Draft, value: Any, at: Path_) -> Any:
    """Steps beyond the first; times are rounded to steps."""
    if isinstance(value, str) and value.endswith(" ms"):
        made: Any = float(np.rint(float(value[:-3]) / draft.step_ms))
        if made == 0 and float(value[:-3]) > 0:
            draft.problem(at, f"a delay of {value} is less than half a time step", "0, or a time of a step and more")
    else:
        made = _distribution(draft, value, at)
    if isinstance(made, (connect.Uniform, connect.Normal)):
        return made
    if np.any(np.abs(made) > MOST):
        draft.problem(at, f"a delay of {np.max(np.abs(made)):g} steps", f"0..{MOST}, and what the chip has")
    elif np.any(np.asarray(made) % 1):
        draft.problem(at, "a delay is not a whole number of steps", "whole numbers, or a time like '3 ms'")
    return made


def with_probes(draft: Draft, network: Network) -> Network:
    """The network with the probes of the program."""
    for index, text in zip(draft.salvaged.probes, draft.spec.probes, strict=True):
        at = ("probes", index)
        if not isinstance(text, str):
            continue  # of synapses: build_learning.py
        found = PROBE.match(text)
        if not found:
            draft.problem(
                at,
                f"found {text!r}",
                "POPULATION.spikes, POPULATION.STATE like .u or .v, with an index like [0:3] or [5]; "
                "{weights: CONNECTION, every: 100} or {tags: CONNECTION, every: 100}",
            )
            continue
        name, observable, chosen = found.groups()
        on_chip = observable != "spikes"
        if draft.known(name, at, on_chip) and name in network.names():
            if observable not in network[name].observables:
                if name not in draft.stand_ins:
                    draft.problem(at, f"'{name}' has no '{observable}'", ", ".join(network[name].observables))
                continue
            indices = _probe_index(draft, chosen, network[name].size, at)
            network = network.probe(name, observable, indices)
    return network


def _probe_index(draft: Draft, text: str | None, n: int, at: Path_) -> np.ndarray | None:
    if text is None:
        return None
    try:
        if ":" in text:
            bounds = [int(part) if part.strip() else None for part in text.split(":")]
            chosen = np.arange(n)[slice(*bounds)]
        else:
            chosen = np.array([int(part) for part in text.split(",")])
    except (ValueError, TypeError):
        draft.problem(at, f"'[{text}]' is not an index", "[5], [0:3] or [0,2,5]")
        return None
    if chosen.size == 0 or chosen.min() < 0 or chosen.max() >= n:
        draft.problem(at, f"'[{text}]' lies outside", f"0..{n - 1}")
        return None
    return chosen
