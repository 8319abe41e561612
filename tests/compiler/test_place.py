"""Placement: every part gets a core that has room for it, along a curve that visits every tile once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.chip import Mesh
from neuroemu.compiler.demand import Demand
from neuroemu.compiler.partition import Part
from neuroemu.compiler.place import PLACERS, hilbert_curve
from tests.naive_compiler import small

placers = pytest.mark.parametrize("place", sorted(PLACERS))  # a new placer joins here


def part(size=1, sources=(), words=0, name="a"):
    return Part(name, 0, size, Demand(size, np.array(sorted(sources), np.int64), {"x": words}))


@st.composite
def part_lists(draw):
    """Up to 12 parts, each of which fits a core of 10 compartments, 8 axons in and 20 words."""
    return [
        part(
            draw(st.integers(1, 10)),
            draw(st.sets(st.integers(0, 20), max_size=8)),
            draw(st.integers(0, 20)),
            f"p{k}",
        )
        for k in range(draw(st.integers(1, 12)))
    ]


LIMITS = {"compartments": 10, "axons_in": 8, "synapse_words": 20}


@placers
@given(parts=part_lists(), share=st.booleans())
def test_no_core_is_given_more_than_it_holds(chip, place, parts, share):
    placement = PLACERS[place](parts, small(chip, (3, 2, 2), **LIMITS), share)
    for core in set(placement.tolist()):
        here = [p for p, at in zip(parts, placement, strict=True) if at == core]
        assert sum(p.size for p in here) <= 10
        assert sum(p.demand.words for p in here) <= 20
        assert len(set().union(*(p.demand.sources.tolist() for p in here))) <= 8  # a source in common is one axon


@placers
@given(parts=part_lists())
def test_without_sharing_every_part_has_a_core_of_its_own(chip, place, parts):
    placement = PLACERS[place](parts, small(chip, (3, 2, 2), **LIMITS), False).tolist()
    assert len(set(placement)) == len(parts)


@placers
@given(parts=part_lists(), share=st.booleans())
def test_cores_past_the_end_are_numbered_past_the_end(chip, place, parts, share):
    # A mesh of 3 cores: the first three in use are 0..2, the rest 3, 4, ...
    placement = PLACERS[place](parts, small(chip, (3, 1, 1), **LIMITS), share).tolist()
    used = list(dict.fromkeys(placement))
    assert sorted(used[:3]) == sorted(range(3))[: len(used)] or place == "hilbert"
    assert set(used[:3]) <= {0, 1, 2} and used[3:] == list(range(3, len(used)))


@placers
@given(parts=part_lists())
def test_a_part_goes_onto_the_current_core_or_the_next(chip, place, parts):
    # A core that was left is not come back to.
    placement = PLACERS[place](parts, small(chip, (4, 4, 1), **LIMITS), True).tolist()
    used = list(dict.fromkeys(placement))
    assert [used.index(core) for core in placement] == sorted(used.index(core) for core in placement)


def test_parts_share_a_core_while_it_lasts(chip):
    # 4 + 5 of 10 compartments, then 2 do not fit
    parts = [part(4), part(5), part(2)]
    assert PLACERS["sequential"](parts, small(chip, **LIMITS), True).tolist() == [0, 0, 1]


def test_sources_in_common_are_counted_once(chip):
    parts = [part(1, range(6)), part(1, range(2, 8)), part(1, [8])]  # 0..7 together are 8 axons; one more is too many
    assert PLACERS["sequential"](parts, small(chip, **LIMITS), True).tolist() == [0, 0, 1]


def test_sequential_follows_the_numbers_of_the_cores(chip):
    placement = PLACERS["sequential"]([part() for _ in range(5)], small(chip, (2, 2, 2)), False)
    assert placement.tolist() == [0, 1, 2, 3, 4]


def test_hilbert_fills_the_cores_of_a_tile_before_the_next(chip):
    # 2 x 2 tiles of 2 cores; the curve is (0,0) (0,1) (1,1) (1,0) or its mirror, and tile (x, y) is 2x + y.
    mesh = Mesh(2, 2, 2)
    placement = PLACERS["hilbert"]([part() for _ in range(8)], small(chip, (2, 2, 2)), False)
    tiles = [2 * x + y for x, y in hilbert_curve(mesh)]
    assert placement.tolist() == [tile * 2 + k for tile in tiles for k in range(2)]


# ---- the curve -----------------------------------------------------------------------------------------------------


@given(st.integers(1, 20), st.integers(1, 20))
def test_the_curve_visits_every_tile_once(width, height):
    visited = list(hilbert_curve(Mesh(width, height, 1)))
    assert sorted(visited) == [(x, y) for x in range(width) for y in range(height)]


@pytest.mark.parametrize("side", [1, 2, 4, 8, 16, 32])
def test_neighbours_on_the_curve_touch_on_a_power_of_two_square(side):
    visited = list(hilbert_curve(Mesh(side, side, 1)))
    assert all(abs(x - u) + abs(y - v) == 1 for (x, y), (u, v) in pairwise(visited))


def test_the_curve_starts_in_the_corner():
    assert next(iter(hilbert_curve(Mesh(8, 4, 4)))) == (0, 0)


@pytest.mark.parametrize("side", [4, 8, 16])
def test_a_stretch_of_the_curve_stays_together(side):
    # Any quarter that starts at a multiple of its length is a square: its bounding box is as large as it is long.
    visited = list(hilbert_curve(Mesh(side, side, 1)))
    for length in (4, side * side // 4):
        for start in range(0, side * side, length):
            xs, ys = zip(*visited[start : start + length], strict=True)
            assert (max(xs) - min(xs) + 1) * (max(ys) - min(ys) + 1) == length
