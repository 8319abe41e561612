"""Limits: each one below, at and above; all of them together; and an independent checker over random networks."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from neuroemu.chip import CoreLimits, Mesh
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.compiler.demand import RESOURCES, Demand
from neuroemu.compiler.limits import check
from neuroemu.compiler.partition import Part
from neuroemu.compiler.place import PLACERS
from neuroemu.connect import Dense, Random
from neuroemu.errors import DoesNotFit
from neuroemu.learning import Trace, learning
from neuroemu.mapping import Seats
from neuroemu.network import LifRegisters, Network, Noise, Spikes, WeightFormat
from tests import naive_compiler as naive
from tests.naive_compiler import small

ALONE = MappingOptions(share_cores=False)


def violations(network, chip, options=None):
    """What the network exceeds: nothing if it compiles."""
    try:
        compile_network(network, chip, options, remedies=False)
    except DoesNotFit as error:
        return error.violations
    return ()


def feed(n_sources, n=1):
    """n_sources joined to all of n compartments."""
    net = Network().population("in", n_sources, Spikes("x")).population("a", n, LifRegisters())
    return net.connect("in", "a", Dense(2.0))


def many(n):
    """n populations of one compartment."""
    net = Network()
    for k in range(n):
        net = net.population(f"p{k}", 1, LifRegisters())
    return net


def fan_out(n):
    """n compartments, each with a synapse to one other compartment."""
    net = Network().population("a", n, LifRegisters()).population("b", 1, LifRegisters())
    return net.connect("a", "b", Dense(2.0))


# ---- one limit at a time: 9, 10 and 11 of 10 -----------------------------------------------------------------------

EDGES = pytest.mark.parametrize(("needed", "fits"), [(9, True), (10, True), (11, False)])


def only(found, resource, needed, available=10):
    """The violations are that one, or none."""
    return [(v.resource, v.needed, v.available) for v in found] == [(resource, needed, available)]


@EDGES
def test_cores_at_the_edge(chip, needed, fits):
    found = violations(many(needed), small(chip, (5, 1, 2)), ALONE)
    assert found == () if fits else only(found, "cores", needed)


@EDGES
def test_fan_in_of_a_compartment_at_the_edge(chip, needed, fits):
    found = violations(feed(needed), replace(chip, core=replace(chip.core, fan_in=10)))
    assert found == () if fits else only(found, "fan_in", needed)


@EDGES
def test_fan_out_of_a_compartment_at_the_edge(chip, needed, fits):
    # One compartment reaches all of a population that lies on as many cores.
    net = Network().population("a", 1, LifRegisters()).population("b", needed, LifRegisters())
    net = net.connect("a", "b", Dense(2.0))
    options = MappingOptions(parts={"b": needed}, share_cores=False)
    found = violations(net, replace(chip, core=replace(chip.core, fan_out=10)), options)
    assert found == () if fits else only(found, "fan_out", needed)
    assert fits or (found[0].place, found[0].culprit) == ("compartment a[0]", "population 'a'")


@EDGES
def test_compartments_of_a_part_at_the_edge(chip, needed, fits):
    # One core only: a population of 11 is cut in two, and the second part has nowhere to go.
    net = Network().population("a", needed, LifRegisters())
    found = violations(net, small(chip, (1, 1, 1), compartments=10))
    assert found == () if fits else only(found, "cores", 2, 1)


@EDGES
def test_compartments_of_a_shared_core_at_the_edge(chip, needed, fits):
    net = Network().population("a", 5, LifRegisters()).population("b", needed - 5, LifRegisters())
    mapping = compile_network(net, small(chip, compartments=10)).mapping
    assert mapping.placement == ((0, 0) if fits else (0, 1))


@EDGES
def test_axons_in_at_the_edge(chip, needed, fits):
    found = violations(feed(needed), small(chip, axons_in=10))
    assert found == () if fits else only(found, "axons_in", needed)


@EDGES
def test_synapse_words_at_the_edge(chip, needed, fits):
    # A list of one synapse of 8 bits is 18 bits: one word a source.
    found = violations(feed(needed), small(chip, synapse_words=10))
    assert found == () if fits else only(found, "synapse_words", needed)


@EDGES
def test_axons_out_of_a_compartment_at_the_edge(chip, needed, fits):
    # One compartment cannot be cut: a synapse to each of so many populations, each on a core of its own.
    net = Network().population("a", 1, LifRegisters())
    for k in range(needed):
        net = net.population(f"b{k}", 1, LifRegisters()).connect("a", f"b{k}", Dense(2.0))
    found = violations(net, small(chip, (4, 4, 1), axons_out=10), ALONE)
    assert found == () if fits else only(found, "axons_out", needed)
    assert fits or found[0].culprit == "population 'a'"


@EDGES
def test_a_population_with_too_many_axons_out_is_cut(chip, needed, fits):
    mapping = compile_network(fan_out(needed), small(chip, axons_out=10), ALONE).mapping
    assert [part.name for part in mapping.parts[:-1]] == ([f"a[0:{needed}]"] if fits else ["a[0:6]", "a[6:11]"])
    assert max(mapping.axons_out) <= 10


def test_populations_with_too_many_axons_out_together_are_put_apart(chip):
    net = Network()
    for name in ("a", "b"):
        net = net.population(name, 6, LifRegisters())
    net = net.population("c", 1, LifRegisters()).connect("a", "c", Dense(2.0)).connect("b", "c", Dense(2.0))
    together, apart = (compile_network(net, small(chip, axons_out=n)).mapping for n in (12, 11))
    assert together.placement == (0, 0, 0) and together.axons_out == (12,)
    assert apart.placement == (0, 1, 1) and apart.axons_out == (6, 6)


def test_an_axon_out_is_used_once_for_every_core_that_is_reached(chip):
    # 4 compartments reach b, which is cut over 3 cores: 12 axons out
    net = Network().population("a", 4, LifRegisters()).population("b", 6, LifRegisters()).connect("a", "b", Dense(2.0))
    options = MappingOptions(parts={"b": 3}, share_cores=False)
    assert compile_network(net, small(chip), options).mapping.axons_out[:4] == (12, 0, 0, 0)
    assert len(compile_network(net, small(chip, axons_out=12), options).mapping.parts) == 4
    assert len(compile_network(net, small(chip, axons_out=11), options).mapping.parts) == 5
    assert only(violations(net, small(chip, axons_out=2), options), "axons_out", 12, 2)  # 3 by any single compartment


# Populations whose compartments all differ in one respect.
VARIED = {
    "compartment_configs": lambda n: LifRegisters(decay_u=np.arange(n)),
    "threshold_configs": lambda n: LifRegisters(threshold=np.arange(n) + 1),
}


@EDGES
@pytest.mark.parametrize("resource", sorted(VARIED))
def test_configurations_of_a_part_at_the_edge(chip, resource, needed, fits):
    # One core only: a population with 11 is cut in two, and the second part has nowhere to go.
    net = Network().population("a", needed, VARIED[resource](needed))
    found = violations(net, small(chip, (1, 1, 1), **{resource: 10}))
    assert found == () if fits else only(found, "cores", 2, 1)


@EDGES
@pytest.mark.parametrize("resource", sorted(VARIED))
def test_configurations_of_a_shared_core_at_the_edge(chip, resource, needed, fits):
    net = (
        Network()
        .population("a", needed - 1, VARIED[resource](needed - 1))
        .population("b", 1, LifRegisters(4000, 1, 99))
    )
    mapping = compile_network(net, small(chip, **{resource: 10})).mapping
    assert mapping.placement == ((0, 0) if fits else (0, 1))


@pytest.mark.parametrize("resource", sorted(VARIED))
def test_a_configuration_that_populations_share_is_one(chip, resource):
    net = Network().population("a", 10, VARIED[resource](10)).population("b", 10, VARIED[resource](10))
    assert compile_network(net, small(chip, **{resource: 10})).mapping.placement == (0, 0)


def formats(n):
    """A compartment that n projections of different exponents lead to."""
    net = Network().population("in", 1, Spikes("x")).population("a", 1, LifRegisters())
    for k in range(n):
        net = net.connect("in", "a", Dense(128.0), WeightFormat(8, k - 6))
    return net


@EDGES
def test_synapse_formats_at_the_edge(chip, needed, fits):
    found = violations(formats(needed), small(chip, synapse_formats=10))
    assert found == () if fits else only(found, "synapse_formats", needed)


def test_the_same_format_is_counted_once_and_a_list_with_delays_is_another(chip):
    net = formats(1).connect("in", "a", Dense(64.0), WeightFormat(8, -6))
    assert violations(net, small(chip, synapse_formats=1)) == ()
    net = net.connect("in", "a", Dense(64.0, 3), WeightFormat(8, -6))
    assert only(violations(net, small(chip, synapse_formats=1)), "synapse_formats", 2, 1)


def test_noise_is_a_configuration_and_a_bias_is_none(chip):
    one = small(chip, (1, 1, 1), compartment_configs=1)
    quiet = Network().population("a", 2, LifRegisters()).population("b", 2, LifRegisters(bias=np.array([3, 4])))
    assert violations(quiet, one) == ()
    noisy = Network().population("a", 2, LifRegisters()).population("b", 2, LifRegisters(noise=Noise(7)))
    assert only(violations(noisy, one), "cores", 2, 1)


def test_what_cores_beyond_the_chip_exceed_is_told_once(chip):
    # 30 compartments at 5 a core need 6 cores; each holds 4 lists of a word, and may hold 3.
    net = Network().population("in", 4, Spikes("x")).population("a", 30, LifRegisters()).connect("in", "a", Dense(2.0))
    given = MappingOptions(seats=Seats(np.repeat(np.arange(6), 5), np.array([0, 1, 2, 3, 4, 7])))
    found = violations(net, small(chip, (2, 1, 1), synapse_words=3), given)
    assert [(v.resource, v.place, v.needed) for v in found] == [
        ("cores", "the chip", 8),
        ("synapse_words", "core 0", 4),
        ("synapse_words", "core 1", 4),
        ("synapse_words", "cores 2..7", 4),
    ]


def plastic(network):
    """All of its projections learn, each with another pre-trace."""
    made = tuple(
        replace(p, learning=learning("x0*x1", traces={"x1": Trace(k % 100, k // 100)}))
        for k, p in enumerate(network.projections)
    )
    return replace(network, projections=made)


@EDGES
def test_stdp_profiles_at_the_edge(chip, needed, fits):
    assert violations(formats(needed), small(chip, stdp_profiles=10)) == ()  # none of them learns
    found = violations(plastic(formats(needed)), small(chip, stdp_profiles=10))
    assert found == () if fits else only(found, "stdp_profiles", needed)
    assert fits or (found[0].place, found[0].culprit) == ("core 0", "population 'a'")


@EDGES
def test_sources_that_learn_take_two_axons_in(chip, needed, fits):
    for available in (2 * needed - 1, 2 * needed, 2 * needed + 1):
        found = violations(plastic(feed(needed)), small(chip, axons_in=available))
        assert found == () if available >= 2 * needed else only(found, "axons_in", 2 * needed, available)
    once = replace(chip, synapse=replace(chip.synapse, learning_axons=1))
    assert (violations(plastic(feed(needed)), small(once, axons_in=10)) == ()) == fits


def test_a_source_that_learns_in_two_parts_of_a_core_takes_its_axons_once(chip):
    net = Network().population("in", 10, Spikes("x"))
    for name in ("a", "b"):
        net = net.population(name, 1, LifRegisters()).connect("in", name, Dense(2.0))
    for axons, placement in ((20, (0, 0)), (19, None)):
        found = violations(plastic(net), small(chip, axons_in=axons))
        assert found == () if placement else only(found[:1], "axons_in", 20, 19)
    assert compile_network(plastic(net), small(chip, axons_in=20)).mapping.placement == (0, 0)


@EDGES
def test_chips_at_the_edge(chip, needed, fits):
    board = replace(small(chip), mesh=Mesh(10, 1, 1, chips=(10, 1)))
    found = violations(many(needed), board, ALONE)
    assert {(v.resource, v.needed, v.available) for v in found} == (
        set() if fits else {("cores", needed, 10), ("chips", needed, 10)}
    )


def test_a_limit_that_is_not_known_is_not_checked(chip):
    nets = [feed(50), formats(13), *(Network().population("a", 50, VARIED[name](50)) for name in VARIED)]
    assert all(violations(net, small(chip, (1, 1, 1))) == () for net in nets)
    one = dict.fromkeys(("fan_in", *naive.CONFIGS), 1)
    assert all(violations(net, small(chip, (1, 1, 1), **one)) for net in nets)


def test_the_hosts_spikes_use_no_axon_out(chip):
    assert violations(feed(50), small(chip, axons_out=1)) == ()


def test_a_source_that_two_parts_of_a_core_share_is_one_axon_in(chip):
    net = Network().population("in", 10, Spikes("x"))
    for name in ("a", "b"):
        net = net.population(name, 1, LifRegisters()).connect("in", name, Dense(2.0))
    assert compile_network(net, small(chip, axons_in=10)).mapping.placement == (0, 0)


def test_the_limits_of_loihi_are_those_of_the_facts(chip):
    # facts/limits_loihi1.md: 1024 compartments, 4096 axons in and out, 16384 words of 64 bits, 128 cores; 32 compartment,
    # 8 threshold and 8 synapse configurations, of which synapse format 0 is reserved
    configs = dict(compartment_configs=32, threshold_configs=8, synapse_formats=7, stdp_profiles=3)
    assert chip.core == CoreLimits(1024, 4096, 4096, 16384, 64, **configs) and chip.mesh.n_cores == 128


# ---- check itself --------------------------------------------------------------------------------------------------


def part(name, size, sources, words):
    return Part(name, 0, size, Demand(size, np.arange(sources), words))


def checked(chip, parts, placement, axons_out):
    with pytest.raises(DoesNotFit) as error:
        check(parts, np.array(placement), np.array(axons_out), chip)
    return {(v.place, v.resource): v for v in error.value.violations}


def test_all_violations_of_all_cores_are_reported_together(chip):
    other = small(chip, (1, 1, 2), compartments=3, axons_in=3, axons_out=3, synapse_words=3)
    parts = [part("a", 4, 5, {"x": 6}), part("b", 4, 5, {"x": 6}), part("c", 1, 1, {"y": 1})]
    found = checked(other, parts, [0, 1, 2], [7, 3, 0])
    assert {key: (v.needed, v.available) for key, v in found.items()} == {
        ("the chip", "cores"): (3, 2),
        ("core 0", "compartments"): (4, 3),
        ("core 0", "axons_in"): (5, 3),
        ("core 0", "synapse_words"): (6, 3),
        ("core 0", "axons_out"): (7, 3),
        ("core 1", "compartments"): (4, 3),
        ("core 1", "axons_in"): (5, 3),
        ("core 1", "synapse_words"): (6, 3),
    }


def test_the_culprit_is_who_needs_most(chip):
    other = small(chip, compartments=3, axons_in=3, synapse_words=3)
    parts = [part("little", 1, 1, {"x": 1}), part("large", 5, 4, {"x": 2, "heavy": 9})]
    found = checked(other, parts, [0, 0], [0, 0])
    assert "large" in found["core 0", "compartments"].culprit
    assert "large" in found["core 0", "axons_in"].culprit
    assert "heavy" in found["core 0", "synapse_words"].culprit


def test_what_fits_exactly_passes(chip):
    other = small(chip, (1, 1, 1), compartments=4, axons_in=5, axons_out=6, synapse_words=7)
    check([part("a", 4, 5, {"x": 7})], np.array([0]), np.array([6]), other)


def test_one_network_may_exceed_everything_at_once(chip):
    # 3 sources to 3 compartments, each a part of its own (compartments=1), each joined with all: 6 axons in, 3 out.
    net = feed(3, 3).connect("a", "a", Dense(2.0))
    found = violations(net, small(chip, (1, 1, 1), compartments=1, axons_in=5, axons_out=2, synapse_words=5))
    assert {(v.resource, v.needed) for v in found} == {
        ("cores", 3),
        ("axons_in", 6),
        ("axons_out", 3),
        ("synapse_words", 6),
    }
    assert len(found) == 1 + 3 + 3  # three on core 0, and three on the two that are not there


# ---- random networks -----------------------------------------------------------------------------------------------

options = st.builds(
    MappingOptions,
    placement=st.sampled_from(sorted(PLACERS)),
    parts=st.dictionaries(st.sampled_from(["p0", "p1", "p2"]), st.integers(1, 9)),
    share_cores=st.booleans(),
)


@given(naive.networks(), naive.core_limits(), options, st.booleans())
def test_what_compiles_is_lawful(chip, network, core, how, large):
    other = small(chip, (4, 3, 4) if large else (2, 1, 2), **vars(core))
    try:
        compiled = compile_network(network, other, how, remedies=False)
    except DoesNotFit as error:
        assert error.violations and all(v.needed > v.available for v in error.violations)
        return
    naive.check(network, compiled, other)


def use_of(network, chip, how):
    """The mapping on a large mesh, and the most that any of its cores uses of every resource."""
    compiled = compile_network(network, chip, how)
    use = naive.use_of_cores(network, compiled, chip).values()
    return compiled.mapping, {resource: max(core[resource] for core in use) for resource in RESOURCES}


@given(naive.networks(), options)
def test_limits_as_large_as_the_use_change_nothing(chip, network, how):
    large = small(chip, (8, 8, 4))
    mapping, peak = use_of(network, large, how)
    exact = small(large, (8, 8, 4), **{resource: max(most, 1) for resource, most in peak.items()})
    again = compile_network(network, exact, how).mapping
    assert (again.placement, [p.name for p in again.parts]) == (mapping.placement, [p.name for p in mapping.parts])


@given(naive.networks(), options)
def test_one_axon_out_less_than_the_use_is_planned_for_or_refused(chip, network, how):
    large = small(chip, (8, 8, 4))
    _, peak = use_of(network, large, how)
    assume(peak["axons_out"] > 1)  # no chip has 0 axons
    less = small(large, (8, 8, 4), axons_out=peak["axons_out"] - 1)
    try:
        compiled = compile_network(network, less, how, remedies=False)
    except DoesNotFit as error:
        assert {(v.resource, v.needed) for v in error.violations} == {("axons_out", peak["axons_out"])}
        return
    naive.check(network, compiled, less)


@given(naive.networks(), options)
def test_the_mapping_says_how_many_axons_out_each_core_uses(chip, network, how):
    compiled = compile_network(network, small(chip, (8, 8, 4)), how)
    use = naive.use_of_cores(network, compiled, chip)
    assert {core: n for core, n in enumerate(compiled.mapping.axons_out) if n} == {
        core: used["axons_out"] for core, used in use.items() if used["axons_out"]
    }


@pytest.mark.parametrize(
    ("network", "resource"),
    [
        (Network().population("a", 2**24, LifRegisters()), "compartments"),
        (
            Network()
            .population("in", 100_000, Spikes("in"))
            .population("a", 10_000, LifRegisters())
            .connect("in", "a", Dense(1.0)),
            "synapse_words",
        ),
        (
            Network()
            .population("in", 10, Spikes("in"))
            .population("a", 10_000, LifRegisters())
            .connect("in", "a", Random(1.0, fan_in=2_000_000_000)),
            "synapse_words",
        ),
    ],
)
def test_what_is_far_too_large_is_refused_before_it_is_made(chip, network, resource):
    tracemalloc.start()
    (found,) = violations(network, chip)
    assert found.resource == resource and found.place == "the chip"
    assert tracemalloc.get_traced_memory()[1] < 10_000_000  # bytes
    tracemalloc.stop()
