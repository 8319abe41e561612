"""Long arrays in short pieces give what the whole arrays give, to the last bit."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu import pieces as module
from neuroemu.compiler.expand import expand
from neuroemu.connect import Conv2d, Dense, Draws, Normal, Random, Sparse, Uniform
from neuroemu.network import Lif, Network, Spikes
from neuroemu.pieces import (
    again,
    different,
    integers,
    pieces,
    run_starts,
    seen_once,
    source_pieces,
    spread_sources,
    total,
)

sizes = st.sampled_from([1, 2, 3, 7, 16, 1000])


def in_pieces(size):
    return patch.object(module, "PIECE", size)


@given(st.integers(0, 50), sizes)
def test_pieces_cover_everything_once(n, size):
    with in_pieces(size):
        assert [i for piece in pieces(n) for i in range(piece.start, piece.stop)] == list(range(n))


@given(st.lists(st.integers(0, 9), max_size=30), sizes)
def test_source_pieces_cover_every_entry_once_and_cut_no_source(counts, size):
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    entries, sources = [], []
    with in_pieces(size):
        for begin, end, piece in source_pieces(first):
            assert (piece.start, piece.stop) == (first[begin], first[end])
            assert piece.stop - piece.start <= max(size, max(counts))
            entries += range(piece.start, piece.stop)
            sources += spread_sources(first, begin, end).tolist()
    assert entries == list(range(sum(counts)))
    assert sources == [s for s, count in enumerate(counts) for _ in range(count)]


def test_runs_start_where_any_column_changes():
    a, b = np.array([1, 1, 1, 2, 2, 1]), np.array([0, 0, 1, 1, 1, 1])
    assert run_starts(a).tolist() == [0, 3, 5]
    assert run_starts(a, b).tolist() == [0, 2, 3, 5]
    assert run_starts(a[:0]).tolist() == []


@pytest.mark.parametrize("n", [0, 1, 7, 8, 127, 128, 129, 1000, 4096, 99_999])
@pytest.mark.parametrize("size", [128, 129, 1000])  # numpy's own halving ends at 128
def test_a_total_is_numpys_sum_to_the_last_bit(n, size):
    values = np.random.default_rng(n).normal(size=n) ** 3
    with in_pieces(size):
        assert total(n, lambda piece: values[piece]) == values.sum()


@pytest.mark.parametrize(("values", "dtype"), [([3, -32768], np.int16), ([3, 32768], np.int64), ([], np.int16)])
def test_integers_take_two_bytes_where_they_fit(values, dtype):
    with in_pieces(1):
        made = integers(len(values), lambda piece: np.array(values[piece], np.int64))
    assert made.dtype == dtype and made.tolist() == values


def test_one_value_seen_many_times_is_computed_once():
    many = np.broadcast_to(np.float64(3.0), (5,))
    assert different(many).tolist() == [3.0]
    assert again(different(many) * 2, many).tolist() == [6.0] * 5
    one_each = np.arange(5.0)
    assert different(one_each) is one_each and again(one_each * 2, one_each).tolist() == [0, 2, 4, 6, 8]


# ---- what is made in pieces ----------------------------------------------------------------------------------------

CONNECTORS = {
    "fan_in": Random(Uniform(-1.0, 1.0), fan_in=7, delays=Uniform(0.0, 9.0)),
    "probability": Random(Normal(0.0, 1.0), probability=0.3),
    "always": Random(1.0, probability=1.0),
    "all to all": Dense(Uniform(0.0, 1.0), 3),
    "matrix": Dense(np.arange(-60, 60).reshape(10, 12) % 5, np.arange(120).reshape(10, 12) % 7),
    "list": Sparse(np.arange(10), np.arange(10)[::-1], np.arange(10) - 4.5, np.arange(10)),
    "convolution": Conv2d(np.arange(18.0).reshape(1, 1, 3, 6) % 4),
}


@pytest.mark.parametrize("kind", CONNECTORS)
@pytest.mark.parametrize("size", [1, 5, 64])
def test_the_size_of_a_piece_changes_no_synapse(kind, size):
    pre, post = ((1, 12, 15), (1, 10, 10)) if kind == "convolution" else ((12,), (10,))
    with in_pieces(size):
        found = CONNECTORS[kind].synapses(pre, post, Draws(3, "a->b"))
    whole = CONNECTORS[kind].synapses(pre, post, Draws(3, "a->b"))
    assert whole.pre.size > 5
    for one, other in zip(found, whole, strict=True):
        assert one.dtype == other.dtype and one.tolist() == other.tolist()


def test_random_synapses_are_the_draws_of_their_stream():
    # The definition: the source of synapse k is floor(u_k n_pre), its weight low + (high - low) u'_k.
    draws = Draws(11, "a->b")
    made = Random(Uniform(2.0, 5.0), fan_in=50).synapses((1000,), (40,), draws)
    assert made.pre.tolist() == np.floor(draws.uniforms("partners", 2000) * 1000).tolist()
    assert made.weight.tolist() == (2.0 + 3.0 * draws.uniforms("weights", 2000)).tolist()
    assert made.post.tolist() == [k // 50 for k in range(2000)]


def test_what_all_synapses_share_takes_no_memory():
    net = Network().population("in", 300, Spikes("x")).population("a", 300, Lif())
    made = expand(net.connect("in", "a", Random(0.5, fan_in=100)), 0)["in->a"]
    assert made.weight.shape == made.delay.shape == (30_000,)
    assert made.weight.strides == made.delay.strides == (0,)
    assert made.pre.dtype == made.post.dtype == np.int32


def test_what_is_equal_takes_the_memory_of_one():
    equal, mixed = np.full(1000, 7), np.array([7, 8, 7])
    assert seen_once(equal).strides == (0,) and seen_once(equal).tolist() == equal.tolist()
    equal[:] = 9
    kept = seen_once(equal)
    equal[0] = 1
    assert kept.tolist() == [9] * 1000, "it does not lean on what it was made of"
    assert seen_once(mixed) is mixed and seen_once(mixed[:1]).tolist() == [7] and seen_once(mixed[:0]).size == 0
