"""JSON of anybody is a value or no value, and never an end of Python's stack."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from neuroemu import json_text
from neuroemu.cli import cli
from neuroemu.errors import NeuroemuError

DEEP = "[" * 20_000
WHOLE = "[" * 900 + "]" * 900  # which Python reads, and nothing that looks through it would come out of


@pytest.mark.parametrize("text", [DEEP, WHOLE, '{"a":' * 5000, "[" * 101 + "]" * 101])
def test_what_is_nested_too_deeply_is_no_json(text):
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        json_text.parse(text)


@pytest.mark.parametrize("value", [3, None, "text", [], {}, [[{"a": [1, {}]}], 2]])
def test_what_was_written_comes_back(value):
    assert json_text.parse(json.dumps(value)) == json_text.parse(json.dumps(value).encode()) == value


def test_a_hundred_deep_is_read():
    assert json_text.parse("[" * 100 + "]" * 100) is not None


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert CliRunner().invoke(cli, ["run", "quickstart", "--steps", "10", "--quiet", "-o", str(folder)]).exit_code == 0
    return folder


@pytest.mark.parametrize("text", [DEEP, WHOLE], ids=["deep", "whole"])
@pytest.mark.parametrize("name", ["summary.json", "manifest.json"])
@pytest.mark.parametrize("what", ["report", "timeline", "reprice", "remap", "compare"])
def test_every_command_tells_it(run, tmp_path, what, name, text):
    """Found by users: RecursionError, exit code 70."""
    bad = tmp_path / "bad"
    shutil.copytree(run, bad)
    (bad / name).write_text(text)
    more = {"report": [], "timeline": ["-o", str(tmp_path / "t.json")], "compare": [str(run)]}.get(
        what, ["-o", str(tmp_path / "new")]
    )
    done = CliRunner().invoke(cli, [what, str(bad), *more])
    assert done.exit_code == 0 or isinstance(done.exception, (NeuroemuError, SystemExit)), done.exception
    assert (name, what) != ("summary.json", "report") or "nested more than 100 deep" in str(done.exception)


def test_so_does_a_mapping(tmp_path):
    (tmp_path / "m.json").write_text(DEEP)
    done = CliRunner().invoke(cli, ["run", "quickstart", "--quiet", "--mapping", str(tmp_path / "m.json")])
    assert isinstance(done.exception, NeuroemuError) and "nested more than 100 deep" in str(done.exception)
