"""The limit of tests: what hangs ends the run and is named, wherever it hangs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HANGS = {
    "in Python": "while True: pass",
    "in C without the GIL": "ctypes.CDLL(None).pause()",
    "in C with the GIL": "ctypes.PyDLL(None).pause()",
}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pause()")
@pytest.mark.parametrize("where", HANGS)
def test_a_test_that_hangs_ends_the_run_and_is_named(tmp_path, where):
    (tmp_path / "test_it.py").write_text(
        f"import ctypes\n\n\ndef test_before():\n    pass\n\n\ndef test_that_hangs():\n    {HANGS[where]}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.limit", "-p", "no:cacheprovider", "-v", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NEUROEMU_TEST_LIMIT_S": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "test_before PASSED" in done.stdout and "test_that_hangs" in done.stdout.splitlines()[-1]
    assert "Timeout (0:00:01)!" in done.stderr and 'test_it.py", line 9 in test_that_hangs' in done.stderr
