"""three_factor_alif: alif's spikes, and the factors of three_factor_lif about a threshold that moves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_lif_family  # noqa: F401
from neuroemu.compartments import find
from tests.compartments.walk import equals_twin, rests_where_it_says, spike_times, walk

LEARNER = find("three_factor_alif")
VALUES = {"decay_u": 300, "decay_v": 100, "threshold": 700, "refractory": 3, "soft": 1}
INPUTS = [(37 * t * t) % 211 - 20 for t in range(300)]
TOLD = [(x, (-1) ** t * 900) for t, x in enumerate(INPUTS)]


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "three_factor_alif", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "three_factor_alif", chip)


def test_whatever_it_is_told_it_spikes_as_an_alif(chip):
    adapting = {**VALUES, "step": 400, "decay_b": 50}
    plain = spike_times(find("alif"), chip, INPUTS, **adapting)
    assert spike_times(LEARNER, chip, TOLD, **adapting, width=500) == plain
    assert plain != spike_times(find("alif"), chip, INPUTS, **VALUES)


def test_without_a_step_it_is_three_factor_lif(chip):
    learner = find("three_factor_lif")
    mine = walk(LEARNER, chip, TOLD, **VALUES, width=500, decay_signal=900)
    assert [(payload, s[: len(learner.state._fields)]) for payload, s in mine] == [
        (payload, tuple(s)) for payload, s in walk(learner, chip, TOLD, **VALUES, width=500, decay_signal=900)
    ]


def test_the_surrogate_follows_the_threshold(chip):
    # 200 in every step, which v forgets; threshold 100, +100 a spike, b stays. After one spike 200 is no more than the
    # threshold, and as near as can be: y1 is 127 in every later step. In the first it was 127 - floor(127 * 100 / 400).
    found = walk(LEARNER, chip, [200] * 4, decay_v=4096, threshold=100, width=400, step=100, decay_b=0)
    assert [(payload, s.y1, s.b >> 6) for payload, s in found] == [(1, 96, 100), *[(0, 127, 100)] * 3]


def test_traces_before_the_first_step_are_those_of_the_raised_threshold(chip):
    given = {"v": 75 << 6, "threshold": 60, "b": 40 << 6, "width": 50, "signal": -80, "signal_shift": 2}
    defaults = {k: np.array([f.default]) for k, f in LEARNER.fields.items() if f.default is not None}
    state = LEARNER.tables({**defaults, **{key: np.array([x]) for key, x in given.items()}}, chip)[1]
    assert [int(state[y][0]) for y in ("y1", "y2", "y3")] == [64, -20, -10]
