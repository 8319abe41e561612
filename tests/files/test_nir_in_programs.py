"""network.nir: a NIR file in a program, its origin, and what is wrong with them at their lines."""

from __future__ import annotations

import shutil
from pathlib import Path

import nir
import numpy as np
import pytest

from neuroemu.errors import ProgramError
from neuroemu.files import program_file
from neuroemu.prepare import compile_program
from tests.nir_io.graphs import graph, io, lif

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "nir"
PROGRAM = """\
neuroemu: 1
name: from_nir
chip: loihi1-davies2018
network:
  nir: net.nir
  origin: {framework: nir, dt: 2 ms, reset: zero}
inputs:
  i: {spikes: [[1, 0], [2, 1]]}
run: {steps: 10}
decode: {from: n}
probes: [n.v]
"""


@pytest.fixture
def read(tmp_path):
    """read(good, other, ...): PROGRAM with each `good` replaced, beside net.nir."""
    nir.write(tmp_path / "net.nir", graph("i w n o", w=nir.Affine(np.eye(2), np.ones(2)), n=lif(), **io()))

    def read_changed(*swaps):
        text = PROGRAM
        for good, other in zip(swaps[::2], swaps[1::2], strict=True):
            assert text.count(good) == 1
            text = text.replace(good, other)
        (tmp_path / "program.yaml").write_text(text)
        return program_file.read(tmp_path / "program.yaml")

    return read_changed


def told(read, *swaps):
    """(line, path, what) of every problem."""
    with pytest.raises(ProgramError) as caught:
        read(*swaps)
    return [(problem.line, problem.path, problem.what) for problem in caught.value.problems]


def test_a_program_of_a_nir_file_has_its_populations_its_step_and_its_graph(read, tmp_path):
    program = read()
    assert program.network.names() == ["i", "n"] and program.network.step_ms == 2.0
    assert program.network.exact.origin.dt_s == pytest.approx(2e-3)
    assert program.files == (tmp_path / "net.nir",)
    assert compile_program(program).image.n_compartments == 2


def test_populations_and_connections_of_ones_own_go_beside_it(read):
    own = "  populations: {m: {size: 2, neuron: lif}}\n  connections: [{from: n, to: m, weights: 0.5, delay: 4 ms}]\ninputs:"
    program = read("inputs:", own)
    assert program.network.names() == ["i", "n", "m"] and program.network.exact is None
    assert program.network.projections[-1].connector.delays == 2  # of 2 ms


def test_the_file_and_the_origin_are_told_at_their_lines(read):
    assert told(read, "net.nir", "none.nir")[0][:2] == (5, "network.nir")
    ((line, path, what),) = told(read, ", dt: 2 ms", "")
    assert (line, path) == (6, "network.origin") and "how long a time step is" in what
    assert told(read, "framework: nir", "framework: sinabs")[0][:2] == (6, "network.origin.framework")
    assert told(read, "dt: 2 ms", "dt: 2")[0][:2] == (6, "network.origin.dt")


def test_a_wrong_origin_is_all_that_is_told_though_nothing_can_be_imported(read):
    assert len(told(read, "dt: 2 ms", "dt: 2")) == 1
    more = "  populations: {m: {size: 2, neuron: lif}}\ninputs:"
    assert [found[:2] for found in told(read, "net.nir", "[net.nir]", "inputs:", more)] == [(5, "network.nir")]


def test_a_truncated_file_in_a_program_is_told_with_the_cause(read, tmp_path):
    shutil.copy(VECTORS / "quirk_norse_scalar_params_truncated.nir", tmp_path / "cut.nir")
    found = told(read, "net.nir", "cut.nir")
    assert [problem[:2] for problem in found] == [(5, "network.nir")] * 2
    assert all("interrupted" in what for _, _, what in found)


@pytest.mark.parametrize(
    ("swaps", "expected"),
    [
        (("  i: {spikes", "  j: {spikes"), {(5, "network.nir"), (8, "inputs.j")}),
        (("[2, 1]", "[2, 7]"), {(8, "inputs.i")}),
        (("from: n", "from: m"), {(10, "decode.from")}),
        (("n.v", "n.z"), {(11, "probes[0]")}),
        (("  nir:", "  step: 1 ms\n  nir:"), {(5, "network.step")}),
        (("inputs:", "  populations: {n: {size: 2, neuron: lif}}\ninputs:"), {(7, "network.populations.n")}),
        (("  nir: net.nir\n", ""), {(5, "network")}),
        (("  nir: net.nir\n  origin: {framework: nir, dt: 2 ms, reset: zero}\n", "  step: 1 ms\n"), {(5, "network")}),
    ],
)
def test_what_does_not_go_with_the_file_is_told_at_its_line(read, swaps, expected):
    assert {found[:2] for found in told(read, *swaps)} == expected
