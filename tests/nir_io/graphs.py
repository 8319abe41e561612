"""Small NIR graphs for tests."""

from __future__ import annotations

import nir
import numpy as np
from hypothesis import strategies as st

from neuroemu import host
from neuroemu.compiler.expand import expand
from neuroemu.encode import Bernoulli
from neuroemu.nir_io import from_nir
from neuroemu.prepare import program_of
from neuroemu.program import ValuesInput
from neuroemu.reference import run_float
from neuroemu.reference.twin import run_twin

DT = {"framework": "nir", "dt": "1 ms"}


def full(n, value):
    return np.full(n, float(value))


def lif(n=2, tau=5e-3, r=None, v_leak=0.0, threshold=1.0, v_reset=0.0):
    """By default an input of 1 adds 1 to v."""
    return nir.LIF(
        full(n, tau), full(n, tau / 1e-3 if r is None else r), full(n, v_leak), full(n, threshold), full(n, v_reset)
    )


def graph(*edges, **nodes):
    """A graph of named nodes; edges as 'a b c' chains."""
    pairs = [pair for chain in edges for pair in zip(chain.split(), chain.split()[1:], strict=False)]
    return nir.NIRGraph(nodes, pairs, type_check=False)


def io(n_in=2, n_out=2):
    return {"i": nir.Input(np.array([n_in])), "o": nir.Output(np.array([n_out]))}


def spikes_of(run, name):
    return sorted(zip(run.step[name].tolist(), run.index[name].tolist(), strict=True))


def both_runs(network, spikes):
    """(exact, twin): the framework's float run and the float twin of what the chip is told to do, at the chip's steps.

    spikes: {source: (samples, steps, n) of 0 and 1}.
    """
    steps = next(iter(spikes.values())).shape[1]
    inputs = {name: ValuesInput(values.astype(float), Bernoulli(1.0)) for name, values in spikes.items()}
    program = program_of(network, steps=steps, inputs=inputs)
    feed = host.feed(program)
    return run_float(network, {}, feed, steps, True), run_twin(network, expand(network, 0), feed, steps, True)


@st.composite
def networks(draw):
    """(graph, origin): one or two layers of neurons of any kind, feedback, a way round, delays, biases, resets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 4))

    def neuron():
        kind = draw(st.sampled_from(["LIF", "CubaLIF", "IF", "Threshold"]))
        tau, tau_syn = rng.uniform(1.2e-3, 2e-2, n), rng.uniform(1.2e-3, 1e-2, n)
        reset, leak, threshold = rng.uniform(-0.3, 0.0, n), rng.uniform(-0.1, 0.1, n), rng.uniform(0.3, 1.0, n)
        if kind == "Threshold":
            return nir.Threshold(threshold)
        if kind == "IF":
            return nir.IF(rng.uniform(0.2, 1.0, n), threshold, reset)
        if kind == "LIF":
            return nir.LIF(tau, rng.uniform(1, 6, n), leak, threshold, reset)
        return nir.CubaLIF(tau_syn, tau, rng.uniform(1, 6, n), leak, threshold, reset, rng.uniform(0.5, 3, n))

    def affine():
        return nir.Affine(rng.normal(0.3, 0.6, (n, n)), rng.normal(0, 0.02, n))

    nodes = {**io(n, n), "w1": affine(), "n1": neuron(), "w2": affine(), "n2": neuron()}
    edges = ["i w1 n1 w2 n2 o"]
    if draw(st.booleans()):
        nodes["back"] = nir.Linear(rng.normal(0, 0.4, (n, n)))
        edges.append("n1 back n1")
    if draw(st.booleans()):
        nodes |= {"scale": nir.Scale(rng.normal(0, 0.5, n)), "late": nir.Delay(rng.integers(0, 4, n) * 1e-3)}
        edges.append("i scale late n2")
    origin = {
        **DT,
        "reset": draw(st.sampled_from(["zero", "subtract"])),
        "reset_delay": draw(st.booleans()),
        "current_first": draw(st.booleans()),
    }
    return graph(*edges, **nodes), origin, int(rng.integers(0, 2**31))


def imported(given, origin=None):
    return from_nir(given, DT if origin is None else origin)
