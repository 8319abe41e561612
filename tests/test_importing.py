"""neuroemu import: the program that it writes runs, says what the import said, and replaces nothing unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nir
import numpy as np
import pytest

import neuroemu
from neuroemu import cli, importing
from neuroemu.errors import OutputError, ProgramError
from neuroemu.files import program_file
from tests.nir_io.graphs import DT, graph, io, lif

VECTORS = Path(__file__).resolve().parent / "vectors" / "nir"


def call(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "neuroemu", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, check=False
    )


def test_what_is_imported_runs_at_once(in_empty_folder):
    done = call("import", VECTORS / "norse_conv_lifbox.nir", cwd=in_empty_folder)
    assert done.returncode == 0, done.stderr
    assert "recognised (a fault of an exporter, mended):\n  written by Norse" in done.stdout
    assert "n1 (LIF '1', 4x4x4) from input" in done.stdout
    assert sorted(path.name for path in in_empty_folder.iterdir()) == [
        "norse_conv_lifbox-input.npz",
        "norse_conv_lifbox.yaml",
    ]
    ran = call("run", "norse_conv_lifbox.yaml", "--json", "-o", "out", cwd=in_empty_folder)
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout)
    assert summary["spikes"] > 0 and summary["quantisation"]["float"]["of"] == "norse"
    again = call("import", VECTORS / "norse_conv_lifbox.nir", cwd=in_empty_folder)
    assert again.returncode == 2 and "there already" in again.stderr and "--overwrite" in again.stderr
    assert call("import", VECTORS / "norse_conv_lifbox.nir", "--overwrite", cwd=in_empty_folder).returncode == 0


def test_a_wrong_fact_on_the_command_line_is_told_and_nothing_is_written(in_empty_folder):
    done = call("import", VECTORS / "norse_conv_lifbox.nir", "--origin", "resett=zero", cwd=in_empty_folder)
    assert done.returncode == 2 and "unknown key 'resett'" in done.stderr and "reset" in done.stderr
    assert call("import", VECTORS / "norse_conv_lifbox.nir", "--origin", "reset", cwd=in_empty_folder).returncode == 2
    assert call("import", "none.nir", cwd=in_empty_folder).returncode == 2
    assert list(in_empty_folder.iterdir()) == []


def test_digits_recorded_in_norse_are_as_well_known_on_the_chip(tmp_path):
    made = importing.program_for(
        VECTORS / "norse_conv_lifbox.nir", tmp_path / "digits.yaml", {}, data="sklearn:digits", steps=20
    )
    made.write()
    held_out = ("inputs.input.split={side: test, test: 540, seed: 7}",)  # as the network was trained
    report = neuroemu.run(program_file.read(tmp_path / "digits.yaml", held_out))
    told = report.summary["quantisation"]["float"]
    recorded = json.loads((VECTORS / "norse_conv_lifbox.json").read_text())["test_accuracy"]
    assert report.summary["samples"] == 540
    assert report.summary["accuracy"] > recorded - 0.02
    assert abs(told["accuracy_lost"]) < 0.02
    assert all(kept["agreement"] > 0.9 for kept in told["rasters"].values())


def test_every_fact_stands_in_the_program_so_that_reading_it_assumes_nothing(tmp_path):
    for name in ("norse_conv_lifbox", "snntorch_rleaky_zero"):
        importing.program_for(VECTORS / f"{name}.nir", tmp_path / f"{name}.yaml", {}).write()
        read = program_file.read(tmp_path / f"{name}.yaml").network.exact
        first = neuroemu.from_nir(VECTORS / f"{name}.nir").exact
        assert read.origin == first.origin
        assert {note.kind for note in read.notes} <= {"changed", "lossy"}


def test_notes_are_comments_and_names_are_quoted(tmp_path):
    folder = tmp_path / 'a "b" #c'
    folder.mkdir()
    nir.write(folder / "1 net.nir", graph("i n o", n=lif(), **io()))
    made = importing.program_for(folder / "1 net.nir", tmp_path / "1 net.yaml", DT)
    made.write()
    text = (tmp_path / "1 net.yaml").read_text()
    assert "# - assumed: forward Euler" in text and "name: n1_net\n" in text
    program = program_file.read(tmp_path / "1 net.yaml")
    assert program.steps == importing.STEPS + 1 and program.network.names() == ["i", "n"]


def test_a_readout_is_probed_and_not_decoded(tmp_path):
    nir.write(tmp_path / "li.nir", graph("i n o", n=nir.LI(np.full(2, 5e-3), np.ones(2), np.zeros(2)), **io()))
    importing.program_for(tmp_path / "li.nir", tmp_path / "li.yaml", DT).write()
    program = program_file.read(tmp_path / "li.yaml")
    assert program.decode is None and program.network.probes[0].observable == "v"


def test_files_are_written_whole_or_not_at_all(tmp_path):
    nir.write(tmp_path / "net.nir", graph("i n o", n=lif(), **io()))
    made = importing.program_for(tmp_path / "net.nir", tmp_path / "there" / "net.yaml", DT)
    with pytest.raises(OutputError, match="cannot be written"):
        made.write()
    assert [path.name for path in tmp_path.iterdir()] == ["net.nir"]


def test_data_is_for_one_input(tmp_path):
    nodes = {"i": nir.Input(np.array([2])), "j": nir.Input(np.array([2])), "n": lif(), "o": nir.Output(np.array([2]))}
    nir.write(tmp_path / "two.nir", graph("i n o", "j n", **nodes))
    with pytest.raises(ProgramError, match="2"):
        importing.program_for(tmp_path / "two.nir", tmp_path / "two.yaml", DT, data="sklearn:digits")
    assert "import" in cli.cli.commands
