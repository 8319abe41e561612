"""A network as its author means it: populations, projections, probes. No chip, no integers, no cores.

Built from YAML (files/program_file.py) or in Python:

    net = (Network()
           .population("in", 4, Spikes("kick"))
           .population("out", 2, Lif(tau_mem_ms=10.0, threshold=1.0))
           .connect("in", "out", Dense(np.full((2, 4), 0.5))))
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from .compartments import BUILT_IN, find
from .compartments import Model as CompartmentModel
from .compartments import names as names_of_models
from .compartments.joins import JOINS
from .connect import Connector
from .errors import Problem, ProgramError
from .learning import Learning

if TYPE_CHECKING:
    import networkx as nx

    from .nir_io.exact import Exact

DENDRITES = "dendrites"  # the port that branches lead to
Values = float | int | np.ndarray  # one for all, or one a compartment

SIGN_MODES = ("mixed", "excitatory", "inhibitory")


@dataclass(frozen=True)
class Spikes:
    """A population that is not on the chip: its spikes come from the host, from the program's input of that name."""

    source: str


@dataclass(frozen=True)
class Lif:
    """Current-based leaky integrate-and-fire in physical units; the compiler finds the chip's integers for it.

    u[t] = exp(-dt/tau_syn) u[t-1] + input[t];  v[t] = exp(-dt/tau_mem) v[t-1] + u[t] + bias;  spike if v > threshold, v = 0.
    tau_syn_ms: 0 forgets the current at once.  tau_mem_ms: inf does not leak.  refractory_ms: pause after a spike.
    threshold: inf never spikes (a readout).  soft_reset: a spike takes the threshold from v (not Loihi 1).
    current: name of a program input that is added to the bias (a direct current, one value a sample or a step).
    u, v: before step 1.
    """

    tau_mem_ms: Values = math.inf
    tau_syn_ms: Values = 0.0
    threshold: Values = 1.0
    bias: Values = 0.0
    refractory_ms: Values = 0.0
    current: str | None = None
    soft_reset: bool = False
    u: Values = 0.0
    v: Values = 0.0


@dataclass(frozen=True)
class Noise:
    """The chip's noise: trunc((x + 64 mantissa) 2**(exponent - 7)) a step, x uniform in -127..127.

    at_membrane: added to u + bias instead of the input.  enable: for all, or one a compartment.
    draws: (steps, n) recorded x in place of the generator, to replay a recording.
    """

    exponent: int
    mantissa: int = 0
    at_membrane: bool = False
    enable: bool | np.ndarray = True
    draws: np.ndarray | None = None


@dataclass(frozen=True)
class LifRegisters:
    """The same compartment by the chip's own registers, nothing chosen for you.

    decay_u, decay_v: 0..4095.  threshold, threshold_low: mantissas, in 2**6; a low one makes it ternary (spikes of -1).
    bias, bias_exponent: bias = mantissa << exponent.  refractory: r steps, 1 is no pause.
    u, v, charge: state before step 1 (charge: input waiting for step 1).  v_min, v_max: None is the chip's own range.
    reset_interval, reset_offset: u = v = 0 at the start of every step t with t = offset modulo interval; 0 never.
    """

    decay_u: Values = 4095
    decay_v: Values = 0
    threshold: Values = 1
    bias: Values = 0
    bias_exponent: Values = 0
    refractory: Values = 1
    u: Values = 0
    v: Values = 0
    charge: Values = 0
    v_min: Values | None = None
    v_max: Values | None = None
    threshold_low: Values | None = None
    reset_interval: int = 0
    reset_offset: int = 0
    noise: Noise | None = None
    soft_reset: bool = False


@dataclass(frozen=True)
class Registers:
    """Compartments of any model, by its own registers: everything that compartments/ has, and models of your own.

    model: the name of a model, or a Model.  values: by the names of its fields, one for all or one a compartment; what is
    not given has the model's default.
    """

    model: str | CompartmentModel
    values: Mapping[str, Values] = field(default_factory=dict)


Model = Spikes | Lif | LifRegisters | Registers


@dataclass(frozen=True)
class WeightFormat:
    """How weights are stored when the user says so: then they are integer mantissas and used as they are.

    bits: 1..8.  exponent: effective weight = mantissa << (6 + exponent).  sign_mode: 'mixed', 'excitatory', 'inhibitory'.
    message_bits: > 0 multiplies by the payload of the spike (signed), 0 takes any spike as 1.
    clip: limit mantissas that are out of range, as the public emulators do, instead of refusing them.
    """

    bits: int = 8
    exponent: int = 0
    sign_mode: str = "mixed"
    message_bits: int = 0
    clip: bool = False


@dataclass(frozen=True)
class Population:
    """size = product of shape.  axon_delay: steps that its spikes wait before they leave, one for all or one each."""

    name: str
    shape: tuple[int, ...]
    model: Model
    axon_delay: int | np.ndarray = 0

    @property
    def size(self) -> int:
        return int(math.prod(self.shape))

    @property
    def on_chip(self) -> bool:
        return not isinstance(self.model, Spikes)

    @property
    def compartment(self) -> CompartmentModel:
        """The model of its compartments; those of physical units and of LifRegisters are 'lif'. Raises KeyError."""
        assert self.on_chip
        if isinstance(self.model, Registers):
            return self.model.model if isinstance(self.model.model, CompartmentModel) else find(self.model.model)
        return find("lif")

    @property
    def observables(self) -> tuple[str, ...]:
        """What can be probed."""
        return ("spikes", *self.compartment.state._fields) if self.on_chip else ("spikes",)


@dataclass(frozen=True)
class Projection:
    """connector: who with whom.  format: None lets the compiler quantise float weights; bits: the width it then uses.

    port: the input of the target's compartments that it leads to, '' the first.  learning: None where it is fixed.
    """

    name: str
    source: str
    target: str
    connector: Connector
    format: WeightFormat | None = None
    bits: int = 8
    port: str = ""
    learning: Learning | None = None


@dataclass(frozen=True)
class Branch:
    """Compartment i of `child` passes its value to compartment i of `parent` in the same step (compartments/dendrite.py).

    join: 'add', 'max', 'min' or 'or', one for all children of a parent.
    """

    child: str
    parent: str
    join: str = "add"


@dataclass(frozen=True)
class Probe:
    """What to record.  observable: 'spikes', or a state of the model like 'u' or 'v'.  index: compartments, None for all."""

    population: str
    observable: str
    index: np.ndarray | None = None


@dataclass(frozen=True)
class Network:
    """Populations and projections in the order they were given; every method returns a new Network.

    step_ms: length of a time step.  exact: the graph that the network was imported from, as its framework computes it; None
    once anything is added that the framework has not.  Raises ProgramError where a name is taken or missing.
    """

    step_ms: float = 1.0
    populations: tuple[Population, ...] = ()
    projections: tuple[Projection, ...] = ()
    probes: tuple[Probe, ...] = field(default=())
    branches: tuple[Branch, ...] = ()
    exact: Exact | None = field(default=None, repr=False)

    def population(
        self, name: str, size: int | tuple[int, ...], model: Model, axon_delay: int | np.ndarray = 0
    ) -> Network:
        shape = (int(size),) if isinstance(size, Integral) else tuple(int(k) for k in size)  # type: ignore[union-attr]
        if name in self.names():
            raise _error(f"population '{name}' is there already", "a name of its own for every population")
        if not shape or min(shape) < 1:
            raise _error(f"population '{name}' has the shape {shape}", "sizes of at least 1")
        named = model.model if isinstance(model, Registers) else "lif"
        if isinstance(named, str) and named not in BUILT_IN and named not in names_of_models():
            raise _error(f"there is no model '{named}'", f"a Model, or one of {', '.join(names_of_models())}")
        delay = np.asarray(axon_delay)
        if delay.dtype.kind not in "iu" or delay.shape not in ((), (math.prod(shape),)) or np.any(delay < 0):
            raise _error(
                f"the axonal delay of '{name}' is no number of steps", "whole steps of at least 0, one or one each"
            )
        return replace(self, populations=(*self.populations, Population(name, shape, model, axon_delay)), exact=None)

    def connect(
        self,
        source: str,
        target: str,
        connector: Connector,
        format: WeightFormat | None = None,
        bits: int = 8,
        name: str | None = None,
        port: str = "",
        learning: Learning | None = None,
    ) -> Network:
        for end in (source, target):
            if end not in self.names():
                raise _error(f"there is no population '{end}'", f"one of {', '.join(self.names())}")
        if not self[target].on_chip:
            raise _error(f"'{target}' is a spike source and receives nothing", "a target with compartments")
        taken = {projection.name for projection in self.projections}
        if name in taken:
            raise _error(f"connection '{name}' is there already", "a name of its own for every connection")
        base = name or f"{source}->{target}"
        unique = next(
            label for label in [base, *(f"{base}#{k}" for k in range(2, len(taken) + 3))] if label not in taken
        )
        if port == DENDRITES:
            raise _error(f"the port '{port}' is for branches", "Network.branch(dendrite, parent)")
        made = Projection(unique, source, target, connector, format, bits, port, learning)
        return replace(self, projections=(*self.projections, made), exact=None)

    def branch(self, child: str, parent: str, join: str = "add") -> Network:
        """A dendrite of a tree. Populations are given from the tips to the root; all have one size."""
        for end in (child, parent):
            if end not in self.names() or not self[end].on_chip or DENDRITES not in self[end].compartment.ports:
                raise _error(
                    f"'{end}' is no part of a dendritic tree", "populations of dendrites, and a soma as the root"
                )
        siblings = [branch for branch in self.branches if branch.parent == parent]
        order = self.names()
        if join not in JOINS:
            raise _error(f"there is no join '{join}'", ", ".join(JOINS))
        if not self[child].compartment.passes_up:
            raise _error(f"'{child}' passes nothing up", "a population of dendrites")
        if order.index(child) >= order.index(parent):
            raise _error(f"'{child}' stands after its parent '{parent}'", "dendrites before what they lead to")
        if self[child].size != self[parent].size:
            sizes = f"{self[child].size} and {self[parent].size}"
            raise _error(f"'{child}' and '{parent}' have {sizes} compartments", "populations of one size")
        if any(branch.child == child for branch in self.branches):
            raise _error(f"'{child}' has a parent already", "one parent each")
        if siblings and siblings[0].join != join:
            raise _error(f"'{parent}' joins its dendrites by '{siblings[0].join}'", "one join for all of them")
        return replace(self, branches=(*self.branches, Branch(child, parent, join)), exact=None)

    def probe(self, population: str, observable: str, index: np.ndarray | None = None) -> Network:
        if population not in self.names() or observable not in self[population].observables:
            known = self[population].observables if population in self.names() else ("spikes", "u", "v")
            raise _error(f"cannot probe '{population}.{observable}'", f"a population and one of {', '.join(known)}")
        return replace(self, probes=(*self.probes, Probe(population, observable, index)))

    def names(self) -> list[str]:
        return [population.name for population in self.populations]

    def __getitem__(self, name: str) -> Population:
        for population in self.populations:
            if population.name == name:
                return population
        raise _error(f"there is no population '{name}'", f"one of {', '.join(self.names())}")

    @property
    def on_chip(self) -> tuple[Population, ...]:
        """The populations whose compartments are on the chip, in order."""
        return tuple(population for population in self.populations if population.on_chip)

    @property
    def sources(self) -> tuple[Population, ...]:
        """The spike sources, in order."""
        return tuple(population for population in self.populations if not population.on_chip)

    def graph(self) -> nx.MultiDiGraph:
        """A networkx view: a node a population (size, model), an edge a projection (keyed by its name)."""
        import networkx as nx  # a tenth of a second that `neuroemu check` need not wait for

        graph = nx.MultiDiGraph(step_ms=self.step_ms)
        for population in self.populations:
            graph.add_node(population.name, size=population.size, shape=population.shape, model=population.model)
        for projection in self.projections:
            graph.add_edge(projection.source, projection.target, key=projection.name, projection=projection)
        return graph


def _error(what: str, allowed: str) -> ProgramError:
    return ProgramError([Problem(what, allowed=allowed)])
