"""Remedies: whatever is told to fit has been mapped and fits; and the text that tells it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from neuroemu.compiler import MappingOptions, compile_network, cut, remedies
from neuroemu.compiler.plan import lay
from neuroemu.connect import Dense, Random, Sparse
from neuroemu.errors import MOST_SHOWN, DoesNotFit, Violation
from neuroemu.network import Lif, LifRegisters, Network, Registers, Spikes
from tests import naive_compiler as naive
from tests.compiler.test_limits import feed, many, options
from tests.naive_compiler import small

ALONE = MappingOptions(share_cores=False)


def refused(network, chip, how=None, **more):
    with pytest.raises(DoesNotFit) as caught:
        compile_network(network, chip, how, **more)
    return caught.value


def settings(error):
    """Of all remedies."""
    return {setting for remedy in error.remedies for setting in remedy.settings}


# ---- every remedy fits ---------------------------------------------------------------------------------------------


@given(naive.networks(), naive.core_limits(), options)
def test_what_does_not_fit_comes_with_a_remedy_that_fits(chip, network, core, how):
    other = small(chip, (2, 1, 2), **vars(core))
    try:
        compiled = compile_network(network, other, how)
    except DoesNotFit as error:
        assert error.remedies  # larger cores on a larger mesh hold any network as small as these
        for remedy in error.remedies:
            applied = compile_network(remedy.network, remedy.chip, remedy.options, remedies=False)
            naive.check(remedy.network, applied, remedy.chip)
        return
    naive.check(network, compiled, other)


@given(naive.networks(), naive.core_limits(), options)
def test_a_remedy_changes_something_and_only_what_it_says(chip, network, core, how):
    other = small(chip, (2, 1, 2), **vars(core))
    try:
        compile_network(network, other, how)
    except DoesNotFit as error:
        for remedy in error.remedies:
            changed = {
                "network": remedy.network != network if remedy.network is not network else False,
                "mapping": remedy.options != how,
                "chip": remedy.chip != other,
            }
            assert {name for name, is_so in changed.items() if is_so} == {s.split(".")[0] for s in remedy.settings}


def test_the_same_network_is_told_the_same(chip):
    one, other = (refused(feed(11, 3), small(chip, (1, 1, 1), axons_in=10, synapse_words=20)) for _ in range(2))
    assert str(one) == str(other)


# ---- what is found -------------------------------------------------------------------------------------------------


def test_parts_that_may_share_cores_need_fewer(chip):
    error = refused(many(3), small(chip, (1, 1, 2)), ALONE)
    assert error.remedies[0].settings == ("mapping.share_cores=true",)


def test_too_many_cores_ask_for_chips(chip):
    # 50 compartments, 10 a core, 2 cores a chip: 3 chips
    error = refused(Network().population("a", 50, LifRegisters()), small(chip, (2, 1, 1), compartments=10))
    (chips,) = (remedy for remedy in error.remedies if "chips" in remedy.text)
    assert chips.settings == ("chip.mesh.chips=[3, 1]",) and chips.chip.mesh.n_chips == 3
    assert chips.chip.mesh.width == 6 and "with 3 chips it fits" in str(error)


def test_a_tree_grows_in_tiles(chip):
    tree = small(chip, (2, 1, 1), compartments=10)
    tree = replace(tree, mesh=replace(tree.mesh, topology="tree"))
    error = refused(Network().population("a", 50, LifRegisters()), tree)
    assert "chip.mesh.width=6" in settings(error)


def test_weights_that_are_too_wide_ask_for_fewer_bits(chip):
    # 10 lists of 64: 8 bits 9 words each, 6 bits 7 words (394 bits), 5 bits 6 words (330), 4 bits 5 words (266)
    rng = np.random.default_rng(1)
    net = Network().population("in", 10, Spikes("x")).population("a", 64, Lif(10.0))
    net = net.connect("in", "a", Dense(rng.normal(0.0, 1.0, (64, 10))))
    for words, bits in ((89, 6), (69, 5), (59, 4)):
        error = refused(net, small(chip, (1, 1, 1), synapse_words=words))
        assert f"network.connections.0.bits={bits}" in settings(error), words


def test_integer_weights_keep_their_format_but_for_the_bits(chip):
    net = Network().population("in", 10, Spikes("x")).population("a", 64, LifRegisters())
    net = net.connect("in", "a", Dense(64.0), naive.WeightFormat(8, 1, "excitatory"))
    error = refused(net, small(chip, (1, 1, 1), synapse_words=60))
    (remedy,) = (remedy for remedy in error.remedies if "bits" in remedy.text)
    assert remedy.settings == ("network.connections.0.format.bits=5",)
    assert remedy.network.projections[0].format == naive.WeightFormat(5, 1, "excitatory")


def test_a_single_compartment_with_too_many_sources_asks_for_a_larger_core(chip):
    error = refused(feed(1310), small(chip, axons_in=1024))
    assert [remedy.settings for remedy in error.remedies] == [("chip.core.axons_in=1310",)]


def test_where_one_compartment_is_too_much_no_cut_is_tried_and_the_rest_is_not_enlarged(chip, monkeypatch):
    # One compartment of a has 20 axons in; its cut gives up, and all ten of them together ask for 40 words.
    tried = []
    monkeypatch.setattr(remedies, "lay", lambda made, chip, *more: tried.append(chip) or lay(made, chip, *more))
    error = refused(feed(20, 10), small(chip, axons_in=10, synapse_words=30))
    assert {violation.resource for violation in error.violations} == {"axons_in", "synapse_words"}
    assert [remedy.settings for remedy in error.remedies] == [("chip.core.axons_in=20",)]
    assert all(each.core.axons_in > 10 for each in tried)


def test_a_larger_core_is_no_larger_than_it_must_be(chip):
    # Two compartments with two sources each: 4 axons together, 2 apart.
    net = Network().population("in", 4, Spikes("x")).population("a", 2, LifRegisters())
    net = net.connect("in", "a", Sparse(np.arange(4), np.array([0, 0, 1, 1]), 2.0))
    error = refused(net, small(chip, axons_in=1))
    assert "chip.core.axons_in=2" in settings(error)


def test_parts_that_were_asked_for_may_be_what_does_not_fit(chip):
    error = refused(
        many(1).population("a", 8, LifRegisters()),
        small(chip, (1, 1, 4)),
        MappingOptions(parts={"a": 8}, share_cores=False),
    )
    assert "mapping.parts={}" in settings(error)


def test_a_population_is_split_where_that_helps(chip):
    # 3 compartments reach 4 cores: 12 axons out; b alone needs all four, so that only a's split leaves 4 a core.
    net = Network().population("a", 3, LifRegisters()).population("b", 4, LifRegisters()).connect("a", "b", Dense(2.0))
    compiled = compile_network(
        net, small(chip, (7, 1, 1), axons_out=4), MappingOptions(parts={"b": 4}, share_cores=False)
    )
    assert [part.name for part in compiled.mapping.parts][:3] == ["a[0:1]", "a[1:2]", "a[2:3]"]


# ---- what is not found ---------------------------------------------------------------------------------------------


def test_where_nothing_fits_it_says_what_was_tried(chip, monkeypatch):
    monkeypatch.setattr(remedies, "_exceeds", lambda change, made: [("cores", 5)])
    error = refused(Network().population("a", 50, LifRegisters()), small(chip, (2, 1, 1), compartments=10))
    assert error.remedies == () and "with 24 chips" in error.tried and "on a chip with mesh.width" in error.tried[-1]
    assert "No single change tried fits: " in str(error) and "it fits" not in str(error)


def test_a_trial_that_cannot_be_mapped_is_no_remedy(chip):
    # A dendrite and its soma lie on one core: parts that share none are no way out of anything.
    net = Network().population("d", 20, Registers("dendrite")).population("s", 20, Registers("soma")).branch("d", "s")
    error = refused(net, small(chip, (1, 1, 1), compartments=30))
    assert all("share_cores" not in setting for setting in settings(error))


def test_fewer_bits_that_leave_no_synapses_are_no_remedy(chip):
    # Weights of 2 of 256 are 0 in 6 bits, and no synapses then.
    error = refused(feed(11), small(chip, (1, 1, 1), synapse_words=10))
    assert settings(error) and not any("bits" in setting for setting in settings(error))


def test_a_search_is_bounded_by_synapses(chip, monkeypatch):
    tried = []
    seen = remedies.lay
    monkeypatch.setattr(remedies, "lay", lambda *given: tried.append(1) or seen(*given))
    monkeypatch.setattr(remedies, "MOST_SYNAPSES", 3 * 110)
    refused(feed(110), small(chip, axons_in=10))
    assert 1 <= len(tried) <= remedies.FEWEST_TRIALS + 2 * remedies.ROUNDS  # the last of larger cores


def test_what_cannot_help_is_not_tried(chip, monkeypatch):
    # More compartments than all cores hold, hardly any memory used: no other bits or parts; and it is cut once for all boards.
    cuts = []
    seen = cut.STRETCHES["equal"]
    monkeypatch.setitem(cut.STRETCHES, "equal", lambda *given: cuts.append(1) or seen(*given))
    net = Network().population("a", 50, LifRegisters()).connect("a", "a", Dense(64.0))
    error = refused(net, small(chip, (2, 1, 1), compartments=10))
    assert {remedy.settings[0].partition("=")[0] for remedy in error.remedies} == {"chip.mesh.chips", "chip.mesh.width"}
    assert len(cuts) == 1 and error.tried == ()


def test_nothing_is_searched_where_nobody_asks(chip, monkeypatch):
    monkeypatch.setattr(remedies, "search", None)
    assert refused(feed(11), small(chip, axons_in=10), remedies=False).remedies == ()


def test_a_network_far_too_large_is_not_mapped_to_find_out(chip):
    net = Network().population("in", 10, Spikes("in")).population("a", 10_000, LifRegisters())
    error = refused(net.connect("in", "a", Random(1.0, fan_in=2_000_000_000)), chip)
    assert error.remedies == () and "at least" in error.note and error.note in str(error)


# ---- the text ------------------------------------------------------------------------------------------------------


def test_the_text_is_a_table(chip):
    net = feed(11).connect("a", "a", Sparse(np.array([0]), np.array([0]), 2.0))
    lines = str(refused(net, small(chip, (1, 1, 1), axons_in=10, synapse_words=9))).splitlines()
    assert lines[0] == "Does not fit on loihi1-davies2018:"
    assert lines[1].split() == ["where", "resource", "needed", "available", "most", "by"]
    assert lines[2].split() == ["core", "0", "axons_in", "12", "10", "population", "'a'"]
    assert lines[3].split()[:5] == ["core", "0", "synapse_words", "12", "9"]
    assert [line.index("axons_in" if "axons_in" in line else "synapse_words") for line in lines[2:4]] == [10, 10]


def test_many_violations_are_counted(chip):
    found = [Violation("axons_in", 2, 1, f"core {k}", "population 'a'") for k in range(MOST_SHOWN + 4)]
    text = str(DoesNotFit(found, "tiny"))
    assert "core 14" in text and "core 15" not in text and "... and 4 more." in text


def test_settings_are_quoted_for_a_shell(chip):
    error = refused(Network().population("a", 50, LifRegisters()), small(chip, (2, 1, 1), compartments=10))
    assert "--set 'chip.mesh.chips=[3, 1]'" in str(error)
