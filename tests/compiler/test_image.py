"""The image: read-only, equal to a recount from the synapse lists, and hashed for what it decides."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.chip import PROFILES, Mesh
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.compiler.destinations import destinations
from neuroemu.compiler.image import digest
from neuroemu.compiler.place import PLACERS
from neuroemu.connect import Dense, Sparse
from neuroemu.network import Lif, LifRegisters, Network, Noise, Spikes, WeightFormat
from neuroemu.topology import topology_of
from neuroemu.wiring import wiring_of
from tests import naive_compiler as naive
from tests.naive_compiler import small

options = st.builds(
    MappingOptions,
    placement=st.sampled_from(sorted(PLACERS)),
    parts=st.dictionaries(st.sampled_from(["p0", "p1", "p2"]), st.integers(1, 9)),
    share_cores=st.booleans(),
)


def compiled_small(network, chip, how=None):
    return compile_network(network, small(chip, (8, 8, 4)), how)


def arrays(value):
    """Every array within a value, however nested."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from arrays(item)


def of_image(image):
    return [array for field in fields(image) for array in arrays(getattr(image, field.name))]


def synapses_of(image, group):
    """[(source, target, weight in 2**6, delay)] of a group of synapses, targets as compartments."""
    owner = np.full(image.width, -1)
    for k, cells in enumerate(image.cells):
        for slot, _, _ in cells.inputs:
            owner[slot : slot + image.blocks.size[k]] = image.blocks.first[k] + np.arange(image.blocks.size[k])
    source = np.repeat(np.arange(image.n_sources), np.diff(group.first))
    delay = group.delay if group.delay.size else np.zeros(group.packed.size, int)
    weight = group.weight().astype(np.int64) << image.weight_shift
    return [tuple(map(int, row)) for row in zip(source, owner[group.target()], weight, delay, strict=True)]


# ---- read-only -----------------------------------------------------------------------------------------------------


@given(naive.networks(), options)
def test_every_array_of_an_image_is_read_only(chip, network, how):
    assert not any(array.flags.writeable for array in of_image(compiled_small(network, chip, how).image))


def test_recorded_noise_and_extra_accumulators_are_read_only_too(chip):
    lava = replace(chip, arithmetic=PROFILES["lava"])
    noise = Noise(8, draws=np.zeros((5, 2), np.int64))
    net = Network().population("in", 2, Spikes("x")).population("a", 2, LifRegisters(noise=noise))
    image = compile_network(
        net.connect("in", "a", Dense(3.0), WeightFormat(8, -1)), lava
    ).image  # 3 is stored as 2: 1, shifted by 1
    assert image.cells[0].inputs.tolist() == [[0, 0, -1], [64, 0, 0]] and image.cells[0].recorded.shape == (5, 2)
    assert not any(array.flags.writeable for array in of_image(image))


def test_compiling_does_not_change_what_it_was_given(chip):
    weights = np.array([[1.0, -2.0], [0.5, 0.0]])
    threshold = np.array([1.0, 2.0])
    net = Network().population("in", 2, Spikes("x")).population("a", 2, Lif(threshold=threshold))
    compile_network(net.connect("in", "a", Dense(weights)), chip)
    assert weights.tolist() == [[1.0, -2.0], [0.5, 0.0]] and threshold.tolist() == [1.0, 2.0]
    assert weights.flags.writeable and threshold.flags.writeable


# ---- a recount -----------------------------------------------------------------------------------------------------


@given(naive.networks(), options)
def test_the_synapses_are_those_of_the_lists(chip, network, how):
    compiled = compiled_small(network, chip, how)
    image = compiled.image
    graded = {p.name for p in network.projections if p.format and p.format.message_bits}
    for group, wanted in ((image.plain, False), (image.graded, True)):
        twin = [(s, t, w, d) for s, t, w, d, name in naive.kept(network, chip) if (name in graded) == wanted]
        assert sorted(synapses_of(image, group)) == sorted(twin)


@given(naive.networks(), options)
def test_the_targets_of_a_source_ascend(chip, network, how):
    image = compiled_small(network, chip, how).image
    for group in (image.plain, image.graded):
        for start, end in zip(group.first[:-1], group.first[1:], strict=True):
            assert np.all(np.diff(group.target(slice(start, end))) >= 0)


@given(naive.networks(), options)
def test_count_rows_equal_a_recount(chip, network, how):
    compiled = compiled_small(network, chip, how)
    _, part_of = naive.placed(network, compiled)
    twin = {}
    for source, target, *_ in naive.kept(network, chip):
        twin[source, part_of[target]] = twin.get((source, part_of[target]), 0) + 1
    rows = compiled.image.rows
    found = list(zip(*(column.tolist() for column in rows.listed(0, compiled.image.n_sources)), strict=True))
    assert found == [(s, part, n) for (s, part), n in sorted(twin.items())]


@given(naive.networks(), options)
def test_destinations_equal_a_recount(chip, network, how):
    compiled = compiled_small(network, chip, how)
    core_of, _ = naive.placed(network, compiled)
    twin = sorted({(source, core_of[target]) for source, target, *_ in naive.kept(network, chip)})
    first, core = destinations(compiled.image.rows, compiled.image.parts.core)
    source = np.repeat(np.arange(compiled.image.n_sources), np.diff(first))
    assert list(zip(source.tolist(), core.tolist(), strict=True)) == twin


@given(naive.networks(), options, st.tuples(st.integers(0, 7), st.integers(0, 7)))
def test_messages_start_where_their_source_sits(chip, network, how, host_tile):
    other = replace(small(chip), mesh=Mesh(8, 8, 4, host_tile=host_tile))
    compiled = compile_network(network, other, how)
    core_of, _ = naive.placed(network, compiled)
    _, n = naive.numbering(network)
    wiring = wiring_of(compiled.image)
    assert wiring.core_of_source().tolist() == [core_of.get(source, -1) for source in range(n)]
    host = host_tile[0] * 8 + host_tile[1]
    tiles = topology_of(other.mesh).tile_of_sender[wiring.sender_of_source()]
    assert tiles.tolist() == [core_of[s] // 4 if s in core_of else host for s in range(n)]


@given(naive.networks(), options)
def test_the_parts_are_those_of_the_mapping(chip, network, how):
    compiled = compiled_small(network, chip, how)
    first, _ = naive.numbering(network)
    parts = compiled.image.parts
    assert [compiled.image.names[k] for k in parts.population] == [p.population for p in compiled.mapping.parts]
    assert parts.first.tolist() == [first[p.population] + p.first for p in compiled.mapping.parts]
    assert parts.size.tolist() == [p.size for p in compiled.mapping.parts]
    assert parts.core.tolist() == list(compiled.mapping.placement)


@given(naive.networks())
def test_sources_are_numbered_after_the_compartments(chip, network):
    image = compiled_small(network, chip).image
    first, n = naive.numbering(network)
    assert image.source_names == tuple(p.name for p in network.sources)
    assert image.source_first.tolist() == [*(first[name] for name in image.source_names), n]
    assert image.n_sources == n and image.n_compartments == sum(p.size for p in network.on_chip)


@given(naive.networks())
def test_blocks_are_the_populations(chip, network):
    image = compiled_small(network, chip).image
    first, _ = naive.numbering(network)
    assert image.blocks.first.tolist() == [first[name] for name in image.names]
    assert image.blocks.size.tolist() == [network[name].size for name in image.names]


@pytest.mark.parametrize(("delays", "slots"), [(0, 2), (1, 3), (np.array([0, 62]), 64)])
def test_the_ring_has_room_for_the_longest_delay(chip, delays, slots):
    # A spike of step t is read in t + 1 + delay, while row t is still in use.
    index = np.arange(2)
    net = Network().population("in", 2, Spikes("x")).population("a", 2, LifRegisters())
    assert compile_network(net.connect("in", "a", Sparse(index, index, 2.0, delays)), chip).image.n_slots == slots


def test_a_weight_that_rounds_to_zero_is_not_mapped(chip):
    # 1 at exponent -1 is 0: its source sends nothing and takes no axon.
    net = Network().population("in", 2, Spikes("x")).population("a", 1, LifRegisters())
    format = WeightFormat(8, -1, "excitatory")
    compiled = compile_network(net.connect("in", "a", Dense(np.array([[1.0, 4.0]])), format), chip)
    assert compiled.image.n_synapses == 1
    assert compiled.mapping.parts[0].demand.sources.tolist() == [2]  # source 1 of 'in', behind one compartment


# ---- hashes --------------------------------------------------------------------------------------------------------

NET = (
    Network()
    .population("in", 3, Spikes("x"))
    .population("a", 6, Lif(10.0, 2.0))
    .population("b", 4, LifRegisters())
    .connect("in", "a", Dense(np.random.default_rng(0).normal(size=(6, 3))))
    .connect("a", "b", Dense(np.random.default_rng(1).integers(-9, 9, (4, 6)).astype(float)))
)
APART = MappingOptions(parts={"a": 3}, share_cores=False)


def hashes(chip, network=NET, how=APART):
    image = compile_network(network, chip, how).image
    return image.model_hash, image.mesh_hash


def test_the_same_network_has_the_same_hashes(chip):
    assert hashes(chip) == hashes(chip)


def test_placement_changes_the_mesh_hash_and_not_the_model_hash(chip):
    other = replace(APART, placement="hilbert")
    one_core_a_tile = small(chip, (4, 4, 1))
    placements = [compile_network(NET, one_core_a_tile, how).mapping.placement for how in (APART, other)]
    assert placements[0] != placements[1]
    (model, mesh), (other_model, other_mesh) = hashes(one_core_a_tile), hashes(one_core_a_tile, how=other)
    assert model == other_model and mesh != other_mesh


@given(naive.networks(), st.booleans())
def test_no_placement_changes_the_model_hash(chip, network, share):
    parts = {p.name: 2 for p in network.on_chip}
    found = {
        compiled_small(network, chip, MappingOptions("equal", place, parts, share)).image.model_hash
        for place in PLACERS
    } | {compile_network(network, small(chip, (5, 9, 2)), MappingOptions(parts=parts)).image.model_hash}
    assert len(found) == 1


@pytest.mark.parametrize("mesh", [Mesh(4, 8, 4), Mesh(8, 4, 4, host_tile=(1, 0)), Mesh(16, 8, 1)])
def test_another_mesh_changes_the_mesh_hash_and_not_the_model_hash(chip, mesh):
    (model, one), (other_model, other) = hashes(chip), hashes(replace(chip, mesh=mesh))
    assert model == other_model and one != other


def test_a_cut_changes_the_model_hash(chip):
    # Counts are kept by part, so another cut is another run.
    assert hashes(chip)[0] != hashes(chip, how=replace(APART, parts={"a": 2}))[0]


@pytest.mark.parametrize("placement", sorted(PLACERS))
@pytest.mark.parametrize("parts", [{}, {"a": 2}, {"a": 6, "b": 4}])
@pytest.mark.parametrize("share", [True, False])
def test_no_mapping_changes_a_synapse_or_a_register(chip, placement, parts, share):
    plain = compile_network(NET, chip).image
    mapped = compile_network(NET, chip, MappingOptions("equal", placement, parts, share)).image
    for group in ("plain", "graded", "cells", "blocks"):
        assert digest(getattr(plain, group)) == digest(getattr(mapped, group))


@pytest.mark.parametrize(
    "changed",
    [
        replace(NET, step_ms=0.5),
        NET.connect("b", "a", Dense(1.0)),
        NET.population("c", 1, LifRegisters()),
        replace(NET, populations=(*NET.populations[:2], replace(NET.populations[2], model=LifRegisters(bias=1)))),
        replace(
            NET, populations=(*NET.populations[:2], replace(NET.populations[2], model=LifRegisters(noise=Noise(3))))
        ),
    ],
)
def test_another_network_has_another_model_hash(chip, changed):
    assert hashes(chip)[0] != hashes(chip, changed)[0]


def test_another_arithmetic_has_another_model_hash(chip):
    other = replace(chip, arithmetic=chip.arithmetic._replace(q_bits=0))
    assert hashes(chip)[0] != hashes(other)[0]


def test_sources_of_other_sizes_have_another_model_hash(chip):
    # 3 + 4 channels and 4 + 3 channels, every one joined alike: the inputs reach other synapses.
    def net(n_first, n_second):
        made = Network().population("i", n_first, Spikes("x")).population("j", n_second, Spikes("y"))
        return made.population("a", 1, Lif()).connect("i", "a", Dense(1.0)).connect("j", "a", Dense(1.0))

    assert hashes(chip, net(3, 4), None)[0] != hashes(chip, net(4, 3), None)[0]


def test_a_digest_sees_values_types_and_nesting():
    a = np.arange(4)
    found = [digest(x) for x in (a, a[::-1], a.astype(np.int32), a.reshape(2, 2), (a,), (a, 1), (a, (1,)), (a, "1"))]
    assert len(set(found)) == len(found)


def test_a_digest_does_not_see_how_an_array_lies_in_memory():
    a = np.arange(12).reshape(3, 4)
    assert digest(a) == digest(np.asfortranarray(a)) == digest(np.repeat(a, 2, axis=1)[:, ::2])
