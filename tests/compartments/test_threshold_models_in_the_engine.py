"""Models with a threshold, compiled: the engine equals their twins, state by state; and what is too long to walk by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tests.naive_models_lif_family
import tests.naive_models_snu
import tests.naive_models_spike_response  # noqa: F401
from neuroemu.compartments import find
from neuroemu.compartments.spike_response import alpha
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense, OneToOne, Sparse
from neuroemu.counters import Count
from neuroemu.engine.run import Plan, run
from neuroemu.network import Network, Registers, Spikes, WeightFormat
from tests import naive
from tests.networks import Listed

STEPS, N, CHANNELS = 60, 70, 5  # two groups of compartments

THREE_FACTOR = {"decay_v": 300, "threshold": 150, "refractory": 2, "width": 200, "decay_signal": 900, "signal_shift": 1}

# Registers with which a model fires now and then, and rests now and then.
REGISTERS = {
    "if": {"threshold": 300, "soft": 1},
    "li": {"decay_u": 1000, "decay_v": 300},
    "alif": {"decay_u": 2000, "decay_v": 300, "threshold": 150, "refractory": 2, "decay_b": 900, "step": 100},
    "homeostatic_lif": {
        "decay_v": 700,
        "threshold": 150,
        "epoch": 2,
        "gain": 30,
        "activity_max": 6000,
        "decay_activity": 600,
        "activity_min": 500,
        "threshold_min": 60,
    },
    "three_factor_lif": THREE_FACTOR,
    "three_factor_alif": {**THREE_FACTOR, "decay_b": 900, "step": 100},
    "leaky_error": {"decay_v": 300, "error_shift": 3},
    "bcm": {"decay_v": 900, "rate_shift": 2, "tau": 1, "square_shift": 5, "theta_shift": 6, "phi_shift": 3},
    "snu": {"decay": 500, "b": -200},
    "li_snu": {"decay": 500, "b": -200},
    "a_snu": {"decay": 500, "b0": -150, "decay_b": 700, "beta": 900},
    "soft_snu": {"decay": 500, "b": -600, "unit": 12},
    "three_factor_snu": {"decay": 500, "b": -600, "unit": 12},
    "srm0": {**alpha(3.0), "decay_f": 700, "feedback": -200, "bias": -4000, "bias_exponent": 1},
    "glm": {**alpha(3.0), "decay_f": 700, "feedback": -100, "bias": -4000, "bias_exponent": 1},
    "three_factor_glm": {
        **alpha(3.0),
        "decay_f": 700,
        "feedback": -100,
        "bias": -4000,
        "decay_signal": 900,
        "follow": 100,
        "signal_shift": 2,
        "sends": 2,
        "log_unit": 3,
    },
}


def network_of(name):
    """Channels onto compartments of a model, these onto each other; the second port, where there is one, likewise."""
    rng = np.random.default_rng(11)

    def sparse(n_pre, n, low, high):
        weights = rng.integers(low, high, n).astype(float)
        return Sparse(rng.integers(0, n_pre, n), rng.integers(0, N, n), weights, rng.integers(0, 4, n))

    network = Network().population("in", CHANNELS, Spikes("in")).population("a", N, Registers(name, REGISTERS[name]))
    network = network.connect("in", "a", sparse(CHANNELS, 3 * N, -60, 255), WeightFormat())
    network = network.connect("a", "a", sparse(N, 2 * N, -60, 90), WeightFormat())
    for port in find(name).ports[1:]:
        format = WeightFormat(message_bits=8 if port == "graded" else 0)
        network = network.connect("a", "a", sparse(N, N // 2, -60, 120), format, port=port)
    for state in find(name).state._fields:
        network = network.probe("a", state)
    return network


@pytest.mark.parametrize("name", REGISTERS)
def test_the_engine_equals_its_twin(chip, name):
    network, fields = network_of(name), find(name).state._fields
    image = compile_network(network, chip).image
    rng = np.random.default_rng(4)
    trains = {step: np.flatnonzero(rng.random(CHANNELS) < 0.4).tolist() for step in range(1, 20)}
    traces, counters = run(image, Plan(STEPS, 1, 9, {"in": Listed(trains)}, {}, network.probes))
    rows = []
    given = {s: [c + N for c in channels] for s, channels in trains.items()}
    spikes, _, _, counts = naive.run(
        image, given, STEPS, seed=9, look=lambda cells: rows.append([[getattr(c, f) for c in cells] for f in fields])
    )
    assert list(zip(traces.step.tolist(), traces.source.tolist(), traces.payload.tolist(), strict=True)) == spikes
    for k, field in enumerate(fields):
        assert traces.states["a", field].tolist() == [row[k] for row in rows], field
    events = [Count.SYNAPSE_READ, Count.ACTIVE, Count.INACTIVE, Count.SPIKE_OUT]
    assert counters.counts[:, :, events].tolist() == counts
    fired, resting = np.array(counts)[:, 0, 3].sum(), np.array(counts)[:, 0, 2].sum()
    assert fired > N or name in ("li", "bcm")  # else this test tests nothing
    assert resting > N // 2 or name.endswith("glm") or name == "three_factor_snu"  # its y1 seldom is 0


class Always:
    """Every channel spikes in every step."""

    def __init__(self, n):
        self.n = n

    def events(self, first_step, n_steps):
        return np.repeat(np.arange(n_steps), self.n), np.tile(np.arange(self.n), n_steps)


def test_lateral_inhibition_through_synapses_is_that_of_the_equation(chip):
    # facts/seed_rules.md A12, with the weights of test_snu.py; the input arrives one step after it was sent.
    weights = [70, 90, 100, 110, 125, 135, 150, 160]
    sparse = WeightFormat(sign_mode="excitatory")
    counts = []
    for inhibited in (False, True):
        network = (
            Network()
            .population("in", 8, Spikes("in"))
            .population("layer", 8, Registers("li_snu", {"decay": 410, "b": -500}))
            .connect("in", "layer", OneToOne(np.array(weights, float)), sparse)
        )
        if inhibited:
            network = network.connect("layer", "layer", Dense(1.0), sparse, port="inhibit")
        traces, _ = run(compile_network(network, chip).image, Plan(201, 1, 0, {"in": Always(8)}, {}))
        counts.append(np.bincount(traces.source[traces.source < 8], minlength=8).tolist())
    assert sum(counts[0]) == 282
    assert counts[1] == [0, 0, 0, 0, 0, 0, 50, 50]


def test_the_glm_spikes_with_the_probability_of_its_potential(chip):
    # facts/seed_rules.md A7: 17 potentials, 10^4 draws each.
    values, each, steps = np.linspace(-4, 4, 17), 20, 500
    bias = np.repeat(np.rint(values * 4096).astype(int), each)
    registers = {"bias": bias >> 5, "bias_exponent": 5}
    assert np.array_equal((bias >> 5) << 5, bias)
    network = Network().population("cell", bias.size, Registers("glm", registers))
    image = compile_network(network, chip).image
    runs = [run(image, Plan(steps, 1, seed, {}, {}))[0] for seed in (3, 3, 4)]
    found = np.bincount(runs[0].source, minlength=bias.size).reshape(17, each).sum(axis=1) / (each * steps)
    assert np.abs(found - [1 / (1 + math.exp(-u)) for u in values]).max() <= 0.02
    tables = [np.stack([traces.step, traces.source]).tolist() for traces in runs]
    assert tables[0] == tables[1] != tables[2]
