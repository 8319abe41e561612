"""Building a network in Python, and a convolution from there to the chip."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from neuroemu.compiler import compile_network
from neuroemu.connect import Conv2d, Dense, OneToOne
from neuroemu.errors import ProgramError
from neuroemu.network import Lif, LifRegisters, Network, Population, Spikes
from tests.naive_compiler import check, convolve, kept


@pytest.fixture
def two():
    """A source of 4 and a population of 2, not joined."""
    return Network().population("in", 4, Spikes("kick")).population("out", 2, Lif(tau_mem_ms=10.0))


def refused(make):
    """The one Problem of the ProgramError that make() raises."""
    with pytest.raises(ProgramError) as error:
        make()
    (problem,) = error.value.problems
    return problem


# ---- building ------------------------------------------------------------------------------------------------------


def test_populations_keep_their_order(two):
    assert two.names() == ["in", "out"]


def test_a_name_gives_its_population(two):
    assert two["in"] == Population("in", (4,), Spikes("kick"))


def test_a_size_is_a_shape_of_one_dimension():
    assert Network().population("a", 6, Lif()) == Network().population("a", (6,), Lif())


def test_a_size_may_be_a_numpy_integer():
    assert Network().population("a", np.int64(6), Lif())["a"].shape == (6,)


def test_the_size_of_a_shape_is_its_product():
    assert Network().population("image", (2, 3, 4), Lif())["image"].size == 24


def test_sources_are_not_on_the_chip(two):
    assert [p.name for p in two.sources] == ["in"] and [p.name for p in two.on_chip] == ["out"]


def test_a_projection_is_named_after_its_ends(two):
    assert two.connect("in", "out", Dense(1.0)).projections[0].name == "in->out"


def test_projections_between_the_same_ends_are_numbered(two):
    for _ in range(3):
        two = two.connect("in", "out", Dense(1.0))
    assert [p.name for p in two.projections] == ["in->out", "in->out#2", "in->out#3"]


def test_a_projection_may_have_a_name_of_its_own(two):
    assert two.connect("in", "out", Dense(1.0), name="feed").projections[0].name == "feed"


def test_a_population_may_be_joined_with_itself(two):
    assert two.connect("out", "out", OneToOne(1.0)).projections[0].source == "out"


def test_a_probe_remembers_what_and_where(two):
    (probe,) = two.probe("out", "v", np.array([1])).probes
    assert (probe.population, probe.observable, probe.index.tolist()) == ("out", "v", [1])


# ---- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        lambda net: net.population("more", 1, Lif()),
        lambda net: net.connect("in", "out", Dense(1.0)),
        lambda net: net.probe("out", "spikes"),
    ],
)
def test_every_method_returns_a_new_network_and_leaves_the_old_one(two, method):
    before = (two.populations, two.projections, two.probes)
    after = method(two)
    assert (two.populations, two.projections, two.probes) == before
    assert after is not two and (after.populations, after.projections, after.probes) != before


def test_a_network_cannot_be_changed(two):
    with pytest.raises(FrozenInstanceError):
        two.step_ms = 2.0


def test_two_networks_may_grow_from_one(two):
    assert two.probe("out", "u").probes != two.probe("out", "v").probes


# ---- networkx ------------------------------------------------------------------------------------------------------


def test_the_graph_has_a_node_a_population_and_an_edge_a_projection(two):
    graph = (
        two.connect("in", "out", Dense(1.0)).connect("in", "out", Dense(2.0)).connect("out", "out", Dense(1.0)).graph()
    )
    assert list(graph.nodes) == ["in", "out"]
    assert sorted(graph.edges(keys=True)) == [
        ("in", "out", "in->out"),
        ("in", "out", "in->out#2"),
        ("out", "out", "out->out"),
    ]


def test_the_graph_carries_the_network(two):
    graph = two.connect("in", "out", Dense(1.0)).graph()
    assert graph.graph["step_ms"] == 1.0
    assert graph.nodes["out"]["size"] == 2 and graph.nodes["out"]["model"] == Lif(tau_mem_ms=10.0)
    assert graph.edges["in", "out", "in->out"]["projection"].connector == Dense(1.0)


def test_changing_the_graph_does_not_change_the_network(two):
    two.graph().remove_node("in")
    assert two.names() == ["in", "out"]


# ---- errors --------------------------------------------------------------------------------------------------------


def test_a_name_that_is_taken_is_refused(two):
    assert "'in' is there already" in refused(lambda: two.population("in", 1, Lif())).what


@pytest.mark.parametrize("shape", [0, -1, (), (2, 0), (-1, -1)])
def test_an_empty_shape_is_refused(shape):
    assert "has the shape" in refused(lambda: Network().population("a", shape, Lif())).what


@pytest.mark.parametrize(("source", "target"), [("in", "nobody"), ("nobody", "out")])
def test_an_end_that_is_missing_is_refused_with_what_there_is(two, source, target):
    problem = refused(lambda: two.connect(source, target, Dense(1.0)))
    assert "'nobody'" in problem.what and problem.allowed == "one of in, out"


def test_a_spike_source_receives_nothing(two):
    assert "receives nothing" in refused(lambda: two.connect("out", "in", Dense(1.0))).what


@pytest.mark.parametrize(("population", "observable"), [("nobody", "v"), ("out", "w"), ("out", "")])
def test_a_probe_of_what_is_not_there_is_refused(two, population, observable):
    assert "cannot probe" in refused(lambda: two.probe(population, observable)).what


def test_a_missing_population_is_a_program_error_with_what_there_is(two):
    problem = refused(lambda: two["nobody"])
    assert "'nobody'" in problem.what and problem.allowed == "one of in, out"


def test_a_network_without_compartments_does_not_compile(chip):
    assert (
        "no population on the chip"
        in refused(lambda: compile_network(Network().population("in", 4, Spikes("x")), chip)).what
    )


def test_every_connection_that_cannot_be_made_is_reported_with_its_name(two, chip):
    net = two.connect("in", "out", Dense(np.ones((3, 3)))).connect("in", "out", OneToOne(1.0), name="pairs")
    with pytest.raises(ProgramError) as error:
        compile_network(net, chip)
    assert {problem.path for problem in error.value.problems} == {"in->out", "pairs"}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_refused(two, chip, bad):
    weights = np.ones((2, 4))
    weights[1, 2] = bad
    assert "from 2 to 1" in refused(lambda: compile_network(two.connect("in", "out", Dense(weights)), chip)).what


# ---- a convolution, end to end -------------------------------------------------------------------------------------

KERNEL = np.random.default_rng(0).integers(-120, 121, (3, 2, 3, 3)).astype(float)


def convolution(model, kernel=KERNEL):
    """An image of 2 x 6 x 5, a 3 x 3 kernel with stride 2 and padding 1: 3 x 3 x 3; then 4 readouts."""
    connector = Conv2d(kernel, stride=2, padding=1)
    return (
        Network()
        .population("image", (2, 6, 5), Spikes("frame"))
        .population("features", connector.output_shape((2, 6, 5)), model)
        .population("label", 4, model)
        .connect("image", "features", connector)
        .connect("features", "label", Dense(np.full((4, 27), 8.0)))
    )


def test_a_convolution_is_stored_as_its_synapses(chip):
    net = convolution(LifRegisters(threshold=100))
    image = compile_network(net, chip).image
    twin, _ = convolve(KERNEL, (2, 6, 5), 2, 1)
    # Sources: 27 features, 4 labels, then 60 pixels. Mixed 8-bit weights lose their lowest bit to the sign, by floor.
    wanted = {(31 + pre, post): w // 2 * 2 for (pre, post), w in twin.items() if w // 2}
    source = np.repeat(np.arange(image.n_sources), np.diff(image.plain.first))
    stored = {
        (int(s), int(t)): int(w) << image.weight_shift
        for s, t, w in zip(source, image.plain.target(), image.plain.weight(), strict=True)
        if s >= 31
    }
    assert stored == wanted


def test_a_convolution_of_floats_is_the_convolution_of_the_image(chip):
    kernel = KERNEL / 120
    compiled = compile_network(convolution(Lif(10.0), kernel), chip)
    frame = np.random.default_rng(1).random(60) < 0.5
    charge, synapses = np.zeros(27), np.zeros(27)
    for source, target, units, _, name in kept(convolution(Lif(10.0), kernel), chip):
        if name == "image->features" and frame[source - 31]:
            charge[target] += units
            synapses[target] += 1
    twin, wanted = convolve(kernel, (2, 6, 5), 2, 1)[0], np.zeros(27)
    for (pre, post), w in twin.items():
        wanted[post] += w * frame[pre]
    # Each weight comes back within half a step of 1/127 of the largest, which is at most 1.
    assert np.all(np.abs(charge / compiled.quantised.scale["features"] - wanted) <= synapses * 0.5 / 127 + 1e-9)


def test_a_convolution_is_mapped_lawfully(chip):
    net = convolution(Lif(10.0))
    check(net, compile_network(net, chip), chip)
