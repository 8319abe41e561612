"""Damaged run folders: whatever is broken in whichever file, one line says so, and nothing falls over."""

from __future__ import annotations

import json
import random
import shutil

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroemu.cli import cli
from neuroemu.compare import compare
from neuroemu.compare.rebuilt import rebuild
from neuroemu.errors import NeuroemuError, OutputError

READ = ("summary.json", "manifest.json", "costs.h5", "spikes.h5", "weights.npz")
OTHERS = ("mapping.json", "chip.yaml", "steps.csv", "cores.csv", "populations.csv", "links.csv", "samples.csv")
DEEP = b'{"a":' * 100_000


def half(data):
    return data[: len(data) // 2]


def flipped(data, seed=1):
    """One byte in fifty."""
    draw, found = random.Random(seed), bytearray(data)
    for _ in range(len(data) // 50):
        found[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(found)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged") / "run"
    arguments = ["run", "stdp", "--steps", "60", "-o", str(folder), "--quiet"]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    return folder


@pytest.fixture
def broken(learned, tmp_path):
    return shutil.copytree(learned, tmp_path / "broken")


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", half, flipped, lambda data: DEEP, None],
    ids=["empty", "half", "flipped", "deep", "a folder"],
)
@pytest.mark.parametrize("name", READ)
def test_what_compare_reads_is_named(learned, broken, name, damage):
    if damage is None:
        (broken / name).unlink()
        (broken / name).mkdir()
    else:
        (broken / name).write_bytes(damage((broken / name).read_bytes()))
    with pytest.raises(NeuroemuError, match=name.replace(".", r"\.")) as told:
        compare(learned, broken)
    text = str(told.value)
    assert "\n" not in text and ("Run it again." in text or "Try" in text)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(READ + OTHERS),
    cut=st.none() | st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=20),
    order=st.sampled_from([1, -1]),
)
def test_random_damage_is_an_error_or_a_comparison(learned, broken, name, cut, flips, order):
    whole = (learned / name).read_bytes()
    data = bytearray(whole if cut is None else whole[: int(cut * len(whole))])
    for place, mask in flips if data else []:
        data[int(place * len(data))] ^= mask
    (broken / name).write_bytes(data)
    try:
        compare(*[learned, broken][::order])
    except NeuroemuError as error:
        assert "\n" not in str(error) and error.exit_code == 2
    finally:
        (broken / name).write_bytes(whole)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=3))
def test_what_a_damaged_manifest_asks_for_is_not_run(learned, broken, flips):
    whole = (learned / "manifest.json").read_bytes()
    data = bytearray(whole)
    for place, mask in flips:
        data[int(place * len(data))] ^= mask
    (broken / "manifest.json").write_bytes(data)
    try:
        rebuild(broken)
    except NeuroemuError as error:
        assert "manifest.json" in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    "asked",
    [7, [], {"program": 1}, {"overrides": [3]}, {"seed": "x"}, {"steps": [1]}, {"folder": "\0"}, {"odd": 1}],
    ids=str,
)
def test_a_manifest_that_asks_for_something_odd_is_told(broken, asked):
    manifest = json.loads((broken / "manifest.json").read_text())
    manifest["asked"] = manifest["asked"] | asked if isinstance(asked, dict) else asked
    (broken / "manifest.json").write_text(json.dumps(manifest))
    if asked == {"folder": "\0"}:  # a place that is not there: the program is one of the library
        assert not isinstance(rebuild(broken), str)
        return
    with pytest.raises(OutputError, match=r"manifest\.json cannot be read.*Run it again"):
        rebuild(broken)


def commands(folder, out):
    yield ["report", str(folder)]
    yield ["timeline", str(folder), "-o", str(out / "trace.json.gz"), "--quiet"]
    yield ["reprice", str(folder), "-o", str(out / "repriced"), "--quiet"]
    yield ["remap", str(folder), "--placement", "hilbert", "-o", str(out / "remapped"), "--quiet"]
    for kind in ("raster", "energy", "mesh"):
        yield ["plot", kind, str(folder), "-o", str(out / f"{kind}.png")]


@pytest.mark.parametrize("damage", [half, flipped, lambda data: DEEP], ids=["half", "flipped", "deep"])
@pytest.mark.parametrize("name", READ + OTHERS)
def test_other_commands_do_not_fall_over_it(broken, tmp_path, name, damage):
    (broken / name).write_bytes(damage((broken / name).read_bytes()))
    for arguments in commands(broken, tmp_path):
        done = CliRunner().invoke(cli, arguments)
        odd = done.exception is not None and not isinstance(done.exception, (SystemExit, NeuroemuError))
        assert not odd, (arguments[:2], repr(done.exception))
