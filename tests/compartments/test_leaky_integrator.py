"""li: a LIF that never spikes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import tests.naive_models_lif_family  # noqa: F401
from neuroemu.compartments import find
from tests.compartments.walk import equals_twin, inputs, now, rests_where_it_says, tables, walk
from tests.networks import arithmetics, with_arithmetic

LI = find("li")


@given(data=st.data())
def test_it_equals_its_twin(chip, data):
    equals_twin(data, "li", chip)


@given(data=st.data())
def test_it_rests_where_it_says(chip, data):
    rests_where_it_says(data, "li", chip)


@given(data=st.data())
def test_it_is_a_lif_whose_threshold_is_out_of_reach(chip, data):
    chip, lif = with_arithmetic(chip, data.draw(arithmetics())), find("lif")
    values = {key: data.draw(st.integers(0, 4095)) for key in ("decay_u", "decay_v", "bias")}
    p, s = tables(LI, chip, **values)
    q, r = tables(lif, chip, **values)
    q = q._replace(threshold=2**62)
    for step, a in enumerate(data.draw(inputs(LI)), 1):
        here = now(step, chip.arithmetic)
        (payload, s, overflow), (_, r, expected) = LI.update(p, s, a, here), lif.update(q, r, a, here)
        assert (payload, s.u, s.v, overflow) == (0, r.u, r.v, expected)


def test_a_spike_rises_and_falls(chip):
    # decay_u = 2047 + 1 = 2048 halves u, decay_v = 2048 halves v: 64, then 64/2 + 32, then 64/2 + 16.
    states = [s for _, s in walk(LI, chip, [1, 0, 0], decay_u=2047, decay_v=2048)]
    assert [(s.u, s.v) for s in states] == [(64, 64), (32, 64), (16, 48)]
