"""The learning bench: N axons onto N compartments, all to all, one pairwise rule, epochs of one step.

Both sides spike at random with a rate; at rate 1 all synapses are due in every step. Whole steps are timed: spikes of the host,
compartments, delivery, traces, rules. Compartments do what the host tells them (a model of three lines), as in the peers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from neuroemu import library
from neuroemu.chip import Chip
from neuroemu.compartments import Model
from neuroemu.compartments.table import Field, table
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense
from neuroemu.counters import Learned
from neuroemu.engine.run import Plan, run
from neuroemu.files import chip_file
from neuroemu.learning import Trace, learning
from neuroemu.network import Network, Registers, Spikes, WeightFormat

RULE = "2^-2*y0*x1-2^-2*x0*y1"
ROOM = 1 << 30
_Parameters = table("Parameters", unused=Field("nothing"))
_State = table("State", bias=Field("whether to spike, as the host writes it"))


def _obey(p, s, a, now):
    """A spike where the host says so."""
    return s.bias, _State(s.bias), 0


OBEDIENT = Model("obedient", _Parameters, _State, _obey, None, bias="bias")


@dataclass(frozen=True)
class Recorded:
    """(steps, n) 0 or 1, as spikes of the host and as biases that it writes."""

    values: np.ndarray

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        return np.nonzero(self.values[first_step - 1 : first_step - 1 + n_steps])

    def bias(self, first_step: int, n_steps: int) -> np.ndarray:
        return self.values[first_step - 1 : first_step - 1 + n_steps]


def measure(neurons: int, rate: float, threads: int, steps: int = 100, rounds: int = 5) -> dict[str, float]:
    """Of the fastest of some rounds.  due: synapses visited a step; step_ms; updates_per_s: visited synapses a second."""
    chip = _wide(chip_file.read(library.find("chips", "loihi1-davies2018"))[0])
    random = np.random.default_rng(0)
    traces = {"x1": Trace(20, 10), "y1": Trace(20, 10)}
    network = (
        Network()
        .population("pre", neurons, Spikes("pre"))
        .population("post", neurons, Registers(OBEDIENT))
        .connect(
            "pre",
            "post",
            Dense(random.integers(20, 100, (neurons, neurons)) * 2.0),
            WeightFormat(8, 0, "mixed"),
            learning=learning(RULE, traces=traces),
        )
    )
    image = compile_network(network, chip).image
    pre, post = ((random.random((steps, neurons)) < rate).astype(np.int64) for _ in range(2))

    def seconds(n: int) -> tuple[float, int]:
        plan = Plan(
            n, 1, 0, {"pre": Recorded(pre)}, {"post": Recorded(post)}, models={"post": OBEDIENT}, threads=threads
        )
        began = time.perf_counter()
        _, counters = run(image, plan)
        return time.perf_counter() - began, int(counters.learned[:, :, Learned.READ].sum())

    few = max(steps // 10, 1)
    seconds(few)  # kernels
    each = [(seconds(few), seconds(steps)) for _ in range(rounds)]
    short, long = (min(runs) for runs in zip(*each, strict=True))
    # Building the engine takes its time too: the difference of two runs has none of it.
    step_s, due = (long[0] - short[0]) / (steps - few), (long[1] - short[1]) / (steps - few)
    return {"due": due, "step_ms": 1e3 * step_s, "updates_per_s": due / step_s}


def _wide(chip: Chip) -> Chip:
    """The chip with room for all of it on one core: what a core holds is not what is measured."""
    return replace(chip, core=replace(chip.core, compartments=ROOM, synapse_words=ROOM, axons_in=ROOM, axons_out=ROOM))
