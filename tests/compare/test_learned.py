"""Comparing what was learned: nothing that differs or is missing is passed over."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from neuroemu.cli import cli
from neuroemu.compare import compare
from neuroemu.compare.first import First
from neuroemu.errors import OutputError

NAME = "relay->detector"


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A run of 300 steps that learns, probed after 0, 100, 200 and 300."""
    folder = tmp_path_factory.mktemp("learned") / "run"
    arguments = ["run", "stdp", "--steps", "300", "-o", str(folder), "--quiet"]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    return folder


@pytest.fixture
def other(learned, tmp_path):
    return shutil.copytree(learned, tmp_path / "other")


def changed(folder, **arrays):
    """Rewrites arrays of weights.npz; None takes one out."""
    with np.load(folder / "weights.npz") as kept:
        found = dict(kept)
    for key, change in arrays.items():
        name = f"{NAME}.{key}"
        if change is None:
            del found[name]
        else:
            found[name] = change(found[name].copy())
    np.savez(folder / "weights.npz", **found)


def one_more(*place):
    def change(array):
        array[place] += 1
        return array

    return change


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("how", ["missing", "folder"])
def test_weights_that_are_gone_are_no_same(learned, other, how, order):
    (other / "weights.npz").unlink()
    if how == "folder":
        (other / "weights.npz").mkdir()
    both = [learned, other][::order]
    with pytest.raises(OutputError, match=r"other/weights\.npz is missing, although .*summary\.json says"):
        compare(*both)
    done = CliRunner().invoke(cli, ["compare", *map(str, both), "--exact", "--quiet"])
    assert isinstance(done.exception, OutputError) and done.exception.exit_code == 2


@pytest.mark.parametrize("key", ["weight", "tag", "delay", "pre", "post", "weights", "tags", "delays"])
def test_one_synapse_is_found(learned, other, key):
    place = (2, 5) if key.endswith("s") else (5,)
    changed(other, **{key: one_more(*place)})
    first = compare(learned, other).recorded
    step = 200 if key.endswith("s") else 0 if key in ("pre", "post") else 300
    assert (first.step, first.what, first.of, first.index) == (step, key.removesuffix("s"), NAME, 5)
    assert first.other == first.one + 1


@pytest.mark.parametrize("key", ["weight", "tag", "delay", "pre", "post", "tags"])
def test_an_array_that_is_gone_is_told(learned, other, key):
    changed(other, **{key: None})
    with pytest.raises(OutputError, match=r"weights\.npz"):
        compare(learned, other)


def test_another_number_of_synapses_is_told(learned, other):
    fewer = ("pre", "post", "weight", "tag", "delay")
    changed(
        other,
        **dict.fromkeys(fewer, lambda a: a[:7]),
        **dict.fromkeys(("weights", "tags", "delays"), lambda a: a[:, :7]),
    )
    assert compare(learned, other).recorded == First(0, "synapses", NAME, 0, 8, 7)


def test_other_probed_steps_are_told_and_common_ones_compared(learned, other):
    changed(other, **dict.fromkeys(("steps", "weights", "tags", "delays"), lambda a: a[[0, 2, 3]]))
    found = compare(learned, other)
    assert found.recorded is None and found.alone == ([f"synapses of {NAME} after step 100"], []) and not found.same
    changed(other, weights=one_more(1, 3))
    assert compare(learned, other).recorded.step == 200


def test_lists_of_the_summary_are_compared(learned, other):
    summary = json.loads((other / "summary.json").read_text())
    summary["not_modelled"][0] += " at all"
    (other / "summary.json").write_text(json.dumps(summary))
    assert [figure.name for figure in compare(learned, other).figures] == ["not_modelled.0"]
