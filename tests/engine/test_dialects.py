"""The engine in the dialects of brian2-loihi and nengo-loihi against its twins, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.compiler import MappingOptions
from neuroemu.learning import DIALECTS, Trace
from neuroemu.network import WeightFormat
from tests import naive_learning as naive
from tests.engine.test_learning import MODES, Case, check, made_of
from tests.learning.rules import TRACES, rules

STEPS = 24


def case_of(draw, made, written, mode="mixed"):
    """What happens around a projection, drawn. Weights are within what the dialect stores."""
    third, nengo = made.third == "model", made.dialect == DIALECTS["nengo_loihi"]
    n_pre, n_post, n = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bits = draw(st.sampled_from([8, 8, 5, 2] if nengo else [8, 8, 5, 1]))
    low, high = MODES[mode] if not nengo else (-(255 >> (9 - bits) << (9 - bits)), 255)
    often = draw(st.sampled_from([0.1, 0.4, 0.9]))
    columns = rng.integers(0, n_pre, n), rng.integers(0, n_post, n), rng.integers(low, high + 1, n), np.zeros(n, int)
    return Case(
        made,
        {"w": written},
        tuple(zip(*(column.tolist() for column in columns), strict=True)),
        WeightFormat(bits, draw(st.sampled_from([0, 2])), mode),
        (rng.random((STEPS, n_pre)) < often).astype(np.int64),
        (rng.random((STEPS, n_post)) < often).astype(np.int64),
        rng.integers(-300, 301, (3, STEPS, n_post)) * third,
        np.zeros(STEPS, np.int64),
    )


def numbers_of(draw):
    """Recorded numbers of every trace, or None for those of the engine."""
    if draw(st.booleans()):
        return None
    found = np.random.default_rng(draw(st.integers(0, 2**32))).random((STEPS, 14))
    return np.where(found < 0.2, 0.0, found)


@st.composite
def brian2_cases(draw):
    names = draw(st.lists(st.sampled_from(TRACES), max_size=5, unique=True))
    products, text = draw(rules(names=(*names, "w")))
    traces = {
        name: Trace(draw(st.sampled_from([1, 16, 40, 100, 127])), draw(st.sampled_from([1, 3, 6, 20, 10**9])))
        for name in names
    }
    made = made_of({"w": text}, traces=traces, dialect=DIALECTS["brian2_loihi"], numbers=numbers_of(draw))
    return case_of(draw, made, products, draw(st.sampled_from(sorted(MODES))))


@st.composite
def nengo_cases(draw):
    k, m, e = draw(st.integers(0, 2)), draw(st.sampled_from([1, 2, 3, -1, -7])), draw(st.integers(-7, 2))
    epoch = draw(st.integers(1, 5))
    trace = Trace(draw(st.sampled_from([1.3, 86.375, 100, 127])), draw(st.sampled_from([0, 0.7, 5, 20, np.inf])))
    made = made_of(
        {"w": f"{m}*2^{e}*u{k}*x1*y1"}, traces={"x1": trace}, epoch=epoch, third="model",
        dialect=DIALECTS["nengo_loihi"], numbers=numbers_of(draw),
    )  # fmt: skip
    product = naive.Product(f"u{k}", m, e, (("x1", 0, False), ("y1", 0, False)))
    return case_of(draw, made, [product])


PARTS, SAMPLES = st.integers(1, 5), st.sampled_from([1, 3])


@settings(max_examples=60)
@given(brian2_cases(), PARTS, SAMPLES)
def test_the_engine_equals_its_twin_in_the_dialect_of_brian2_loihi(case, parts, samples):
    check(case, MappingOptions(parts={"post": min(parts, case.post.shape[1])}), samples=samples)


@settings(max_examples=40)
@given(nengo_cases(), PARTS, SAMPLES)
def test_the_engine_equals_its_twin_in_the_dialect_of_nengo_loihi(case, parts, samples):
    check(case, MappingOptions(parts={"post": min(parts, case.post.shape[1])}), samples=samples)
