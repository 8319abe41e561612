"""Files on which the HDF5 library never ends, or that end the process, are refused by a process that can be lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuroemu import processes
from neuroemu.errors import ProgramError
from neuroemu.nir_io import from_nir, read, trial

WHOLE = Path(__file__).resolve().parents[1] / "vectors" / "nir" / "paper" / "lif_norse.nir"
ORIGIN = {"framework": "norse", "dt_s": 1e-4}


@pytest.fixture
def endless(tmp_path, monkeypatch):
    """A file whose heap has an object of size 0, which nobody looks over first."""
    content = bytearray(WHOLE.read_bytes())
    content[2209] = 1
    path = tmp_path / "endless.nir"
    path.write_bytes(bytes(content))
    monkeypatch.setattr(read, "damaged_heap", lambda path: None)
    monkeypatch.setattr(trial, "PATIENCE_S", 1.0)
    return path


def test_a_file_that_never_ends_is_refused_and_the_next_is_read(endless):
    with pytest.raises(ProgramError, match="keeps the HDF5 library busy without an end"):
        from_nir(endless, ORIGIN)
    assert trial._serving == []
    assert from_nir(WHOLE, ORIGIN).exact is not None and trial._serving[0].poll() is None


def test_a_file_that_ends_the_process_is_refused(monkeypatch):
    assert trial.trial(WHOLE) == ""

    class Dying:
        def write(self, line):
            trial._serving[0].kill()
            trial._serving[0].wait()

        def flush(self):
            pass

        def close(self):
            pass

    monkeypatch.setattr(trial._serving[0], "stdin", Dying())
    with pytest.raises(ProgramError, match="crashes the HDF5 library"):
        from_nir(WHOLE, ORIGIN)
    assert trial.trial(WHOLE) == ""


def test_what_is_wrong_with_a_file_is_told_where_it_is_read(tmp_path):
    path = tmp_path / "no.nir"
    path.write_bytes(WHOLE.read_bytes()[:3000])
    assert trial.trial(path) == ""
    with pytest.raises(ProgramError, match="cannot be read as HDF5"):
        from_nir(path, ORIGIN)


def test_where_no_process_can_be_had_files_are_read_as_they_are(monkeypatch):
    monkeypatch.setattr(trial, "_serving", [])
    monkeypatch.setattr(processes.sys, "executable", "/nowhere/python")
    assert trial.trial(WHOLE) == ""
    assert from_nir(WHOLE, ORIGIN).exact is not None
