"""Routing: X first, then Y; hops are the Manhattan distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.chip import Mesh
from neuroemu.compiler.route import ROUTERS
from tests.naive_compiler import walk

routers = pytest.mark.parametrize("route", sorted(ROUTERS))  # a new router joins here


@st.composite
def trips(draw):
    """(mesh, from tile, to tile)"""
    mesh = Mesh(draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 4)))
    tile = st.integers(0, mesh.width * mesh.height - 1)
    return mesh, draw(tile), draw(tile)


def hops(route, mesh, *trips):
    start, end = (np.array(column, np.int64) for column in zip(*trips, strict=True))
    return ROUTERS[route](mesh, start, end).tolist()


@routers
@given(trip=trips())
def test_hops_are_the_manhattan_distance(route, trip):
    mesh, start, end = trip
    (x, y), (u, v) = mesh.tile_xy(start), mesh.tile_xy(end)
    assert sum(hops(route, mesh, (start, end))[0]) == abs(x - u) + abs(y - v)


@routers
@given(trip=trips())
def test_hops_lead_to_the_goal(route, trip):
    mesh, start, end = trip
    east, west, north, south = hops(route, mesh, (start, end))[0]
    x, y = mesh.tile_xy(start)
    assert mesh.tile_at(x + east - west, y + north - south) == end


@given(trip=trips())
def test_xy_equals_a_walk_tile_by_tile(trip):
    mesh, start, end = trip
    assert hops("xy", mesh, (start, end))[0] == walk(mesh, start, end)


@given(trip=trips())
def test_the_way_back_is_the_way_mirrored(trip):
    mesh, start, end = trip
    (east, west, north, south), back = hops("xy", mesh, (start, end), (end, start))
    assert back == [west, east, south, north]


def test_east_is_growing_x_and_north_growing_y():
    # 3 x 2 tiles, numbered by columns: tile 0 at (0, 0), 1 at (0, 1), 2 at (1, 0), 5 at (2, 1)
    mesh = Mesh(3, 2, 4)
    assert hops("xy", mesh, (0, 5), (5, 0), (1, 2), (4, 4)) == [[2, 0, 1, 0], [0, 2, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0]]


@given(st.integers(1, 9), st.integers(1, 9))
def test_tiles_and_places_are_inverse(width, height):
    mesh = Mesh(width, height, 4)
    assert [mesh.tile_at(*mesh.tile_xy(tile)) for tile in range(mesh.n_tiles)] == list(range(mesh.n_tiles))
