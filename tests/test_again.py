"""Runs priced and mapped again from their folder: the same as a new run, or refused with the reason."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import neuroemu
from neuroemu import again
from neuroemu.errors import ChipError, DoesNotFit, OutputError, ProgramError
from neuroemu.events import Event
from neuroemu.files import program_file
from neuroemu.modes import MODES
from neuroemu.prepare import compile_program

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


def test_a_mapping_that_does_not_fit_is_told_where_it_would(ran):
    two = again.chip_of(ran[0], None, ("mesh.width=1", "mesh.height=1"))
    with pytest.raises(DoesNotFit) as caught:
        again.remap(ran[0], *two, "sequential", share_cores=False)
    assert [remedy.settings for remedy in caught.value.remedies] == [("--placement sequential", "--share-cores")]
    again.remap(ran[0], *two, "sequential", share_cores=True)
    assert "--placement sequential --share-cores" in str(caught.value)


def test_a_core_too_small_is_refused(ran):
    with pytest.raises(DoesNotFit, match="axons_in"):
        again.reprice(ran[0], *again.chip_of(ran[0], None, ("core.axons_in=1",)))


def test_prices_that_were_changed_in_python_are_not_taken_from_the_file(tmp_path):
    program = program_file.read("quickstart", SPREAD)
    one = program.prices.energy_pj[Event.COMPARTMENT_ACTIVE]
    dear = {
        **program.prices.energy_pj,
        Event.COMPARTMENT_ACTIVE: replace(one, value=100 * one.value, high=100 * one.high),
    }
    neuroemu.run(replace(program, prices=replace(program.prices, energy_pj=dear)), tmp_path / "dear")
    with pytest.raises(ProgramError, match="changed in Python"):
        again.chip_of(tmp_path / "dear", None)
    assert again.chip_of(tmp_path / "dear", "loihi1-davies2018")


def test_an_unknown_placement_and_chip_are_told(ran):
    with pytest.raises(ProgramError, match="no placement 'hilbrt'"):
        again.remap(ran[0], *again.chip_of(ran[0], None), "hilbrt")
    with pytest.raises(ChipError, match="loihi1-sanafe"):
        again.chip_of(ran[0], "loihi1-sanfe")


def test_a_folder_without_a_run_is_told(ran, tmp_path):
    for nowhere in (tmp_path, tmp_path / "not there"):
        with pytest.raises(OutputError, match="not the folder of a run"):
            again.chip_of(nowhere, None)
    (tmp_path / "costs.h5").write_bytes(b"no HDF5")
    with pytest.raises(OutputError, match=r"spikes\.h5.* is missing"):
        again.chip_of(tmp_path, None)
    with pytest.raises(OutputError, match="cannot be read"):
        again.reprice(tmp_path, *again.chip_of(ran[0], None))


@pytest.mark.parametrize("name", ["counts", "step", "source", "draws", "parts/core", "rows/synapses"])
def test_a_record_that_was_changed_is_refused(name, ran, tmp_path):
    import h5py

    shutil.copytree(ran[0], tmp_path / "run")
    with h5py.File(tmp_path / "run" / "costs.h5", "a") as file:
        kept, attributes = file[name][()], dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, data=kept[: kept.shape[0] // 2]).attrs.update(attributes)
    with pytest.raises(OutputError, match=f"'{name}' is not what was written"):
        repriced(tmp_path / "run")


def test_a_head_that_was_changed_is_refused(ran, tmp_path):
    import h5py

    shutil.copytree(ran[0], tmp_path / "run")
    with h5py.File(tmp_path / "run" / "costs.h5", "a") as file:
        file.attrs["head"] = file.attrs["head"].replace('"steps": 100', '"steps": 7')
    with pytest.raises(OutputError, match="its head is not what was written"):
        repriced(tmp_path / "run")


@pytest.mark.parametrize("content", ["{}", "[1]", "null", '{"energy_pj": {"total": "much"}}', "{"])
def test_a_summary_that_was_changed_is_refused(content, ran, tmp_path):
    shutil.copytree(ran[0], tmp_path / "run")
    (tmp_path / "run" / "summary.json").write_text(content)
    with pytest.raises(OutputError, match=r"summary\.json"):
        again.old_summary(tmp_path / "run")


def test_a_disk_without_room_is_told_before_hdf5_finds_out(ran, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    moved = again.remap(ran[0], *again.chip_of(ran[0], None), "hilbert")
    with pytest.raises(OutputError, match="No space left on device"):
        again.write(moved, ran[0], tmp_path / "moved", False, ["test"], numbered=False)
    assert list(tmp_path.iterdir()) == []


def test_parts_share_cores_as_they_did_unless_told(ran):
    found = again.remap(ran[0], *again.chip_of(ran[0], None), "hilbert")
    assert found.wiring.cores_in_use().size == 10


def test_a_mode_that_a_chip_does_not_have_is_refused_before_anything_runs(ran):
    for change, mode in (("mesh.multicast=tree", "contended"), ("link.slot=null", "flit")):
        with pytest.raises(ProgramError, match="Try: latency:"):
            again.remap(ran[0], *again.chip_of(ran[0], None, (change,)), latency=mode)
        program = program_file.read("quickstart", (*SPREAD, f"chip.{change}", f"run.latency={mode}"))
        with pytest.raises(ProgramError, match="Try: latency:"):
            compile_program(program)


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
