"""A NIR graph as a Network: what the chip is told to do gives the framework's spikes, and what it cannot do is said."""

from __future__ import annotations

import nir
import numpy as np
import pytest
from hypothesis import given

from neuroemu.connect import Conv2d, Dense, OneToOne, Sparse
from neuroemu.errors import ProgramError
from neuroemu.network import Lif
from neuroemu.nir_io import from_nir
from tests.naive_nir import euler_lif
from tests.nir_io.graphs import DT, both_runs, graph, imported, io, lif, networks, spikes_of


def problem(given, origin=None):
    """The one problem of an import that fails."""
    with pytest.raises(ProgramError) as caught:
        imported(given, origin)
    (found,) = caught.value.problems
    return found


@given(networks())
def test_what_the_chip_is_told_gives_the_spikes_of_the_framework_a_step_later_for_every_layer(drawn):
    built, origin, seed = drawn
    network = imported(built, origin)
    n = network["i"].size
    spikes = (np.random.default_rng(seed).random((2, 30, n)) < 0.3).astype(float)
    exact, twin = both_runs(network, {"i": spikes})
    lost = {note.node for note in network.exact.notes if note.kind == "lossy"}
    if not lost:
        assert spikes_of(exact, "n1") == spikes_of(twin, "n1")
        assert spikes_of(exact, "n2") == spikes_of(twin, "n2")


@pytest.mark.parametrize(("reset", "reset_delay"), [("zero", False), ("zero", True), ("subtract", True)])
@pytest.mark.parametrize("kind", ["Leaky", "RLeaky", "Synaptic", "RSynaptic"])
def test_the_neurons_of_snntorch_on_the_chip_spike_as_in_snntorch(kind, reset, reset_delay):
    rng = np.random.default_rng(5)
    n, dt = 6, 1e-4
    beta, alpha = rng.uniform(0.5, 0.95, n), rng.uniform(0.3, 0.9, n)
    tau, tau_syn = dt / (1 - beta), dt / (1 - alpha)
    zeros, ones = np.zeros(n), np.ones(n)
    neuron = (
        nir.CubaLIF(tau_syn, tau, tau / dt, zeros, ones, zeros, tau_syn / dt)
        if "Synaptic" in kind
        else nir.LIF(tau, tau / dt, zeros, ones, zeros)
    )
    nodes = {
        **io(n, n),
        "w": nir.Affine(rng.normal(0.2, 0.5, (n, n)).astype(np.float32), rng.normal(0, 0.05, n)),
        "n": neuron,
    }
    edges = ["i w n o"]
    if kind.startswith("R"):
        nodes["back"] = nir.Affine(rng.normal(0, 0.3, (n, n)).astype(np.float32), rng.normal(0, 0.02, n))
        edges.append("n back n")
    network = imported(graph(*edges, **nodes), {"framework": "snntorch", "reset": reset, "reset_delay": reset_delay})
    assert not [note for note in network.exact.notes if note.kind == "lossy"]
    exact, twin = both_runs(network, {"i": (rng.random((5, 40, n)) < 0.3).astype(float)})
    assert len(exact.step["n"]) > 50
    assert spikes_of(exact, "n") == spikes_of(twin, "n")


def test_a_reset_by_subtraction_at_once_in_snntorch_is_noted_as_lossy():
    tau = np.full(2, 1e-3)
    built = graph("i n o", n=nir.LIF(tau, tau / 1e-4, 0 * tau, np.ones(2)), **io())
    network = imported(built, {"framework": "snntorch", "reset": "subtract", "reset_delay": False})
    assert [note.node for note in network.exact.notes if note.kind == "lossy"] == ["n"]


def test_one_lif_by_hand():
    # leak a fifth, an input adds 1 * 5 / 5 = 1; threshold 1.5 above it after two spikes in a row: 1, then 0.8 + 1
    network = imported(graph("i n o", n=lif(threshold=1.5), **io()))
    spikes = np.zeros((1, 8, 2))
    spikes[0, [0, 1, 4], 0] = 1
    exact, _ = both_runs(network, {"i": spikes})
    assert spikes_of(exact, "n") == [(3, 0)]  # framework's step 2 is the chip's 3


@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize("current_first", [True, False])
def test_a_current_based_lif_is_that_of_its_equations(subtract, current_first):
    rng = np.random.default_rng(3)
    given = dict(tau=7e-3, r=5.0, v_leak=0.05, threshold=0.6, v_reset=-0.1, tau_syn=3e-3, w_in=2.0)
    node = nir.CubaLIF(
        *(np.array([given[key]]) for key in ("tau_syn", "tau", "r", "v_leak", "threshold", "v_reset", "w_in"))
    )
    origin = {**DT, "reset": "subtract" if subtract else "zero", "current_first": current_first}
    network = imported(graph("i n o", n=node, **io(1, 1)), origin)
    spikes = (rng.random((1, 60, 1)) < 0.5).astype(float)
    expected = euler_lif(spikes[0, :, 0], 1e-3, **given, subtract=subtract, current_first=current_first)
    times = [step + 2 for step, (spiked, _) in enumerate(expected) if spiked and step + 2 <= 60]
    assert len(times) > 5
    exact, twin = both_runs(network, {"i": spikes})
    assert exact.step["n"].tolist() == twin.step["n"].tolist() == times


def test_each_chain_is_one_connection_and_the_shortest_that_says_it():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(2, 1, 3, 3))
    nodes = {
        "i": nir.Input(np.array([1, 6, 6])),
        "conv": nir.Conv2d((6, 6), kernel, 1, 1, 1, 1, np.array([0.1, -0.2])),
        "a": lif((2, 6, 6)),
        "pool": nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "flat": nir.Flatten({"input": np.array([2, 3, 3])}, 0, -1),
        "fc": nir.Linear(rng.normal(size=(4, 18))),
        "b": lif(4),
        "c": lif(4),
        "fc2": nir.Linear(rng.normal(size=(4, 4))),
        "d": lif(4),
        "o": nir.Output(np.array([4])),
    }
    network = imported(graph("i conv a pool flat fc b c fc2 d o", **nodes))
    kinds = [type(projection.connector) for projection in network.projections]
    assert kinds == [Conv2d, Sparse, OneToOne, Dense]
    assert np.allclose(network["a"].model.bias, np.repeat([0.1, -0.2], 36))  # the gain is 1
    joined = [note for note in network.exact.notes if note.kind == "changed"]
    assert [note.node for note in joined] == ["b"] and "AvgPool2d 'pool', Linear 'fc'" in joined[0].what
    found = network.projections[1].connector
    dense = np.zeros((4, 72))
    np.add.at(dense, (found.post, found.pre), found.weights)
    image = rng.random((2, 6, 6))
    expected = nodes["fc"].weight @ image.reshape(2, 3, 2, 3, 2).mean(axis=(2, 4)).ravel()
    assert np.allclose(dense @ image.ravel(), expected)


def test_delays_add_up_along_a_way_and_each_element_has_its_own():
    nodes = {
        **io(2, 2),
        "d": nir.Delay(np.array([0.0, 2e-3])),
        "w": nir.Linear(np.array([[1.0, 2.0], [3.0, 4.0]])),
        "e": nir.Delay(np.array([1e-3, 0.0])),
        "n": lif(),
    }
    (found,) = imported(graph("i d w e n o", **nodes)).projections
    made = found.connector.synapses((2,), (2,), None)
    delays = {
        (int(pre), int(post)): int(delay) for pre, post, delay in zip(made.pre, made.post, made.delay, strict=True)
    }
    assert delays == {(0, 0): 1, (1, 0): 3, (0, 1): 0, (1, 1): 2}


def test_a_delay_that_is_no_whole_number_of_steps_is_noted():
    network = imported(graph("i d n o", d=nir.Delay(np.array([1.4e-3, 0.0])), n=lif(), **io()))
    assert [str(note) for note in network.exact.notes if note.kind == "lossy"] == [
        "lossy: d: delays are rounded to whole steps, by up to 0.4 of one."
    ]


def test_ways_of_different_length_are_made_equally_long():
    # i -> a -> b and i -> b: what goes straight waits for the layer that the other goes through
    network = imported(graph("i a w b o", "i b", a=lif(), w=nir.Linear(np.eye(2)), b=lif(), **io()))
    delays = {p.name: p.connector.delays for p in network.projections}
    assert delays == {"i->a": 0, "a->b": 0, "i->b": 1}


def test_a_bias_that_is_at_work_before_the_first_input_is_noted_where_nothing_can_be_done():
    # nearly nothing is kept: to be at 0 after two steps of 0.2, v would have to start at -510
    nodes = {"a": lif(), "w": nir.Affine(np.eye(2), np.full(2, 0.2)), "b": lif(tau=1e-3 / 0.98), **io()}
    network = imported(graph("i a w b o", **nodes))
    (note,) = [note for note in network.exact.notes if note.kind == "lossy"]
    assert note.node == "b" and "2 steps before the first input" in note.what
    assert network["b"].model.v == 0.0 and network["b"].model.bias == pytest.approx(0.2)


def test_feedback_over_two_layers_that_comes_late_is_noted():
    network = imported(graph("i a b o", "b back a", a=lif(), b=lif(), back=nir.Linear(-np.eye(2)), **io()))
    assert [(note.kind, note.node) for note in network.exact.notes if note.kind == "lossy"] == [("lossy", "a")]


def test_a_subgraph_lies_flat_with_its_name_before_its_nodes():
    inner = graph(
        "input lif output", "lif w_rec lif", input=nir.Input(np.array([2])), output=nir.Output(np.array([2])),
        lif=lif(), w_rec=nir.Linear(-0.5 * np.eye(2)),
    )  # fmt: skip
    nested = imported(graph("i l1 o", l1=inner, **io()))
    plain = imported(graph("i a o", "a w a", a=lif(), w=nir.Linear(-0.5 * np.eye(2)), **io()))
    spikes = {"i": (np.random.default_rng(0).random((1, 40, 2)) < 0.5).astype(float)}
    assert nested.names() == ["i", "l1_lif"]
    assert spikes_of(both_runs(nested, spikes)[0], "l1_lif") == spikes_of(both_runs(plain, spikes)[0], "a") != []


def test_names_that_yaml_would_not_take_are_changed_and_stay_different():
    nodes = {"i": nir.Input(np.array([2])), "1": lif(), "1.x": lif(), "1_x": lif(), "o": nir.Output(np.array([2]))}
    assert imported(graph("i 1 1.x 1_x o", **nodes)).names() == ["i", "n1", "n1_x", "n1_x_2"]


def test_an_integrator_at_the_end_is_a_readout():
    network = imported(graph("i n o", n=nir.LI(np.full(2, 5e-3), np.ones(2), np.zeros(2)), **io()))
    assert np.isinf(network["n"].model.threshold) and not network["n"].model.soft_reset


def test_weights_at_the_end_are_read_as_a_potential():
    network = imported(graph("i n w o", n=lif(), w=nir.Affine(np.ones((2, 2)), np.array([0.5, 0.0])), **io()))
    assert network["o"].model == Lif(0.0, 0.0, np.inf, network["o"].model.bias, u=0.0, v=0.0)
    assert network["o"].model.bias.tolist() == [0.5, 0.0]
    assert [(note.kind, note.node) for note in network.exact.notes if note.kind == "changed"] == [("changed", "o")]


def test_a_potential_that_would_have_to_travel_is_refused():
    found = problem(graph("i n w m o", n=nir.I(np.ones(2)), w=nir.Linear(np.eye(2)), m=lif(), **io()))
    assert (found.path, found.what.split(",")[0]) == ("m", "'n' is a I") and found.remedy


@pytest.mark.parametrize(
    ("nodes", "edges", "path", "what"),
    [
        ({"n": lif(threshold=-1.0)}, "i n o", "n", "a threshold lies 1 below"),
        ({"n": lif(tau=2e-4)}, "i n o", "n", "tau is 0.0002 s, shorter than the step of 0.001 s"),
        ({"n": lif(3)}, "i n o", "n", "is given the shape [2]"),
        ({"w": nir.Linear(np.ones((2, 3))), "n": lif()}, "i w n o", "w", "is given the shape [2]"),
        ({"w": nir.Affine(np.ones((2, 2)), np.ones(3)), "n": lif()}, "i w n o", "w", "has 3 biases"),
        ({"n": lif(), "w": nir.Linear(np.eye(2))}, "i n o", "w", ""),
        ({"d": nir.Delay(np.array([-1e-3, 0])), "n": lif()}, "i d n o", "d", "a delay of -1 steps"),
        ({"s": nir.Scale(np.ones(2)), "t": nir.Scale(np.ones(2)), "n": lif()}, "i s t s n o", "s", "a loop without a neuron"),
        ({"n": nir.Scale(np.ones(2))}, "i n n", "n", "a loop without a neuron"),
        ({"n": lif()}, "i n n2", "", "an edge n -> n2 names 'n2'"),
        ({"n": lif()}, "i n i", "i", "'n' leads into an Input"),
        ({"n": lif(), "m": lif()}, "i n o m", "o", "it leads out of an Output to 'm'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_node(nodes, edges, path, what):
    built = graph(edges, **nodes, **io())
    if not what:
        assert any(note.node == path for note in imported(built).exact.notes)
        return
    with pytest.raises(ProgramError) as caught:
        imported(built)
    assert any(found.path == path and found.what.startswith(what) for found in caught.value.problems), caught.value


def test_a_time_constant_below_0_is_told_as_the_file_has_it():
    tau = np.array([5e-6, -3e-6])
    node = nir.CubaLIF(np.full(2, 5e-6), tau, np.ones(2), np.zeros(2), np.ones(2), np.zeros(2))
    built = graph("i n o", n=node, **io())
    for origin in ({"framework": "norse"}, {"dt": "1 ms", "tau_scale": 1000}, {}):
        with pytest.raises(ProgramError) as caught:
            from_nir(built, origin)
        assert any(found.path == "n" and found.what == "tau_mem is -3e-06 s" for found in caught.value.problems)


def test_a_time_constant_below_the_step_is_told_as_the_file_has_it():
    built = graph("i n o", n=lif(tau=2e-6), **io())
    with pytest.raises(ProgramError) as caught:
        from_nir(built, {"framework": "nir", "dt": "1 ms", "tau_scale": 100})
    (found,) = caught.value.problems
    assert found.what.startswith("tau is 2e-06 s times 100, shorter than the step of 0.001 s")


@pytest.mark.parametrize("facts", [{}, {"dt": "none"}, {"reset": "never"}])
def test_what_the_origin_lacks_is_told_with_what_is_wrong_in_the_graph(facts):
    nodes = {"w": nir.Linear(np.ones((2, 3))), "n": lif(tau=-1.0), "m": lif()}
    with pytest.raises(ProgramError) as caught:
        from_nir(graph("i w n o", "m o", **nodes, **io()), facts)
    paths = {found.path for found in caught.value.problems}
    assert {"w", "n"} < paths and any(path.startswith("origin.") for path in paths)


def test_what_leads_nowhere_is_noted_and_left_out():
    alone = {"w": nir.Linear(np.eye(2)), "x": nir.Linear(np.eye(2)), "p": nir.Output(np.array([2]))}
    network = imported(graph("i n o", "n w", n=lif(), **alone, **io()))
    assert {note.node for note in network.exact.notes if note.kind == "lossy"} == {"w", "x", "p"}
    assert network.names() == ["i", "n"] and len(network.projections) == 1


def test_an_edge_that_leads_on_and_back_is_told():
    nodes = {"a": lif(), "w": nir.Linear(np.eye(2)), "b": lif(), **io()}
    found = problem(graph("i a w b o", "w a", "b a", **nodes))
    assert found.path == "w" and "which of them is a step late" in found.what


def test_adding_to_an_imported_network_leaves_its_graph_behind():
    network = imported(graph("i n o", n=lif(), **io()))
    assert network.exact is not None and network.probe("n", "v").exact is not None
    assert network.population("more", 1, Lif()).exact is None
    assert network.connect("n", "n", OneToOne(1.0)).exact is None
