"""Linear nodes as matrices, against their definitions."""

from __future__ import annotations

import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.nir_io.graph import flat
from neuroemu.nir_io.linear import linear_map
from neuroemu.nir_io.shapes import shaped
from tests import naive_nir
from tests.nir_io.graphs import graph


def node_of(made, shape):
    """The node between an Input of a shape and an Output, with its own shapes."""
    problems: list = []
    built = graph("i n o", i=nir.Input(np.array(shape)), n=made, o=nir.Output(None))
    found = shaped(flat(built, problems), False, problems, [])
    assert problems == []
    return found.nodes["n"]


def applied(node, x):
    made = linear_map(node, np.float64)
    y = made.matrix @ x.ravel() / made.divisor
    return (y if made.bias is None else y + made.bias).reshape(node.shape)


def table(found):
    values, shape = found
    y = np.zeros(shape)
    for at, value in values.items():
        y[at] = value
    return y


@st.composite
def convolutions(draw):
    dimensions = draw(st.sampled_from([1, 2]))
    small = st.integers(1, 3)
    groups, inner, each = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    per = lambda strategy: tuple(draw(strategy) for _ in range(dimensions))  # noqa: E731
    kernel, stride, dilation, padding = per(small), per(small), per(st.integers(1, 2)), per(st.integers(0, 2))
    space = tuple(
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 4))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    )
    return (
        dimensions,
        groups,
        inner,
        groups * each,
        kernel,
        stride,
        dilation,
        padding,
        space,
        draw(st.integers(0, 2**32)),
    )


@given(convolutions())
def test_a_convolution_is_its_definition(drawn):
    dimensions, groups, inner, out, kernel, stride, dilation, padding, space, seed = drawn
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(out, inner, *kernel)), rng.normal(size=out)
    x = rng.normal(size=(inner * groups, *space))
    if dimensions == 1:
        made = nir.Conv1d(None, weight, stride[0], padding[0], dilation[0], groups, bias)
    else:
        made = nir.Conv2d(None, weight, stride, padding, dilation, groups, bias)
    around = [(p, p) for p in padding]
    expected = table(naive_nir.convolution(x, weight, bias, stride, around, dilation, groups))
    node = node_of(made, x.shape)
    assert node.shape == expected.shape
    assert np.allclose(applied(node, x), expected)


@pytest.mark.parametrize("kernel", [(3, 3), (2, 2), (4, 1)])
def test_same_padding_keeps_the_size_and_puts_the_odd_one_after(kernel):
    rng = np.random.default_rng(1)
    weight, x = rng.normal(size=(1, 1, *kernel)), rng.normal(size=(1, 5, 6))
    node = node_of(nir.Conv2d(None, weight, 1, "same", 1, 1, np.zeros(1)), x.shape)
    around = [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in kernel]
    assert node.shape == (1, 5, 6)
    assert np.allclose(applied(node, x), table(naive_nir.convolution(x, weight, [0.0], (1, 1), around, (1, 1), 1)))


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.booleans(),
    st.booleans(),
)
def test_pools_are_sums_and_means_of_whole_kernels(kernel, stride, padded, mean):
    x = np.random.default_rng(2).normal(size=(2, 5, 4))
    padding = tuple(k // 2 for k in kernel) if padded else (0, 0)
    kind = nir.AvgPool2d if mean else nir.SumPool2d
    node = node_of(kind(np.array(kernel), np.array(stride), np.array(padding)), x.shape)
    assert np.allclose(applied(node, x), table(naive_nir.pooled(x, kernel, stride, padding, mean)))


def test_a_mean_is_a_sum_that_is_divided_as_torch_does_it():
    made = linear_map(node_of(nir.AvgPool2d(3, 3, 0), (1, 3, 3)), np.float32)
    assert made.divisor == 9 and made.matrix.toarray().tolist() == [[1.0] * 9]


def test_affine_scale_and_flatten():
    rng = np.random.default_rng(3)
    weight, bias, factor = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=(2, 2, 3))
    x, cube = rng.normal(size=4), rng.normal(size=(2, 2, 3))
    assert np.allclose(applied(node_of(nir.Affine(weight, bias), (4,)), x), weight @ x + bias)
    assert np.allclose(applied(node_of(nir.Scale(factor), (2, 2, 3)), cube), factor * cube)
    for start, end, shape in ((0, -1, (12,)), (1, -1, (2, 6)), (0, 1, (4, 3)), (1, 1, (2, 2, 3))):
        node = node_of(nir.Flatten({"input": None}, start, end), (2, 2, 3))
        assert node.shape == shape and np.array_equal(applied(node, cube).ravel(), cube.ravel())
