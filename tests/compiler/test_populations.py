"""Population axons: formats, words and axons equal their twin on random cores; by hand for a pixel's channels; limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuroemu
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.compiler.demand import Inputs, demands
from neuroemu.compiler.populations import Places
from neuroemu.connect import Conv2d, Dense, Sparse
from neuroemu.errors import ChipError, DoesNotFit
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.prepare import program_of
from neuroemu.program import SpikesInput
from neuroemu.report import saved
from tests import naive_compiler as naive
from tests.compiler.test_packing import KINDS

FORMATS = [("discrete", "pop16"), ("discrete", "pop32"), ("discrete", "pop16", "pop32")]


def with_axons(chip, *formats, **limits):
    return replace(chip, synapse=replace(chip.synapse, axon_formats=("discrete", *formats), **limits))


@st.composite
def channels(draw):
    """(synapses {source: [(post, weight, delay)]}, sizes of parts, channels, places, repeats, changes of the chip).

    Sources are channels x places; the channels of a place have lists of one pattern each, now and then one is longer.
    """
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=3))
    size, n_channels, n_places = sum(sizes), draw(st.integers(1, 7)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, odd = int(rng.integers(1, 6)), draw(st.sampled_from([0.0, 0.0, 0.05]))
    whole = draw(st.sampled_from([False, False, True]))
    patterns = [
        [(int(post), int(weight), 0) for post, weight in zip(posts, rng.integers(1, 3, n), strict=True)]
        for posts in (np.sort(rng.integers(0, 12, n)) for _ in range(n_channels))
    ]
    bases = rng.integers(0, size, n_places)
    lists = {}
    for channel, pattern in enumerate(patterns):
        for place, base in enumerate(bases):
            mine = [(post + int(base), w, d) for post, w, d in pattern if post + base < size]
            if whole:
                mine = [(post, 1 + channel, 0) for post in range(size)]
            if rng.random() < odd:
                mine = sorted([*mine, (int(rng.integers(size)), 1, 0)])
            if mine and rng.random() > odd:
                lists[channel * n_places + place] = mine
    changes = dict(
        lists=tuple(draw(st.sampled_from(KINDS))),
        base_max=draw(st.sampled_from([0, 3, 14, 255])),
        group=draw(st.sampled_from([5, 64])),
        header_bits=draw(st.sampled_from([0, 10])),
        index_widths=draw(st.sampled_from([(), (0, 6, 7, 8), (3, 5)])),
        axon_formats=draw(st.sampled_from(FORMATS)),
        atom_bits=draw(st.sampled_from([0, 1, 9])),
        pop16_atoms=draw(st.sampled_from([1, 3, 32])),
        pop16_step=draw(st.sampled_from([1, 4])),
    )
    return lists, sizes, n_channels, n_places, draw(st.booleans()), changes


@settings(max_examples=200)
@given(channels())
def test_words_kinds_and_axons_of_parts_equal_their_twin(chip, drawn):
    lists, sizes, n_channels, n_places, repeats, changes = drawn
    other = replace(chip, synapse=replace(chip.synapse, **changes))
    n_sources = n_channels * n_places
    table = sorted((s, post, weight, delay) for s, mine in lists.items() for post, weight, delay in mine)
    source, post, weight, delay = np.array(table, np.int64).reshape(-1, 4).T
    number = np.arange(n_sources)
    places = Places(number % n_places, number // n_places, np.full(n_sources, n_places))
    inputs = Inputs(
        np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n_sources))]),
        post.astype(np.int32),
        np.empty(0, np.uint8),
        ("p",),
        (8,),
        (False,),
        ("p",),
        repeats=(repeats,),
        content=(weight << 8) | delay,
        alone=(True,),
        places=lambda: places,
    )
    edges = np.concatenate([[0], np.cumsum(sizes)])
    here = {}
    for part in range(len(sizes)):
        low, high = edges[part], edges[part + 1]
        mine = {s: [(p - low, w, d) for p, w, d in each if low <= p < high] for s, each in lists.items()}
        here[part] = {s: each for s, each in mine.items() if each}
    where = {s: (s % n_places, s // n_places) for s in range(n_sources)}
    axons, twin, shared = naive.pack_axons(here, sizes, 8, False, repeats, other, where)
    for part, found in enumerate(demands(inputs, edges, other)):
        mine = {s: way for (at, s), way in twin.items() if at == part}
        many = {axon for (at, _), axon in shared.items() if at == part}
        members = sorted(s for at, s in shared if at == part)
        assert found.words == sum(words for _, words, _ in mine.values())
        assert {name.split(", ")[1].split(" ")[0] for name in found.synapse_formats} == {k for k, *_ in mine.values()}
        assert found.members.tolist() == members
        assert found.wide.tolist() == (members if axons == "pop32" else [])
        assert found.axons_in == len(mine) - len(members) + len(many)


# ---- by hand -------------------------------------------------------------------------------------------------------


def pixels(channels, side=6, out=2):
    """A convolution of 3 x 3 without padding over an image of so many channels; every weight differs."""
    weights = np.arange(1, out * channels * 9 + 1, dtype=float).reshape(out, channels, 3, 3) % 200 + 1
    net = Network().population("in", (channels, side, side), Spikes("x"))
    connector = Conv2d(weights)
    net = net.population("a", connector.output_shape((channels, side, side)), LifRegisters())
    return net.connect("in", "a", connector, WeightFormat(8, 0, "excitatory"))


def demand(network, chip):
    (part,) = compile_network(network, chip).mapping.parts
    return part.demand


def test_the_channels_of_a_pixel_share_an_axon(chip):
    # 6 x 6 pixels of 4 channels, 2 x 4 x 4 places (6 bits of index): every channel sends r * c * 2 synapses of 14 bits, r and c
    # the rows and columns of the kernel that see the pixel. With one list of 4 channels for each of 36 pixels, and those alike
    # but for a base (5 ways along either side) stored once, discrete: one for each channel.
    seen = [1, 2, 3, 2, 1]
    discrete, many = demand(pixels(4), chip), demand(pixels(4), with_axons(chip, "pop32"))
    assert (discrete.axons_in, discrete.words) == (
        144,
        sum(4 * -(-(r * c * 28 + 10) // 64) for r in seen for c in seen),
    )
    groups = [(4 * r * c * 2) for r in seen for c in seen]
    exactly = sum(n // 64 * -(-(64 * 14 + 10) // 64) + (-(-(n % 64 * 14 + 10) // 64) if n % 64 else 0) for n in groups)
    assert (many.axons_in, many.words, many.wide.size) == (36, exactly, 144)


def test_a_pop16_needs_bases_of_four_and_a_pop32_two_slots(chip):
    # rows of 4 places: bases along a row are 0, 0, 0, 1, 2, 3, so of pop16 axons hardly any are alike
    pop16, pop32 = (demand(pixels(4), with_axons(chip, name)) for name in ("pop16", "pop32"))
    assert pop16.axons_in == pop32.axons_in == 36 and pop16.words > pop32.words
    assert pop16.wide.size == 0
    assert demand(pixels(4), with_axons(chip, "pop16", pop16_step=1)).words == pop32.words


@pytest.mark.parametrize(("channels", "axons"), [(31, 1), (32, 1), (33, 2), (64, 2), (65, 3)])
def test_a_pop16_tells_32_sources_apart(chip, channels, axons):
    net = Network().population("in", channels, Spikes("x")).population("a", 10, LifRegisters())
    net = net.connect("in", "a", Dense(2.0))
    assert demand(net, with_axons(chip, "pop16")).axons_in == axons
    assert demand(net, chip).axons_in == channels


@pytest.mark.parametrize(("sources", "axons"), [(511, 1), (512, 1), (513, 2)])
def test_a_pop32_tells_as_many_apart_as_its_atom_has_bits(chip, sources, axons):
    net = Network().population("in", sources, Spikes("x")).population("a", 10, LifRegisters())
    assert demand(net.connect("in", "a", Dense(2.0)), with_axons(chip, "pop32")).axons_in == axons


@pytest.mark.parametrize(("available", "fits"), [(2, False), (3, True), (4, True)])
def test_axons_in_of_populations_at_the_edge(chip, available, fits):
    net = Network().population("in", 65, Spikes("x")).population("a", 1, LifRegisters()).connect("in", "a", Dense(2.0))
    core = replace(chip.core, axons_in=available)
    other = with_axons(replace(chip, core=core), "pop16")
    if fits:
        compile_network(net, other)
        return
    with pytest.raises(DoesNotFit) as error:
        compile_network(net, other, remedies=False)
    (found,) = error.value.violations
    assert (found.resource, found.needed, found.available, found.culprit) == ("axons_in", 3, 2, "population 'a'")


def test_a_pop32_takes_two_output_slots(chip):
    net = Network().population("a", 40, LifRegisters()).population("b", 10, LifRegisters())
    net = net.connect("a", "b", Dense(2.0))
    out = [
        compile_network(net, with_axons(chip, *names)).mapping.axons_out[0] for names in ((), ("pop16",), ("pop32",))
    ]
    assert out == [40, 40, 80]
    for available, fits in ((79, False), (80, True), (81, True)):
        core = replace(chip.core, axons_out=available, compartments=50)
        less = with_axons(
            replace(chip, core=core, mesh=replace(chip.mesh, width=1, height=1, cores_per_tile=1)), "pop32"
        )
        try:
            compile_network(net, less, remedies=False)
        except DoesNotFit:
            assert not fits
        else:
            assert fits


def test_sources_of_two_projections_and_lists_of_unequal_length_have_axons_of_their_own(chip):
    net = Network().population("in", 8, Spikes("x")).population("a", 100, LifRegisters())
    net = net.population("b", 100, LifRegisters())
    other = with_axons(chip, "pop16", "pop32")
    two = net.connect("in", "a", Dense(2.0)).connect("in", "b", Dense(2.0))
    assert [part.demand.axons_in for part in compile_network(two, other).mapping.parts] == [8, 8]
    pre = [0, 1, 1, *range(2, 8)]
    unequal = net.connect("in", "a", Sparse(pre, np.arange(9), 2.0))
    assert compile_network(unequal, other).mapping.parts[0].demand.axons_in == 8
    equal = net.connect("in", "a", Sparse(np.arange(8), np.arange(8), 2.0))
    assert compile_network(equal, other).mapping.parts[0].demand.axons_in == 1


def test_a_run_folder_keeps_what_populations_ask_of_cores(chip, in_empty_folder):
    net = (
        Network()
        .population("in", 4, Spikes("x"))
        .population("a", 40, LifRegisters())
        .population("b", 10, LifRegisters())
    )
    net = net.connect("in", "a", Dense(2.0)).connect("a", "b", Dense(2.0))
    given = SpikesInput(np.ones(4, np.int64), np.arange(4))
    program = replace(program_of(net, steps=2, inputs={"x": given}), chip=with_axons(chip, "pop32"))
    neuroemu.run(program).save("run")
    header, *rows = (line.split(",") for line in Path("run/cores.csv").read_text().splitlines())
    column = {name: [row[k] for row in rows] for k, name in enumerate(header)}
    assert (column["axons_in"], column["axons_out"]) == (
        ["5"],
        ["80"],
    )  # the host's 4 sources save nothing by one axon: 32 either way
    again = saved.read(Path("run"))
    assert again.wiring.axons_out(again.parts).sum() == 80
    assert sum(part.demand.axons_in for part in again.parts) == 5


@pytest.mark.parametrize("partition", ["equal", "layer"])
def test_spikes_and_events_of_synapses_do_not_depend_on_axons(chip, partition):
    channels = 4 * 36
    given = SpikesInput(np.ones(channels, np.int64), np.arange(channels))
    options = MappingOptions(partition, parts={"a": 3} if partition == "equal" else {})
    base = program_of(pixels(4), steps=3, inputs={"x": given})
    runs = [
        neuroemu.pipeline.run(replace(base, chip=c, mapping=options)).tally
        for c in (chip, with_axons(chip, "pop16", "pop32"))
    ]
    assert np.array_equal(runs[0].spikes, runs[1].spikes)
    assert runs[0].totals[neuroemu.events.Event.ACCUMULATE] == runs[1].totals[neuroemu.events.Event.ACCUMULATE]


def test_a_chip_needs_discrete_axons(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text("neuroemu_chip: 1\nname: odd\nextends: loihi1-davies2018\nsynapse: {axon_formats: [pop16]}\n")
    with pytest.raises(ChipError):
        neuroemu.read_chip(path)
