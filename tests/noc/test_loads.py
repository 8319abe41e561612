"""The loads of links are those of the routes, walked one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.noc.fabric import fabric
from neuroemu.noc.loads import link_loads
from neuroemu.noc.routes import path

NETWORKS = [
    fabric(4, 3, 2, host_tile=5),
    fabric(4, 3, 2, topology="torus", routing="yx", host_tile=0),
    fabric(5, 5, 1, topology="tree", degree=3, host_tile=1),
]


@pytest.mark.parametrize("net", NETWORKS, ids=["mesh", "torus", "tree"])
@given(st.data())
def test_every_message_is_counted_on_every_link_of_its_route(net, data):
    cores = st.integers(0, net.n_cores - 1)
    ways = data.draw(st.lists(st.tuples(st.integers(0, net.n_cores), cores, st.integers(0, 9)), max_size=30))
    expected = np.zeros(net.n_links, np.int64)
    for sender, core, messages in ways:
        for link in path(net, sender, core)[1:-1]:  # its own link and the core's are none between routers
            expected[link] += messages
    columns = [np.array([way[k] for way in ways], np.int64) for k in range(3)]
    assert link_loads(net, *columns).tolist() == expected.tolist()
