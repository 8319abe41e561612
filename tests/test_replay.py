"""The recorded answers of independent references, through the replay tool itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VECTORS = ROOT / "tests" / "vectors" / "fixed_point"
WHOLE = ROOT.parent / "shared" / "golden" / "fixed_point"


def replay(*arguments):
    """(exit code, output) of the tool."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "replay_vectors.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_every_recorded_case_matches_bit_for_bit():
    code, output = replay("fixed_point", VECTORS)
    assert output.splitlines()[-1] == "22 of 22 cases match", output
    assert code == 0


def test_a_single_wrong_bit_is_found(tmp_path):
    case = json.loads((VECTORS / "lava_basic_s100.json").read_text())
    group = case["groups"][0]["name"]
    case["expected"][group]["v"][-1][0] ^= 1
    (tmp_path / "lava_basic_s100.json").write_text(json.dumps(case))
    code, output = replay("fixed_point", tmp_path)
    assert code == 1
    assert "v of compartment 0" in output and output.splitlines()[-1] == "0 of 1 cases match"


def test_an_empty_folder_is_no_success(tmp_path):
    assert replay("fixed_point", tmp_path)[0] == 1


@pytest.mark.skipif(not WHOLE.is_dir(), reason="the whole corpus is not at hand")
def test_every_portable_case_and_every_weight_table_of_the_whole_corpus_matches():
    _, output = replay("fixed_point", WHOLE, "--json")
    matching = {case["case"] for case in json.loads(output)["results"] if case["match"]}
    index = json.loads((WHOLE / "index.json").read_text())["cases"]
    portable = {case["id"] for case in index if case["portable"]}
    tables = {case["id"] for case in index if case["family"] == "weight_table"}
    assert len(portable) == 71
    assert portable | tables <= matching, sorted((portable | tables) - matching)
