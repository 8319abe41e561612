"""Each program of programs/seeds meets the number in its row of the table of seeds (programs/seeds/README.md)."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu.files import program_file
from tools.seeds import correlation


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stdp_tells_correlated_inputs_from_others(seed):
    """Row D3: AUC at least 0.99, and the mean weight of the twelve more than four times that of the others."""
    report = neuroemu.run(program_file.read("seeds/correlation", (f"seed={seed}",)))
    weights = report.traces.synapses["plastic"].weight[-1]
    one, other = weights[: correlation.GROUP], weights[correlation.GROUP :]
    assert correlation.auc(one, other) >= 0.99
    assert one.mean() > 4 * other.mean()


def test_what_the_rule_does_in_floats_it_does_on_chip():
    """A tenth of the run: the weights of floats and chip agree within what rounding moves."""
    program = program_file.read("seeds/correlation", ("run.steps=6000",))
    floats, chip = correlation.in_floats(program), correlation.on_chip(program)
    assert np.corrcoef(floats, chip)[0, 1] > 0.9
    assert abs(floats.mean() - chip.mean()) < 10
