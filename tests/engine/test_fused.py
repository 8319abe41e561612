"""A rule's own loop does what its microcode does, bit for bit, whatever the rows look like."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, Sparse
from neuroemu.engine.learning import learners
from neuroemu.engine.learning.visit import FEW, SOME
from neuroemu.engine.native import PYTHON
from neuroemu.engine.run import Plan, run
from neuroemu.learning import Trace, learning
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat

STEPS, N_IN, N_OUT = 40, 9, 330  # more than a chunk of synapses a row
TRACES = {"x1": Trace(20.5, 8), "x2": Trace(40, 3), "y1": Trace(30, 12), "y2": Trace(9, 30), "y3": Trace(100, 2)}
RULES = [
    ({"dw": "2^-3*y0*x1 - 2^-3*x0*y1"}, {}),
    ({"dw": "2^-3*y0*x1 - 2^-3*x0*y1"}, {"epoch": 3}),
    ({"dw": "2^-4*u1*t*x1", "dt": "2^-1*y0*x1*(y2+3) - 2^-2*x0*y1*sgn(w-80) - 2^-3*u0*t"}, {"epoch": 2}),
    ({"dw": "-2^-1*x0*(x1+100)*(y1+120)*(w-200) + y0*x0*(x2-100)*(t+200)", "dt": "3*y0*x1*x2*y1*y2"}, {}),
    ({"dw": "5*2^-5*u0*x1*y1*y3", "dt": "x0*2 - y0*3"}, {"shift": "half_even"}),
    ({"dw": "5*2^-5*u0*x1*y1*w"}, {"shift": "stochastic", "epoch": 2}),
]


class Kicks:
    """Random spikes of the host: many, then fewer and none."""

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        spikes = np.random.default_rng(5).random((STEPS + 1, N_IN)) < np.linspace(0.4, -0.2, STEPS + 1)[:, None]
        return np.nonzero(spikes[first_step : first_step + n_steps])


def connectors():
    random = np.random.default_rng(3)
    weights = random.integers(0, 100, (N_OUT, N_IN)) * 2.0
    post, pre = np.nonzero(random.random((N_OUT, N_IN)) < 0.7)
    twice = np.concatenate([[0, 0], pre]), np.concatenate([[7, 7], post])  # two synapses of one pair
    return {"dense": Dense(weights), "sparse": Sparse(*twice, np.concatenate([[40.0, 6.0], weights[post, pre]]))}


@pytest.mark.skipif(PYTHON, reason="there are no fused loops without numba")
@pytest.mark.parametrize(("rules", "settings"), RULES)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_fused_rule_is_its_microcode(rules, settings, kind, chip, monkeypatch):
    each = np.arange(N_OUT)
    net = (
        Network()
        .population("in", N_IN, Spikes("in"))
        .population("out", N_OUT, LifRegisters(1024, 1024, each * 9 % 2000 + 30, refractory=each % 20 + 1))
        .connect(
            "in",
            "out",
            connectors()[kind],
            WeightFormat(8, 0),
            learning=learning(**rules, traces=TRACES, **settings),
            name="w",
        )
    )
    for options in (MappingOptions(), MappingOptions(parts={"out": 4})):
        image = compile_network(net, chip, options).image
        found = []
        for least, threads in ((1 << 40, 1), (0, 1), (0, 2)):
            monkeypatch.setattr(learners, "FUSED_FROM", least)
            plan = Plan(STEPS, 1, 9, {"in": Kicks()}, {}, snapshots={"w": 7}, threads=threads)
            found.append(run(image, plan))
        (one, counted), *others = found
        assert np.any(one.synapses["w"].weight[-1] != one.synapses["w"].weight[0])
        for traces, counters in others:
            for name in ("weight", "tag", "delay"):
                assert np.array_equal(getattr(traces.synapses["w"], name), getattr(one.synapses["w"], name)), name
            assert np.array_equal(traces.source, one.source)
            assert np.array_equal(counters.learned, counted.learned)
        per_step = np.bincount(one.step[one.source < N_OUT])  # both ways through the synapses of silent axons are taken
        assert np.any((per_step > 0) & (per_step < SOME)) and np.any(per_step * FEW > N_OUT)


def test_weights_of_zero_learn(chip):
    """An all-to-all connection that learns has a synapse for every entry, also where it starts from 0."""
    rule = learning("2*x0")
    net = (
        Network()
        .population("in", 2, Spikes("in"))
        .population("out", 3, LifRegisters(threshold=100))
        .connect("in", "out", Dense(np.array([[0, 4.0], [0, 0], [6, 0]])), WeightFormat(8, 0), learning=rule, name="w")
    )

    class Both:
        def events(self, first_step, n_steps):
            return np.zeros(2, np.int64), np.arange(2)

    traces, _ = run(compile_network(net, chip).image, Plan(1, 1, 0, {"in": Both()}, {}))
    assert traces.synapses["w"].weight.tolist() == [[0, 0, 6, 4, 0, 0], [2, 2, 8, 6, 2, 2]]
