"""A program that learns, in floats: the same network, spikes of the host, order and rules; no integers, limits or rounding.

    Twin(program).run() -> Outcome

Takes a Program whose populations are three_factor_lif or _alif, lif_registers, graded_vec or leaky_error, without delays.
Weights begin with those that the program gives or draws. Products have the scale of the chip's: two factors of 7 bits are
divided by 8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neuroemu import host
from neuroemu.compiler.expand import expand
from neuroemu.decode import score
from neuroemu.learning.floating import FloatLearning
from neuroemu.learning.microcode import shift_of
from neuroemu.learning.settings import Learning
from neuroemu.network import LifRegisters, Population, Registers
from neuroemu.program import Program

Ports = dict[str, np.ndarray]
UNIT = 64  # of v in a weight's mantissa


@dataclass(frozen=True)
class Outcome:
    """accuracy: of the samples that are answered, None without a decoder.  weights: (n_post, n_pre) by projection that learns.

    payloads: (samples that are answered, n) sums of what the answering population sent.
    states: (steps of the run, n) of each (population, state) that was asked for.
    """

    accuracy: float | None
    weights: dict[str, np.ndarray]
    payloads: np.ndarray
    states: dict[tuple[str, str], np.ndarray]


class Cells:
    """A population: `step` takes what arrives at each port and gives what is sent; y1..y3 as rules read them."""

    def __init__(self, n: int, values: dict) -> None:
        self.n, self.values = n, values
        self.restart()

    def restart(self) -> None:
        """Before step 1."""
        self.v, self.signal = np.zeros(self.n), np.zeros(self.n)
        self.third: Ports = {}

    def parameter(self, name: str, otherwise: float = 0.0) -> np.ndarray | float:
        given = self.values.get(name, otherwise)
        return otherwise if given is None else given

    def step(self, arrived: Ports) -> np.ndarray:
        raise NotImplementedError


class Relay(Cells):
    """graded_vec."""

    def step(self, arrived: Ports) -> np.ndarray:
        return np.where(np.abs(arrived["in"]) > self.parameter("vth"), arrived["in"], 0.0)


class Lif(Cells):
    """lif_registers: its current lasts for a step; a low threshold makes spikes of -1."""

    def integrate(self, arrived: Ports) -> np.ndarray:
        bias = np.asarray(self.parameter("bias")) * 2.0 ** np.asarray(self.parameter("bias_exponent"))
        return (1 - np.asarray(self.parameter("decay_v")) / 4096) * self.v + arrived["in"] + bias / UNIT

    def step(self, arrived: Ports) -> np.ndarray:
        v = self.integrate(arrived)
        sent = (v > self.parameter("threshold", 1.0)) * 1.0
        if self.values.get("threshold_low") is not None:
            sent -= v < self.values["threshold_low"]
        self.v = np.where(sent != 0, 0.0, v)
        return sent


class ThreeFactor(Lif):
    """three_factor_lif."""

    def threshold(self) -> np.ndarray | float:
        return self.parameter("threshold", 1.0)

    def step(self, arrived: Ports) -> np.ndarray:
        v, threshold, width = self.integrate(arrived), self.threshold(), self.parameter("width")
        sent = (v > threshold) * 1.0
        self.v = np.where(sent > 0, 0.0, v)
        self.signal = (1 - np.asarray(self.parameter("decay_signal", 4096)) / 4096) * self.signal + arrived["signal"]
        near = np.maximum(1 - np.abs(v - threshold) / width, 0.0) if np.any(width) else np.ones(self.n)
        told = self.signal / 2.0 ** np.asarray(self.parameter("signal_shift"))
        self.third = {"y1": 127 * near, "y2": told, "y3": 127 * near * told / 128}
        return sent


class Adapting(ThreeFactor):
    """three_factor_alif."""

    def restart(self) -> None:
        super().restart()
        self.b = np.zeros(self.n)

    def threshold(self) -> np.ndarray | float:
        return super().threshold() + self.b

    def step(self, arrived: Ports) -> np.ndarray:
        sent = super().step(arrived)
        self.b = (1 - np.asarray(self.parameter("decay_b", 41)) / 4096) * self.b + self.parameter("step") * sent
        return sent


class Error(Cells):
    """leaky_error."""

    def step(self, arrived: Ports) -> np.ndarray:
        self.v = (1 - np.asarray(self.parameter("decay_v")) / 4096) * self.v + arrived["in"]
        missing = (arrived["target"] - self.v) / 2.0 ** np.asarray(self.parameter("error_shift"))
        self.third = {"y1": missing}
        return missing


KINDS = {"three_factor_lif": ThreeFactor, "three_factor_alif": Adapting, "graded_vec": Relay, "leaky_error": Error}


def cells_of(population: Population) -> Cells:
    """The floats of a population."""
    model = population.model
    if isinstance(model, LifRegisters):
        return Lif(population.size, vars(model))
    assert isinstance(model, Registers) and isinstance(model.model, str)
    return KINDS[model.model](population.size, dict(model.values))


class Twin:
    """A program in floats, a sample after the other."""

    def __init__(self, program: Program) -> None:
        self.program, self.network = program, program.network
        self.cells = {population.name: cells_of(population) for population in self.network.on_chip}
        self.size = {population.name: population.size for population in self.network.populations}
        self.matrices, self.learns = {}, {}
        for name, made in expand(self.network, program.seed).items():
            projection = next(each for each in self.network.projections if each.name == name)
            matrix = np.zeros((self.size[projection.target], self.size[projection.source]))
            np.add.at(matrix, (made.post, made.pre), made.weight)
            assert projection.format is not None and not np.any(made.delay)
            self.matrices[name] = matrix
            if projection.learning is not None:
                learning = FloatLearning(scaled(projection.learning), matrix, projection.format.sign_mode)
                self.learns[name] = learning
            else:
                matrix *= 2.0**projection.format.exponent

    def run(self, watched: tuple[tuple[str, str], ...] = ()) -> Outcome:
        """All samples.  watched: (population, 'v' or 'signal')."""
        program, given = self.program, host.feed(self.program)
        n_tested, decode = given.samples - given.trained, program.decode
        payloads = np.zeros((n_tested, self.size[decode.population] if decode else 0))
        states: dict[tuple[str, str], list[np.ndarray]] = {key: [] for key in watched}
        for sample in range(given.samples):
            if program.fresh_samples:
                self.restart()
            told = {name: rows(given.inputs[name], sample, program.steps, self.size[name]) for name in given.inputs}
            frozen = program.training is not None and sample >= given.trained
            awards = {
                name: each.bias(sample * program.steps + 1, program.steps) for name, each in given.rewards.items()
            }
            for t in range(program.steps):
                for projection in self.network.projections:
                    if projection.learning is not None and projection.learning.reward is not None:
                        self.learns[projection.name].reward = float(awards[projection.learning.reward][t, 0])
                self.step({name: spikes[t] for name, spikes in told.items()}, not frozen)
                for name, state in watched:
                    states[name, state].append(getattr(self.cells[name], state).copy())
                if decode and sample >= given.trained:
                    payloads[sample - given.trained] += self.sent[decode.population]
        accuracy = None
        if decode and given.labels is not None:
            accuracy, _ = score(decode.decoder, payloads.argmax(axis=1), given.labels[given.trained :])
        weights = {name: learning.synapses["w"] for name, learning in self.learns.items()}
        return Outcome(accuracy, weights, payloads, {key: np.array(found) for key, found in states.items()})

    def restart(self) -> None:
        """A fresh sample: what was learned stays."""
        self.sent = {name: np.zeros(n) for name, n in self.size.items()}
        for cells in self.cells.values():
            cells.restart()
        for learning in self.learns.values():
            learning.forget()

    def step(self, host_spikes: Ports, learns: bool) -> None:
        """What was sent in the step before arrives; then everybody learns from the spikes of this one."""
        arrived = {name: {port: np.zeros(cells.n) for port in PORTS} for name, cells in self.cells.items()}
        for projection in self.network.projections:
            sent = self.sent[projection.source]
            if not sent.any():
                continue
            format, learning = projection.format, self.learns.get(projection.name)
            assert format is not None
            carried = sent if format.message_bits else (sent != 0) * 1.0
            matrix = self.matrices[projection.name] if learning is None else learning.synapses["w"]
            scale = 2.0**format.exponent if learning is not None else 1.0
            arrived[projection.target][projection.port or "in"] += scale * (matrix @ carried)
        self.sent = host_spikes | {name: cells.step(arrived[name]) for name, cells in self.cells.items()}
        for projection in self.network.projections:
            if learns and projection.learning is not None:
                third = self.cells[projection.target].third if projection.learning.third == "model" else {}
                before, after = self.sent[projection.source] != 0, self.sent[projection.target] != 0
                self.learns[projection.name].step(before, after, third)


PORTS = ("in", "signal", "target")


def rows(given: object, sample: int, steps: int, n: int) -> np.ndarray:
    """(steps, n) payloads of the host's spikes in a sample."""
    row, channel, *graded = given.events(sample * steps + 1, steps)  # type: ignore[attr-defined]
    found = np.zeros((steps, n))
    found[row, channel] = graded[0] if graded else 1.0
    return found


def scaled(learning: Learning) -> Learning:
    """The same with each product shifted as the chip's accumulator makes it be."""
    rules = []
    for rule in learning.rules:
        shifts = [shift_of(product, learning.dialect.mantissa_bits) for product in rule.products]
        products = (replace(p, exponent=p.exponent - s) for p, s in zip(rule.products, shifts, strict=True))
        rules.append(replace(rule, products=tuple(products)))
    return replace(learning, rules=tuple(rules))
