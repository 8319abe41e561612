"""What an environment keeps of itself, and those that come along."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neuroemu
from neuroemu.environments import BUILT_IN, Environment, Fired, Phase, find
from neuroemu.environments.bandit import Bandit
from neuroemu.environments.environment import Environment as Base
from neuroemu.environments.keeping import encoded
from neuroemu.errors import ProgramError


class Plain(Environment):
    """Attributes of every kind that text and arrays give back."""

    every = 3

    def __init__(self):
        self.begin()

    def begin(self):
        self.table, self.where, self.score = np.arange(6).reshape(2, 3), (1, 2), 0.1
        self.history, self.last, self.on = [[1, 2], [3, 4]], None, True
        self.count, self.by_name = np.int64(7), {"a": 1.5}

    def manage(self, phase):
        return None


def test_what_is_kept_comes_back():
    one, other = Plain(), Plain()
    one.table[1, 2], one.where, one.score, one.last = 99, (4, 5), 1 / 3, "left"
    one.history.append([5, 6])
    one.places, one.seen, one.single = [(1, 2)], {3: (None, np.float32(0.1))}, np.float32(0.3)
    one.random, one.tables = np.random.default_rng(5), [np.arange(3, dtype=np.int16), np.array("ab")]
    one.random.random(7)
    other.gone = 3
    other.put_back(one.keep())
    assert one.random.random() == other.random.random() and not hasattr(other, "gone")
    for found, expected in zip(other.tables, one.tables, strict=True):
        assert np.array_equal(found, expected) and found.dtype == expected.dtype
    for name in ("places", "seen", "single", "where", "last", "count"):
        assert repr(getattr(one, name)) == repr(getattr(other, name))
    assert np.array_equal(one.table, other.table) and other.table is not one.table
    for name in ("where", "score", "history", "last", "on", "count", "by_name"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize("value", [object(), {3}, np.array([None]), lambda: 0, {1: [2, object()]}, Plain])
def test_what_cannot_be_kept_is_told_by_its_name(value):
    plain = Plain()
    plain.odd = value
    with pytest.raises(ProgramError, match=r"the environment's 'odd(\[1\]\[1\])?' is a"):
        plain.keep()


@pytest.mark.parametrize("given", ["seed", "default_rng", "Generator", "__class__", "none such", 7])
def test_of_a_strangers_checkpoint_only_numpys_generators_are_made(given):
    """The name is the stranger's; others of numpy.random would be called, as seed() or rand() are."""
    kept = {"(others)": np.array(json.dumps({"random": {"generator": [given, {}]}}))}
    assert set(kept) <= set(Plain().keep())
    with pytest.raises(ValueError, match=f"'{given}' is no generator of numpy"):
        Plain().put_back(kept)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "Philox", "MT19937", "SFC64"])
def test_every_generator_of_numpys_goes_on_where_it_was(kind):
    one, other = Plain(), Plain()
    one.random = np.random.Generator(getattr(np.random, kind)(5))
    one.random.random(7), one.random.integers(0, 9, 3, np.int32)
    other.put_back(one.keep())
    assert np.array_equal(one.random.integers(0, 1000, 700), other.random.integers(0, 1000, 700))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("Philox", {"buffer_pos": -60}),
        ("Philox", {"buffer_pos": 5}),
        ("Philox", {"buffer": np.zeros(3, np.uint64)}),
        ("MT19937", {"state": {"key": np.zeros(624, np.uint32), "pos": 700}}),
        ("MT19937", {"state": {"key": np.zeros(3, np.uint32), "pos": 1}}),
        ("MT19937", {"state": {"key": np.zeros(624, np.int64), "pos": 1}}),
        ("PCG64", {"has_uint32": 2}),
        ("PCG64", {"state": {"state": -1, "inc": 1}}),
        ("PCG64", {"state": [1, 2]}),
        ("PCG64", {"uinteger": 1.5}),
        ("SFC64", {"bit_generator": "PCG64"}),
    ],
)
def test_a_strangers_state_of_a_generator_reads_nothing_beside_it(kind, wrong):
    plain = Plain()
    plain.random = np.random.Generator(getattr(np.random, kind)(5))
    kept = plain.keep()
    others = json.loads(str(kept["(others)"]))
    state = getattr(np.random, kind)(5).state | wrong
    others["random"] = {"generator": [kind, encoded(state, "state", {})]}
    with pytest.raises(ValueError, match=f"no state of {kind}"):
        Plain().put_back({"(others)": np.array(json.dumps(others))})


def test_two_names_of_one_list_cannot_be_kept():
    """They would come back as two lists."""
    plain = Plain()
    plain.row = plain.table[0]
    with pytest.raises(ProgramError, match="'row' and 'table' are the same ndarray"):
        plain.keep()
    plain = Plain()
    plain.log = [plain.history]
    with pytest.raises(ProgramError, match=r"'log\[0\]' and 'history' are the same list"):
        plain.keep()


def test_an_environment_without_manage_cannot_be_made():
    class Half(Base):
        def begin(self):
            pass

    with pytest.raises(TypeError, match="manage"):
        Half()


def test_every_one_of_the_table_can_be_found():
    for name in BUILT_IN:
        assert issubclass(find(name), Environment) and not find(name).__abstractmethods__
        assert find(name).__doc__
    with pytest.raises(KeyError):
        find("casino")


class Shown:
    """A View of one population's spikes."""

    def __init__(self, index):
        self.index = np.array(index, np.int64)

    def fired(self, population):
        return Fired(np.arange(self.index.size), self.index, np.ones(self.index.size, np.int32))


def phase_of(step, index, every=5, seed=3):
    return Phase(step, max(step - every, 0), every, 0, step == 0, seed, Shown(index))


def test_draws_are_those_of_the_step_and_the_name():
    one, other = phase_of(5, []), phase_of(10, [])
    assert np.array_equal(one.uniforms(4, "a"), phase_of(5, [0]).uniforms(4, "a"))
    assert not np.array_equal(one.uniforms(4, "a"), one.uniforms(4, "b"))
    assert not np.array_equal(one.uniforms(4, "a"), other.uniforms(4, "a"))
    assert not np.array_equal(one.uniforms(4, "a"), phase_of(5, [], seed=4).uniforms(4, "a"))
    assert np.all((one.uniforms(1000) >= 0) & (one.uniforms(1000) < 1))


def test_the_bandit_pays_the_arm_that_spiked_most_with_its_chance():
    bandit = Bandit("arms", [0.25, 0.75, 0.5], every=5, win=9, loss=-2)
    paid = []
    bandit.manage(phase_of(0, []))
    for k in range(1, 2001):
        answer = bandit.manage(phase_of(5 * k, [1, 2, 1]))
        assert np.array_equal(answer["go"][:, 0], [1, 0, 0, 0, 0]) and not answer["reward"][1:].any()
        paid.append(answer["reward"][0, 0] == 9)
        assert answer["reward"][0, 0] in (9, -2)
    assert abs(np.mean(paid) - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 2000)
    assert bandit.results() == {"pulls": 2000, "paid": np.mean(paid), "best_arm": 1.0, "silent": 0}


def test_the_bandit_takes_the_first_of_several_and_none_for_none():
    bandit = Bandit("arms", [1.0, 0.0], every=5)
    assert bandit.manage(phase_of(5, [0, 1]))["reward"][0, 0] == 1
    assert "reward" not in bandit.manage(phase_of(10, []))
    assert bandit.results() == {"pulls": 1, "paid": 1.0, "best_arm": 1.0, "silent": 1}


def test_the_bandit_swaps_its_arms_after_so_many_pulls():
    bandit = Bandit("arms", [1.0, 0.0], every=5, swap=3)
    paid = [bandit.manage(phase_of(5 * k, [0]))["reward"][0, 0] for k in range(1, 10)]
    assert paid == [1, 1, 1, 0, 0, 0, 1, 1, 1]


def test_the_public_names_are_these():
    assert neuroemu.Environment is Environment and neuroemu.Phase is Phase
