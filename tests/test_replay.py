"""The recorded answers of independent references, through the replay tool itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tools.replay import families, float_lif
from tools.replay.cases import load_case

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
    assert output.splitlines()[-1] == "36 of 36 cases match", output
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


FAMILIES = sorted(
    path.stem for path in VECTORS.glob("lava_*.json") if json.loads(path.read_text())["family"] in families.FAMILIES
)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_wrong_bit_in_any_record_of_any_model_is_found(name):
    case = load_case(VECTORS / f"{name}.json")
    assert families.replay_family(case) == ""
    for key, table in case["expected"].items():
        wrong = np.array(table)
        wrong.flat[-1] ^= 1
        assert families.replay_family({**case, "expected": {**case["expected"], key: wrong.tolist()}}) != "", key


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("lava_graded_vec_s100", "weights", 40000),
        ("lava_graded_vec_s100", "weights", 0.5),
        ("lava_graded_vec_s100", "data", 2**31),
    ],
)
def test_what_synapses_and_messages_cannot_hold_is_refused(name, key, value):
    case = load_case(VECTORS / f"{name}.json")
    table = np.array(case[key], float)
    table[0, 0] = value
    with pytest.raises(ValueError, match="bits"):
        families.replay_family({**case, key: table.tolist()})


@pytest.mark.parametrize("change", [{"du": 0.5}, {"vth": 400.5}, {"v0": 3}])
def test_floats_that_are_not_exact_in_integers_are_refused(change):
    case = load_case(VECTORS / "lava_lifrefractory_p5_s100.json")
    case["groups"][0].update(change)
    with pytest.raises(ValueError):
        float_lif.scaled(case)


def test_a_convolution_equals_the_sums_of_its_definition():
    # The kernel is flipped, and each half of the outputs sees its own half of the channels.
    rng = np.random.default_rng(1)
    given, weight = rng.integers(-9, 9, (7, 5, 4)), rng.integers(-9, 9, (6, 2, 3, 2))
    (sx, sy), (px, py), (dx, dy), groups = (2, 1), (1, 2), (3, 1), 2
    connector, shape = families.convolution(given.shape, weight, (sx, sy), (px, py), (dx, dy), groups)
    padded = np.pad(given, ((px, px), (py, py), (0, 0)))
    expected = np.zeros(shape, int)
    for x, y, o in np.ndindex(*shape):
        for i, j, c in np.ndindex(2, 3, 2):
            flipped = weight[o, 1 - i, 2 - j, c]
            expected[x, y, o] += flipped * padded[x * sx + i * dx, y * sy + j * dy, c + 2 * (o // 3)]
    synapses = connector.synapses((given.size,), (expected.size,), None)
    found = np.zeros(expected.size)
    np.add.at(found, synapses.post, synapses.weight * given.ravel()[synapses.pre])
    assert shape == (3, 7, 6)
    assert found.reshape(shape).tolist() == expected.tolist()


@pytest.mark.skipif(not WHOLE.is_dir(), reason="the whole corpus is not at hand")
def test_every_case_of_the_whole_corpus_matches():
    code, output = replay("fixed_point", WHOLE)
    cases = json.loads((WHOLE / "index.json").read_text())["cases"]
    assert output.splitlines()[-1] == f"{len(cases)} of {len(cases)} cases match", output
    assert code == 0 and sum(bool(case["portable"]) for case in cases) == 71
