"""Calibrating: what the populations of a program see in floats, and what that does to scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroemu
from neuroemu import host, profile
from neuroemu.calibrate import calibrate
from neuroemu.compiler import MappingOptions
from neuroemu.compiler.expand import expand
from neuroemu.connect import Dense
from neuroemu.encode import Bernoulli
from neuroemu.errors import ProblemsError, ProgramError
from neuroemu.network import Lif, LifRegisters, Network, Spikes
from neuroemu.prepare import compile_program, program_of
from neuroemu.program import SpikesInput, ValuesInput
from neuroemu.reference import run_float
from neuroemu.report import lines


def seen(program, samples):
    """The same in plain Python: every spike of the float run and the host taken along every synapse."""
    few = replace(program, samples=samples)
    feed, synapses = host.feed(few), expand(program.network, program.seed)
    floats = run_float(program.network, synapses, feed, program.steps, program.fresh_samples)
    total, net = program.steps * feed.samples, program.network
    fired = {p.name: [] for p in net.populations}
    for name in floats.step:
        fired[name] = list(zip(floats.step[name].tolist(), floats.index[name].tolist(), strict=True))
    for source in net.sources:
        row, channel = feed.inputs[source.name].events(1, total)[:2]
        fired[source.name] = list(zip((row + 1).tolist(), channel.tolist(), strict=True))
    inputs, currents = {}, {}
    for population in net.on_chip:
        arriving = np.zeros((total + 100, population.size))
        for projection in net.projections:
            if projection.target != population.name:
                continue
            made = synapses[projection.name]
            for step, index in fired[projection.source]:
                for pre, post, weight, delay in zip(*made, strict=True):
                    at = step + 1 + int(delay)
                    same = (step - 1) // program.steps == (at - 1) // program.steps or not program.fresh_samples
                    if pre == index and same:
                        arriving[at, post] += weight
        u, most, keep = np.zeros(population.size), 0.0, np.exp(-net.step_ms / population.model.tau_syn_ms)
        for step in range(1, total + 1):
            if program.fresh_samples and (step - 1) % program.steps == 0:
                u[:] = 0.0
            u = keep * u + arriving[step]
            most = max(most, np.abs(u).max())
        inputs[population.name], currents[population.name] = np.abs(arriving[: total + 1]).max(), most
    rates = {
        p.name: np.bincount([i for _, i in fired[p.name]] or [0], minlength=p.size) * bool(fired[p.name]) / total
        for p in net.populations
    }
    return rates, inputs, currents


@given(st.integers(0, 2**32), st.booleans(), st.integers(1, 3))
def test_what_is_seen_equals_its_plain_twin(seed, fresh, samples):
    random = np.random.default_rng(seed)
    net = (
        Network()
        .population("in", 3, Spikes("x"))
        .population("a", 4, Lif(5.0, 2.0, threshold=0.7))
        .population("b", 2, Lif(5.0, 1.0, threshold=0.5))
        .connect("in", "a", Dense(random.normal(size=(4, 3)), delays=random.integers(0, 4, (4, 3)).astype(float)))
        .connect("a", "b", Dense(random.normal(size=(2, 4))))
        .connect("b", "a", Dense(random.normal(size=(4, 2))))
    )
    values = random.uniform(size=(3, 3))
    program = program_of(
        net, steps=12, inputs={"x": ValuesInput(values, Bernoulli())}, samples=samples, fresh_samples=fresh
    )
    found, (rates, inputs, currents) = calibrate(program, samples), seen(program, samples)
    for name in rates:
        np.testing.assert_allclose(found.rates[name], rates[name], atol=1e-12)
    assert found.inputs == pytest.approx(inputs) and found.currents == pytest.approx(currents)


def busy(bits=8, **how):
    net = (
        Network()
        .population("in", 400, Spikes("x"))
        .population("out", 3, Lif(10.0, 5.0, threshold=20.0))
        .connect("in", "out", Dense(np.random.default_rng(1).normal(1.0, 0.2, (3, 400))), bits=bits)
    )
    spikes = SpikesInput(np.repeat(np.arange(1, 21), 5), np.arange(100))
    return program_of(net, **{"steps": 20, "inputs": {"x": spikes}, **how})


def test_a_program_that_is_calibrated_keeps_more_of_its_weights():
    plain, calibrated = (compile_program(busy(calibrate=n)).quantised.projections[0] for n in (0, 1))
    assert calibrated.rms_error < plain.rms_error / 1.9


def test_more_samples_than_there_are_takes_those_there_are_and_says_so():
    values = np.random.default_rng(2).uniform(size=(3, 400))
    given = {"inputs": {"x": ValuesInput(values, Bernoulli())}}
    made = busy(calibrate=50, **given)
    assert calibrate(made, 50).rates["in"].tolist() == calibrate(made, 3).rates["in"].tolist()
    notes = {n: " ".join(lines.notes(neuroemu.run(replace(made, calibrate=n)).summary)) for n in (50, 3, 0)}
    assert "Calibrated with 3 samples, all that are run; quantise.calibrate is 50." in notes[50]
    assert "Calibrated" not in notes[3] + notes[0]


def test_a_profile_runs_at_the_scales_of_the_program():
    # Ten times as much comes in the second sample: scales that go by the first alone would be others, and so the spikes.
    values = np.stack([np.full(400, 0.1), np.full(400, 1.0)])
    made = busy(calibrate=2, inputs={"x": ValuesInput(values, Bernoulli())}, mapping=MappingOptions(weigh_by="spikes"))
    made = replace(made, mapping=replace(made.mapping, profile_steps=10))
    seen = []

    def watched(program, *more, **how):
        seen.append(compile_program(program, *more, **how))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neuroemu.profile.compile_program", watched)
        profile.spikes(made)
    assert seen[0].quantised.scale == compile_program(made).quantised.scale


def test_a_program_file_asks_for_it(tmp_path):
    from neuroemu.files import program_file

    text = (
        "neuroemu: 1\nname: p\nchip: loihi1-davies2018\nnetwork:\n  populations:\n    in: {size: 1, source: x}\n"
        "    out: {size: 1, neuron: lif}\n  connections:\n    - {from: in, to: out, weights: 1.0}\n"
        "inputs: {x: {spikes: [[1, 0]]}}\nrun: {steps: 3}\nquantise: {calibrate: 1}\n"
    )
    path = tmp_path / "p.yaml"
    path.write_text(text)
    assert program_file.read(path).calibrate == 1
    path.write_text(text.replace("calibrate: 1", "calibrate: -1"))
    with pytest.raises(ProgramError, match=r"p\.yaml:12:\d+"):
        program_file.read(path)


def test_populations_given_by_registers_cannot_be_calibrated():
    net = Network().population("in", 1, Spikes("x")).population("out", 1, LifRegisters())
    program = program_of(
        net.connect("in", "out", Dense(np.ones((1, 1)))),
        steps=3,
        inputs={"x": SpikesInput(np.array([1]), np.array([0]))},
        calibrate=1,
    )
    with pytest.raises(ProblemsError, match="registers, which have no float twin"):
        compile_program(program)


@pytest.mark.parametrize("wrong", [-1, 0.5])
def test_a_number_of_samples_that_is_none_is_refused(wrong):
    with pytest.raises(ProgramError, match="calibrate is"):
        compile_program(busy(calibrate=wrong))
