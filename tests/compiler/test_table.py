"""From lists to the image: sorting, bytes and memory of large networks, and that none of it changes a synapse."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu import pieces
from neuroemu.compiler import MappingOptions, compile_network, sort
from neuroemu.compiler import rows as table_rows
from neuroemu.compiler.destinations import destinations
from neuroemu.compiler.expand import expand
from neuroemu.compiler.groups import packing_of, weight_shift
from neuroemu.compiler.image import CountRows
from neuroemu.compiler.quantise import quantise
from neuroemu.compiler.rows import count_rows
from neuroemu.connect import Random, Sparse, Uniform
from neuroemu.network import Lif, LifRegisters, Network, Spikes, WeightFormat
from tests import naive_compiler as naive
from tests.compiler.test_image import of_image
from tests.naive_compiler import small

# ---- sorting -------------------------------------------------------------------------------------------------------


@given(st.integers(0, 200), st.integers(1, 30), st.integers(1, 30), st.booleans(), st.integers(0, 2**32))
def test_counting_and_comparing_sort_alike(n, n_sources, n_targets, ascending, seed):
    random = np.random.default_rng(seed)
    source, target = (random.integers(0, most, n).astype(np.int32) for most in (n_sources, n_targets))
    target = np.sort(target) if ascending else target
    payload = np.arange(n, dtype=np.int32)  # tells repeats apart
    ways = [way([source, target, payload], n_sources, n_targets) for way in (sort.by_comparing, sort.by_counting)]
    for one, other in zip(*ways, strict=True):
        assert one.dtype == other.dtype and one.tolist() == other.tolist()
    order = sorted(range(n), key=lambda k: (source[k], target[k], k))
    assert ways[0][2].tolist() == order and ways[0][1].tolist() == target[order].tolist()
    assert ways[0][0].tolist() == [np.count_nonzero(source < s) for s in range(n_sources + 1)]


@given(naive.networks(), st.sampled_from([1, 3, 40]), st.booleans())
def test_large_networks_are_compiled_as_small_ones_are(chip, network, piece, apart):
    how = MappingOptions(parts={"p0": 3, "p1": 2}, share_cores=not apart)
    usual = compile_network(network, small(chip, (8, 8, 4)), how)
    with patch.object(pieces, "PIECE", piece), patch.object(sort, "LARGE", -1):
        large = compile_network(network, small(chip, (8, 8, 4)), how)
    assert (large.image.model_hash, large.image.mesh_hash) == (usual.image.model_hash, usual.image.mesh_hash)
    for one, other in zip(of_image(large.image), of_image(usual.image), strict=True):
        assert one.dtype == other.dtype and one.tolist() == other.tolist()
    assert large.mapping.axons_out == usual.mapping.axons_out and large.quantised.scale == usual.quantised.scale
    for one, other in zip(large.mapping.parts, usual.mapping.parts, strict=True):
        assert one.demand.sources.tolist() == other.demand.sources.tolist()
        assert one.demand.words_by_projection == other.demand.words_by_projection


def test_a_list_of_the_user_is_not_changed(chip):
    pre, post = np.array([2, 0, 1], np.int32), np.array([1, 1, 0], np.int32)
    net = Network().population("in", 3, Spikes("x")).population("a", 2, Lif())
    with patch.object(sort, "LARGE", -1):
        compile_network(net.connect("in", "a", Sparse(pre, post, np.array([1.0, 0.0, 2.0]))), chip)
        compile_network(net.connect("in", "a", Sparse(pre, post, 1.0)), chip)
    assert (pre.tolist(), post.tolist()) == ([2, 0, 1], [1, 1, 0])
    assert pre.flags.writeable and post.flags.writeable


# ---- weights in few bytes ------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-(2**15), 2**15 - 1), max_size=20), st.integers(0, 8))
def test_the_weight_shift_is_the_largest_that_loses_no_bit(units, even):
    units = np.array([u >> even << even for u in units], np.int16)
    shift, kept = weight_shift(units), units[units != 0]
    assert np.all(kept >> shift << shift == kept)
    assert shift == 13 or not kept.size or np.any(kept % (1 << (shift + 1)))
    assert kept.size or shift == 0


@pytest.mark.parametrize(
    ("weights", "format", "shift", "stored"),
    [
        ([254, -256, 2], WeightFormat(), 1, [127, -128, 1]),  # mixed 8-bit mantissas are even
        ([255, 1], WeightFormat(8, 0, "excitatory"), 0, [255, 1]),
        ([-255, -1], WeightFormat(8, 0, "inhibitory"), 0, [-255, -1]),
        ([127, 5], WeightFormat(8, 7, "excitatory"), 7, [127, 5]),
        ([64, 64], WeightFormat(8, 7, "excitatory"), 13, [1, 1]),
        ([128, 128], WeightFormat(8, 7, "excitatory"), 13, [2, 2]),  # 2**14: never by more than 13
    ],
)
def test_stored_weights_by_hand(chip, weights, format, shift, stored):
    net = Network().population("in", len(weights), Spikes("x")).population("a", 1, LifRegisters())
    index = np.arange(len(weights))
    image = compile_network(
        net.connect("in", "a", Sparse(index, 0 * index, np.array(weights, float)), format), chip
    ).image
    assert (image.plain.packed.dtype, image.weight_shift) == (np.int32, shift)
    assert image.plain.weight().tolist() == stored and image.plain.target().tolist() == [0] * len(weights)


@pytest.mark.parametrize(
    ("low", "high", "width", "kind", "bits"),
    [
        (0, 0, 1, np.int32, 1),
        (-128, 127, 2**24, np.int32, 24),
        (-128, 128, 2**24, np.int64, 32),
        (-129, 127, 2**24, np.int64, 32),
        (-128, 127, 2**24 + 1, np.int64, 32),
        (-(2**14), 2**14 - 1, 131_072, np.int32, 17),  # a full chip of Loihi
        (-1, 0, 2**30, np.int32, 30),
        (-1, 0, 2**31, np.int64, 32),
    ],
)
def test_a_slot_and_a_weight_share_32_bits_where_they_can(low, high, width, kind, bits):
    assert packing_of(np.array([low, high], np.int64), 0, width) == (kind, bits)


@given(naive.networks())
def test_shifted_back_the_weights_are_the_units(chip, network):
    image = compile_network(network, small(chip, (8, 8, 4))).image
    lists = expand(network, 0)
    units = [int(u) for w in quantise(network, lists, small(chip, (8, 8, 4))).weights.values() for u in w.units if u]
    stored = [int(w) << image.weight_shift for group in (image.plain, image.graded) for w in group.weight()]
    assert sorted(stored) == sorted(units)
    assert image.plain.packed.dtype == image.graded.packed.dtype


# ---- count rows and destinations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("longest", "n_parts", "synapses", "part"),
    [
        (255, 1, np.uint8, np.uint16),
        (256, 1, np.uint16, np.uint16),
        (65_536, 1, np.uint32, np.uint16),
        (1, 65_536, np.uint8, np.uint16),
        (1, 65_537, np.uint8, np.uint32),
    ],
)
def test_count_rows_of_a_large_image_take_the_smallest_types(monkeypatch, longest, n_parts, synapses, part):
    monkeypatch.setattr("neuroemu.compiler.rows.SMALL", 0)
    # Two sources of two thousand have any: listing them is smaller than a number for each source and part.
    first = np.concatenate([[0], np.full(2000, longest), [longest + 1]])
    target = np.full(longest + 1, n_parts - 1, np.int32)
    rows = count_rows(first, target, np.ones(n_parts, np.int64))
    assert (rows.synapses.dtype, rows.part.dtype) == (synapses, part)
    assert rows.part.tolist() == [n_parts - 1] * 2 and rows.synapses.tolist() == [longest, 1]
    assert [column.tolist() for column in rows.listed(1999, 2001)] == [[1], [n_parts - 1], [1]]


@given(st.lists(st.lists(st.integers(0, 11)), min_size=1, max_size=9), st.booleans(), st.integers(1, 40))
def test_count_rows_listed_or_whole_say_the_same(lists, large, piece):
    # lists: by source, the compartments of its targets; parts of 1, 3, 6 and 2 compartments.
    first = np.concatenate([[0], np.cumsum([len(targets) for targets in lists])]).astype(np.int64)
    target = np.array([t for targets in lists for t in sorted(targets)], np.int32)
    part_of = [0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3]
    twin = [
        (source, part, sum(part_of[t] == part for t in targets))
        for source, targets in enumerate(lists)
        for part in range(4)
        if any(part_of[t] == part for t in targets)
    ]
    with patch.object(pieces, "PIECE", piece), patch.object(table_rows, "SMALL", -1 if large else 1 << 18):
        rows = count_rows(first, target, np.array([1, 3, 6, 2]))
    found = list(zip(*(column.tolist() for column in rows.listed(0, len(lists))), strict=True))
    assert found == twin
    half = len(lists) // 2
    assert [c.tolist() for c in rows.listed(half, len(lists))] == [
        list(column) for column in zip(*((s - half, p, n) for s, p, n in twin if s >= half), strict=True)
    ] or not [row for row in twin if row[0] >= half]


@given(st.lists(st.sets(st.integers(0, 8)), max_size=12), st.permutations(range(9)), st.booleans(), st.integers(1, 9))
def test_destinations_equal_their_twin(reached, cores, shared, piece):
    # reached: by source, the parts that hold a target of it
    core_of_part = np.array([core // 2 if shared else 40 * core for core in cores])
    first = np.concatenate([[0], np.cumsum([len(parts) for parts in reached])]).astype(np.int64)
    part = np.array([k for parts in reached for k in sorted(parts)], np.uint16)
    with patch.object(pieces, "PIECE", piece):
        found, core = destinations(
            CountRows(first, part, np.ones(part.size, np.uint8), np.empty(0, np.uint8)), core_of_part
        )
    twin = [sorted({int(core_of_part[k]) for k in parts}) for parts in reached]
    assert [core[found[s] : found[s + 1]].tolist() for s in range(len(reached))] == twin
    assert core.dtype == (np.uint8 if core_of_part.max() < 256 else np.uint16) and found.dtype == np.int64


# ---- memory --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "weights", "most"), [(LifRegisters(), 3.0, 17), (Lif(), Uniform(0.1, 0.5), 19)], ids=["scalar", "uniform"]
)
def test_compiling_takes_few_bytes_a_synapse(chip, model, weights, most):
    # 16 (pre, post, units; target, units, sorted) or 18 (pre, post, weight, units) bytes at the peak, and a few MB. The
    # image takes 7.2 on a full chip, where each synapse of a source lies in a part of its own.
    n, fan_in = 30_000, 100
    room = replace(chip, core=replace(chip.core, axons_in=2**24, axons_out=2**24, synapse_words=2**30))
    net = Network().population("a", n, model).connect("a", "a", Random(weights, fan_in=fan_in))
    compile_network(Network().population("a", 9, model).connect("a", "a", Random(weights, fan_in=1)), room)
    import scipy.sparse  # noqa: F401 its modules are not counted

    tracemalloc.start()
    try:
        image = compile_network(net, room).image
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most * n * fan_in + (8 << 20)
    assert image.bytes_of_synapses <= 8 * n * fan_in
