"""A model's plain update, walked step by step: against its twin, at rest, and by hand. Nothing is compiled here."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st

from neuroemu.chip import PROFILES
from neuroemu.compartments import Now, find
from tests import naive
from tests.networks import arithmetics, with_arithmetic

WIDE = 2**23 - 1


def tables(model, chip, **values):
    """(parameters, state) of one compartment; what is not given has its default."""
    given = {
        key: np.array([values.get(key, field.default)], np.int64)
        for key, field in model.fields.items()
        if key in values or field.default is not None
    }
    assert not values.keys() - model.fields.keys(), "no such field"
    parameters, state = model.tables(given, chip)
    row = {name: int(column[0]) for name, column in parameters.items()}
    return model.parameters(**row), model.state(**{name: int(column[0]) for name, column in state.items()})


def now(step=1, arithmetic=PROFILES["loihi1"], seed=5, entity=0, stream=7):
    """What a compartment may know in a step."""
    return Now(step, step, entity, np.uint64(seed), stream, np.zeros((0, 0), np.int64), arithmetic)


def walk(model, chip, inputs, **values):
    """[(payload, state)] of a compartment under inputs: a number a step, or a tuple with one for every port."""
    p, s = tables(model, chip, **values)
    found = []
    for step, x in enumerate(inputs, 1):
        a = x if isinstance(x, tuple) else (x,) + (0,) * (len(model.ports) - 1)
        payload, s, _ = model.update(p, s, a, now(step, chip.arithmetic))
        found.append((payload, s))
    return found


def spike_times(model, chip, inputs, **values):
    """Indices from 0 of the inputs at which it spiked."""
    return [t for t, (payload, _) in enumerate(walk(model, chip, inputs, **values)) if payload]


@st.composite
def compartments(draw, name, chip):
    """(model, chip with any switches, p, s): registers and states anywhere in their ranges, small ones more often."""
    model, chip = find(name), with_arithmetic(chip, draw(arithmetics()))
    values = {}
    for key, field in model.fields.items():
        low, high = field.limits(chip)
        low, high = max(low, -WIDE), min(high, WIDE)
        small = st.integers(max(low, -300), min(high, 300)) if low <= 300 and high >= -300 else st.integers(low, high)
        nothing = st.just(min(max(0, low), high))
        values[key] = draw(st.one_of(nothing, small, st.integers(low, high)))
    for what in ("threshold", "activity"):  # a minimum above its maximum is refused
        if f"{what}_max" in values:
            values[f"{what}_min"], values[f"{what}_max"] = sorted((values[f"{what}_min"], values[f"{what}_max"]))
    return model, chip, *tables(model, chip, **values)


@st.composite
def inputs(draw, model, n=20):
    """Sums of weights for every port: nothing, usual, and far too large."""
    one = st.one_of(st.just(0), st.integers(-300, 300), st.integers(-(2**20), 2**20))
    return draw(st.lists(st.tuples(*[one] * len(model.ports)), min_size=1, max_size=n))


def equals_twin(data, name, chip):
    """Walks a model and its twin side by side."""
    model, chip, p, s = data.draw(compartments(name, chip))
    twin = naive.MODELS[name](p._asdict(), s._asdict())
    assert twin.ports == len(model.ports)
    for step, a in enumerate(data.draw(inputs(model)), 1):
        here = now(step, chip.arithmetic)
        payload, s, overflow = model.update(p, s, a, here)
        draws = SimpleNamespace(at=(int(here.seed), here.stream, here.entity, step))
        assert payload == twin.step(list(a), chip.arithmetic, step, draws)
        assert {key: int(x) for key, x in s._asdict().items()} == {key: getattr(twin, key) for key in s._fields}
        assert 0 <= overflow < 16


def rests_where_it_says(data, name, chip):
    """A compartment that says it is at rest stays as it is, as does its twin; any state is tried, with zeros often."""
    model, chip, p, s = data.draw(compartments(name, chip))
    kept = data.draw(st.lists(st.booleans(), min_size=len(s), max_size=len(s)))
    s = model.state(*(x if keep else 0 for x, keep in zip(s, kept, strict=True)))
    silence = (0,) * len(model.ports)
    for step in range(1, 4):
        says = model.at_rest is not None and bool(model.at_rest(p, s))
        assert naive.MODELS[name](p._asdict(), s._asdict()).at_rest(silence) == says
        payload, after, overflow = model.update(p, s, silence, now(step, chip.arithmetic))
        assert not says or (payload, after, overflow) == (0, s, 0)
        s = after
