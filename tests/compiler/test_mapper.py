"""Any partition and placement: lawful, as good as it says, and without a trace in what the network does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.compiler import MappingOptions, compile_network, fill, hypergraph, metis
from neuroemu.compiler.expand import expand
from neuroemu.compiler.flow import cost, distances, flow_of
from neuroemu.compiler.load import load_of, use_of
from neuroemu.compiler.partition import PARTITIONERS, SETS
from neuroemu.compiler.place import PLACERS
from neuroemu.compiler.quantise import quantise
from neuroemu.compiler.refine import dissolve, refine, relieve
from neuroemu.compiler.table import build
from neuroemu.connect import Sparse
from neuroemu.counters import Count
from neuroemu.engine.run import Plan, run
from neuroemu.errors import DoesNotFit, ProgramError
from neuroemu.mapping import Seats
from neuroemu.network import LifRegisters, Network, Noise, Registers, Spikes, WeightFormat
from neuroemu.traffic import ways
from neuroemu.wiring import wiring_of
from tests import naive_compiler as naive
from tests import naive_mapping
from tests.naive_compiler import small
from tests.networks import Listed, roomy

MISSING = {"hypergraph": not hypergraph.available(), "metis": not metis.available()}


def those_there(names):
    """The partitioners, those whose package is not installed skipped."""
    return [
        pytest.param(
            name, marks=pytest.mark.skipif(MISSING.get(name, False), reason=f"the package of '{name}' is not there")
        )
        for name in names
    ]


partitions = pytest.mark.parametrize("partition", those_there(PARTITIONERS))
sets = pytest.mark.parametrize("partition", those_there(SETS))


def seats(draw, n, most):
    """Any compartment on any of up to `most` cores."""
    block = draw(st.lists(st.integers(0, most - 1), min_size=n, max_size=n))
    block = np.unique(block, return_inverse=True)[1]
    return Seats(block, np.array(draw(st.permutations(range(most))))[: block.max() + 1])


@st.composite
def noisy(draw):
    """A network of stochastic and plain populations joined at random with delays, and the spikes of its host."""
    network = Network().population("in", 3, Spikes("in"))
    for k in range(draw(st.integers(1, 3))):
        noise = Noise(draw(st.integers(8, 14)), draw(st.integers(0, 4))) if draw(st.booleans()) else None
        size = draw(st.integers(1, 70))
        threshold = np.random.default_rng(k).integers(2, 40, size)
        cells = LifRegisters(draw(st.integers(0, 4095)), draw(st.integers(0, 2000)), threshold, noise=noise)
        network = network.population(f"p{k}", size, cells)
    names = network.names()
    for _ in range(draw(st.integers(1, 5))):
        source, target = draw(st.sampled_from(names)), draw(st.sampled_from(names[1:]))
        n, seed = draw(st.integers(1, 200)), np.random.default_rng(draw(st.integers(0, 2**32)))
        index = seed.integers(0, network[source].size, n), seed.integers(0, network[target].size, n)
        weights, delays = seed.integers(-20, 60, n).astype(float), seed.integers(0, draw(st.integers(1, 4)), n)
        network = network.connect(source, target, Sparse(*index, weights, delays), WeightFormat(8, 0, "mixed"))
    for name in names[1:]:
        network = network.probe(name, "v").probe(name, "u", np.arange(network[name].size)[::2])
    trains = {t: sorted(draw(st.sets(st.integers(0, 2), max_size=3))) for t in range(1, 12)}
    return network, {t: c for t, c in trains.items() if c}


def observed(image, network, trains, threads=1, steps=12):
    """Everything that a user sees of two samples: spikes, probed states, counts by population, overflows."""
    listed = Listed({**trains, **{t + steps: channels for t, channels in trains.items()}})
    plan = Plan(steps, 2, 5, {"in": listed}, {}, network.probes, threads=threads)
    traces, counters = run(image, plan)
    counts = np.zeros((2 * steps, len(image.names), len(Count)), np.int64)
    for part, k in enumerate(image.parts.population):
        counts[:, k] += counters.counts[:, part]
    return {
        "spikes": (traces.step.tolist(), traces.source.tolist(), traces.payload.tolist()),
        "states": {key: (traces.state_index[key].tolist(), rows.tolist()) for key, rows in traces.states.items()},
        "counts": counts.tolist(),
        "overflows": counters.overflows.tolist(),
    }


# ---- what a partition must not change ------------------------------------------------------------------------------


@given(st.data())
def test_no_partition_shows_in_a_run(chip, data):
    network, trains = data.draw(noisy())
    chip, n = roomy(chip), sum(p.size for p in network.on_chip)
    plain = compile_network(network, chip).image
    other = compile_network(network, chip, MappingOptions(seats=seats(data.draw, n, 7))).image
    expected = observed(plain, network, trains)
    assert observed(other, network, trains) == expected
    assert observed(other, network, trains, threads=2) == expected


@partitions
@pytest.mark.parametrize("placement", ["sequential", "anneal"])
@settings(max_examples=10)
@given(st.data())
def test_no_method_shows_in_a_run(chip, partition, placement, data):
    network, trains = data.draw(noisy())
    core = dict(compartments=32, axons_in=128)
    other = small(chip, (8, 8, 4), **core)
    image = compile_network(network, other, MappingOptions(partition, placement)).image
    assert observed(image, network, trains) == observed(compile_network(network, chip).image, network, trains)


@given(st.data())
def test_dendrites_are_joined_wherever_their_tree_is(chip, data):
    chip, n = roomy(chip), data.draw(st.integers(1, 12))
    dendrite = Registers("dendrite", {"decay_u": 2048, "decay_v": 1024, "threshold": 500})
    soma = Registers("soma", {"decay_v": 512, "threshold": np.arange(n) * 500 + 1000})
    network = Network().population("in", n, Spikes("in")).population("tip", n, dendrite).population("cell", n, soma)
    network = network.branch("tip", "cell")
    for name in ("tip", "cell"):
        index = np.arange(n)
        weights = 2.0 * data.draw(st.integers(-100, 100)) + 20.0 * index
        network = network.connect("in", name, Sparse(index, index, weights), WeightFormat(clip=True)).probe(name, "v")
    trains = {t: list(range(t % 2, n, 2)) for t in range(1, 12)}
    trains = {t: channels for t, channels in trains.items() if channels}
    block, core = seats(data.draw, n, 5)
    together = Seats(np.concatenate([block, block]), core)
    plain, other = (compile_network(network, chip, how).image for how in (None, MappingOptions(seats=together)))
    assert observed(other, network, trains, threads=2) == observed(plain, network, trains)


def test_recorded_noise_is_that_of_the_users_compartment(chip):
    # Draws -127..: compartment i of 40 gets x = i - 20 in every step, so its u + bias is what its own number says.
    n, steps = 40, 5
    recorded = np.broadcast_to(np.arange(n) - 20, (steps, n))
    cells = LifRegisters(0, 0, 131071, noise=Noise(7, 0, True, draws=recorded))
    network = Network().population("in", 1, Spikes("in")).population("p", n, cells).probe("p", "v")
    order = np.random.default_rng(1).integers(0, 4, n)
    image = compile_network(network, chip, MappingOptions(seats=Seats(order, np.arange(4)))).image
    assert image.parts.number.size == n
    traces, _ = run(image, Plan(steps, 1, 0, {"in": Listed({})}, {}, network.probes))
    assert traces.v["p"].tolist() == [[(i - 20) * (t + 1) for i in range(n)] for t in range(steps)]


@given(st.data())
def test_the_wiring_of_any_partition_is_that_of_the_synapses(chip, data):
    network = data.draw(naive.networks())
    n = sum(p.size for p in network.on_chip)
    other = small(chip, (4, 4, 2))
    compiled = compile_network(network, other, MappingOptions(seats=seats(data.draw, n, 9)))
    wiring, found = wiring_of(compiled.image), ways(wiring_of(compiled.image))
    core = naive_mapping.blocks_of(network, compiled)
    assert wiring.core_of_source()[:n].tolist() == core
    reached = {}
    for source, target, *_ in naive.kept(network, other):
        reached.setdefault(source, {}).setdefault(core[target], []).append(target)
    for source in range(wiring.n_sources):
        cores = found.core[found.first[source] : found.first[source + 1]].tolist()
        assert cores == sorted(reached.get(source, {}))
    assert found.hops[:, :4].sum() == naive_mapping.packet_hops(network, compiled, other)
    kinds = naive.reads(network, compiled, other)
    _, part_of = naive.placed(network, compiled)
    source, part, synapses = wiring.rows.listed(0, wiring.n_sources)
    counted = {}
    for s, t, *_ in naive.kept(network, other):
        counted[s, part_of[t]] = counted.get((s, part_of[t]), 0) + 1
    assert dict(zip(zip(source.tolist(), part.tolist(), strict=True), synapses.tolist(), strict=True)) == counted
    of_rows = (wiring.rows.dense, wiring.rows.zeros, wiring.rows.shared)
    assert [int(each.sum()) for each in of_rows] == [sum(counts[k] for counts in kinds.values()) for k in range(3)]


# ---- what every mapping must be ------------------------------------------------------------------------------------


@partitions
@pytest.mark.parametrize("placement", PLACERS)
@settings(max_examples=15)
@given(network=naive.networks(), core=naive.core_limits(), large=st.booleans(), share=st.booleans())
def test_what_compiles_is_lawful(chip, partition, placement, network, core, large, share):
    other = small(chip, (4, 3, 4) if large else (2, 1, 2), **vars(core))
    try:
        compiled = compile_network(network, other, MappingOptions(partition, placement, share_cores=share))
    except DoesNotFit as error:
        assert error.violations and all(v.needed > v.available for v in error.violations)
        return
    naive_mapping.check(network, compiled, other)
    if not share:
        owners = {}
        for part, at in zip(compiled.mapping.parts, compiled.mapping.placement, strict=True):
            assert owners.setdefault(at, part.population) == part.population


@pytest.mark.parametrize("partition", those_there(["hypergraph", "grow"]))
@settings(max_examples=6)
@given(network=naive.convolutions(), room=st.integers(12, 40))
def test_what_fits_by_shared_lists_is_lawful(chip, partition, network, room):
    other = small(chip, (6, 6, 4), compartments=room, synapse_words=room)
    try:
        compiled = compile_network(network, other, MappingOptions(partition, "anneal"), remedies=False)
    except DoesNotFit:
        return
    naive_mapping.check(network, compiled, other)
    naive.check(network, compiled, other)


@sets
@settings(max_examples=25)
@given(network=naive.networks(), core=naive.core_limits())
def test_what_fits_in_single_compartments_fits(chip, partition, network, core):
    # Where every compartment on a core of its own is lawful, there is a lawful cut, and one must be found.
    core = replace(core, **dict.fromkeys(naive.CONFIGS))
    other = small(chip, (8, 8, 4), **vars(core))
    n = sum(p.size for p in network.on_chip)
    alone = naive_mapping.use_of_blocks(network, other, list(range(n)))
    if all(used <= vars(core)[resource] for use in alone.values() for resource, used in use.items()):
        naive_mapping.check(network, compile_network(network, other, MappingOptions(partition)), other)


@given(st.data())
def test_the_use_of_any_blocks_is_that_of_the_facts(chip, data):
    network = data.draw(naive.networks() | naive.convolutions())
    n = sum(p.size for p in network.on_chip)
    block = seats(data.draw, n, 6).block
    one = replace(chip, synapse=replace(chip.synapse, index_widths=()))
    found = use_of(loaded(network, one), block, int(block.max()) + 1)
    widest = use_of(loaded(network, chip), block, int(block.max()) + 1)  # where widths differ, words are from above
    exactly = naive_mapping.use_of_blocks(network, chip, block.tolist())
    for b, use in naive_mapping.use_of_blocks(network, one, block.tolist()).items():
        assert (use["compartments"], use["axons_in"], use["axons_out"], use["synapse_words"]) == tuple(
            int(column[b]) for column in found
        )
        assert exactly[b]["synapse_words"] <= widest.words[b]


def loaded(network, chip, weight=None):
    """The Load of a network, as compile_network makes it."""
    synapses = expand(network, 0)
    quantised = quantise(network, synapses, chip)
    formats = {name: weights.format for name, weights in quantised.weights.items()}
    first, n = naive.numbering(network)
    return load_of(network, build(network, synapses, quantised.weights, first, n), formats, first, chip, weight)


@given(st.data())
def test_refining_never_costs_and_breaks_no_limit(chip, data):
    network = data.draw(naive.networks() | naive.convolutions())
    n, mesh = sum(p.size for p in network.on_chip), small(chip).mesh
    block = seats(data.draw, n, 6).block
    n_blocks = int(block.max()) + 1
    use = naive_mapping.use_of_blocks(network, chip, block.tolist())
    room = data.draw(st.integers(0, 3))
    most = {r: max(u[r] for u in use.values()) + room for r in use[0]}
    other = small(chip, **{r: max(amount, 1) for r, amount in most.items()})
    n_sources = naive.numbering(network)[1]
    weight = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n_sources, max_size=n_sources)))
    load, far = loaded(network, other, weight), distances(mesh)
    tile = np.arange(n_blocks) % mesh.n_tiles

    def spent(block):
        return cost(flow_of(load.first, load.target, block, block, load.weight), far, tile[: block.max() + 1])

    better = refine(load, block, far.between[np.ix_(tile, tile)], far.host[tile])
    assert spent(better) <= spent(block)
    fewer = dissolve(load, block)
    assert fewer.max() <= block.max()
    for found in (better, fewer, relieve(load, block)):
        for used in naive_mapping.use_of_blocks(network, other, found.tolist()).values():
            assert {r: n for r, n in used.items() if n > vars(other.core)[r]} == {}


def dense_only(chip):
    """The chip without sparse lists, as ODIN and ReckOn are."""
    return replace(chip, synapse=replace(chip.synapse, lists=("dense",)))


@pytest.mark.parametrize("partition", those_there(["grow", "hypergraph"]))
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("twice", [False, True])
def test_moves_keep_to_the_words_of_lists_that_are_dense_only(chip, partition, seed, twice):
    # 8 groups of 8 that talk among themselves: whoever moves to another core makes lists longer for all that stay.
    random, n = np.random.default_rng(seed), 64
    pre = np.repeat(np.arange(n), 4)
    post = pre // 8 * 8 + random.integers(0, 8, pre.size)
    stray = random.random(pre.size) < 0.2
    post[stray] = random.integers(0, n, stray.sum())
    number = random.permutation(n)
    pre, post = np.divmod(np.unique(number[pre] * n + number[post]), n)
    again = random.random(pre.size) < 0.3 * twice  # these reach one compartment twice
    pre, post = np.concatenate([pre, pre[again]]), np.concatenate([post, post[again]])
    network = Network().population("a", n, LifRegisters()).connect("a", "a", Sparse(pre, post, 2.0))
    for words in (30, 45):
        other = small(dense_only(chip), (8, 8, 2), synapse_words=words, compartments=16)
        naive_mapping.check(network, compile_network(network, other, MappingOptions(partition, "force")), other)


def test_a_compartment_reached_twice_takes_a_second_dense_list(chip):
    # 20 compartments of 8 bits and a header: 3 words of 64 bits; one list reaches compartment 0 twice, the other does not.
    each = naive.words_of_list(20, 8, chip)
    post = np.concatenate([np.arange(20), [0], np.arange(20)])
    network = Network().population("in", 2, Spikes("in")).population("a", 20, LifRegisters())
    network = network.connect("in", "a", Sparse(np.repeat([0, 1], [21, 20]), post, 2.0))
    load = loaded(network, small(dense_only(chip), synapse_words=3 * each))
    assert use_of(load, np.zeros(20, np.int64), 1).words.tolist() == [3 * each]
    assert fill.fill(load, np.arange(20)).tolist() == [0] * 20
    fuller = loaded(network, small(dense_only(chip), synapse_words=3 * each - 1))
    assert fill.fill(fuller, np.arange(20)).max() == 1


# ---- what mapping is for -------------------------------------------------------------------------------------------


def communities(shuffled=True):
    """8 groups of 32 compartments that talk among themselves, and one synapse in twenty to anyone; numbers at random."""
    seed, n, each = np.random.default_rng(3), 256, 20
    pre = np.repeat(np.arange(n), each)
    post = pre // 32 * 32 + seed.integers(0, 32, pre.size)
    anyone = seed.random(pre.size) < 0.05
    post[anyone] = seed.integers(0, n, np.count_nonzero(anyone))
    number = seed.permutation(n)
    net = Network().population("a", n, LifRegisters())
    return net.connect("a", "a", Sparse(number[pre], number[post], 2.0))


def test_a_hypergraph_finds_communities_and_so_does_our_own(chip):
    other = small(chip, (4, 4, 1), compartments=34)
    plain = messages(compile_network(communities(), other), other)
    for partition in ("grow", *(name for name in ("hypergraph", "metis") if not MISSING[name])):
        assert messages(compile_network(communities(), other, MappingOptions(partition, "anneal")), other) < 0.5 * plain


def messages(compiled, chip):
    return naive_mapping.packet_hops(communities(), compiled, chip)


@partitions
def test_the_same_seed_gives_the_same_mapping(chip, partition):
    other = small(chip, (4, 4, 1), compartments=34)
    once, again = (compile_network(communities(), other, MappingOptions(partition, "anneal"), 4) for _ in range(2))
    assert once.mapping.placement == again.mapping.placement
    assert [p.members.tolist() for p in once.mapping.parts] == [p.members.tolist() for p in again.mapping.parts]


def test_a_missing_package_is_said_with_what_to_do(chip, monkeypatch):
    monkeypatch.setattr(hypergraph, "available", lambda: False)
    with pytest.raises(ProgramError) as error:
        compile_network(communities(), chip, MappingOptions("hypergraph"))
    (problem,) = error.value.problems
    assert "mtkahypar" in problem.what and "grow" in problem.remedy and problem.path == "mapping.partition"


def test_parts_are_for_stretches(chip):
    with pytest.raises(ProgramError) as error:
        compile_network(communities(), chip, MappingOptions("layer", parts={"a": 3}))
    assert error.value.problems[0].path == "mapping.parts"
