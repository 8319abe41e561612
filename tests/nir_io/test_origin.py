"""Origins: what is given, recognised by what only one exporter writes, assumed with a note, or asked for."""

from __future__ import annotations

import nir
import numpy as np
import pytest

from neuroemu.errors import ProgramError
from neuroemu.nir_io import Origin, from_nir
from tests.nir_io.graphs import both_runs, full, graph, io, lif, spikes_of


def snntorch(beta=0.9):
    tau = full(2, 1e-4 / (1 - beta))
    return graph("i n o", n=nir.LIF(tau, tau / 1e-4, full(2, 0), full(2, 1)), **io())


def norse(tau=2.5e-6):
    return graph("i n o", n=lif(tau=tau, r=1.0), **io())


def kinds(network):
    return [(note.kind, note.node) for note in network.exact.notes]


def test_snntorch_is_recognised_by_its_step_and_its_defaults_are_assumed():
    network = from_nir(snntorch())
    assert network.exact.origin == Origin("snntorch", None, 1e-4, "subtract", True)
    assert network.step_ms == pytest.approx(0.1)
    told = [note.what for note in network.exact.notes]
    assert [kind for kind, _ in kinds(network)][:4] == ["recognised", "assumed", "assumed", "assumed"]
    assert "0.1 ms" in told[0] and "reset: subtract" in told[2] and "reset_delay: true" in told[3]


def test_what_is_given_is_not_assumed():
    network = from_nir(snntorch(), {"framework": "snntorch", "dt": "0.1 ms", "reset": "zero", "reset_delay": False})
    assert network.exact.notes == ()
    assert network["n"].model.tau_mem_ms == pytest.approx(-0.1 / np.log(0.9))


def test_another_step_for_snntorch_leaves_the_leak_of_a_step():
    network = from_nir(snntorch(), {"dt": "1 ms"})
    assert network.step_ms == 1.0
    assert network["n"].model.tau_mem_ms == pytest.approx(-1 / np.log(0.9))
    assert any(note.kind == "recognised" and "taken times 10" in note.what for note in network.exact.notes)


def test_norse_is_recognised_by_time_constants_that_are_a_step_too_small():
    network = from_nir(norse())
    assert (network.exact.origin.framework, network.exact.origin.tau_scale) == ("norse", 1000.0)
    assert network["n"].model.tau_mem_ms == pytest.approx(-1 / np.log(0.6))
    assert [kind for kind, _ in kinds(network)] == ["recognised", "assumed", "recognised"]


def test_norse_with_true_time_constants_is_left_alone():
    network = from_nir(norse(2.5e-3), {"framework": "norse"})
    assert network.exact.origin.tau_scale == 1.0
    assert network["n"].model.tau_mem_ms == pytest.approx(-1 / np.log(0.6))


def test_a_tau_scale_that_is_given_is_used():
    assert from_nir(norse(5e-6), {"framework": "norse", "tau_scale": 500})["n"].model.tau_mem_ms == pytest.approx(
        -1 / np.log(0.6), rel=1e-5
    )


def test_a_file_that_tells_nothing_asks_for_its_step():
    with pytest.raises(ProgramError) as caught:
        from_nir(norse(2.5e-3))
    (found,) = caught.value.problems
    assert (found.path, found.allowed) == ("origin.dt", "a time like '1 ms'") and "framework" in found.remedy


def test_a_network_without_time_needs_no_step():
    network = from_nir(graph("i n o", n=nir.IF(full(2, 1), full(2, 1)), **io()))
    assert network.step_ms == 1.0 and np.isinf(network["n"].model.tau_mem_ms)


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"framework": "sinabs"}, "origin.framework"),
        ({"dt": "3"}, "origin.dt"),
        ({"dt_s": 0.0}, "origin.dt_s"),
        ({"dt_s": True}, "origin.dt_s"),
        ({"reset": "none"}, "origin.reset"),
        ({"reset_delay": 1}, "origin.reset_delay"),
        ({"tau_scale": -1}, "origin.tau_scale"),
        ({"tau_scale": float("nan")}, "origin.tau_scale"),
        ({"resets": "zero"}, "origin"),
        ({"framework": "norse", "reset": "subtract"}, "origin.reset"),
        ({"framework": "norse", "reset_delay": True}, "origin.reset_delay"),
        ({"framework": "snntorch", "current_first": False}, "origin.current_first"),
    ],
)
def test_a_wrong_fact_is_told_with_what_is_allowed(facts, path):
    with pytest.raises(ProgramError) as caught:
        from_nir(snntorch(), facts)
    assert [(problem.path, bool(problem.allowed)) for problem in caught.value.problems] == [(path, True)]


def test_another_version_than_the_recorded_one_is_noted():
    facts = {"framework": "snntorch", "dt": "0.1 ms", "reset": "zero", "reset_delay": True}
    assert from_nir(snntorch(), {**facts, "version": "1.0.0"}).exact.notes == ()
    (note,) = from_nir(snntorch(), {**facts, "version": "0.9.1"}).exact.notes
    assert note.kind == "assumed" and "snntorch 0.9.1 computes as 1.0.0 does" in note.what


def test_parameters_of_one_value_are_taken_for_all_with_a_note():
    one = nir.LIF(full(1, 1e-3), full(1, 10), full(1, 0), full(1, 1))  # a scalar beta of snnTorch
    network = from_nir(graph("i w n o", w=nir.Linear(np.eye(3)), n=one, **io(3, 3)), {"framework": "snntorch"})
    assert network["n"].size == 3
    assert ("assumed", "n") in kinds(network)


def unleaking(beta=1.0):
    """A beta of 1 as snnTorch writes it: tau and r are infinite."""
    with np.errstate(divide="ignore"):
        return snntorch(np.float32(beta))


def test_a_beta_of_1_is_an_r_of_1_a_step():
    network = from_nir(unleaking(), {"framework": "snntorch"})
    neuron = network.exact.neurons["n"]
    assert neuron.gain.tolist() == [1, 1] and neuron.leak.tolist() == [0, 0]
    rng = np.random.default_rng(4)
    exact, twin = both_runs(network, {"i": (rng.random((3, 12, 2)) < 0.4).astype(int)})
    assert spikes_of(exact, "n") == spikes_of(twin, "n") != []
    assert from_nir(unleaking()).exact.origin.framework == "snntorch"


@pytest.mark.parametrize("origin", [{"framework": "nir", "dt": "1 ms"}, {"framework": "norse"}])
def test_an_infinite_r_tells_nothing_elsewhere(origin):
    with pytest.raises(ProgramError) as caught:
        from_nir(unleaking(), origin)
    (problem,) = caught.value.problems
    assert problem.path == "n" and problem.what.startswith("r is inf")
