"""Dendritic trees: values pass up within a step, and the engine equals its twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.compartments.joins import JOINS
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, Sparse
from neuroemu.engine.run import Plan, run
from neuroemu.errors import ProgramError
from neuroemu.network import Network, Registers, Spikes, WeightFormat
from tests import naive
from tests.networks import STEPS, Listed


def tree(n, join, gated=0, below="add", **soma):
    """tip -> trunk -> soma and side -> soma, n of each."""
    dendrite = Registers("dendrite", {"decay_u": 2048, "decay_v": 1024, "gated": gated, "threshold": 500})
    return (
        Network()
        .population("in", n, Spikes("in"))
        .population("tip", n, dendrite)
        .population("trunk", n, dendrite)
        .population("side", n, dendrite)
        .population("soma", n, Registers("soma", {"decay_v": 512, "threshold": 3000, **soma}))
        .branch("tip", "trunk", below)
        .branch("trunk", "soma", join)
        .branch("side", "soma", join)
    )


def driven(network, weights):
    for k, name in enumerate(("tip", "trunk", "side", "soma")):
        n = network["in"].size
        network = network.connect("in", name, Dense(np.eye(n) * weights[k]), WeightFormat())
    return network


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(JOINS)),
    st.sampled_from(sorted(JOINS)),
    st.integers(0, 1),
    st.lists(st.integers(-120, 120).map(lambda w: 2.0 * w), min_size=4, max_size=4),
    st.sets(st.tuples(st.integers(1, STEPS), st.integers(0, 2)), max_size=30),
    st.integers(1, 4),
)
def test_a_tree_equals_its_twin(chip, join, below, gated, weights, spikes, refractory):
    network = driven(tree(3, join, gated, below, refractory=refractory), weights)
    trains = {}
    for step, channel in sorted(spikes):
        trains.setdefault(step, []).append(channel)
    image = compile_network(network, chip).image
    probed = network
    for name in image.names:
        probed = probed.probe(name, "u").probe(name, "v")
    traces, counters = run(image, Plan(STEPS, 1, 0, {"in": Listed(trains)}, {}, probed.probes))
    first = image.n_compartments
    twin, us, vs, counts = naive.run(image, {s: [c + first for c in cs] for s, cs in trains.items()}, STEPS)
    assert list(zip(traces.step.tolist(), traces.source.tolist(), traces.payload.tolist(), strict=True)) == twin
    assert np.concatenate([traces.v[name] for name in image.names], axis=1).tolist() == vs
    assert np.concatenate([traces.u[name] for name in image.names], axis=1).tolist() == us
    assert counters.counts[:, :, :4].tolist() == [[[c[0], c[1], c[2], c[3]] for c in row] for row in counts]


@pytest.mark.parametrize(
    ("join", "v"),
    # Tip 10, side 4, own drive 1, in units of 64: what the soma adds to its v in the step of their arrival.
    [("add", 64 * 15), ("max", 64 * 10), ("min", 64 * 1), ("or", 64 * 1)],
)
def test_a_join_by_hand(chip, join, v):
    plain = Registers("dendrite", {})
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("tip", 1, plain)
        .population("side", 1, plain)
        .population("soma", 1, Registers("soma", {"threshold": 10**6}))
        .branch("tip", "soma", join)
        .branch("side", "soma", join)
        .probe("soma", "v")
    )
    for name, weight in (("tip", 10.0), ("side", 4.0), ("soma", 1.0)):
        network = network.connect("in", name, Dense(weight), WeightFormat(sign_mode="excitatory"))
    traces, _ = run(compile_network(network, chip).image, Plan(3, 1, 0, {"in": Listed({1: [0]})}, {}, network.probes))
    # By or the soma fires for its dendrites, so v is 0 after the step.
    assert traces.v["soma"][1].tolist() == [0 if join == "or" else v]
    assert traces.step[traces.source == 2].tolist()[:1] == ([2] if join == "or" else [])


def test_gated_dendrites_pass_nothing_below_their_threshold(chip):
    seen = []
    for weight in (7.0, 8.0):  # 7 * 64 = 448 and 8 * 64 = 512 against a threshold of 500
        network = driven(tree(1, "add", gated=1), [0.0, 0.0, weight, 0.0]).probe("soma", "v")
        image = compile_network(network, chip).image
        seen.append(run(image, Plan(2, 1, 0, {"in": Listed({1: [0]})}, {}, network.probes))[0].v["soma"][1, 0])
    assert seen == [0, 512]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda net: net.branch("soma", "tip"), "passes nothing up"),
        (lambda net: net.branch("side", "tip"), "stands after its parent"),
        (lambda net: net.branch("tip", "soma", "xor"), "no join 'xor'"),
        (lambda net: net.branch("tip", "soma", "max"), "has a parent already"),
        (lambda net: net.branch("in", "soma"), "no part of a dendritic tree"),
        (lambda net: net.connect("in", "soma", Dense(1.0), port="dendrites"), "is for branches"),
        (
            lambda net: net.population("late", 2, Registers("dendrite")).population("s2", 1, Registers("soma")).branch(
                "late", "s2"
            ),
            "2 and 1 compartments",
        ),
    ],
)  # fmt: skip
def test_what_is_no_tree_is_refused(make, what):
    with pytest.raises(ProgramError, match=what):
        make(tree(1, "add"))


def test_siblings_are_joined_alike():
    network = Network().population("a", 1, Registers("dendrite")).population("b", 1, Registers("dendrite"))
    network = network.population("soma", 1, Registers("soma")).branch("a", "soma", "max")
    with pytest.raises(ProgramError, match="joins its dendrites by 'max'"):
        network.branch("b", "soma", "min")


def test_a_tree_over_two_cores_is_refused(chip):
    network = tree(2, "add").connect("in", "tip", Sparse(np.array([0]), np.array([0]), 2.0), WeightFormat())
    with pytest.raises(ProgramError, match="joined within one core"):
        compile_network(network, chip, MappingOptions(share_cores=False))


def test_dendrites_that_lead_nowhere_are_refused(chip):
    network = Network().population("a", 3, Registers("dendrite", {"bias": 5})).population("b", 1, Registers("soma"))
    with pytest.raises(ProgramError, match="'a' have no parent"):
        compile_network(network, chip)


def test_values_of_many_dendrites_may_pass_32_bits(chip):
    # 300 dendrites at 2**23 - 1 sum up to more than 2**31: v is clipped, and not wrapped into the negative.
    network = Network()
    for k in range(300):
        network = network.population(f"d{k}", 1, Registers("dendrite", {"v": 2**23 - 1}))
    network = network.population("soma", 1, Registers("soma", {"threshold": 2**23 - 2}))
    for k in range(300):
        network = network.branch(f"d{k}", "soma")
    traces, _ = run(compile_network(network, chip).image, Plan(1, 1, 0, {}, {}))
    assert traces.source.tolist() == [300]
