"""What a slice asks of a core: the worked examples of facts/limits_loihi1.md, and a twin for everything else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.compiler import compile_network
from neuroemu.compiler.demand import Inputs, demands
from neuroemu.compiler.packing import index_bits, list_words
from neuroemu.connect import Dense
from neuroemu.network import LifRegisters, Network, Spikes
from tests import naive_compiler as naive


def words(n, bits_each, chip):
    return int(list_words(np.array([n]), bits_each, chip.synapse, chip.core.word_bits)[0])


def inputs(source, post, projection, names, bits, delayed):
    """Inputs of a list of synapses, sorted by source."""
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=8))])
    return Inputs(first, np.asarray(post, np.int32), np.asarray(projection, np.uint8), names, bits, delayed)


def one_list(posts, bits=8, delayed=False, source=3):
    """Inputs of one source with a synapse to each of the posts."""
    n = len(posts)
    return inputs(np.full(n, source), posts, [], ("p",), (bits,), (delayed,))


def whole(inputs, size, chip):
    """The Demand of a population that is not cut."""
    return demands(inputs, np.array([0, size]), chip)[0]


# ---- words of a list -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "bits_each", "expected"),
    [
        (64, 8, 9),  # dense 8-bit: 64*8+10 = 522 -> 576 bits
        (64, 18, 19),  # sparse, 10-bit index: 64*18+10 = 1162 -> 1216 bits
        (64, 14, 15),  # dense with delays: 64*14+10 = 906 -> 960
        (0, 8, 0),
        (1, 8, 1),  # 18 bits
        (6, 9, 1),  # 64 bits, just full
        (7, 8, 2),  # 66 bits
        (65, 8, 10),  # a second group of one: 9 + 1
        (128, 8, 18),
    ],
)
def test_the_words_of_a_list_by_hand(chip, n, bits_each, expected):
    assert words(n, bits_each, chip) == expected


@pytest.mark.parametrize(("bits_each", "lists"), [(8, 1820), (18, 862)])
def test_a_core_holds_as_many_lists_of_64_as_the_facts_say(chip, bits_each, lists):
    assert chip.core.synapse_words // words(64, bits_each, chip) == lists


@given(st.integers(0, 400), st.integers(1, 24), st.sampled_from([1, 7, 64]), st.sampled_from([32, 64]))
def test_words_equal_their_twin(chip, n, bits_each, group, word_bits):
    other = replace(chip, synapse=replace(chip.synapse, group=group), core=replace(chip.core, word_bits=word_bits))
    assert words(n, bits_each, other) == naive.words_of_list(n, bits_each, other)


@given(st.integers(0, 300), st.integers(1, 24))
def test_a_longer_list_never_takes_fewer_words(chip, n, bits_each):
    assert words(n, bits_each, chip) <= words(n + 1, bits_each, chip)


# ---- demand of a slice ---------------------------------------------------------------------------------------------


def test_a_full_list_is_stored_dense(chip):
    assert whole(one_list(range(64)), 64, chip).words == 9


def test_a_thin_list_is_stored_with_an_index(chip):
    # 3 of 1024: dense 16 groups of 9 words = 144; sparse 3*18+10 = 64 bits = 1 word
    assert whole(one_list([0, 500, 1023]), 1024, chip).words == 1


def test_the_smaller_of_the_two_formats_is_taken(chip):
    # Of 64 posts, dense is 9 words; n sparse ones are ceil((14n+10)/64): 36 -> 9 (514 bits), 35 -> 8 (500 bits).
    assert [whole(one_list(range(n)), 64, chip).words for n in (35, 36, 37, 63)] == [8, 9, 9, 9]
    # with indices of 10 bits whatever the part, ceil((18n+10)/64): 28 -> 9 (514 bits), 27 -> 8 (496 bits)
    fixed = replace(chip, synapse=replace(chip.synapse, index_widths=()))
    assert [whole(one_list(range(n)), 64, fixed).words for n in (27, 28, 29, 63)] == [8, 9, 9, 9]


# facts/limits_loihi1.md, "index bits": {0,6,7,8,9,10,11,12}; 0 bits where there is one compartment to tell.
@pytest.mark.parametrize(("width", "below"), [(0, None), (6, 0), (7, 6), (8, 7), (9, 8), (10, 9), (11, 10), (12, 11)])
def test_an_index_has_the_fewest_bits_that_tell_the_compartments_of_a_part_apart(chip, width, below):
    limits = chip.synapse
    most = 2**width
    assert index_bits(np.array([most - 1, most]), limits).tolist()[-1 if width == 0 else 0 :] == [width] * (
        1 + (width > 0)
    )
    assert index_bits(np.array([most + 1]), limits)[0] == {0: 6, 12: -1}.get(width, width + 1)
    assert below is None or index_bits(np.array([2**below + 1]), limits)[0] == width


@pytest.mark.parametrize(
    ("size", "expected"), [(63, 14), (64, 14), (65, 15), (128, 15), (129, 16), (1024, 18), (1025, 19)]
)
def test_the_words_of_sparse_lists_follow_the_size_of_the_part(chip, size, expected):
    # 60 of them in every part: ceil((60 * (8 + index) + 10) / 64); dense lists are left out
    sparse = replace(chip, synapse=replace(chip.synapse, lists=("sparse",)))
    assert whole(one_list(range(60)), size, sparse).words == -(-(60 * expected + 10) // 64)


def test_a_part_with_more_compartments_than_any_index_tells_apart_is_cut(chip):
    narrow = replace(chip, synapse=replace(chip.synapse, index_widths=(0, 6), lists=("sparse",)))
    for n, parts in ((63, 1), (64, 1), (65, 2)):
        net = Network().population("in", 1, Spikes("x")).population("a", n, LifRegisters())
        assert len(compile_network(net.connect("in", "a", Dense(2.0)), narrow).mapping.parts) == parts


def test_delays_cost_bits_in_the_projection_that_has_them(chip):
    # dense 64: 8 bits 9 words, 8+6 bits 15 words
    assert whole(one_list(range(64), delayed=True), 64, chip).words == 15


def test_seven_bits_are_stored_as_eight(chip):
    # facts/fixed_point.md section 10: the field knows 0..6 and 8
    assert whole(one_list(range(64), bits=7), 64, chip).words == 9


def test_few_bits_take_few_words(chip):
    # 64*1+10 = 74 bits
    assert whole(one_list(range(64), bits=1), 64, chip).words == 2


def test_a_source_of_two_projections_is_one_axon_with_two_lists(chip):
    two = inputs([5, 5], [0, 0], [0, 1], ("p", "q"), (8, 4), (False, False))
    demand = whole(two, 1, chip)
    assert demand.sources.tolist() == [5] and demand.words_by_projection == {"p": 1, "q": 1}


def test_a_population_without_inputs_asks_for_its_compartments_only(chip):
    none = np.empty(0, np.int64)
    demand = whole(inputs(none, none, none, ("p",), (8,), (False,)), 12, chip)
    assert (demand.compartments, demand.axons_in, demand.words) == (12, 0, 0)


def test_a_cut_repeats_the_axons_and_splits_the_lists(chip):
    # 4 sources to all of 128: whole 4*18 words; each half 4 axons again and 4*9 words
    four = inputs(np.repeat(np.arange(4), 128), np.tile(np.arange(128), 4), [], ("p",), (8,), (False,))
    halves = demands(four, np.array([0, 64, 128]), chip)
    assert [(d.axons_in, d.words) for d in halves] == [(4, 36), (4, 36)]


@st.composite
def inputs_and_edges(draw):
    """Random synapses into a population of up to 90 in up to five slices, up to three projections; repeats included.

    Gives the synapses as (source, post, projection), the Inputs of them, and the edges.
    """
    size, n = draw(st.integers(1, 90)), draw(st.integers(0, 300))
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_projections = draw(st.integers(1, 3))
    bits = tuple(draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8])) for _ in range(n_projections))
    delayed = tuple(draw(st.booleans()) for _ in range(n_projections))
    cuts = draw(st.sets(st.integers(1, size), max_size=4)) - {size}
    columns = (
        seed.integers(0, draw(st.integers(1, 40)), n),
        seed.integers(0, size, n),
        seed.integers(0, n_projections, n),
    )
    order = np.lexsort((columns[1], columns[0]))
    columns = tuple(column[order] for column in columns)
    names = tuple(f"p{k}" for k in range(n_projections))
    return columns, inputs(*columns, names, bits, delayed), np.array([0, *sorted(cuts), size])


@given(inputs_and_edges())
def test_demands_equal_their_twin(chip, drawn):
    columns, given_inputs, edges = drawn
    synapses = [
        (int(s), int(t), given_inputs.projection_names[k], given_inputs.bits[k], given_inputs.has_delay[k])
        for s, t, k in zip(*columns, strict=True)
    ]
    for k, demand in enumerate(demands(given_inputs, edges, chip)):
        sources, by_projection = naive.demand(synapses, int(edges[k]), int(edges[k + 1] - edges[k]), chip)
        assert demand.compartments == edges[k + 1] - edges[k]
        assert demand.sources.tolist() == sorted(sources)
        assert {name: count for name, count in demand.words_by_projection.items() if count} == {
            name: count for name, count in by_projection.items() if count
        }


@given(inputs_and_edges())
def test_cutting_never_makes_the_whole_smaller(chip, drawn):
    _, given_inputs, edges = drawn
    parts, one = demands(given_inputs, edges, chip), whole(given_inputs, int(edges[-1]), chip)
    assert sum(d.compartments for d in parts) == one.compartments
    assert sum(d.axons_in for d in parts) >= one.axons_in
    assert set(one.sources) == set().union(*(d.sources.tolist() for d in parts))
