"""Connectors against plain twins: who is joined to whom, with what weight and delay."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.compiler.expand import expand
from neuroemu.connect import Conv2d, Dense, Draws, Normal, OneToOne, Random, Sparse, Uniform
from neuroemu.network import Lif, Network, Spikes
from tests.naive_compiler import convolve

DRAWS = Draws(7, "a->b")
sizes = st.integers(1, 6)


def triples(made):
    """[(pre, post, weight, delay)] in the order of the list."""
    return list(zip(*(column.tolist() for column in made), strict=True))


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# ---- dense ---------------------------------------------------------------------------------------------------------


@given(sizes, sizes, st.integers(0, 2**32))
def test_dense_joins_every_nonzero_entry(n_pre, n_post, seed):
    matrix = np.random.default_rng(seed).integers(-2, 3, (n_post, n_pre)).astype(float)
    delays = np.random.default_rng(seed + 1).integers(0, 9, (n_post, n_pre))
    made = Dense(matrix, delays).synapses((n_pre,), (n_post,), DRAWS)
    twin = [
        (source, to, matrix[to, source], delays[to, source])
        for to in range(n_post)
        for source in range(n_pre)
        if matrix[to, source] != 0
    ]
    assert sorted(triples(made)) == sorted(twin)


def test_a_dense_matrix_is_to_by_from():
    # y = W x with W = [[1, 2, 3]]: one target, three sources.
    made = Dense(np.array([[1.0, 2.0, 3.0]])).synapses((3,), (1,), DRAWS)
    assert triples(made) == [(0, 0, 1.0, 0), (1, 0, 2.0, 0), (2, 0, 3.0, 0)]


def test_a_dense_matrix_may_be_a_list():
    matrix = [[0.0, 1.0], [2.0, 3.0]]
    given_as_list = Dense(matrix, [[0, 1], [2, 3]]).synapses((2,), (2,), DRAWS)
    assert same(given_as_list, Dense(np.array(matrix), np.array([[0, 1], [2, 3]])).synapses((2,), (2,), DRAWS))


@pytest.mark.parametrize("weights", [0.5, 2, Uniform(1.0, 2.0), Normal(0.0, 1.0)])
def test_a_dense_scalar_or_distribution_joins_all_to_all(weights):
    made = Dense(weights).synapses((3,), (2, 2), DRAWS)
    assert sorted((pre, post) for pre, post, _, _ in triples(made)) == [(i, j) for i in range(3) for j in range(4)]


@pytest.mark.parametrize("shape", [(2, 3), (3,), (3, 2, 1)])
def test_a_dense_matrix_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"weights have the shape .*\(3, 2\)"):
        Dense(np.ones(shape)).synapses((2,), (3,), DRAWS)


@pytest.mark.parametrize("delays", [np.ones((2, 3)), np.ones(6), [[1, 1, 1], [1, 1, 1]]])
def test_dense_delays_of_another_shape_are_refused(delays):
    with pytest.raises(ValueError, match="delays have the shape"):
        Dense(np.ones((3, 2)), delays).synapses((2,), (3,), DRAWS)


# ---- sparse, one to one --------------------------------------------------------------------------------------------


@given(sizes, sizes, st.integers(0, 30), st.integers(0, 2**32))
def test_sparse_is_the_list_it_was_given(n_pre, n_post, n, seed):
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(0, n_pre, n), rng.integers(0, n_post, n)
    weights, delays = rng.normal(size=n), rng.integers(0, 9, n)
    made = Sparse(pre, post, weights, delays).synapses((n_pre,), (n_post,), DRAWS)
    assert triples(made) == list(
        zip(pre.tolist(), post.tolist(), weights.tolist(), delays.tolist(), strict=True)
    )  # order and repeats included


@pytest.mark.parametrize(("pre", "post"), [([-1, 0], [0, 0]), ([0, 3], [0, 0]), ([0, 0], [0, 2]), ([0, 0], [-1, 0])])
def test_a_sparse_index_outside_of_a_population_is_refused(pre, post):
    with pytest.raises(ValueError, match="holds the index"):
        Sparse(np.array(pre), np.array(post), 1.0).synapses((3,), (2,), DRAWS)


@pytest.mark.parametrize(("pre", "post"), [(np.zeros(2, int), np.zeros(3, int)), (np.zeros((2, 2), int),) * 2])
def test_sparse_lists_that_are_not_alike_are_refused(pre, post):
    with pytest.raises(ValueError, match="lists alike"):
        Sparse(pre, post, 1.0).synapses((3,), (3,), DRAWS)


def test_an_empty_sparse_list_is_lawful():
    none = np.empty(0, np.int64)
    assert triples(Sparse(none, none, 1.0).synapses((3,), (2,), DRAWS)) == []


def test_one_to_one_joins_equal_indices():
    made = OneToOne(0.5, 2).synapses((2, 2), (4,), DRAWS)
    assert triples(made) == [(i, i, 0.5, 2) for i in range(4)]


def test_one_to_one_needs_populations_of_one_size():
    with pytest.raises(ValueError, match="have 3 and 4"):
        OneToOne(1.0).synapses((3,), (4,), DRAWS)


# ---- weights and delays --------------------------------------------------------------------------------------------

LISTED = {
    "sparse": lambda weights, delays: Sparse(np.arange(4), np.arange(4), weights, delays),
    "one_to_one": OneToOne,
    "random": lambda weights, delays: Random(weights, fan_in=1, delays=delays),
}


@pytest.mark.parametrize("kind", LISTED)
@pytest.mark.parametrize("weights", [0.25, -3, np.array([1.0, -2.0, 3.0, 0.5])])
def test_weights_are_one_for_all_or_one_a_synapse(kind, weights):
    made = LISTED[kind](weights, 0).synapses((4,), (4,), DRAWS)
    assert made.weight.tolist() == np.broadcast_to(weights, 4).tolist()


@pytest.mark.parametrize("kind", LISTED)
@pytest.mark.parametrize("delays", [0, 7, np.array([0, 1, 2, 62])])
def test_delays_are_one_for_all_or_one_a_synapse(kind, delays):
    made = LISTED[kind](1.0, delays).synapses((4,), (4,), DRAWS)
    assert made.delay.tolist() == np.broadcast_to(delays, 4).tolist()


@pytest.mark.parametrize("kind", LISTED)
@pytest.mark.parametrize("what", ["weights", "delays"])
def test_a_wrong_number_of_values_is_refused_by_name(kind, what):
    values = {"weights": 1.0, "delays": 0} | {what: np.ones(3)}
    with pytest.raises(ValueError, match=f"{what}: has 3 values; the connection has 4 synapses"):
        LISTED[kind](**values).synapses((4,), (4,), DRAWS)


@pytest.mark.parametrize(
    "make", [lambda: Uniform(2.0, 1.0), lambda: Normal(0.0, -1.0), lambda: Normal(0.0, float("nan"))]
)
def test_a_distribution_that_is_none_is_refused(make):
    with pytest.raises(ValueError, match=r"from 2 to 1|standard deviation"):
        make()


def test_uniform_weights_lie_between_their_ends_and_have_the_mean():
    made = Dense(Uniform(-1.0, 3.0)).synapses((100,), (100,), DRAWS)
    assert made.weight.min() >= -1.0 and made.weight.max() < 3.0
    # variance (3+1)**2/12, 10000 draws: standard error 1.155 / 100
    assert abs(made.weight.mean() - 1.0) < 4 * (4 / 12**0.5) / 100


def test_normal_weights_have_mean_and_deviation():
    made = Dense(Normal(2.0, 0.5)).synapses((100,), (100,), DRAWS)
    assert abs(made.weight.mean() - 2.0) < 4 * 0.5 / 100
    assert abs(made.weight.std() - 0.5) < 4 * 0.5 / 2**0.5 / 100


def test_delays_from_a_distribution_are_rounded_down():
    made = Dense(1.0, Uniform(1.0, 4.0)).synapses((50,), (50,), DRAWS)
    assert sorted(set(made.delay.tolist())) == [1, 2, 3]


def test_weights_and_delays_are_drawn_apart():
    made = Dense(Uniform(0.0, 60.0), Uniform(0.0, 60.0)).synapses((100,), (100,), DRAWS)
    assert abs(np.corrcoef(made.weight, made.delay)[0, 1]) < 4 / 100  # 10000 pairs


# ---- random --------------------------------------------------------------------------------------------------------


@given(st.just(0.0) | st.floats(1e-6, 1.0), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32))
def test_a_random_pair_appears_at_most_once(p, n_pre, n_post, seed):
    made = Random(1.0, probability=p).synapses((n_pre,), (n_post,), Draws(seed, "x"))
    pairs = [(pre, post) for pre, post, _, _ in triples(made)]
    assert len(set(pairs)) == len(pairs)
    assert all(0 <= pre < n_pre and 0 <= post < n_post for pre, post in pairs)


@pytest.mark.parametrize("p", [0.001, 0.03, 0.5, 0.97])
def test_the_number_of_random_synapses_is_binomial(p):
    counts = [Random(1.0, probability=p).synapses((100,), (100,), Draws(seed, "x")).pre.size for seed in range(50)]
    # 50 * 10000 pairs: mean within 4 standard errors, and the spread of a binomial within a factor of two
    assert abs(sum(counts) - 500_000 * p) < 4 * (500_000 * p * (1 - p)) ** 0.5
    assert 0.5 < np.var(counts) / (10_000 * p * (1 - p)) < 2.0


def test_every_pair_is_equally_likely():
    # 400 draws of a 6 x 5 connection at p = 0.3: each pair is hit 120 +- 9.2 times.
    hits = np.zeros((5, 6))
    for seed in range(400):
        made = Random(1.0, probability=0.3).synapses((6,), (5,), Draws(seed, "x"))
        hits[made.post, made.pre] += 1
    assert np.abs(hits - 120).max() < 4.5 * (400 * 0.3 * 0.7) ** 0.5


@pytest.mark.parametrize(("p", "n"), [(0.0, 0), (0, 0), (1.0, 12), (1, 12)])
def test_probability_0_is_none_and_1_is_all(p, n):
    assert Random(1.0, probability=p).synapses((3,), (4,), DRAWS).pre.size == n


@given(st.integers(0, 12), sizes, sizes, st.integers(0, 2**32))
def test_fan_in_gives_every_target_that_many_sources(fan_in, n_pre, n_post, seed):
    made = Random(1.0, fan_in=fan_in).synapses((n_pre,), (n_post,), Draws(seed, "x"))
    assert np.bincount(made.post, minlength=n_post).tolist() == [fan_in] * n_post
    assert all(0 <= pre < n_pre for pre in made.pre)


def test_fan_in_draws_its_sources_uniformly():
    made = Random(1.0, fan_in=100).synapses((10,), (100,), DRAWS)
    # 10000 draws of 10: 1000 +- 30 each
    assert np.abs(np.bincount(made.pre, minlength=10) - 1000).max() < 4 * (10_000 * 0.1 * 0.9) ** 0.5


@pytest.mark.parametrize(
    "how",
    [{}, {"probability": 0.5, "fan_in": 2}, {"fan_in": -1}]
    + [{"probability": p} for p in (-0.1, 1.1, math.nan, math.inf)],
)
def test_a_random_connection_needs_a_lawful_probability_or_fan_in(how):
    with pytest.raises(ValueError, match=r"probability|fan_in"):
        Random(1.0, **how).synapses((3,), (3,), DRAWS)


# ---- conv2d --------------------------------------------------------------------------------------------------------


@given(
    st.tuples(st.integers(1, 2), st.integers(1, 6), st.integers(1, 6)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 3),
    st.integers(0, 2),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_conv2d_equals_nested_loops(shape, kernel_shape, stride, padding, flat, seed):
    out, kh, kw = kernel_shape
    kernel = np.random.default_rng(seed).integers(-3, 4, (out, shape[0], kh, kw)).astype(float)
    made = Conv2d(kernel, stride, padding, delays=3)
    twin, target = convolve(kernel, shape, stride, padding)
    if min(target) < 1:
        with pytest.raises(ValueError, match="does not fit"):
            made.output_shape(shape)
        return
    assert made.output_shape(shape) == target
    post = (int(np.prod(target)),) if flat else target
    assert sorted(triples(made.synapses(shape, post, DRAWS))) == sorted((*pair, w, 3) for pair, w in twin.items())


def test_conv2d_does_not_flip_its_kernel():
    # kernel [1, 2] on the row [a, b, c]: out = [a + 2b, b + 2c], as PyTorch
    made = Conv2d(np.array([[[[1.0, 2.0]]]])).synapses((1, 1, 3), (1, 1, 2), DRAWS)
    assert sorted(triples(made)) == [(0, 0, 1.0, 0), (1, 0, 2.0, 0), (1, 1, 1.0, 0), (2, 1, 2.0, 0)]


@pytest.mark.parametrize(
    ("connector", "pre", "post", "says"),
    [
        (Conv2d(np.ones((2, 3, 3))), (1, 4, 4), (1, 2, 2), "conv2d needs a kernel"),
        (Conv2d(np.ones((1, 1, 3, 3))), (16,), (4,), "conv2d needs a kernel"),
        (Conv2d(np.ones((1, 2, 3, 3))), (1, 4, 4), (1, 2, 2), "takes 2 channels"),
        (Conv2d(np.ones((1, 1, 5, 5))), (1, 4, 4), (1, 1, 1), "does not fit"),
        (Conv2d(np.ones((1, 1, 3, 3))), (1, 4, 4), (1, 4, 1), r"gives the shape \[1, 2, 2\]"),
        (Conv2d(np.ones((1, 1, 3, 3))), (1, 4, 4), (5,), r"gives the shape \[1, 2, 2\]"),
        (Conv2d(np.ones((1, 1, 3, 3)), stride=0), (1, 4, 4), (1, 2, 2), "stride is 0"),
        (Conv2d(np.ones((1, 1, 3, 3)), padding=-1), (1, 5, 5), (1, 1, 1), "padding -1"),
    ],
)
def test_a_convolution_that_cannot_be_made_is_refused(connector, pre, post, says):
    with pytest.raises(ValueError, match=says):
        connector.synapses(pre, post, DRAWS)


# ---- determinism ---------------------------------------------------------------------------------------------------

RANDOM = [
    Random(Uniform(0.0, 1.0), probability=0.3, delays=Uniform(0.0, 5.0)),
    Random(Normal(0.0, 1.0), fan_in=3),
    Dense(Normal(0.0, 1.0)),
]


@pytest.mark.parametrize("connector", RANDOM)
def test_the_same_seed_and_name_give_the_same_synapses(connector):
    assert same(*(connector.synapses((9,), (8,), Draws(3, "a->b")) for _ in range(2)))


@pytest.mark.parametrize("connector", RANDOM)
@pytest.mark.parametrize("other", [Draws(4, "a->b"), Draws(3, "a->c")])
def test_another_seed_or_name_gives_other_synapses(connector, other):
    assert not same(connector.synapses((9,), (8,), Draws(3, "a->b")), connector.synapses((9,), (8,), other))


@pytest.mark.parametrize("connector", RANDOM)
def test_adding_a_projection_changes_no_other(connector):
    small = Network().population("in", 9, Spikes("x")).population("a", 8, Lif())
    larger = small.population("b", 5, Lif()).connect("in", "b", connector)
    alone = expand(small.connect("in", "a", connector), 3)["in->a"]
    assert same(alone, expand(larger.connect("in", "a", connector), 3)["in->a"])
