"""Exact packing: words and kinds of lists equal their twin on random cores, and by hand where a kernel is shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.compiler.demand import Inputs, demands
from neuroemu.connect import Conv2d, Dense, Sparse
from neuroemu.events import Event
from neuroemu.learning import Trace, learning
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.pipeline import run
from tests import naive_compiler as naive
from tests.naive_compiler import small

KINDS = [["dense", "sparse", "shared"], ["dense", "sparse"], ["dense"], ["sparse"], ["sparse", "shared"]]


def with_lists(chip, lists, base_max=255, **limits):
    return replace(chip, synapse=replace(chip.synapse, lists=tuple(lists), base_max=base_max, **limits))


@st.composite
def cores(draw):
    """(synapses by projection {source: [(post, weight, delay)]}, sizes of parts, bits, delayed, repeats, plastic, changes of
    the chip, bits of a word).

    Lists are a few patterns at many places, as those of a convolution, and some at random.
    """
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=3))
    size, n_projections = sum(sizes), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    delayed = [draw(st.booleans()) for _ in range(n_projections)]
    lists = []
    for late in delayed:
        patterns = []
        for _ in range(draw(st.integers(1, 3))):
            n = int(rng.integers(1, 12))
            weights, delays = rng.integers(1, 4, n), rng.integers(0, 3, n) * late
            patterns.append(list(zip(np.sort(rng.integers(0, 30, n)), weights, delays, strict=True)))
        mine = {}
        for source in rng.permutation(40)[: draw(st.integers(0, 40))]:
            pattern, base = patterns[rng.integers(len(patterns))], int(rng.integers(0, size))
            inside = [(int(post) + base, int(w), int(d)) for post, w, d in pattern if post + base < size]
            if rng.random() < 0.1:
                inside = [(post, int(w), 0) for post, w in enumerate(rng.integers(1, 9, size))]
            mine[int(source)] = sorted(inside)
        lists.append(mine)
    bits = [draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8])) for _ in range(n_projections)]
    repeats = [draw(st.sampled_from([True, True, False])) for _ in range(n_projections)]
    changes = dict(
        lists=draw(st.sampled_from(KINDS)),
        base_max=draw(st.sampled_from([0, 3, 15, 255])),
        group=draw(st.sampled_from([1, 5, 64])),
        header_bits=draw(st.sampled_from([0, 10])),
        tag_bits=draw(st.sampled_from([0, 9])),
        learning_axons=draw(st.sampled_from([1, 2])),
        index_bits=draw(st.sampled_from([0, 6, 10])),
        index_widths=draw(st.sampled_from([(), (0, 6, 7, 8, 9, 10, 11, 12), (3, 5), (2, 7)])),
    )
    plastic = [draw(st.sampled_from([False, False, True])) for _ in range(n_projections)]
    return lists, sizes, bits, delayed, repeats, plastic, changes, draw(st.sampled_from([32, 64]))


@settings(max_examples=1000)
@given(cores())
def test_words_and_kinds_of_a_core_equal_their_twin(chip, core):
    lists, sizes, bits, delayed, repeats, plastic, changes, word_bits = core
    other = with_lists(replace(chip, core=replace(chip.core, word_bits=word_bits)), **changes)
    names = [f"p{k}" for k in range(len(lists))]
    table = sorted(
        (source, post, k, weight, delay)
        for k, mine in enumerate(lists)
        for source, synapses in mine.items()
        for post, weight, delay in synapses
    )
    source, post, projection, weight, delay = np.array(table, np.int64).reshape(-1, 5).T
    inputs = Inputs(
        np.concatenate([[0], np.cumsum(np.bincount(source, minlength=40))]),
        post.astype(np.int32),
        projection.astype(np.uint8),
        tuple(names),
        tuple(bits),
        tuple(delayed),
        tuple(names),
        None,
        tuple(repeats),
        (weight << 8) | delay,
        tuple(plastic),
        tuple(name if learns else "" for name, learns in zip(names, plastic, strict=True)),
    )
    edges = np.concatenate([[0], np.cumsum(sizes)])
    for part, found in enumerate(demands(inputs, edges, other)):
        words, kinds, axons, profiles = dict.fromkeys(names, 0), set(), {}, set()
        for k, mine in enumerate(lists):
            here = {
                s: [(p - edges[part], w, d) for p, w, d in synapses if edges[part] <= p < edges[part + 1]]
                for s, synapses in mine.items()
            }
            here = {s: v for s, v in here.items() if v}
            twin = naive.pack(here, sizes[part], bits[k], delayed[k], repeats[k], other, plastic[k])
            profiles |= {names[k]} if here and plastic[k] else set()
            for s in here:  # an axon in, or several where any of its synapses learn
                axons[s] = max(axons.get(s, 1), other.synapse.learning_axons if plastic[k] else 1)
            words[names[k]] = sum(n for _, n, _ in twin.values())
            bits_of_index = naive.index_bits(sizes[part], other) if other.synapse.index_widths else None
            index = "" if bits_of_index is None else f" {bits_of_index}"
            kinds |= {f"{names[k]}, {kind}{'' if kind == 'dense' else index}" for kind, _, _ in twin.values()}
        assert found.words_by_projection == words
        assert found.synapse_formats == kinds
        assert found.axons_in == sum(axons.values())
        assert found.stdp_profiles == profiles


@given(naive.convolutions(), st.sampled_from([0, 3, 255]), st.sampled_from(KINDS[:2]), st.integers(1, 9))
def test_compiled_convolutions_are_lawful(chip, network, base_max, lists, parts):
    other = with_lists(small(chip, (8, 8, 4)), lists, base_max)
    compiled = compile_network(network, other, MappingOptions(parts={"p0": parts}))
    naive.check(network, compiled, other)


# ---- by hand -------------------------------------------------------------------------------------------------------


def image(side=10, kernel=3, out=2, **more):
    """A convolution without padding over side x side pixels: every pixel away from the edge has the same list."""
    rng = np.random.default_rng(0)
    weights = rng.integers(1, 100, (out, 1, kernel, kernel)).astype(float)
    net = Network().population("in", (1, side, side), Spikes("x"))
    connector = Conv2d(weights, **more)
    net = net.population("a", connector.output_shape((1, side, side)), LifRegisters())
    return net.connect("in", "a", connector, WeightFormat(8, 0, "excitatory"))


def words(network, chip):
    (part,) = compile_network(network, chip).mapping.parts
    return part.demand.words


def test_a_kernel_is_stored_once_for_all_pixels_that_see_it_whole(chip):
    # 10 x 10 pixels, a kernel of 3 x 3, 8 x 8 places and 2 channels. A pixel sees rows 1..3 and columns 1..3 of the kernel as
    # far as they are inside: 5 ways along either side (2 at each edge, 1 between), 25 lists of r * c * 2 synapses of 8 + 7 bits
    # (128 compartments) and a header of 10, r and c of 1, 2, 3, 2, 1.
    seen = [1, 2, 3, 2, 1]
    expected = sum(-(-(r * c * 2 * 15 + 10) // 64) for r in seen for c in seen)
    assert words(image(), chip) == expected == 57
    each = [1, 2, 3, 3, 3, 3, 3, 3, 2, 1]
    alone = sum(-(-(r * c * 2 * 15 + 10) // 64) for r in each for c in each)
    assert words(image(), with_lists(chip, ["dense", "sparse"])) == alone == 332


def test_a_base_reaches_as_far_as_its_bits(chip):
    # One map of 8 x 8 places: the kernel's 36 whole views begin at compartments 0..45; bases of 0..15 make 3 windows of it.
    whole = words(image(out=1), chip)
    short = words(image(out=1), with_lists(chip, ["dense", "sparse", "shared"], 15))
    assert whole < short < words(image(out=1), with_lists(chip, ["dense", "sparse"]))
    assert words(image(out=1), with_lists(chip, ["dense", "sparse", "shared"], 0)) == words(
        image(out=1), with_lists(chip, ["dense", "sparse"])
    )


def test_other_weights_or_delays_share_nothing(chip):
    # Every pixel has a list of its own: no two lists of four 1-to-1 synapses with weights of their own are alike.
    index = np.arange(4)
    apart = Network().population("in", 4, Spikes("x")).population("a", 4, LifRegisters())
    same = apart.connect("in", "a", Conv1(np.array([5.0, 5.0, 5.0, 5.0])), WeightFormat(8, 0, "excitatory"))
    other = apart.connect("in", "a", Conv1(np.array([5.0, 6.0, 7.0, 8.0])), WeightFormat(8, 0, "excitatory"))
    late = apart.connect("in", "a", Conv1(np.array([5.0] * 4), index), WeightFormat(8, 0, "excitatory"))
    assert [words(net, chip) for net in (same, other, late)] == [1, 4, 4]


class Conv1(Sparse):
    """One to one, looked at as a convolution is."""

    repeats = True

    def __init__(self, weights, delays=0):
        index = np.arange(weights.size)
        super().__init__(index, index, weights, delays)


def test_only_what_repeats_itself_is_looked_at(chip):
    index = np.arange(40)
    net = Network().population("in", 40, Spikes("x")).population("a", 40, LifRegisters())
    net = net.connect("in", "a", Sparse(index, index, 5.0), WeightFormat(8, 0, "excitatory"))
    assert words(net, chip) == 40


def test_a_crossbar_keeps_every_place(chip):
    # 3 sources to 1 of 64: dense lists of 64 * 8 + 10 bits, 9 words each; two synapses of one pair take two of them.
    bar = with_lists(chip, ["dense"])
    net = Network().population("in", 3, Spikes("x")).population("a", 64, LifRegisters())
    one = net.connect("in", "a", Sparse(np.arange(3), np.zeros(3, int), 5.0), WeightFormat(8, 0, "excitatory"))
    two = net.connect("in", "a", Sparse([0, 0, 1, 2], [0, 0, 0, 0], 5.0), WeightFormat(8, 0, "excitatory"))
    assert [words(network, bar) for network in (one, two)] == [27, 36]
    assert words(one, with_lists(chip, ["sparse"])) == 3


# ---- lists that learn ----------------------------------------------------------------------------------------------


def plastic(network):
    """The network with every projection learning."""
    rule = learning("x0*x1", traces={"x1": Trace(9, 9)})
    return replace(network, projections=tuple(replace(p, learning=rule) for p in network.projections))


def test_a_list_that_learns_has_tags_and_delays(chip):
    # facts/limits_loihi1.md: 64 * (8 + 6 + 9 + 10) + 10 = 2122 bits, 34 words, 481 of them in a core
    wide = with_lists(chip, ["sparse"], index_widths=(10,))
    net = Network().population("in", 1, Spikes("x")).population("a", 64, LifRegisters())
    net = net.connect("in", "a", Dense(5.0), WeightFormat(8, 0, "excitatory"))
    assert words(plastic(net), wide) == 34 and chip.core.synapse_words // 34 == 481
    assert words(net, wide) == 19
    # on Loihi dense: 64 * (8 + 6 + 9) + 10 = 1482 bits
    assert words(plastic(net), chip) == 24


# ---- what reading them counts --------------------------------------------------------------------------------------


def totals(network, chip, spikes):
    """Events of a run in which every channel fires once."""
    from neuroemu.prepare import program_of
    from neuroemu.program import SpikesInput

    given = SpikesInput(np.ones(spikes, np.int64), np.arange(spikes))
    program = replace(program_of(network, steps=2, inputs={"x": given}), chip=chip)
    return run(program).tally.totals


def test_shared_synapses_are_read_as_such(chip):
    # 8 x 8 places x 2 channels x 9 weights: 1152 synapses; the 4 corner pixels alone have lists that nobody shares.
    found = totals(image(), chip, 100)
    assert found[Event.ACCUMULATE] == 8 * 8 * 2 * 9
    kinds = [int(found[event]) for event in (Event.SYNAPSE_DENSE, Event.SYNAPSE_SPARSE, Event.SYNAPSE_SHARED)]
    assert sum(kinds) == found[Event.ACCUMULATE] and kinds[0] == 0
    # lists seen whole or along an edge are shared by 6 pixels or more; those of 4 x 4 corner pixels by nobody
    assert kinds[1] == sum(r * c * 2 for r in (1, 2, 2, 1) for c in (1, 2, 2, 1))


def test_the_zeros_of_a_dense_list_are_read_and_added_to_nothing(chip):
    # 60 of 64 weights: dense (9 words) beats sparse (60 * 18 + 10 bits, 18 words); 64 are read, 60 added.
    weights = np.full((64, 1), 5.0)
    weights[:4] = 0.0
    net = Network().population("in", 1, Spikes("x")).population("a", 64, LifRegisters())
    found = totals(net.connect("in", "a", Dense(weights), WeightFormat(8, 0, "excitatory")), chip, 1)
    events = (Event.SYNAPSE_DENSE, Event.SYNAPSE_SPARSE, Event.SYNAPSE_SHARED, Event.ACCUMULATE)
    assert [int(found[event]) for event in events] == [64, 0, 0, 60]


@pytest.mark.parametrize("lists", [["shared"], ["dense", "shared"], []])
def test_kinds_that_do_not_go_together_are_refused(lists, tmp_path):
    import neuroemu
    from neuroemu.errors import ChipError

    path = tmp_path / "odd.yaml"
    text = "neuroemu_chip: 1\nname: odd\nextends: loihi1-davies2018\nsynapse: {lists: %s}\n" % lists  # noqa: UP031
    path.write_text(text)
    with pytest.raises(ChipError):
        neuroemu.read_chip(path)
