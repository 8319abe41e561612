"""The kernel cache: where it lies, and when it is another."""

from __future__ import annotations

import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest
from numba import types

from neuroemu import jit


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache folder of the user's and an empty temporary folder."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(jit.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_the_cache_lies_in_the_users_cache_folder(home):
    assert Path(jit._cache_folder()).parent == home / "home" / "neuroemu" / "kernels"


def test_a_folder_of_the_users_choice_comes_first(home, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(home / "mine"))
    assert Path(jit._cache_folder()).parent == home / "mine" / "neuroemu-kernels"


def test_a_change_in_any_kernel_is_another_cache(home, monkeypatch):
    package = home / "neuroemu"
    shutil.copytree(Path(jit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(jit, "__file__", str(package / "jit.py"))
    before = jit._digest()
    lif = package / "compartments" / "lif.py"
    lif.write_text(lif.read_text() + "\n# changed\n")
    assert jit._digest() != before
    lif.write_text(lif.read_text().removesuffix("\n# changed\n"))
    (package / "cli.py").write_text("")  # no kernel
    assert jit._digest() == before


def test_a_full_disk_is_passed_over(home, monkeypatch):
    usage = namedtuple("usage", "total used free")
    real = shutil.disk_usage
    monkeypatch.setattr(
        jit.shutil, "disk_usage", lambda path: usage(1, 1, 0) if "home" in Path(path).parts else real(path)
    )
    assert Path(jit._cache_folder()).parent == home / f"neuroemu-kernels-{os.getuid()}"


def test_a_temporary_folder_that_others_may_write_is_not_trusted(home, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    own = home / f"neuroemu-kernels-{os.getuid()}"
    own.mkdir()
    own.chmod(0o777)
    assert jit._cache_folder() == ""


def test_caches_of_old_versions_are_forgotten_after_a_week(home):
    base = home / "home" / "neuroemu" / "kernels"
    for name, age_s in (("old", jit.KEEP_S + 60), ("recent", jit.KEEP_S - 60)):
        (base / name).mkdir(parents=True)
        os.utime(base / name, (time.time() - age_s,) * 2)
    current = Path(jit._cache_folder())
    assert sorted(path.name for path in base.iterdir()) == sorted(["recent", current.name])


def double(x):
    return 2 * x


def hits(folder):
    """How many of a kernel and a C function come from the cache; both are declared, and called, anew."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jit, "_FOLDER", str(folder))
        kernel = jit.njit(double)
        function = jit.specialise(double, "a", types.int64(types.int64))
        assert kernel(21) == function.ctypes(21) == 42
    return sum(kernel.stats.cache_hits.values()) + function.cache_hits


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "harm",
    [
        lambda content: b"",
        lambda content: b"x" * 300,
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:],
    ],
    ids=["empty", "noise", "half", "short", "flipped"],
)
def test_a_damaged_file_of_the_cache_is_written_anew(tmp_path, ending, harm):
    assert [hits(tmp_path), hits(tmp_path)] == [0, 2]
    files = list(tmp_path.rglob(f"*.{ending}"))
    assert len(files) == 2
    for path in files:
        path.write_bytes(harm(path.read_bytes()))
    assert hits(tmp_path) == 0 or ending == "nbi"  # an index that lacks nothing that is read may serve
    assert hits(tmp_path) == 2
