"""Chip files: what a chip says, what it takes from the one that it extends, and who is named for a changed price."""

from __future__ import annotations

import json

import pytest

from neuroemu import library
from neuroemu.chip import PROFILES
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense
from neuroemu.costs import Activity, costs
from neuroemu.errors import ChipError
from neuroemu.events import EVENTS, Event
from neuroemu.files import chip_file, marked_yaml
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.report.priced import area
from neuroemu.scaling import energy_factor
from neuroemu.wiring import wiring_of
from tests.engine.test_run import run_small

CHIPS = library.names("chips")


def library_chip(name="loihi1-davies2018"):
    return chip_file.read(library.find("chips", name))


@pytest.fixture
def extended(tmp_path):
    """extended(TEXT): (Chip, PriceList) of a file 'mine.yaml' with that text, extending loihi1-davies2018."""

    def read(text: str):
        path = tmp_path / "mine.yaml"
        path.write_text("neuroemu_chip: 1\nname: mine\nextends: loihi1-davies2018\n" + text)
        return chip_file.read(path)

    return read


@pytest.mark.parametrize("name", CHIPS)
def test_every_chip_of_the_library_reads_and_bears_the_name_of_its_file(name):
    chip, prices = library_chip(name)
    assert (chip.name, prices.name) == (name, name)


@pytest.mark.parametrize("name", CHIPS)
def test_every_event_has_a_sourced_price_on_every_chip(name):
    _, prices = library_chip(name)
    for event in EVENTS:
        assert prices.energy_pj[event].source and prices.energy_pj[event].provenance


@pytest.mark.parametrize("name", CHIPS)
def test_every_price_lies_within_its_range(name):
    _, prices = library_chip(name)
    for constant in [*prices.energy_pj.values(), *prices.time_ns.values()]:
        if constant.value is not None:
            assert constant.low <= constant.value <= constant.high


def test_free_is_zero_and_unknown_is_none():
    _, prices = library_chip()
    assert prices.energy_pj[Event.SPIKE_OUT].value == 0.0
    assert prices.energy_pj[Event.AXON_OUT].value is None


def test_a_price_without_a_range_lies_between_itself_and_itself():
    _, prices = library_chip()
    assert (prices.energy_pj[Event.TILE_OUT].low, prices.energy_pj[Event.TILE_OUT].high) == (1.7, 1.7)


def test_units_are_converted(extended):
    _, prices = extended("prices: {tile_out: {energy: 0.002 nJ, time: 3 us}}\n")
    assert (prices.energy_pj[Event.TILE_OUT].value, prices.time_ns[Event.TILE_OUT].value) == (2.0, 3000.0)


def test_every_section_with_figures_has_a_source():
    for name in CHIPS:
        chip, prices = library_chip(name)
        assert all(source and code for source, code in chip.sources.values()), name
        others = [power.mw for power in prices.static] + list(prices.area_mm2.values())
        assert all(constant.source and constant.provenance for constant in others), name


@pytest.mark.parametrize("name", CHIPS)
def test_every_chip_prices_a_tiny_run(name):
    # Two compartments, weights of the chip's own width; TrueNorth's one bit has no sign to spare.
    chip, prices = library_chip(name)
    format = WeightFormat(chip.synapse.weight_bits[-1], 0, "excitatory")
    net = Network().population("in", 2, Spikes("in")).population("a", 2, LifRegisters(threshold=10))
    net = net.connect("in", "a", Dense(128.0), format)
    image = compile_network(net, chip).image
    traces, counters = run_small(image, net, {1: [0], 3: [0, 1]}, 5)
    activity = Activity(counters.counts, traces.step, traces.source)
    found = costs(wiring_of(image), activity, prices, "analytic")
    assert found.bill.total >= found.bill.dynamic >= 0 and found.schedule.total_ns > 0
    assert found.bill.total > 0  # on SpiNNaker all of it is the power of cores


def test_an_estimate_says_so_in_its_first_words():
    for name in CHIPS:
        chip, _ = library_chip(name)
        assert chip.estimate == ("ESTIMATE" in chip.about), name


# ---- clocks --------------------------------------------------------------------------------------------------------


def test_cycles_follow_the_clock(extended):
    clock = "clock: {frequency: 50 MHz, source: s, provenance: MU}\n"
    _, prices = extended(clock + "prices: {tile_out: {time: 2 cycles, time_range: [1 cycle, 3.5 cycles]}}\n")
    time = prices.time_ns[Event.TILE_OUT]
    assert (time.low, time.value, time.high) == (20.0, 40.0, 70.0)


def test_a_changed_clock_changes_times_and_power_and_says_so(tmp_path):
    (tmp_path / "slow.yaml").write_text("neuroemu_chip: 1\nname: slow\nextends: odin\nclock: {frequency: 1.3 MHz}\n")
    _, prices = chip_file.read(tmp_path / "slow.yaml")
    assert prices.time_ns[Event.SYNAPSE_DENSE].value == pytest.approx(2 * 1e3 / 1.3)
    assert [power.mw.value for power in prices.static] == pytest.approx([27.3e-3, 1.78e-3 * 1.3])
    assert "slow.yaml" in prices.clock_mhz.source


def test_an_unpublished_constant_may_have_a_range(extended):
    _, prices = extended("")
    assert (prices.energy_pj[Event.AXON_OUT].value, prices.energy_pj[Event.AXON_OUT].high) == (None, 111.0)


# ---- generic chips -------------------------------------------------------------------------------------------------


def generic(tmp_path, change="", base="generic-28nm"):
    (tmp_path / "g.yaml").write_text(f"neuroemu_chip: 1\nname: g\nextends: {base}\n{change}\n")
    return chip_file.read(tmp_path / "g.yaml")


def test_a_generic_chip_follows_its_voltage(tmp_path):
    _, at = generic(tmp_path)
    _, below = generic(tmp_path, "generic: {voltage: 0.6 V}")
    ratio = energy_factor(28, 0.6) / energy_factor(28, 0.8)
    for event in (Event.SYNAPSE_DENSE, Event.ACCUMULATE, Event.COMPARTMENT_ACCESS, Event.AXON_IN):
        assert below.energy_pj[event].value == pytest.approx(ratio * at.energy_pj[event].value, rel=1e-5)
    assert below.clock_mhz.value < at.clock_mhz.value
    assert below.time_ns[Event.HOP_EAST].value > at.time_ns[Event.HOP_EAST].value


def test_a_generic_chip_follows_its_memory_and_its_mesh(tmp_path):
    _, at = generic(tmp_path)
    _, other = generic(tmp_path, "core: {synapse_words: 65536}\nmesh: {width: 16, height: 8}")
    synapse = Event.SYNAPSE_DENSE
    assert other.energy_pj[synapse].value == pytest.approx(2 * at.energy_pj[synapse].value, rel=1e-5)
    assert other.barrier.points[-1][1] == pytest.approx(2 * at.barrier.points[-1][1])
    assert other.area_mm2["chip"].value > 4 * at.area_mm2["chip"].value


def test_a_chip_of_a_board_is_as_large_as_one_alone_and_a_barrier_spans_the_board(tmp_path):
    _, alone = generic(tmp_path)
    chip, board = generic(tmp_path, "mesh: {chips: [3, 2]}")
    assert board.area_mm2["chip"].value == pytest.approx(alone.area_mm2["chip"].value)
    net = Network().population("in", 2, Spikes("in")).population("a", 2, LifRegisters(threshold=10))
    wiring = wiring_of(compile_network(net.connect("in", "a", Dense(128.0), WeightFormat(8, 0)), chip).image)
    assert area(wiring, board)["chips_mm2"] == pytest.approx(6 * alone.area_mm2["chip"].value)
    # One barrier a step for the board, whose 6 x 32 routers all pass it on; 24 + 8 tiles across instead of 8 + 4.
    barrier = Event.BARRIER
    assert board.energy_pj[barrier].value == pytest.approx(6 * alone.energy_pj[barrier].value, rel=1e-5)
    assert board.barrier.points[-1] == (192, pytest.approx(alone.barrier.points[-1][1] * (24 + 8) / 12))


def test_derived_constants_carry_their_formula_and_a_factor_of_two(tmp_path):
    _, prices = generic(tmp_path)
    for event in EVENTS:
        constant = prices.energy_pj[event]
        if constant.value:
            assert "scaling.py" in constant.source and constant.provenance == "estimate"
            assert (constant.low, constant.high) == pytest.approx((constant.value / 2, 2 * constant.value), rel=1e-5)


def test_a_price_of_ones_own_comes_before_the_derived_one(tmp_path):
    _, prices = generic(tmp_path, "prices: {hop_east: {energy: 9 pJ}}")
    own, derived = prices.energy_pj[Event.HOP_EAST], prices.energy_pj[Event.HOP_WEST]
    assert own.value == 9.0 and "g.yaml" in own.source
    assert derived.value != 9.0 and "scaling.py" in derived.source


def test_a_generic_chip_in_a_program_is_derived_from_what_is_set_there(tmp_path):
    _, prices = inline("chip: {extends: generic-14nm, generic: {voltage: 0.6 V}}", tmp_path)
    _, same = generic(tmp_path, "generic: {voltage: 0.6 V}", "generic-14nm")
    assert [c.value for c in prices.energy_pj.values()] == [c.value for c in same.energy_pj.values()]


def test_a_run_folder_keeps_what_a_generic_chip_was_derived_from(tmp_path):
    chip, prices = generic(tmp_path)
    (tmp_path / "again.yaml").write_text(chip.written)
    assert chip_file.read(tmp_path / "again.yaml")[1].hash == prices.hash
    assert {"generic", "prices"} & set(json.loads(chip.written)) == {"generic"}


# ---- extends -------------------------------------------------------------------------------------------------------


def test_extends_lays_sections_key_by_key(extended):
    chip, _ = extended("mesh: {width: 2}\ncore: {compartments: 7}\n")
    base, _ = library_chip()
    assert (chip.mesh.width, chip.mesh.height, chip.mesh.cores_per_tile) == (
        2,
        base.mesh.height,
        base.mesh.cores_per_tile,
    )
    assert (chip.core.compartments, chip.core.axons_in) == (7, base.core.axons_in)


def test_what_is_not_named_stays_as_it_was(extended):
    chip, prices = extended("")
    base, base_prices = library_chip()
    assert (chip.mesh, chip.core, chip.synapse, chip.registers) == (base.mesh, base.core, base.synapse, base.registers)
    assert (prices.energy_pj, prices.barrier, prices.static) == (
        base_prices.energy_pj,
        base_prices.barrier,
        base_prices.static,
    )


def test_a_chip_is_extended_by_a_path_beside_it(tmp_path):
    (tmp_path / "base.yaml").write_text("neuroemu_chip: 1\nname: base\nextends: loihi1-davies2018\nmesh: {width: 3}\n")
    (tmp_path / "mine.yaml").write_text("neuroemu_chip: 1\nname: mine\nextends: base.yaml\nmesh: {height: 5}\n")
    chip, _ = chip_file.read(tmp_path / "mine.yaml")
    assert (chip.name, chip.mesh.width, chip.mesh.height) == ("mine", 3, 5)


def test_a_changed_price_loses_its_old_range(extended):
    _, prices = extended("prices: {synapse_sparse: {energy: 100 pJ}}\n")
    price = prices.energy_pj[Event.SYNAPSE_SPARSE]
    assert (price.value, price.low, price.high) == (100.0, 100.0, 100.0)


def test_a_changed_energy_leaves_the_time_and_its_range(extended):
    _, prices = extended("prices: {synapse_sparse: {energy: 100 pJ}}\n")
    price = prices.time_ns[Event.SYNAPSE_SPARSE]
    assert (price.value, price.low, price.high) == (3.5, 3.1, 4.7)


def test_a_changed_price_says_who_changed_it_and_what_it_was(extended):
    _, prices = extended("prices: {synapse_sparse: {energy: 100 pJ}}\n")
    price = prices.energy_pj[Event.SYNAPSE_SPARSE]
    assert "mine.yaml" in price.source and "before: Davies 2018 Table 2" in price.source
    assert price.provenance == "estimate" and "energy and time of synapse_sparse" in prices.estimates()


def test_a_changed_price_may_bring_its_own_source(extended):
    _, prices = extended("prices: {synapse_sparse: {energy: 100 pJ, source: a lab book, provenance: MU}}\n")
    price = prices.energy_pj[Event.SYNAPSE_SPARSE]
    assert (price.source, price.provenance) == ("a lab book", "MU")


@pytest.mark.parametrize("order", ["time: {1: 5 ns}, source: a clock", "source: a clock, time: {1: 5 ns}"])
def test_a_changed_barrier_keeps_its_own_source_in_any_order(order, extended):
    _, prices = extended(f"barrier: {{{order}}}\n")
    assert (prices.barrier.points, prices.barrier.source, prices.barrier.provenance) == (
        ((1, 5.0),),
        "a clock",
        "estimate",
    )


def test_a_changed_barrier_without_a_source_says_who_changed_it(extended):
    _, prices = extended("barrier: {time: {8: 5 ns, 2: 1 ns}}\n")
    assert prices.barrier.points == ((2, 1.0), (8, 5.0))
    assert "mine.yaml" in prices.barrier.source


def test_changed_static_power_loses_its_range_and_says_so(extended):
    _, prices = extended("static: {cores: {power: 1 mW}}\n")
    (power,) = prices.static
    assert (power.mw.value, power.mw.low, power.mw.high, power.per) == (1.0, 1.0, 1.0, "core")
    assert "mine.yaml" in power.mw.source


@pytest.mark.parametrize(
    "section, change",
    [
        ("mesh", "{width: 2}"),
        ("core", "{compartments: 7}"),
        ("synapse", "{delay_max: 7}"),
        ("registers", "{decay_max: 7}"),
        ("barrier", "{tick: 1 ms}"),
        ("barrier", "{time: {1: 5 ns}}"),
        ("barrier", "{chips: {1: 500 ns}}"),
        ("link", "{slot: 2 ns}"),
        ("area", "{core: 2}"),
    ],
)
def test_a_changed_section_says_what_was_changed_by_whom_and_its_source_before(section, change, extended):
    source, code = extended(f"{section}: {change}\n")[0].sources[section]
    before, _ = library_chip()[0].sources[section]
    key = change[1:].split(":")[0]
    assert source.startswith(f"{key} changed in ") and "mine.yaml" in source and source.endswith(f", before: {before}")
    assert code == "estimate"
    own = change[:-1] + ", source: a lab book, provenance: MU}"
    assert extended(f"{section}: {own}\n")[0].sources[section] == ("a lab book", "MU")


def test_a_section_that_is_not_named_keeps_its_source(extended):
    changed, base = extended("core: {compartments: 7}\n")[0].sources, library_chip()[0].sources
    assert {name for name in base if changed[name] != base[name]} == {"core"}


def test_a_changed_slot_is_an_estimate_and_loses_its_old_range(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("neuroemu_chip: 1\nname: mine\nextends: loihi1-nahuku32\nlink: {chip_slot: 100 ns}\n")
    _, prices = chip_file.read(path)
    slot = prices.chip_slot_ns
    assert (slot.low, slot.value, slot.high, slot.provenance) == (100.0, 100.0, 100.0, "estimate")
    assert "time that a message holds a link between chips" in prices.estimates(32)


def test_a_changed_barrier_loses_the_factors_of_the_times_that_were_changed(tmp_path):
    def factors(change):
        path = tmp_path / "mine.yaml"
        path.write_text(f"neuroemu_chip: 1\nname: mine\nextends: loihi1-nahuku32\nbarrier: {change}\n")
        return chip_file.read(path)[1].barrier.factors(2)

    assert factors("{time: {1: 5 ns}}") == (0.333, 3.0)  # they are those of `chips`
    assert factors("{chips: {1: 5 ns}}") == (1.0, 1.0)
    assert factors("{chips: {1: 5 ns}, range: [0.5, 2]}") == (0.5, 2.0)


def test_an_area_of_ones_own_on_a_generic_chip_says_so(tmp_path):
    chip, prices = generic(tmp_path, "area: {core: 2}")
    assert prices.area_mm2["core"].value == 2.0
    assert chip.sources["area"][0].startswith("core changed in ") and "before: scaling.py" in chip.sources["area"][0]


def test_a_mistake_in_the_base_is_placed_in_the_base(tmp_path):
    (tmp_path / "base.yaml").write_text("neuroemu_chip: 1\nname: base\nextends: loihi1-davies2018\nmesh: {width: 0}\n")
    (tmp_path / "mine.yaml").write_text("neuroemu_chip: 1\nname: mine\nextends: base.yaml\n")
    with pytest.raises(ChipError) as caught:
        chip_file.read(tmp_path / "mine.yaml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "base.yaml"), 4)


# ---- inside of another file ----------------------------------------------------------------------------------------


def inline(text: str, tmp_path):
    return chip_file.read_inline(marked_yaml.parse(text, "program.yaml"), ("chip",), tmp_path)


def test_a_chip_inside_of_a_program_may_be_a_name(tmp_path):
    assert inline("chip: loihi1-sanafe", tmp_path)[0].name == "loihi1-sanafe"


def test_a_chip_inside_of_a_program_may_change_another(tmp_path):
    chip, _ = inline("chip: {extends: loihi1-davies2018, mesh: {width: 2}}", tmp_path)
    assert (chip.name, chip.mesh.width) == ("loihi1-davies2018-variant", 2)


@pytest.mark.parametrize("name", ["my chip.yaml", "2chips.yaml", "é.yaml"])
def test_a_changed_chip_has_a_lawful_name_whatever_its_base_is_called(name, tmp_path):
    (tmp_path / name).write_text("neuroemu_chip: 1\nname: base\nextends: loihi1-davies2018\n")
    assert inline(f"chip: {{extends: {name}}}", tmp_path)[0].name.endswith("-variant")


def test_a_mistake_inside_of_a_program_is_placed_there(tmp_path):
    with pytest.raises(ChipError) as caught:
        inline("chip:\n  extends: loihi1-davies2018\n  mesh: {height: none}\n", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.path) == ("program.yaml", 3, "chip.mesh.height")


# ---- arithmetic ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_profile_is_taken_as_a_whole(profile, extended):
    assert extended(f"arithmetic: {{profile: {profile}}}\n")[0].arithmetic == PROFILES[profile]


@pytest.mark.parametrize(
    "written, switch, value",
    [
        ("q_bits: 20", "q_bits", 20),
        ("q_overflow: none", "q_bits", 0),
        ("state_bits: 16", "state_bits", 16),
        ("u_overflow: lava", "u_overflow", 2),
        ("bias_overflow: none", "bias_overflow", 0),
        ("v_limit: none", "v_clip", 0),
        ("weight_rounding: nearest", "weight_rounding", 2),
        ("exponent_stage: sum", "exponent_stage", 1),
    ],
)
def test_a_switch_changes_itself_and_nothing_else(written, switch, value, extended):
    chip, _ = extended(f"arithmetic: {{{written}}}\n")
    assert chip.arithmetic == PROFILES["loihi1"]._replace(**{switch: value})


@pytest.mark.parametrize("profile", ["lava", "nengo_loihi", "brian2_loihi"])
def test_the_name_of_a_profile_is_enough(tmp_path, profile):
    (tmp_path / "c.yaml").write_text(f"neuroemu_chip: 1\nextends: loihi1-davies2018\nname: c\narithmetic: {profile}\n")
    assert chip_file.read(tmp_path / "c.yaml")[0].arithmetic == PROFILES[profile]


# ---- links ---------------------------------------------------------------------------------------------------------


def test_a_core_holds_its_link_as_long_as_others_unless_it_is_said_apart(extended):
    _, prices = extended("link: {slot: 2 ns}\n")
    assert prices.core_slot_ns.value == 2.0
    _, prices = extended("link: {slot: 2 ns, core_slot: 1 ns, core_slot_range: [0.5 ns, 3 ns]}\n")
    core = prices.core_slot_ns
    assert (prices.slot_ns.value, core.low, core.value, core.high) == (2.0, 0.5, 1.0, 3.0)


def test_spinnakers_links_between_chips_are_not_those_of_its_cores():
    _, prices = library_chip("spinnaker1-48chip")
    assert (prices.slot_ns.value, prices.core_slot_ns.value) == (160.0, None)


def test_a_core_slot_outside_of_its_range_is_told(extended):
    with pytest.raises(ChipError, match="core_slot_range"):
        extended("link: {core_slot: 9 ns, core_slot_range: [0.5 ns, 3 ns]}\n")


# ---- what a report repeats, and what makes two lists the same --------------------------------------------------------

HOLDS = "time that a message holds "


def test_unknown_links_and_areas_are_named():
    _, prices = library_chip("truenorth")
    assert f"{HOLDS}a link" in prices.not_modelled() and "area" not in prices.not_modelled()
    _, prices = library_chip("spinnaker1-48chip")
    assert f"{HOLDS}the link between a core and its router" in prices.not_modelled()
    assert f"{HOLDS}a link" not in prices.not_modelled()
    assert f"{HOLDS}a link between chips" in prices.not_modelled(n_chips=2)
    assert f"{HOLDS}a link between chips" not in prices.not_modelled()
    assert "area" in library_chip("darwin3")[1].not_modelled()


def test_guessed_links_clocks_and_areas_are_named():
    _, prices = library_chip("generic-28nm")
    assert {f"{HOLDS}a link", "frequency of the clock", "area of a core and of a tile and of a chip"} <= set(
        prices.estimates()
    )
    assert "area of a core and of a chip" in library_chip()[1].estimates()
    assert "frequency of the clock" not in library_chip("odin")[1].estimates()


@pytest.mark.parametrize(
    "change",
    [
        "prices: {hop_east: {energy: 3.0 pJ, energy_range: [1 pJ, 9 pJ]}}",
        "prices: {hop_east: {time: 4.1 ns, time_range: [1 ns, 9 ns]}}",
        "barrier: {range: [0.5, 1]}",
        "barrier: {range: [1, 2]}",
        "barrier: {tick: 1 ms}",
        "link: {slot_range: [0.1 ns, 1 ns]}",
        "link: {chip_slot: 9 ns}",
        "link: {core_slot: 9 ns}",
        "static: {cores: {power: 0.816 mW, power_range: [0.5 mW, 0.816 mW]}}",
        "area: {core: 0.42}",
        "area: {tile: 1}",
        "area: {sram_bits: 9}",
        "clock: {frequency: 9 MHz, source: s, provenance: MU}",
    ],
)
def test_every_number_makes_another_hash(change, extended):
    same, other = extended("")[1], extended(change + "\n")[1]
    assert same.hash == library_chip()[1].hash != other.hash
