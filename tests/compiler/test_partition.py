"""Partitioning: parts cover every population once, each fits one core, and there are no more of them than needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.compiler.demand import Inputs
from neuroemu.compiler.partition import STRETCHES
from neuroemu.connect import Dense, Sparse
from neuroemu.network import LifRegisters, Network, Spikes
from tests import naive_compiler as naive
from tests.naive_compiler import small

partitioners = pytest.mark.parametrize("partition", sorted(STRETCHES))  # a new partitioner joins here


@st.composite
def problems(draw):
    """(network, inputs, synapses by population, options): one or two populations with random inputs, some uneven."""
    network, inputs, lists, wanted = Network(), {}, {}, {}
    for k in range(draw(st.integers(1, 2))):
        name, size, n = f"p{k}", draw(st.integers(1, 40)), draw(st.integers(0, 200))
        seed = np.random.default_rng(draw(st.integers(0, 2**32)))
        network = network.population(name, size, LifRegisters())
        source = seed.integers(0, 30, n)
        post = np.minimum((seed.random(n) ** draw(st.sampled_from([1, 3])) * size).astype(np.int64), size - 1)
        order = np.lexsort((post, source))
        source, post = source[order], post[order]
        first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=30))])
        inputs[name] = Inputs(first, post.astype(np.int32), np.empty(0, np.uint8), ("x",), (8,), (False,))
        lists[name] = [(int(s), int(t), "x", 8, False) for s, t in zip(source, post, strict=True)]
        wanted[name] = draw(st.integers(1, 50))
    return network, inputs, lists, wanted if draw(st.booleans()) else {}


def fits(synapses, first, size, chip):
    sources, words = naive.demand(synapses, first, size, chip)
    return (
        size <= chip.core.compartments
        and len(sources) <= chip.core.axons_in
        and sum(words.values()) <= chip.core.synapse_words
    )


@partitioners
@given(problem=problems(), core=naive.core_limits())
def test_parts_cover_each_population_exactly_once(chip, partition, problem, core):
    network, inputs, _, wanted = problem
    parts = STRETCHES[partition](network, inputs, small(chip, **vars(core)), wanted)
    covered = [(part.population, part.first + i) for part in parts for i in range(part.size)]
    assert covered == [(p.name, i) for p in network.on_chip for i in range(p.size)]
    assert min(part.size for part in parts) >= 1


@partitioners
@given(problem=problems(), core=naive.core_limits())
def test_every_part_fits_one_core_if_single_compartments_do(chip, partition, problem, core):
    network, inputs, lists, wanted = problem
    other = small(chip, **vars(core))
    parts = STRETCHES[partition](network, inputs, other, wanted)
    for population in network.on_chip:
        mine = lists[population.name]
        if all(fits(mine, i, 1, other) for i in range(population.size)):
            assert all(fits(mine, p.first, p.size, other) for p in parts if p.population == population.name)


@partitioners
@given(problem=problems(), core=naive.core_limits())
def test_the_demand_of_a_part_is_that_of_its_slice(chip, partition, problem, core):
    network, inputs, lists, wanted = problem
    other = small(chip, **vars(core))
    for part in STRETCHES[partition](network, inputs, other, wanted):
        sources, words = naive.demand(lists[part.population], part.first, part.size, other)
        assert (part.demand.compartments, part.demand.sources.tolist()) == (part.size, sorted(sources))
        assert part.demand.words == sum(words.values())


def equal_stretches(size, n):
    """[(first, size)] of n stretches: edges k * (size / n) in doubles, rounded half to even."""
    edges = [*(round(k * (size / n)) for k in range(n)), size]
    return [(edges[k], edges[k + 1] - edges[k]) for k in range(n)]


@given(problem=problems(), core=naive.core_limits())
def test_equal_makes_parts_that_differ_by_at_most_one(chip, problem, core):
    network, inputs, _, wanted = problem
    parts = STRETCHES["equal"](network, inputs, small(chip, **vars(core)), wanted)
    for population in network.on_chip:
        sizes = [part.size for part in parts if part.population == population.name]
        assert max(sizes) - min(sizes) <= 1


@given(problem=problems(), core=naive.core_limits())
def test_equal_makes_the_fewest_parts_where_a_finer_cut_fits_better(chip, problem, core):
    network, inputs, lists, _ = problem
    other = small(chip, **vars(core))
    parts = STRETCHES["equal"](network, inputs, other, {})
    for population in network.on_chip:
        fine = [
            all(fits(lists[population.name], *stretch, other) for stretch in equal_stretches(population.size, n))
            for n in range(1, population.size + 1)
        ]
        if fine == sorted(fine):  # no, no, ..., yes, yes
            coarsest = -(-population.size // other.core.compartments)
            fewest = fine.index(True) + 1 if any(fine) else coarsest
            assert sum(part.population == population.name for part in parts) == fewest


@partitioners
@given(problem=problems())
def test_wanted_parts_are_made_where_there_is_room(chip, partition, problem):
    network, inputs, _, wanted = problem
    assume(wanted)
    parts = STRETCHES[partition](network, inputs, chip, wanted)
    for population in network.on_chip:
        made = sum(part.population == population.name for part in parts)
        assert made == min(population.size, wanted[population.name])  # a part is never empty


@pytest.mark.parametrize(
    ("size", "parts"), [(1024, [1024]), (1025, [512, 513]), (2048, [1024, 1024]), (3000, [1000] * 3)]
)
def test_a_population_larger_than_a_core_is_cut_equally(chip, size, parts):
    network = Network().population("a", size, LifRegisters())
    assert [part.size for part in compile_network(network, chip).mapping.parts] == parts


def test_a_population_is_cut_until_its_synapses_fit(chip):
    # 2 sources to all of 64: 64*8+10 bits are 9 words each, 18. Halves: 32*8+10 bits are 5 words each, 10.
    # Thirds of at most 22: 22*8+10 = 186 bits are 3 words each, 6.
    net = Network().population("in", 2, Spikes("x")).population("a", 64, LifRegisters()).connect("in", "a", Dense(2.0))
    cut = [len(compile_network(net, small(chip, synapse_words=n)).mapping.parts) for n in (18, 17, 10, 9, 6)]
    assert cut == [1, 2, 2, 3, 3]


def test_a_population_is_cut_until_its_axons_fit(chip):
    # Compartment i of 4 has a source of its own: with 2 axons a core there are 2 parts, with 1 there are 4.
    index = np.arange(4)
    net = Network().population("in", 4, Spikes("x")).population("a", 4, LifRegisters())
    net = net.connect("in", "a", Sparse(index, index, 2.0))
    options = MappingOptions(share_cores=False)
    cut = [len(compile_network(net, small(chip, axons_in=n), options).mapping.parts) for n in (4, 3, 2, 1)]
    assert cut == [1, 2, 2, 4]


def test_a_part_is_named_after_its_stretch(chip):
    net = Network().population("a", 5, LifRegisters())
    parts = compile_network(net, chip, MappingOptions(parts={"a": 2})).mapping.parts
    assert [part.name for part in parts] == ["a[0:2]", "a[2:5]"]  # the cut at 2.5 is rounded to even
