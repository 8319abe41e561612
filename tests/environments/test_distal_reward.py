"""The distal reward: which spikes earn one, and when it comes."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.environments import Fired, Phase
from neuroemu.environments.distal_reward import DistalReward
from neuroemu.errors import ProblemsError
from neuroemu.files import program_file


class Shown:
    """A View: [(step, index)] by population."""

    def __init__(self, **spikes):
        self.spikes = spikes

    def fired(self, population):
        table = np.array(self.spikes[population], np.int64).reshape(-1, 2)
        return Fired(table[:, 0], table[:, 1], np.ones(table.shape[0], np.int32))


def rewards(made, phases, spikes, seed=1):
    """{step: reward} of so many phases; spikes: {population: [(step, index)]} of the whole run."""
    found = {}
    for k in range(phases):
        low, high = made.every * (k - 1), made.every * k
        seen = {name: [row for row in rows if low < row[0] <= high] for name, rows in spikes.items()}
        answer = made.manage(Phase(high, max(low, 0), made.every, 0, k == 0, seed, Shown(**seen)))["reward"]
        assert answer.shape == (made.every, 1)
        found |= {high + 1 + int(row): int(answer[row, 0]) for row in np.flatnonzero(answer[:, 0])}
    return found


def made(**more):
    return DistalReward("pre", "post", **({"window": 3, "delay": (20, 20), "reward": 9, "every": 10} | more))


@pytest.mark.parametrize(
    ("post", "earned"),
    [(4, 0), (5, 0), (6, 1), (8, 1), (9, 0)],
    ids=["before", "at once", "1 after", "3 after", "4 after"],
)
def test_a_spike_of_post_within_the_window_after_pre_earns_one(post, earned):
    one = made()
    found = rewards(one, 5, {"pre": [(5, 0)], "post": [(post, 0)]})
    assert one.earned == earned and found == ({30: 9} if earned else {})  # known at step 10, 20 steps later


def test_a_coincidence_across_two_phases_counts():
    assert rewards(made(), 6, {"pre": [(10, 0)], "post": [(12, 0)]}) == {40: 9}


def test_other_compartments_do_not_count():
    spikes = {"pre": [(5, 1), (15, 2)], "post": [(6, 0), (16, 1)]}
    assert rewards(made(), 6, spikes) == {}
    assert rewards(made(pre_index=2, post_index=1), 6, spikes) == {40: 9}


def test_a_reward_lasts_across_phases_and_several_add_up_within_the_byte():
    spikes = {"pre": [(5, 0), (8, 0)], "post": [(6, 0), (9, 0)]}
    assert rewards(made(lasts=4, delay=(19, 19)), 6, spikes) == {29: 18, 30: 18, 31: 18, 32: 18}
    assert set(rewards(made(reward=100), 6, spikes).values()) == {127}


def test_delays_are_even_between_their_ends_and_those_of_the_seed():
    spikes = {"pre": [(k, 0) for k in range(1, 4000, 10)], "post": [(k, 0) for k in range(2, 4000, 10)]}
    one, other = (rewards(made(delay=(20, 60), lasts=1), 420, spikes, seed=seed) for seed in (1, 2))
    waits = np.array(sorted(one)) % 10
    assert one != other and one == rewards(made(delay=(20, 60)), 420, spikes)
    assert np.all(np.bincount(waits, minlength=10) > 10)


@pytest.mark.parametrize("delay", ["[10, 20]", "[30, 20]", "[20]", "[20, 30, 40]", "[0, 20]"])
def test_a_delay_that_cannot_be_is_refused(delay, tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(
        "neuroemu: 1\nname: p\nchip: loihi1-davies2018\nnetwork:\n  populations: {a: {size: 1, neuron: lif}}\n"
        f"environment: {{kind: distal_reward, pre: a, post: a, every: 10, delay: {delay}}}\nrun: {{steps: 20}}\n"
    )
    with pytest.raises(ProblemsError, match=r"p\.yaml:6:.*delay"):
        program_file.read(path)


def test_a_reward_that_the_end_of_a_sample_cut_off_comes_in_the_next():
    """Samples of 15 steps: the second phase of each is for 10 steps, of which 5 are."""
    one, found = made(delay=(22, 22)), {}
    for step in (0, 10, 15, 25, 30, 40):
        seen = {"pre": [(2, 0)], "post": [(3, 0)]} if step == 10 else {"pre": [], "post": []}
        answer = one.manage(Phase(step, max(step - 10, 0), 10, step // 15, step % 15 == 0, 1, Shown(**seen)))["reward"]
        sent = 10 if step % 15 == 0 else 5
        found |= {step + 1 + int(row): int(answer[row, 0]) for row in np.flatnonzero(answer[:sent, 0])}
    assert one.earned == 1 and found == {32: 9} and one.due.size == 0
