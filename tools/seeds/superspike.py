"""SuperSpike (rows D16 to D19, seeds: Zenke and Ganguli's slides): programs/seeds/superspike*.yaml, and the same in floats.

    python -m tools.seeds.superspike [--task one] [--seed 1 2 3] [--feedback symmetric] [--outputs 1] [--hidden 32]
        [--trials 200] [--rate 90] [--set KEY=VALUE] [--no-float] [--write]

One trial shows the same Poisson trains (10 Hz, 500 steps of 1 ms); each output has five wanted times, at least 11 steps apart.

    u = r_u u + sum_j w_j S_j[t-1],  v = r_v v + u,  S = v > 1, then v = 0          r_u = 3/4, r_v = 1 - 400/4096
    e = r_v e + S_wanted[t-2] - S[t-2]                                              by way of the error's compartment
    x = exp(-1/10) x + S_j,  t = 7/8 t + max(1 - |v - 1|, 0) x,  w += eta e t       (t of the step before)

The loss is van Rossum's with the seeds' double exponential (10 and 5 steps), as part of that of no spike at all.

Exact on chip: gates, products, the delays. Approximated: x, sigma'(U) and e have 7 bits, t 9, w is even and of -256..254, all
with stochastic rounding; single exponentials for eps and alpha. None of it costs anything here: with each rounding alone, and
with all of them, the floats' best loss stays at 0 to .4 % (five seeds). An earlier
choice of registers stayed at .10 to .18 (single exponential); a current that lasts (decay_u 1023 for 4095) and a mean first
weight of 10 for 20, changed together, brought it to 0. Which of the two did was not measured.

Approximated besides: tags saturate at 255 and errors below 1 are lost, so that a trial's change is .83 of the floats' (in the
mean over 12 seeds, correlation .98), the hidden layer's .61 (correlation .92 over 40): the rate is lower, not the direction.

Measured on chip, best loss as part of that of silence:
    one, 200 trials, seeds 1, 2, 3: 0, 4.4, 0 % with 5, 4, 5 of 5 hit; floats 0, 2.5, 0 %. 600 trials, seed 1: 0 %, floats 0 %
    sequence, 60 trials, seeds 1 to 10: the one spike within 2 steps and no other, from trial 4 to 13 on, floats 4 to 10, and in
    all of the last 20 trials, 10 of 10 both
    many, 15 trials: 7.7 %; with 100, 1.5 % and 99 of 100 hit, floats 1.2 % and 99
    hidden, one output, 1500 trials, seeds 1, 2, 3 (the bar is 1 %): by all three feedbacks 0, 0, 0 %, and so the last ten
    trials; floats symmetric 1.26, 1.62, .96, random 2.52, 1.09, 1.89, uniform .87, 0, .69 %
    hidden, four outputs, 200 hidden, r1 = 40, widths of 1000, 1500 trials, symmetric, seeds 1, 2, 3: 1.01, .79, 1.09 % (20, 20,
    19 of 20 hit); with 800 trials .89 and .09 % for seeds 11 and 12, on which that was chosen. With the program's widths and
    800 trials seeds 1, 2, 3 have .86, 1.86, 1.10 %, floats of seed 1 1.98 %
Settings were chosen on seeds 11 to 18. Earlier ones had epochs of two steps, 32 hidden, and a rate that did not fall: symmetric
.58, 2.87, 1.89, random .63, 1.09, 2.15, uniform .63, 1.62, .35 %, four outputs 1.99, 2.08, 1.46 %. A spike a step late is an
error for one step only, in half of the cases between two epochs: with 32 hidden and 500 trials of a falling rate, 11 to 14,
symmetric, have .72, 0, .76, 1.19 % by epochs of two and 0, 0, 0, .40 % by epochs of one.
The chip is ahead of its floats here: its roundings move weights by chance, so that it tries more. 41 to 51 pJ a synapse read by
the rule (120 pJ a change).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import neuroemu
from neuroemu import library
from neuroemu.files import program_file
from neuroemu.network import Network
from neuroemu.program import Program

STEPS, RATE, FIRST = 500, 0.01, 20  # of a trial; spikes a step of an input; step of the first of a sequence
RISE, FALL = 5.0, 10.0  # steps, of the loss's kernel
UNIT = 64  # of v, for a weight of 1
FEEDBACK = ("symmetric", "random", "uniform")


@dataclass(frozen=True)
class Task:
    """What is drawn for a program.  first: mean and standard deviation of the first weights, by projection.

    trials: that the row is measured with.  wanted: times that an output learns.
    every: steps after which the next input spikes, once each; 0: Poisson trains.
    rate: r1 in the first half of the trials, from where it falls to 0; 0: the rule has none.
    """

    program: str
    trials: int
    inputs: int
    outputs: int
    first: dict[str, tuple[float, float]]
    hidden: int = 0
    wanted: int = 5
    every: int = 0
    rate: int = 0


TASKS = {
    "one": Task("superspike", 200, 100, 1, {"output": (10.0, 20.0)}),
    "sequence": Task("superspike_sequence", 60, 100, 1, {"output": (60.0, 20.0)}, wanted=1, every=4),
    "many": Task("superspike_many", 100, 200, 20, {"output": (5.0, 15.0)}),
    "hidden": Task(
        "superspike_hidden", 1500, 100, 1, {"hidden": (15.0, 50.0), "output": (0.0, 40.8)}, hidden=48, rate=90
    ),
}


def drawn(task: Task, seed: int) -> dict[str, np.ndarray]:
    """The arrays of the program's .npz: spikes (n, 2) of step and channel, weights (to, from), even."""
    rng = np.random.default_rng(seed)
    step, channel = np.nonzero(rng.random((STEPS, task.inputs)) < RATE)
    if task.every:
        step, channel = FIRST + task.every * np.arange(task.inputs), np.arange(task.inputs)
    found = {"input": np.stack([step + 1, channel], axis=1)}
    slots = np.arange(40, (FIRST + task.every * task.inputs if task.every else STEPS) - 20, 20)
    times = [
        rng.choice(slots, task.wanted, replace=False) + rng.integers(0, 10, task.wanted) for _ in range(task.outputs)
    ]
    pairs = [(int(at) + 1, k) for k, mine in enumerate(times) for at in mine]
    found["wanted"] = np.array(sorted(pairs))
    sizes = [task.inputs, *([task.hidden] if task.hidden else []), task.outputs]
    for name, n_from, n_to in zip(task.first, sizes[:-1], sizes[1:], strict=True):
        found[name] = _even(rng.normal(*task.first[name], (n_to, n_from)))
    if task.hidden:
        found["symmetric"] = _even(found["output"].T / 4)
        found["random"] = _even(rng.normal(0.0, task.first["output"][1] / 4, (task.hidden, task.outputs)))
        found["uniform"] = np.full((task.hidden, task.outputs), _even(task.first["output"][1] / 4))
    if task.rate:
        left = np.clip(2.0 - 2.0 * np.arange(task.trials) / task.trials, 0.0, 1.0)
        found["rate"] = np.rint(task.rate * left)[:, None]
    return {name: array.astype(np.int16) for name, array in found.items()}


def wider(task: Task, hidden: int) -> Task:
    """With so many hidden neurons; the output hears as much of them in the beginning."""
    mean, deviation = task.first["output"]
    first = {**task.first, "output": (mean, deviation * float(np.sqrt(task.hidden / hidden)))}
    return replace(task, hidden=hidden, first=first)


def _even(x: Any) -> np.ndarray:
    return np.clip(2 * np.rint(np.asarray(x) / 2), -254, 254)


def program_of(task: Task, seed: int | None = None, settings: tuple[str, ...] = ()) -> Program:
    """The program that comes along, or with the data of another seed or task, from a folder that is gone afterwards."""
    if seed is None:
        return program_file.read(f"seeds/{task.program}", settings)
    source = library.find("programs", f"seeds/{task.program}")
    sizes = tuple(f"network.populations.{name}.size={task.outputs}" for name in ("wanted", "output", "error"))
    if task.hidden:
        sizes += (f"network.populations.hidden.size={task.hidden}",)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / source.name
        shutil.copy(source, path)
        np.savez(path.with_suffix(".npz"), **drawn(task, seed))  # type: ignore[arg-type]
        return program_file.read(path, (f"seed={seed}", *sizes, *settings))


def feedback_setting(kind: str) -> str:
    """The override that gives the hidden layer this feedback."""
    return f"network.connections.5.weights=superspike_hidden.npz#{kind}"


def wanted_of(program: Program) -> np.ndarray:
    """(STEPS, outputs) the wanted trains."""
    given = program.inputs["wanted"]
    train = np.zeros((program.steps, _size(program, "output")))
    train[given.step - 1, given.channel] = 1.0  # type: ignore[union-attr]
    return train


def losses(spikes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(trials,) van Rossum's loss of (trials, STEPS, outputs) spikes, over that of silence."""
    t = np.arange(len(wanted))
    kernel = np.exp(-t / FALL) - np.exp(-t / RISE)

    def squared(trains: np.ndarray) -> Any:
        n = 2 * len(wanted)
        filtered = np.fft.irfft(np.fft.rfft(trains, n, axis=-2) * np.fft.rfft(kernel, n)[:, None], n, axis=-2)
        return (filtered[..., : len(wanted), :] ** 2).sum(axis=(-2, -1))

    return np.array([squared(trial - wanted) for trial in spikes]) / squared(wanted)


def hits(train: np.ndarray, wanted: np.ndarray) -> tuple[int, int]:
    """(wanted times with a spike at most 2 steps away, spikes beyond them) of (STEPS, outputs) trains."""
    met = 0
    for k in range(wanted.shape[1]):
        at = np.flatnonzero(train[:, k])
        met += sum(bool(np.any(abs(at - want) <= 2)) for want in np.flatnonzero(wanted[:, k]))
    return met, int(train.sum()) - met


def on_chip(program: Program) -> tuple[np.ndarray, dict[str, np.ndarray], dict]:
    """((trials, STEPS, outputs) spikes, learned weights by projection, the report's summary)."""
    report = neuroemu.run(program)
    spikes = np.zeros((program.samples or 1, program.steps, _size(program, "output")), np.int8)
    step, index = report.spikes("output")
    trial, at = np.divmod(step - 1, program.steps)
    spikes[trial, at, index] = 1
    weights = {}
    for name, found in report.traces.synapses.items():
        weights[name] = np.zeros_like(_weights(program.network, name), float)
        weights[name][found.post, found.pre] = found.weight[-1]
    return spikes, weights, report.summary


def _size(program: Program, name: str) -> int:
    return next(p.size for p in program.network.populations if p.name == name)


class Layer:
    """Neurons with their weights, in floats.  weights: (n, m).  told: (n, outputs) of the error."""

    def __init__(self, network: Network, name: str, told: np.ndarray, offset: int) -> None:
        population = next(p for p in network.populations if p.name == name)
        values: Any = population.model.values  # type: ignore[union-attr]
        projection = next(p for p in network.projections if p.name == name)
        assert projection.learning is not None
        self.weights = np.array(projection.connector.weights, float)  # type: ignore[union-attr]
        self.told = told
        self.keep_u = 1 - (float(values["decay_u"]) + offset) / 4096
        self.keep_v, self.keep_e = 1 - float(values["decay_v"]) / 4096, 1 - float(values["decay_signal"]) / 4096
        self.threshold, self.width = float(values["threshold"]), float(values["width"])
        self.divisor = 2.0 ** float(values["signal_shift"])
        self.learning, self.trace = projection.learning, projection.learning.traces["x1"]
        scale = {rule.target: [p.mantissa * 2.0**p.exponent for p in rule.products] for rule in self.learning.rules}
        (self.eta,), (self.joins, self.fades) = scale["w"], scale["t"]
        # On 15 bits with a mantissa of 4: products of 16 bits, of 23 with r1, and of 14.
        self.eta, self.joins = self.eta / 2 ** (12 if self.learning.reward else 5), self.joins / 2**3

    def start(self) -> None:
        """As before the first step of a trial."""
        n, m = self.weights.shape
        self.u, self.v, self.e, self.x, self.t = (np.zeros(k) for k in (n, n, n, m, (n, m)))
        self.arriving, self.error = np.zeros(n), np.zeros(self.told.shape[1])

    def step(self) -> np.ndarray:
        """Spikes of a step; `arriving` and `error` are what was sent in the one before."""
        self.u = self.keep_u * self.u + self.arriving
        v = self.keep_v * self.v + self.u
        fired = v > self.threshold
        self.near = 127 * np.maximum(1 - np.abs(v - self.threshold) / self.width, 0)
        self.v = np.where(fired, 0.0, v)
        self.e = self.keep_e * self.e + self.told @ self.error
        return fired

    def send(self, pre: np.ndarray, error: np.ndarray, due: bool, rate: float) -> None:
        """What is sent to it in this step, after its spikes; due: the end of an epoch; rate: r1, 1 for a rule without it."""
        self.arriving, self.error = self.weights[:, pre].sum(axis=1), error
        self.x = self.trace.factor * self.x + self.trace.impulse * pre
        if due:
            if self.e.any():
                self.weights += rate * self.eta / self.divisor * self.e[:, None] * self.t
            self.t += self.joins * self.near[:, None] * self.x - abs(self.fades) * self.t


def in_floats(program: Program) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """((trials, STEPS, outputs) spikes, learned weights by projection) of the program's network, in floats."""
    network, offset = program.network, program.chip.arithmetic.decay_u_offset
    n_out, names = _size(program, "output"), [p.name for p in network.projections]
    told = {"output": np.eye(n_out) * _weights(network, "told")}
    if "feedback" in names:
        told["hidden"] = np.asarray(_weights(network, "feedback"), float).reshape(-1, n_out)
    learned = [name for name in ("hidden", "output") if name in told]
    layers = [Layer(network, name, told[name], offset) for name in learned]
    shown, wanted = np.zeros((program.steps, _size(program, "input")), bool), wanted_of(program)
    given: Any = program.inputs["input"]
    shown[given.step - 1, given.channel] = True
    spikes = np.zeros((program.samples or 1, program.steps, n_out), np.int8)
    epoch = layers[0].learning.epoch
    rates = _rates(program)
    for trial, rate in zip(spikes, rates, strict=True):
        for layer in layers:
            layer.start()
        error = sent = np.zeros(n_out)
        for t in range(program.steps):
            fired = [layer.step() for layer in layers]
            for layer, pre in zip(layers, [shown[t], *fired], strict=False):
                layer.send(pre, error, (t + 1) % epoch == 0, rate)
            error, sent = 2 * sent, wanted[t] - fired[-1]
            trial[t] = fired[-1]
    return spikes, {name: layer.weights for name, layer in zip(learned, layers, strict=True)}


def _rates(program: Program) -> np.ndarray:
    """(trials,) r1, or ones for a program without it."""
    given: Any = program.inputs.get("rate")
    trials = program.samples or 1
    return np.ones(trials) if given is None else np.asarray(given.values, float)[:trials, 0]


def _weights(network: Network, name: str) -> Any:
    return next(p for p in network.projections if p.name == name).connector.weights  # type: ignore[union-attr]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, default="one")
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--feedback", choices=FEEDBACK, default="symmetric")
    parser.add_argument("--outputs", type=int, help="other than the program's")
    parser.add_argument("--hidden", type=int, help="neurons, other than the program's")
    parser.add_argument("--trials", type=int, help="other than the row's; r1 falls in the second half")
    parser.add_argument("--rate", type=int, help="r1 in the first half, other than the program's")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="of the program, as `neuroemu run --set`"
    )
    parser.add_argument("--no-float", action="store_true", help="leave the floats out")
    parser.add_argument(
        "--write", action="store_true", help="the data beside the programs anew, of seed 1, and no more"
    )
    options = parser.parse_args()
    if options.write:
        for each in TASKS.values():
            path = library.folder("programs") / "seeds" / f"{each.program}.npz"
            np.savez_compressed(path, **drawn(each, 1))  # type: ignore[arg-type]
            print(path)
        return 0
    task = TASKS[options.task]
    task = replace(task, outputs=options.outputs or task.outputs, trials=options.trials or task.trials)
    task = replace(task, rate=options.rate or task.rate)
    if options.hidden and task.hidden:
        task = wider(task, options.hidden)
    settings = (feedback_setting(options.feedback),) if task.hidden else ()
    settings += (f"run.samples={task.trials}", "run.latency=simple", *options.set)
    for seed in options.seed:
        program = program_of(task, seed, settings)
        wanted, began = wanted_of(program), time.perf_counter()
        spikes, _, summary = on_chip(program)
        took, spent = time.perf_counter() - began, summary["learning"]
        told = f"{spent['energy_pj'] / spent['synapses_read']:.2f} pJ a synapse read, {took:.1f} s"
        print(f"seed {seed}: chip {_told(spikes, wanted)}; {told}", flush=True)
        if not options.no_float:
            began = time.perf_counter()
            print(f"  floats {_told(in_floats(program)[0], wanted)}; {time.perf_counter() - began:.1f} s", flush=True)
    return 0


def _told(spikes: np.ndarray, wanted: np.ndarray) -> str:
    found = losses(spikes, wanted)
    best = int(found.argmin())
    met, more = hits(spikes[best], wanted)
    where = f"best loss {found[best]:.2%} of silence in trial {best + 1} of {len(found)}"
    return f"{where} ({met} of {int(wanted.sum())} hit, {more} more), last ten {found[-10:].mean():.2%}"


if __name__ == "__main__":
    sys.exit(main())
