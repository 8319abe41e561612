"""Row D12: q(z given x; phi) with weights of its own (tools/seeds/recognition.py, programs/seeds/recognition.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.files import program_file
from tools.seeds import recognition as row
from tools.seeds.recognition import Tiny, bound, general_log_q, general_posterior

SEEDS = range(5)


@pytest.fixture(params=SEEDS)
def tiny(request):
    """(16 x, 16 z) ln p of a network with memory, and a general phi of no meaning."""
    rng = np.random.default_rng(request.param)
    net = Tiny(rng.normal(0, 2, (4, 4)), rng.normal(0, 2, (2, 2)), rng.normal(0, 1, 4))
    return net.table(), rng.normal(0, 1, (16, 15))


def test_what_is_enumerated_are_probabilities(tiny):
    table, phi = tiny
    assert np.exp(table).sum() == pytest.approx(1, abs=1e-12)
    assert np.exp(general_log_q(phi)).sum(axis=1) == pytest.approx(np.ones(16), abs=1e-12)
    assert np.exp(row.evidence()).sum() == pytest.approx(1, abs=1e-12)


def test_the_elbo_is_not_above_the_log_likelihood(tiny):
    table, phi = tiny
    gap = np.logaddexp.reduce(table, axis=1) - bound(table, phi)
    assert gap.min() > 0.01  # of a q at random; by more than 1e-9
    told = general_log_q(phi)
    posterior = table - np.logaddexp.reduce(table, axis=1)[:, None]
    assert gap == pytest.approx((np.exp(told) * (told - posterior)).sum(axis=1), abs=1e-9)  # KL of q and posterior


def test_at_the_posterior_and_only_there_it_is_equal(tiny):
    table, _ = tiny
    phi, evidence = general_posterior(table), np.logaddexp.reduce(table, axis=1)
    assert np.abs(bound(table, phi) - evidence).max() < 1e-9
    off = phi + 0.1 * np.random.default_rng(9).normal(size=phi.shape)
    assert (evidence - bound(table, off)).min() > 1e-6


def test_a_glm_attains_it_where_the_posterior_is_one():
    assert np.abs(row.elbo(*row.posterior()) - row.evidence()).max() < 1e-9
    phi, c = row.posterior()
    for k in np.ndindex(phi.shape):
        other = phi.copy()
        other[k] += 0.1
        assert (row.elbo(other, c) <= row.evidence() + 1e-12).all()
        assert row.mean_over_data(row.elbo(other, c)) < row.mean_over_data(row.evidence()) - 1e-5


def test_the_data_of_the_program_are_those_of_the_tool():
    given = program_file.read("seeds/recognition").inputs["shown"]
    assert np.array_equal(np.stack(np.nonzero(row.drawn())), np.stack([(given.step - 3) // 4, given.channel]))


@pytest.mark.parametrize("scale", [0, 0.5, -0.5])
def test_the_elbo_that_the_chip_samples_is_the_enumerated_one(scale):
    # 10,000 samples each: within three standard errors, .01 nat each.
    phi, c = row.posterior()
    off, error, _ = row.compared(scale * phi, scale * c, 40000, 1)
    assert error < 0.05 and abs(off) < 3 * error


def test_at_the_posterior_every_sample_on_the_chip_says_ln_p():
    # Nothing is left to chance there but the rounding of c to 1/32: .014 nat; of ln p(x), which goes from -8 to -1.9.
    off, _, far = row.compared(*row.posterior(), 8000, 1)
    assert far < 0.02 and abs(off) < 0.001


@pytest.mark.parametrize("seed", [1, 2])
def test_q_learns_to_be_the_posterior(seed):
    # ELBO -4.47 at first, -3.69 and -3.67 learned, ln p(x) -3.65: more than 90 % of the way.
    found = row.on_chip(f"seed={seed}")
    first = row.mean_over_data(row.elbo(np.zeros((2, 6)), np.zeros(2)))
    best = row.mean_over_data(row.evidence())
    learned = row.mean_over_data(row.elbo(found.phi, found.c))
    assert best >= learned > best - 0.1 * (best - first)
    assert np.abs(found.heard - found.told).max() < 0.03


def test_floats_learn_it_too():
    learned = row.mean_over_data(row.elbo(*row.in_floats(row.drawn(), 2)))
    assert -3.70 < learned < row.mean_over_data(row.evidence())
