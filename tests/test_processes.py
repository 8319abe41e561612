"""Processes: modules that lie where a user happens to be are not run, those that a program names are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neuroemu import processes

ROOT = Path(__file__).resolve().parents[1]
NIR = ROOT / "tests" / "vectors" / "nir" / "norse_conv_lifbox.nir"
TAKEN = ("h5py", "nir", "numpy", "socket", "struct", "signal", "linecache", "selectors", "site", "multiprocessing")
GOAL = ("--goal", "energy_pj.total")
MODEL = """\
from neuroemu.compartments import find
Twin = find("lif")
"""
PROGRAM = """\
neuroemu: 1
name: own
chip: loihi1-davies2018
network:
  populations:
    eye: {size: 3, source: noise}
    cell: {size: 2, neuron: "mine.py:Twin", parameters: {decay_v: 100, threshold: 1}}
  connections: [{from: eye, to: cell, weights: 40}]
inputs: {noise: {values: [[0.5, 0.5, 0.5]]}}
run: {steps: 20}
"""


@pytest.fixture
def stranger(tmp_path):
    """A folder with modules that tell when they are run."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    for name in TAKEN:
        (folder / f"{name}.py").write_text(f"open({str(folder / 'OWNED')!r}, 'a').write('{name}')\nraise ImportError\n")
    return folder


@pytest.fixture
def call(tmp_path):
    """Runs a command as the script that pip installs does: the first place to look is the script's folder.

    The script finds neuroemu by itself, as from a checkout that is not installed.
    """
    script = tmp_path / "bin" / "neuroemu"
    script.parent.mkdir()
    script.write_text(
        f"import sys\nsys.path.insert(1, {str(ROOT)!r})\nfrom neuroemu.cli import main\n"
        "if __name__ == '__main__':\n    main()\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def called(*arguments, cwd):
        command = [sys.executable, str(script), *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    return called


def test_a_module_beside_a_file_that_somebody_sent_is_not_run(stranger, call):
    (stranger / "theirs.nir").write_bytes(NIR.read_bytes())
    done = call("import", "theirs.nir", cwd=stranger)
    assert done.returncode == 0, done.stderr
    assert not (stranger / "OWNED").exists()


def test_workers_of_a_sweep_run_no_module_that_lies_there(stranger, call):
    done = call("sweep", "quickstart", "-o", "out", "--jobs", "2", "--vary", "run.steps=5,6", *GOAL, cwd=stranger)
    assert done.returncode == 0, done.stderr
    assert not (stranger / "OWNED").exists() and (stranger / "out").is_dir()


def test_a_program_of_its_own_models_is_swept_where_it_lies(stranger, call):
    (stranger / "mine.py").write_text(MODEL)
    (stranger / "own.yaml").write_text(PROGRAM)
    what = ("sweep", "own.yaml", "--allow-code", "-o", "out", "--jobs", "2", "--vary", "run.steps=5", *GOAL)
    done = call(*what, cwd=stranger)
    assert done.returncode == 0, done.stderr
    assert not (stranger / "OWNED").exists()


def test_a_process_of_ours_looks_where_we_do_but_not_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), "/some/place", "beside"])
    assert processes.paths() == [str(ROOT), "/some/place"]
    monkeypatch.setattr(sys, "path", ["/some/place", str(ROOT)])
    assert processes.paths() == ["/some/place", str(ROOT)]
    monkeypatch.chdir(ROOT)  # which is a checkout
    assert processes.paths() == [str(ROOT), "/some/place"]


def test_neuroemu_is_found_where_the_folder_was_deleted(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert str(ROOT) in processes.paths()


def test_the_folder_and_the_environment_are_as_they_were(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in ("/some/place", None):
        if given is None:
            monkeypatch.delenv("PYTHONPATH", raising=False)
        else:
            monkeypatch.setenv("PYTHONPATH", given)
        with pytest.raises(KeyError), processes.elsewhere():
            assert os.getcwd() == "/" and str(ROOT) in os.environ["PYTHONPATH"].split(os.pathsep)
            raise KeyError
        assert os.getcwd() == str(tmp_path) and os.environ.get("PYTHONPATH") == given
