"""What a projection may learn by, each fault told, all at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuroemu.errors import ProgramError
from neuroemu.learning import DIALECTS, Trace, learning
from neuroemu.learning.settings import faults
from neuroemu.learning.tables import tables

PAIR = "2^-2*y0*x1 - 2^-2*x0*y1"
BOTH = {"x1": Trace(16, 10), "y1": Trace(16, 10)}


def problems(*texts, traces=BOTH, **settings):
    with pytest.raises(ProgramError) as caught:
        learning(*texts, traces=traces, **settings)
    return caught.value.problems


def test_a_lawful_learning_has_no_faults():
    made = learning(PAIR, traces=BOTH, epoch=4)
    assert faults(made) == [] and made.factors() == {"x1", "y1"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"epoch": 0}, "epoch of 0"),
        ({"epoch": 64}, "epoch of 64"),
        ({"third": "host"}, "third is 'host'"),
        ({"shift": "ceil"}, "shift is 'ceil'"),
        ({"payload": "double"}, "payload is 'double'"),
        ({"generator": "random"}, "generator is 'random'"),
        ({"traces": {**BOTH, "x3": Trace(1, 1)}}, "'x3'"),
        ({"traces": {**BOTH, "x1": Trace(-1, 1)}}, "impulse of -1"),
        ({"traces": {**BOTH, "x1": Trace(128, 1)}}, "impulse of 128"),
        ({"traces": {**BOTH, "x1": Trace(math.nan, 1)}}, "impulse of nan"),
        ({"traces": {**BOTH, "x1": Trace(1, -1)}}, "time constant of -1"),
        ({"traces": {**BOTH, "x1": Trace(1, math.nan)}}, "time constant of nan"),
        ({"third": "model"}, "'y1' is given twice"),
        ({"traces": {"y1": Trace(1, 1)}}, "nobody drives 'x1'"),
        ({"traces": {"x1": Trace(1, 1)}}, "nobody drives 'y1'"),
        ({"tag": 256}, "tag of 256"),
        ({"tag": np.array([[0, -257]])}, "tag of -257"),
        ({"numbers": np.zeros((9, 5))}, "(9, 5)"),
    ],
)
def test_a_fault_is_told(settings, said):
    found = problems(PAIR, **settings)
    assert len(found) == 1
    assert said in found[0].what and found[0].allowed


@pytest.mark.parametrize("name", ["r0", "r1"])
def test_a_reward_that_nobody_gives_is_told(name):
    assert f"'{name}'" in problems(f"u0*{name}")[0].what
    assert learning(f"u0*{name}", reward="dopamine").reward == "dopamine"


def test_a_product_that_is_wider_than_the_host_computes_is_told():
    # 4 + 6 * 9 = 58 bits fit, 4 + 6 * 9 + 7 = 65 do not.
    learning("u0*w*w*w*w*w*w")
    assert "65 bits" in problems("u0*w*w*w*w*w*w*x1")[0].what


def test_mistakes_of_all_rules_and_settings_are_told_together_with_their_paths():
    found = problems("x0*q", "y0*", "x1", path="network.w.learning", epoch=99)
    assert sorted(problem.path for problem in found) == [
        "network.w.learning",
        "network.w.learning.dd",
        "network.w.learning.dt",
        "network.w.learning.dw",
    ]


def test_traces_of_a_model_and_of_payloads_are_driven():
    learning("u0*y1*y3", third="model")
    learning("y0*x1", payload="overwrite")


@pytest.mark.parametrize(
    ("trace", "whole", "fraction", "factor"),
    [
        (Trace(10.25, 0), 10, 64, 0.0),
        (Trace(0, math.inf), 0, 0, 1.0),
        (Trace(127, 1e18), 127, 0, 1.0),
        (Trace(0.999, 2), 0, 256, math.exp(-0.5)),
    ],
)
def test_impulses_are_counted_in_256ths_and_decay_as_exp(trace, whole, fraction, factor):
    made = tables(learning("u0*x1", traces={"x1": trace}), "mixed", 1, 62)
    assert made.impulses[0].tolist() == [whole, fraction] and made.factors[0] == factor


@pytest.mark.parametrize(
    ("mode", "dialect", "limits", "grid"),
    [
        ("mixed", "neuroemu", (-257, 256, -256, 252), 2),
        ("excitatory", "neuroemu", (0, 256, 0, 252), 2),
        ("inhibitory", "neuroemu", (-257, 0, -252, 0), 2),
        ("mixed", "lava", (-257, 256, -256, 255), 0),  # what was learned keeps no grid there
    ],
)
def test_weights_stay_within_what_a_synapse_stores(mode, dialect, limits, grid):
    made = tables(learning("u0", dialect=DIALECTS[dialect]), mode, 2, 62)
    assert (tuple(made.limits[0].tolist()), made.grid[0]) == (limits, grid)
    assert made.limits[1, 3] == 62 and made.limits[2, 2] == (-257 if dialect == "lava" else -256)
