"""A mapping that is given: what is not of this network or chip is told, and blocks on one core are one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuroemu import mapping_file
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Sparse
from neuroemu.engine.run import Plan, run
from neuroemu.errors import DoesNotFit, ProblemsError, ProgramError
from neuroemu.mapping import Seats
from neuroemu.network import LifRegisters, Network, Registers, Spikes, WeightFormat
from tests.networks import Listed, roomy

CELLS = Network().population("in", 2, Spikes("in")).population("a", 4, LifRegisters())


@pytest.mark.parametrize(
    ("block", "core"),
    [([0, 0, 0], [0]), ([0, 0, 0, 1], [0]), ([0, 0, 0, -1], [0]), ([0, 0, 0, 0], [-1]), ([0.5, 0, 0, 0], [0])],
)
def test_seats_of_another_network_are_refused(chip, block, core):
    with pytest.raises(ProgramError, match="seats of"):
        compile_network(CELLS, chip, MappingOptions(seats=Seats(np.array(block), np.array(core))))


def test_a_core_that_the_chip_has_not_does_not_fit(chip):
    seats = Seats(np.array([0, 0, 1, 1]), np.array([0, 5000]))
    with pytest.raises(DoesNotFit, match="cores"):
        compile_network(CELLS, chip, MappingOptions(seats=seats))


def test_a_file_with_a_core_that_the_chip_has_not_is_refused(chip, tmp_path):
    compiled = compile_network(CELLS, chip)
    content = mapping_file.document(chip, compiled.mapping.parts, [128], {})
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(content))
    for read in (
        lambda: mapping_file.read(path, CELLS, chip),
        lambda: mapping_file.cores_of(path, compiled.mapping.parts, chip),
    ):
        with pytest.raises(ProblemsError, match=r"0\.\.127"):
            read()


def test_blocks_on_one_core_are_one_block(chip):
    # Dendrite i joins soma i, whatever blocks they were given in.
    n = 4
    dendrite = Registers("dendrite", {"decay_u": 2048, "decay_v": 1024, "threshold": 500})
    soma = Registers("soma", {"decay_v": 512, "threshold": 100000})
    network = Network().population("in", n, Spikes("in")).population("tip", n, dendrite).population("cell", n, soma)
    weights = 2.0 * np.arange(1, n + 1)
    network = network.branch("tip", "cell").connect(
        "in", "tip", Sparse(np.arange(n), np.arange(n), weights), WeightFormat(clip=True)
    )
    network = network.probe("cell", "v")
    found = []
    for seats in (None, Seats(np.array([0, 0, 1, 1, 1, 1, 0, 0]), np.array([3, 3]))):
        image = compile_network(network, roomy(chip), MappingOptions(seats=seats)).image
        traces, _ = run(image, Plan(6, 1, 0, {"in": Listed({1: [0, 1, 2, 3]})}, {}, network.probes))
        found.append(traces.v["cell"].tolist())
    assert found[0] == found[1] and len(set(found[0][-1])) == n
