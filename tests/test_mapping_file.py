"""mapping.json: what is written is read back as it was, and anything else is refused with what is allowed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu import mapping_file
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.errors import ProgramError
from neuroemu.mapping import Seats
from neuroemu.network import LifRegisters, Network
from tests import naive_compiler as naive
from tests.naive_compiler import small

NETWORK = Network().population("a", 4, LifRegisters()).population("b", 2, LifRegisters())


def row(population="a", compartments=((0, 4),), core=0):
    return {"population": population, "compartments": [list(r) for r in compartments], "core": core}


WHOLE = [row("a", [(0, 1), (2, 4)], 5), row("a", [(1, 2)], 0), row("b", [(0, 2)], 5)]


def written(tmp_path, content):
    path = tmp_path / "mapping.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@given(st.data())
def test_a_mapping_is_read_back_as_it_was_written(chip, tmp_path_factory, data):
    network = data.draw(naive.networks())
    n, other = sum(p.size for p in network.on_chip), small(chip, (4, 4, 1))
    block = np.unique(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), return_inverse=True)[1]
    cores = np.array(data.draw(st.permutations(range(16))))[: block.max() + 1]
    mapping = compile_network(network, other, MappingOptions(seats=Seats(block, cores))).mapping
    content = mapping_file.document(other, mapping.parts, list(mapping.placement), {})
    path = written(tmp_path_factory.mktemp("m"), content)
    seats = mapping_file.read(path, network, other)
    assert seats.core[seats.block].tolist() == cores[block].tolist()
    assert mapping_file.cores_of(path, mapping.parts, other).tolist() == list(mapping.placement)


def test_what_shares_a_core_is_a_block(chip, tmp_path):
    seats = mapping_file.read(written(tmp_path, {"parts": WHOLE}), NETWORK, chip)
    assert seats.core[seats.block].tolist() == [5, 0, 5, 5, 5, 5]
    assert seats.core.tolist() == [0, 5]


@pytest.mark.parametrize(
    ("parts", "path", "word"),
    [
        ([row("c")], "parts.0", "a, b"),
        ([row(core=-1)], "parts.0", "0..127"),
        ([row(core=1.5)], "parts.0", "0..127"),
        ([row(core=True)], "parts.0", "0..127"),
        ([row(core=None)], "parts.0", "0..127"),
        ([row(compartments=[(0, 5)])], "parts.0", "0..4"),
        ([row(compartments=[(2, 2)])], "parts.0", "0..4"),
        ([row(compartments=[(-1, 2)])], "parts.0", "0..4"),
        ([row(compartments=[])], "parts.0", "0..4"),
        ([{"population": "a", "compartments": "all", "core": 0}], "parts.0", "0..4"),
        ([{"population": ["a"], "compartments": [[0, 1]], "core": 0}], "parts.0", "a, b"),
        ([row(), row(compartments=[(3, 4)])], "parts.1", "one part"),
        ([row()], "", "one part for every"),
    ],
)
def test_every_fault_says_where_and_what_is_allowed(chip, tmp_path, parts, path, word):
    file = written(tmp_path, {"parts": parts})
    with pytest.raises(ProgramError) as error:
        mapping_file.read(file, NETWORK, chip)
    assert any(p.path == path and word in p.allowed and p.file == str(file) for p in error.value.problems)


def test_all_faults_are_told_together(chip, tmp_path):
    parts = [row("c"), row(core=-1), row(compartments=[(0, 9)])]
    with pytest.raises(ProgramError) as error:
        mapping_file.read(written(tmp_path, {"parts": parts}), NETWORK, chip)
    assert [p.path for p in error.value.problems] == ["parts.0", "parts.1", "parts.2"]


def test_cores_beyond_the_chip_are_told_as_a_range(chip, tmp_path):
    parts = [row("a", [(0, 4)], 130), row("b", [(0, 1)], 128), row("b", [(1, 2)], 200)]
    with pytest.raises(ProgramError) as error:
        mapping_file.read(written(tmp_path, {"parts": parts}), NETWORK, chip)
    (problem,) = error.value.problems
    assert (problem.path, problem.what, problem.allowed) == ("parts", "3 parts are on cores 128..200", "0..127")


# What a file may say of the chip, 4 x 4 tiles of 2 cores: core 5 is in tile 2, which is (0, 2).
MESH = {"width": 4, "height": 4, "cores_per_tile": 2}
OTHER_CHIPS = {
    "another format": ({"neuroemu_mapping": 2}, {}, ""),
    "another mesh": ({"mesh": {**MESH, "width": 8}, "chip": "wide"}, {}, "mesh"),
    "no mesh": ({"mesh": [4, 4, 2]}, {}, "mesh"),
    "another tile": ({"mesh": MESH}, {"tile": [2, 0]}, "parts.0"),
    "no tile": ({"mesh": MESH}, {"tile": "left"}, "parts.0"),
}


@pytest.mark.parametrize("other", OTHER_CHIPS)
def test_a_file_that_speaks_of_another_chip_is_refused(chip, tmp_path, other):
    head, of_part, path = OTHER_CHIPS[other]
    mesh = small(chip, (4, 4, 2))
    parts = compile_network(
        NETWORK, mesh, MappingOptions(seats=Seats(np.zeros(6, np.int64), np.array([5])))
    ).mapping.parts
    content = mapping_file.document(mesh, parts, [5, 5], {})
    right = written(tmp_path, content)
    assert mapping_file.read(right, NETWORK, mesh).core.tolist() == [5]
    assert mapping_file.cores_of(right, parts, mesh).tolist() == [5, 5]
    content["parts"][0].update(of_part)
    wrong = written(tmp_path, {**content, **head})
    for read in (
        lambda: mapping_file.read(wrong, NETWORK, mesh),
        lambda: mapping_file.cores_of(wrong, parts, mesh),
    ):
        with pytest.raises(ProgramError) as error:
            read()
        assert [problem.path for problem in error.value.problems] == [path]


@pytest.mark.parametrize(
    "content", ["", "[1, 2", "[]", "{}", '{"parts": []}', '{"parts": [3]}', '{"parts": {"a": 1}}', "\0"]
)
def test_what_is_no_mapping_is_refused(chip, tmp_path, content):
    with pytest.raises(ProgramError) as error:
        mapping_file.read(written(tmp_path, content), NETWORK, chip)
    assert "neuroemu map" in error.value.problems[0].remedy


def test_a_missing_file_is_refused(chip, tmp_path):
    with pytest.raises(ProgramError):
        mapping_file.read(tmp_path / "none.json", NETWORK, chip)


def test_other_parts_than_those_of_a_run_are_refused(chip, tmp_path):
    parts = compile_network(NETWORK, chip).mapping.parts
    with pytest.raises(ProgramError) as error:
        mapping_file.cores_of(written(tmp_path, {"parts": WHOLE}), parts, chip)
    assert "run --mapping" in error.value.problems[0].remedy
