"""Runs priced and mapped again from their folder: the same as a new run, or refused with the reason."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neuroemu
from neuroemu import again
from neuroemu.costs import MODES
from neuroemu.errors import ChipError, DoesNotFit, OutputError, ProgramError
from neuroemu.files import program_file

# A run on several cores and tiles, with delays, dense and sparse lists, and spikes of the host.
SPREAD = ("mapping.share_cores=false", "mapping.parts={relay: 8, choice: 2}", "chip.mesh.cores_per_tile=2")
COSTS = ("energy_pj", "latency_ns", "messages", "hops", "spikes", "synaptic_events", "why", "pj_per_spike", "mesh_hash")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """(folder, summary) of the run."""
    folder = tmp_path_factory.mktemp("again") / "run"
    return folder, neuroemu.run(program_file.read("quickstart", SPREAD), folder).summary


def fresh(*overrides):
    """summary.json of a new run."""
    return neuroemu.run(program_file.read("quickstart", (*SPREAD, *overrides))).summary


def repriced(folder, *overrides, chip=None, latency=None):
    return again.new_summary(again.reprice(folder, *again.chip_of(folder, chip, overrides), latency), folder)


def same(one, other):
    """Whether two summaries agree in all that a run costs."""
    return all(json.dumps(one[key]) == json.dumps(other[key]) for key in COSTS)


def test_priced_with_its_own_chip_nothing_changes(ran):
    assert same(repriced(ran[0]), ran[1])


def test_other_prices_cost_what_a_new_run_costs(ran):
    changes = (
        "prices.compartment_active.energy=5 pJ",
        "prices.hop_east.time=500 ns",
        "link.slot=40 ns",
        "static.cores.power=3 mW",
    )
    found = repriced(ran[0], *changes)
    assert same(found, fresh(*(f"chip.{change}" for change in changes))) and not same(found, ran[1])


@pytest.mark.parametrize("mode", MODES)
def test_another_latency_mode_takes_what_a_new_run_takes(mode, ran):
    assert same(repriced(ran[0], latency=mode), fresh(f"run.latency={mode}"))


@pytest.mark.parametrize("placement", ["sequential", "hilbert"])
def test_another_placement_costs_what_a_new_run_costs(placement, ran):
    chip, prices = again.chip_of(ran[0], None)
    found = again.new_summary(again.remap(ran[0], chip, prices, placement, share_cores=False), ran[0])
    assert same(found, fresh(f"mapping.placement={placement}"))


def test_another_mesh_costs_what_a_new_run_costs(ran):
    changes = ("mesh.width=3", "mesh.routing=yx", "mesh.host=[2, 3]", "mesh.buffer=1")
    chip, prices = again.chip_of(ran[0], None, changes)
    assert same(
        again.new_summary(again.remap(ran[0], chip, prices), ran[0]), fresh(*(f"chip.{change}" for change in changes))
    )


def test_parts_may_be_put_together(ran):
    chip, prices = again.chip_of(ran[0], None)
    together = again.remap(ran[0], chip, prices, "sequential", share_cores=True)
    assert together.wiring.cores_in_use().tolist() == [0]
    assert (
        together.costs.tally.totals.tolist()[:12]
        == neuroemu.run(program_file.read("quickstart", SPREAD)).tally.totals.tolist()[:12]
    )


def test_a_run_may_be_priced_again_and_again(ran, tmp_path):
    chip, prices = again.chip_of(ran[0], None, ("prices.spike_out.energy=5 pJ",))
    moved = again.remap(ran[0], chip, prices, "hilbert", share_cores=False)
    folder = again.write(moved, ran[0], tmp_path / "moved", False, ["test"], numbered=False)
    assert same(repriced(folder), again.new_summary(moved, ran[0]))
    back = again.remap(folder, *again.chip_of(ran[0], None), "sequential", share_cores=False)
    assert same(again.new_summary(back, folder), ran[1])
    assert {path.name for path in folder.iterdir()} == {path.name for path in ran[0].iterdir()}
    assert (folder / "spikes.h5").read_bytes() == (ran[0] / "spikes.h5").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("registers.decay_max=4000", "registers.decay_max was 4095 and is 4000"),
        ("arithmetic=lava", "arithmetic.q_bits was 22 and is 0"),
        ("synapse.delay_max=20", "synapse.delay_max was 62 and is 20"),
        ("core.word_bits=32", "core.word_bits was 64 and is 32"),
    ],
)
def test_a_chip_that_computes_otherwise_is_refused(change, said, ran):
    for price in (again.reprice, again.remap):
        with pytest.raises(ProgramError) as caught:
            price(ran[0], *again.chip_of(ran[0], None, (change,)))
        (problem,) = caught.value.problems
        assert said in problem.what and "neuroemu run" in problem.remedy


def test_another_mesh_is_for_remap(ran):
    with pytest.raises(ProgramError, match=r"mesh.width was 8 and is 3.*neuroemu remap"):
        again.reprice(ran[0], *again.chip_of(ran[0], None, ("mesh.width=3",)))


def test_a_mesh_too_small_is_refused(ran):
    tiny = again.chip_of(ran[0], None, ("mesh.width=1", "mesh.height=1"))
    with pytest.raises(ProgramError, match=r"the run uses core 9; .* has 2 cores"):
        again.remap(ran[0], *tiny)
    with pytest.raises(DoesNotFit, match="cores"):
        again.remap(ran[0], *tiny, "sequential", share_cores=False)


def test_a_core_too_small_is_refused(ran):
    with pytest.raises(DoesNotFit, match="axons_in"):
        again.reprice(ran[0], *again.chip_of(ran[0], None, ("core.axons_in=1",)))


def test_an_unknown_placement_and_chip_are_told(ran):
    with pytest.raises(ProgramError, match="no placement 'hilbrt'"):
        again.remap(ran[0], *again.chip_of(ran[0], None), "hilbrt")
    with pytest.raises(ChipError, match="loihi1-sanafe"):
        again.chip_of(ran[0], "loihi1-sanfe")


def test_a_folder_without_a_run_is_told(ran, tmp_path):
    with pytest.raises(OutputError, match="holds no run"):
        again.reprice(tmp_path, *again.chip_of(ran[0], None))
    (tmp_path / "costs.h5").write_bytes(b"no HDF5")
    with pytest.raises(OutputError, match="cannot be read"):
        again.reprice(tmp_path, *again.chip_of(ran[0], None))


def test_what_is_saved_is_the_whole_run(ran):
    from neuroemu.report import saved

    found, report = saved.read(ran[0]), neuroemu.run(program_file.read("quickstart", SPREAD))
    assert np.array_equal(found.activity.counts, report.activity.counts)
    assert np.array_equal(found.activity.step, report.traces.step)
    assert np.array_equal(found.activity.source, report.traces.source)
    assert [part.name for part in found.parts] == [part.name for part in report.compiled.mapping.parts]
    for one, other in zip(found.parts, report.compiled.mapping.parts, strict=True):
        assert one.demand.sources.tolist() == other.demand.sources.tolist()
        assert one.demand.words_by_projection == other.demand.words_by_projection
