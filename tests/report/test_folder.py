"""The run folder: what is in it, and that it lands whole or not at all."""

from __future__ import annotations

import csv
import json

import nir
import numpy as np
import pytest

import neuroemu
from neuroemu.errors import OutputError
from neuroemu.events import Event
from neuroemu.files import program_file
from neuroemu.report import folder as folder_module
from neuroemu.report.folder import FILES
from neuroemu.schedule import PARTS


@pytest.fixture(scope="module")
def report():
    return neuroemu.run(
        program_file.read("quickstart", ("probes=[relay.spikes, choice.spikes, 'choice.v[1]', 'choice.u']",))
    )


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    return report.save(tmp_path_factory.mktemp("runs") / "one")


def rows(path):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_file_is_there(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_the_summary_has_every_promised_key(folder):
    summary = json.loads((folder / "summary.json").read_text())
    promised = (
        "steps samples accuracy spikes synaptic_events compartment_updates messages hops energy_pj pj_per_spike "
        "pj_per_synaptic_event energy_per_sample_pj latency_ns latency_per_sample_ns not_modelled wall_s seed "
        "model_hash mesh_hash"
    )
    assert set(promised.split()) <= set(summary)
    assert {"total", "dynamic", "static", "by_event", "by_population", "by_core"} <= set(summary["energy_pj"])
    assert {"total", "mean_step", "max_step"} <= set(summary["latency_ns"])
    energy = summary["energy_pj"]
    assert energy["total"] == pytest.approx(energy["dynamic"] + energy["static"])
    assert summary["pj_per_spike"] == pytest.approx(energy["total"] / summary["spikes"])


def test_every_view_of_the_energy_adds_up(folder):
    summary = json.loads((folder / "summary.json").read_text())
    energy = summary["energy_pj"]
    others = energy["by_core"]["host"] + energy["by_core"]["barrier"]
    assert sum(energy["by_tile"].values()) + others == pytest.approx(energy["dynamic"])
    samples = rows(folder / "samples.csv")
    assert len(samples) == summary["samples"]
    assert sum(float(row["dynamic_pj"]) for row in samples) == pytest.approx(energy["dynamic"])
    assert sum(float(row["static_pj"]) for row in samples) == pytest.approx(energy["static"])
    assert sum(float(row["ns"]) for row in samples) == pytest.approx(summary["latency_ns"]["total"])
    ways = sum(
        energy["by_event"][key] or 0 for key in energy["by_event"] if key.split("_")[0] in ("hop", "tile", "chip")
    )
    assert sum(float(row["dynamic_pj"]) for row in rows(folder / "links.csv")) == pytest.approx(ways)


def test_a_step_is_the_sum_of_its_path(folder):
    parts = [f"{name}_ns" for name in PARTS]
    for row in rows(folder / "steps.csv"):
        assert sum(float(row[part]) for part in parts) == pytest.approx(float(row["step_ns"]))
        assert float(row[f"{row['bound_by']}_ns"]) == max(float(row[part]) for part in parts)


def test_steps_add_up_to_the_summary(folder):
    summary, steps = json.loads((folder / "summary.json").read_text()), rows(folder / "steps.csv")
    assert len(steps) == summary["steps"]
    for column in ("spikes", "synaptic_events", "messages", "hops", "input_spikes"):
        assert sum(int(row[column]) for row in steps) == summary[column], column
    assert sum(float(row["step_ns"]) for row in steps) == pytest.approx(summary["latency_ns"]["total"])
    assert sum(float(row["dynamic_pj"]) for row in steps) == pytest.approx(summary["energy_pj"]["dynamic"])


def test_cores_and_populations_add_up_to_the_summary(folder):
    summary = json.loads((folder / "summary.json").read_text())
    cores, populations = rows(folder / "cores.csv"), rows(folder / "populations.csv")
    assert sum(int(row["spikes"]) for row in cores) == summary["spikes"]
    assert sum(int(row["compartments"]) for row in cores) == summary["compartments"]
    on_chip = [row for row in populations if row["on_chip"] == "True"]
    assert sum(int(row["spikes"]) for row in on_chip) == summary["spikes"]
    assert sum(float(row["dynamic_pj"]) for row in populations) == pytest.approx(summary["energy_pj"]["dynamic"])


def test_spikes_are_readable_with_nir(folder, report):
    graph = nir.read_data(str(folder / "spikes.h5"))
    assert set(graph.nodes) == {"relay", "choice"}
    for name in graph.nodes:
        gridded = graph.nodes[name].observables["spikes"].to_time_gridded(0.001).data
        step, index = report.spikes(name)
        expected = np.zeros((2, 100, report.program.network[name].size), bool)
        expected[(step - 1) // 100, (step - 1) % 100, index] = True
        assert np.array_equal(gridded, expected)


def test_probed_states_are_written_by_sample(folder, report):
    choice = nir.read_data(str(folder / "spikes.h5")).nodes["choice"].observables
    assert choice["v"].data.shape == (2, 100, 1)
    assert choice["u"].data.shape == (2, 100, 2)
    assert np.array_equal(choice["v"].data.reshape(200, 1), report.traces.v["choice"])


def test_the_mapping_names_every_compartment_once(folder, report):
    mapping = json.loads((folder / "mapping.json").read_text())
    assert sum(part["size"] for part in mapping["parts"]) == report.compiled.image.n_compartments
    for part in mapping["parts"]:
        assert part["synapse_words"] <= mapping["limits_per_core"]["synapse_words"]


def test_the_manifest_hashes_what_went_in(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert any(path.endswith("quickstart.yaml") for path in manifest["inputs"])
    assert manifest["versions"]["numba"] and manifest["seed"] == 1


def test_two_runs_write_the_same_bytes(folder, tmp_path):
    again = neuroemu.run(
        program_file.read("quickstart", ("probes=[relay.spikes, choice.spikes, 'choice.v[1]', 'choice.u']",)),
        tmp_path / "two",
    ).folder
    for name in ("steps.csv", "cores.csv", "populations.csv", "mapping.json", "spikes.h5"):
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name
    lines = [
        [line for line in (place / "summary.json").read_text().splitlines() if '"wall_s"' not in line]
        for place in (folder, again)
    ]
    assert lines[0] == lines[1]


def test_a_folder_with_something_in_it_is_left_alone(report, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(OutputError):
            report.save(tmp_path, overwrite)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_overwrite_replaces_an_old_run_only_when_the_new_one_is_whole(report, tmp_path, monkeypatch):
    place = report.save(tmp_path / "run")
    before = (place / "summary.json").read_text()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module, "write_spikes", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        report.save(place, overwrite=True)
    assert (place / "summary.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    monkeypatch.undo()
    report.save(place, overwrite=True)
    assert sorted(path.name for path in place.iterdir()) == sorted(FILES)


def test_a_failed_write_leaves_nothing_behind(report, tmp_path, monkeypatch):
    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "write_spikes", broken)
    with pytest.raises(KeyboardInterrupt):
        report.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_runs_without_a_folder_are_numbered_and_never_collide(report, tmp_path):
    first = folder_module.next_free(tmp_path, "q")
    (tmp_path / "q-1").mkdir()
    (tmp_path / "q-1" / "taken").touch()
    landed = folder_module.write(report, tmp_path / "q-2", False, [], numbered=True)
    assert (first.name, landed.name) == ("q-1", "q-2")
    taken_meanwhile = folder_module._land(_copy(landed, tmp_path / "partial"), tmp_path / "q-2", False, True)
    assert taken_meanwhile.name == "q-3"


def _copy(source, target):
    import shutil

    return shutil.copytree(source, target)


def test_html_escapes_what_came_from_a_file(report):
    from dataclasses import replace

    hostile = replace(report, program=replace(report.program, name="<script>alert(1)</script>"))
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()


def test_the_report_speaks_of_what_happened_only(report):
    totals = report.tally.by_step.sum(axis=0)
    assert totals[Event.LEARN_WRITE] == 0 and "learn write" not in str(report)


def test_a_run_that_took_the_number_meanwhile_costs_nobody_a_run(report, tmp_path):
    report.save(tmp_path / "q-1")
    landed = folder_module.write(report, tmp_path / "q-1", False, [], numbered=True)
    assert landed.name == "q-2"


def test_a_folder_that_cannot_be_landed_in_is_an_error_not_a_loop(report, tmp_path, monkeypatch):
    tries = []

    def forbidden(*_):
        tries.append(1)
        assert len(tries) < 5, "tries for ever"
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(folder_module.os, "rename", forbidden)
    with pytest.raises(OutputError, match="Permission denied"):
        folder_module.write(report, tmp_path / "q-1", False, [], numbered=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails_at", [1, 2])
def test_an_interrupt_while_replacing_leaves_the_old_run(report, tmp_path, monkeypatch, fails_at):
    place = report.save(tmp_path / "run")
    before = (place / "summary.json").read_text()
    rename, calls = folder_module.os.rename, []

    def interrupted(source, target):
        calls.append(target)
        if len(calls) == fails_at:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(folder_module.os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        report.save(place, overwrite=True)
    monkeypatch.undo()
    assert (place / "summary.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_taken_while_replacing_loses_nobody_a_run(report, tmp_path, monkeypatch):
    place = report.save(tmp_path / "run")
    rename, calls = folder_module.os.rename, []

    def another_is_faster(source, target):
        calls.append(target)
        if len(calls) == 2:
            place.mkdir()
            (place / "theirs").touch()
        rename(source, target)

    monkeypatch.setattr(folder_module.os, "rename", another_is_faster)
    with pytest.raises(OutputError, match="the old run is in") as caught:
        report.save(place, overwrite=True)
    monkeypatch.undo()
    aside = str(caught.value).split("the old run is in ")[1].rstrip(".")
    assert (tmp_path / aside / "summary.json").is_file()


def test_the_run_hash_tells_inputs_apart_and_the_model_hash_does_not():
    hashes = [neuroemu.run(program_file.read("quickstart", seed=seed)).summary for seed in (1, 1, 2)]
    assert hashes[0]["run_hash"] == hashes[1]["run_hash"] != hashes[2]["run_hash"]


def test_names_and_sources_decide_no_hash(report):
    from dataclasses import replace

    prices, chip = report.program.prices, report.program.chip
    other = replace(
        report, program=replace(report.program, prices=replace(prices, name="x"), chip=replace(chip, about="x"))
    )
    ours, theirs = (folder_module.manifest(r, []) for r in (report, other))
    assert (ours["price_hash"], ours["chip_hash"]) == (theirs["price_hash"], theirs["chip_hash"])


def test_a_narrow_terminal_gets_lines_and_not_a_table(report):
    from neuroemu.report.terminal import as_text

    text = as_text(report, width=40)
    assert max(len(line) for line in text.splitlines()) <= 40
    assert "synaptic events: " in text
