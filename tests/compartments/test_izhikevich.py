"""A model of a user's own, from a file: programs/models/izhikevich.py (facts/seed_rules.md A15)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.compartments import registry
from neuroemu.compiler import compile_network
from neuroemu.connect import OneToOne
from neuroemu.engine.run import Plan, run
from neuroemu.network import Network, Registers, Spikes, WeightFormat
from tests.compartments.walk import now
from tests.naive_models_izhikevich import Izhikevich, float_spikes
from tests.networks import Listed

FILE = Path(__file__).resolve().parents[2] / "programs" / "models" / "izhikevich.py"
MODEL = registry.load(FILE, "Izhikevich")
MV = 2**14

FLOATS = {
    "regular spiking": (0.02, 0.2, -65.0, 8.0),
    "fast spiking": (0.1, 0.2, -65.0, 2.0),
    "intrinsically bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
}


def registers(a, b, c, d):
    """The registers of the paper's four numbers."""
    return {"a": round(a * 65536), "b": round(b * 65536), "c": round(c * MV), "d": round(d * MV)}


def anywhere(fields):
    return st.tuples(*(st.integers(max(field.low, -(2**23)), min(field.high, 2**23)) for field in fields.values()))


@given(
    p=anywhere(MODEL.parameters.fields),
    s=anywhere(MODEL.state.fields),
    inputs=st.lists(st.integers(-(2**20), 2**20) | st.integers(-1000, 5000), min_size=1, max_size=20),
)
def test_it_equals_its_twin(p, s, inputs):
    p, s = MODEL.parameters(*p), MODEL.state(*s)
    twin = Izhikevich(p._asdict(), s._asdict())
    for step, x in enumerate(inputs, 1):
        payload, s, _ = MODEL.update(p, s, (x,), now(step))
        assert payload == twin.step([x], None, step, None)
        assert (s.v, s.u, s.bias) == (twin.v, twin.u, twin.bias)


@pytest.mark.parametrize("drive", [5, 10, 15])
def test_four_patterns_spike_as_often_as_in_floating_point(chip, drive):
    steps, columns = 1000, [registers(*numbers) for numbers in FLOATS.values()]
    values = {key: np.array([column[key] for column in columns]) for key in "abcd"}
    values["bias"] = np.full(4, drive * MV)
    network = Network().population("cell", 4, Registers(MODEL, values))
    traces, _ = run(compile_network(network, chip).image, Plan(steps, 1, 0, {}, {}, models={"cell": MODEL}))
    fixed = np.bincount(traces.source, minlength=4)
    wanted = np.array([float_spikes(*numbers, drive, steps) for numbers in FLOATS.values()])
    assert np.all(np.abs(fixed - wanted) <= 0.05 * wanted), (fixed, wanted)


def test_the_four_patterns_differ_as_they_should(chip):
    # First interval against the last: regular and bursting adapt, fast does not; bursting and chattering start with a burst.
    first, last = {}, {}
    for name, numbers in FLOATS.items():
        p, s = MODEL.parameters(**registers(*numbers)), MODEL.state(v=-70 * MV, u=-14 * MV, bias=10 * MV)
        times = []
        for step in range(1, 1001):
            payload, s, _ = MODEL.update(p, s, (0,), now(step))
            times += [step] * payload
        intervals = np.diff(times)
        first[name], last[name] = intervals[0], intervals[-20:].max()
    assert first["intrinsically bursting"] < 10 and first["chattering"] < 10
    assert last["regular spiking"] > first["regular spiking"] > 10
    assert last["chattering"] > 5 * first["chattering"]
    assert last["fast spiking"] <= 2 * first["fast spiking"] <= 30


def test_the_module_offers_the_same_registers():
    assert MODEL.update.__globals__["PATTERNS"] == {name: registers(*numbers) for name, numbers in FLOATS.items()}


def test_without_input_it_stays_near_its_resting_point(chip):
    p, s = MODEL.parameters(**registers(*FLOATS["regular spiking"])), MODEL.state(v=-70 * MV, u=-14 * MV, bias=0)
    for step in range(1, 500):
        payload, s, overflow = MODEL.update(p, s, (0,), now(step))
        assert (payload, overflow) == (0, 0) and abs(s.v / MV + 70) < 0.1


def test_a_strong_synapse_makes_it_spike(chip):
    # 30 x 64: an input of 30 for one step lifts v by 30 and more.
    network = (
        Network()
        .population("in", 2, Spikes("in"))
        .population("cell", 2, Registers(MODEL, {}))
        .connect("in", "cell", OneToOne(np.array([120.0, 4.0])), WeightFormat(exponent=4, sign_mode="excitatory"))
    )
    inputs = {"in": Listed({5: [0, 1]})}
    traces, _ = run(compile_network(network, chip).image, Plan(20, 1, 0, inputs, {}, models={"cell": MODEL}))
    assert traces.source[traces.source < 2].tolist() == [0]
