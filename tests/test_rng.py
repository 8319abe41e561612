"""Philox4x32-10 against the published vectors, and the promise that a draw depends on nothing but its four names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu import rng
from neuroemu.philox import philox
from neuroemu.streams import stream

SEED, STREAM, N = 11, 77, 100_000


def _words(*values: int) -> list[np.uint64]:
    return [np.uint64(value) for value in values]


# Random123's kat_vectors, the three lines "philox4x32 10": counter, key, what comes out.
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_words(counter, key, expected):
    assert tuple(int(word) for word in philox(*_words(*counter), *_words(*key))) == expected


def test_the_counter_is_entity_step_and_stream_and_the_key_is_the_seed():
    # step 2**32 + 5 fills the second and third word of the counter; seed 2**32 * 9 + 8 both words of the key.
    step, seed = 2**32 + 5, 2**32 * 9 + 8
    wanted = philox(*_words(3, 5, 1, STREAM), *_words(8, 9))
    assert [int(w) for w in rng.draw(np.uint64(seed), STREAM, 3, step)] == [int(w) for w in wanted]


def test_a_uniform_is_the_first_53_bits_of_a_draw():
    a, b, _, _ = (int(word) for word in rng.draw(np.uint64(SEED), STREAM, 3, 5))
    assert rng.uniforms(np.uint64(SEED), STREAM, 3, 1, 5)[0] == ((a << 32 | b) >> 11) / 2**53


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 1000),
    st.integers(1, 50),
    st.integers(0, 2**40),
)
def test_a_draw_does_not_depend_on_who_is_drawn_with_it(seed, number, first, n, step):
    together = rng.uniforms(np.uint64(seed), number, first, n, step)
    alone = [rng.uniforms(np.uint64(seed), number, first + k, 1, step)[0] for k in reversed(range(n))]
    assert together.tolist() == alone[::-1]


@given(st.integers(0, 2**64 - 1), st.integers(0, 1000), st.integers(1, 50))
def test_a_normal_does_not_depend_on_who_is_drawn_with_it(seed, first, n):
    together = rng.normals(np.uint64(seed), STREAM, first, n, 4)
    assert together.tolist() == [rng.normals(np.uint64(seed), STREAM, first + k, 1, 4)[0] for k in range(n)]


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**62))
def test_uniforms_lie_in_0_to_1(seed, number, step):
    draws = rng.uniforms(np.uint64(seed), number, 0, 100, step)
    assert draws.min() >= 0.0 and draws.max() < 1.0


# Standard errors of n draws: uniform mean sqrt(1/12/n), variance sqrt(1/180/n); normal mean sqrt(1/n), variance sqrt(2/n).
@pytest.mark.parametrize(
    ("draw", "mean", "variance", "mean_error", "variance_error"),
    [(rng.uniforms, 0.5, 1 / 12, 1 / 12, 1 / 180), (rng.normals, 0.0, 1.0, 1.0, 2.0)],
)
@pytest.mark.parametrize("by", ["entity", "step"])
def test_mean_and_variance_are_right_within_4_standard_errors(draw, mean, variance, mean_error, variance_error, by):
    if by == "entity":
        x = draw(np.uint64(SEED), STREAM, 0, N, 1)
    else:
        x = np.concatenate([draw(np.uint64(SEED), STREAM, 0, 10, step) for step in range(N // 10)])
    assert abs(x.mean() - mean) < 4 * (mean_error / N) ** 0.5
    assert abs(x.var() - variance) < 4 * (variance_error / N) ** 0.5


@pytest.mark.parametrize("what", ["seed", "stream", "entity", "step"])
def test_neighbours_in_any_of_the_four_names_are_uncorrelated(what):
    x = rng.uniforms(np.uint64(SEED), STREAM, 0, N, 1)
    y = {
        "seed": lambda: rng.uniforms(np.uint64(SEED + 1), STREAM, 0, N, 1),
        "stream": lambda: rng.uniforms(np.uint64(SEED), STREAM + 1, 0, N, 1),
        "entity": lambda: rng.uniforms(np.uint64(SEED), STREAM, 1, N, 1),
        "step": lambda: rng.uniforms(np.uint64(SEED), STREAM, 0, N, 2),
    }[what]()
    assert abs(np.corrcoef(x, y)[0, 1]) < 4 / N**0.5


def test_the_number_of_a_stream_is_the_crc32_of_its_names():
    assert stream("noise", "hidden") == 0x30C1D7F0  # crc32 of "noise:hidden", as gzip writes it


def test_streams_of_different_names_differ():
    names = {(purpose, owner) for purpose in ("noise", "encode", "weights") for owner in ("a", "b", "hidden", "a:b")}
    assert len({stream(purpose, owner) for purpose, owner in names}) == len(names)
