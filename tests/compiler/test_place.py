"""Placement: every part gets a core that has room for it, along a curve that visits every tile once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.chip import Mesh
from neuroemu.compiler.demand import Demand
from neuroemu.compiler.flow import Flow, cost, distances
from neuroemu.compiler.gather import gather
from neuroemu.compiler.partition import Part
from neuroemu.compiler.place import BY_TRAFFIC, PLACERS, hilbert_curve, place
from neuroemu.compiler.starts import starts
from tests.naive_compiler import small
from tests.naive_mapping import hops as naive_hops

placers = pytest.mark.parametrize("name", PLACERS)  # a new placer joins here


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
MESHES = [
    Mesh(4, 3, 2),
    Mesh(4, 3, 2, topology="torus"),
    Mesh(4, 3, 2, topology="tree", degree=3),
    Mesh(4, 4, 1, chips=(2, 2), host_tile=(3, 3)),
]


@st.composite
def flows(draw, most=24):
    """Random traffic between up to `most` blocks, some of which say nothing."""
    n = draw(st.integers(1, most))
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    between = seed.integers(0, 50, (n, n)) * (seed.random((n, n)) < draw(st.sampled_from([0.0, 0.2, 1.0])))
    return Flow(between, seed.integers(0, 50, n) * draw(st.integers(0, 1)))


# ---- gather --------------------------------------------------------------------------------------------------------


@given(parts=part_lists(), share=st.booleans())
def test_no_block_is_given_more_than_a_core_holds(chip, parts, share):
    block = gather(parts, small(chip, (3, 2, 2), **LIMITS), share)
    for b in set(block.tolist()):
        here = [p for p, at in zip(parts, block, strict=True) if at == b]
        assert sum(p.size for p in here) <= 10
        assert sum(p.demand.words for p in here) <= 20
        assert len(set().union(*(p.demand.sources.tolist() for p in here))) <= 8  # a source in common is one axon


@given(parts=part_lists())
def test_without_sharing_every_part_is_a_block(chip, parts):
    assert gather(parts, small(chip, (3, 2, 2), **LIMITS), False).tolist() == list(range(len(parts)))


@given(parts=part_lists())
def test_a_part_goes_into_the_current_block_or_the_next(chip, parts):
    # A block that was left is not come back to.
    block = gather(parts, small(chip, (4, 4, 1), **LIMITS), True).tolist()
    assert block[0] == 0 and all(b - a in (0, 1) for a, b in pairwise(block))


def test_parts_share_a_block_while_it_lasts(chip):
    # 4 + 5 of 10 compartments, then 2 do not fit
    assert gather([part(4), part(5), part(2)], small(chip, **LIMITS), True).tolist() == [0, 0, 1]


def test_sources_in_common_are_counted_once(chip):
    parts = [part(1, range(6)), part(1, range(2, 8)), part(1, [8])]  # 0..7 together are 8 axons; one more is too many
    assert gather(parts, small(chip, **LIMITS), True).tolist() == [0, 0, 1]


# ---- place ---------------------------------------------------------------------------------------------------------


@placers
@pytest.mark.parametrize("mesh", MESHES, ids=str)
@given(flow=flows(16), seed=st.integers(0, 3))
def test_every_block_has_a_core_of_its_own(chip, name, mesh, flow, seed):
    core = place(name, flow.host.size, lambda: flow, replace(chip, mesh=mesh), 3.0, seed)
    assert core.shape == flow.host.shape and len(set(core.tolist())) == core.size
    assert core.min() >= 0 and core.max() < mesh.n_cores


@placers
@given(flow=flows(), seed=st.integers(0, 3))
def test_cores_past_the_end_are_numbered_past_the_end(chip, name, flow, seed):
    # A mesh of 3 cores: where there are more blocks than cores, they are numbered on.
    core = place(name, flow.host.size, lambda: flow, small(chip, (3, 1, 1)), 0.0, seed).tolist()
    assert sorted(core) == list(range(len(core))) or len(core) < 3


@pytest.mark.parametrize("name", BY_TRAFFIC)
@pytest.mark.parametrize("mesh", MESHES, ids=str)
@given(flow=flows(16))
def test_traffic_makes_no_start_worse(chip, name, mesh, flow):
    far = distances(mesh, 2.0)
    core = place(name, flow.host.size, lambda: flow, replace(chip, mesh=mesh), 2.0)
    others = [cost(flow, far, start // mesh.cores_per_tile) for start in starts(flow, mesh)]
    assert cost(flow, far, core // mesh.cores_per_tile) <= min(others) * (1 + 1e-9)


@pytest.mark.parametrize("mesh", MESHES, ids=str)
@given(flow=flows(), border=st.sampled_from([0.0, 7.5]))
def test_the_cost_is_that_of_a_walk(mesh, flow, border):
    seed = np.random.default_rng(0)
    tile = seed.integers(0, mesh.n_tiles, flow.host.size)
    naive = 0.0
    for a in range(flow.host.size):
        naive += flow.host[a] * naive_hops(mesh, mesh.tile_at(*mesh.host_tile), tile[a], border)
        for b in range(flow.host.size):
            naive += flow.between[a, b] * naive_hops(mesh, tile[a], tile[b], border)
    assert cost(flow, distances(mesh, border), tile) == pytest.approx(naive)


@pytest.mark.parametrize("name", BY_TRAFFIC)
@given(flow=flows(16), seed=st.integers(0, 2**40))
def test_the_same_seed_gives_the_same_cores(chip, name, flow, seed):
    once, again = (place(name, flow.host.size, lambda: flow, chip, 0.0, seed).tolist() for _ in range(2))
    assert once == again


@pytest.mark.parametrize("topology", ["mesh", "torus"])
def test_annealing_untangles_a_grid(chip, topology):
    # Blocks of a 6 x 6 grid talk to their neighbours and are numbered at random: laid out as a grid, every message is one hop.
    side, seed = 6, np.random.default_rng(1)
    number = seed.permutation(side * side).reshape(side, side)
    between = np.zeros((36, 36), np.int64)
    for x in range(side):
        for y in range(side):
            for u, v in ((x + 1, y), (x, y + 1)):
                if topology == "torus" or max(u, v) < side:
                    between[number[x, y], number[u % side, v % side]] = 1
    flow, mesh = Flow(between, np.zeros(36, np.int64)), Mesh(side, side, 1, topology=topology)
    core = place("anneal", 36, lambda: flow, replace(chip, mesh=mesh))
    assert cost(flow, distances(mesh), core) == between.sum()


def test_two_groups_are_cut_along_the_border_of_two_chips(chip):
    # Two cliques of 8 with one message between them, on two chips of 8 cores side by side.
    seed = np.random.default_rng(2).permutation(16)
    between = np.zeros((16, 16), np.int64)
    for group in (seed[:8], seed[8:]):
        between[np.ix_(group, group)] = 1
    between[seed[0], seed[8]] = 1
    mesh = Mesh(8, 2, 1, chips=(2, 1))
    core = place("anneal", 16, lambda: Flow(between, np.zeros(16, np.int64)), replace(chip, mesh=mesh), 20.0)
    on = mesh.chip_of(core)
    assert len(set(on[seed[:8]])) == len(set(on[seed[8:]])) == 1


def test_sequential_follows_the_numbers_of_the_cores(chip):
    assert place("sequential", 5, _none, small(chip, (2, 2, 2))).tolist() == [0, 1, 2, 3, 4]


def test_hilbert_fills_the_cores_of_a_tile_before_the_next(chip):
    # 2 x 2 tiles of 2 cores; the curve is (0,0) (0,1) (1,1) (1,0) or its mirror, and tile (x, y) is 2x + y.
    core = place("hilbert", 8, _none, small(chip, (2, 2, 2)))
    tiles = [2 * x + y for x, y in hilbert_curve(Mesh(2, 2, 2))]
    assert core.tolist() == [tile * 2 + k for tile in tiles for k in range(2)]


def _none():
    raise AssertionError("it goes by no traffic")


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
