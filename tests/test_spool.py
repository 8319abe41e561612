"""Spools: the same rows whether they stay in memory or not, and runs that do not care."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroemu.spool
from neuroemu.errors import OutputError
from neuroemu.network import LifRegisters, Network
from neuroemu.spool import Spool


@given(
    st.lists(st.integers(0, 5), max_size=8), st.sampled_from([(), (3,), (2, 2), (0,)]), st.sampled_from([0, 50, 10**6])
)
def test_what_goes_in_comes_out(sizes, width, budget):
    spool, rows = Spool(np.int32, width, budget), np.random.default_rng(1)
    given_rows = [rows.integers(0, 2**31, (n, *width)) for n in sizes]
    for piece in given_rows:
        spool.append(piece)
    expected = np.concatenate([np.empty((0, *width), np.int64), *given_rows])
    assert np.array_equal(spool.array(), expected) and spool.array().dtype == np.int32
    assert spool.array().shape == expected.shape and spool.n == sum(sizes)
    assert spool.spilled == (4 * expected.size > budget)


def test_a_spool_may_grow_after_it_was_read():
    spool = Spool(np.int64, (), 0)
    spool.append(np.arange(3))
    assert spool.array().tolist() == [0, 1, 2]
    spool.append(np.arange(2))
    assert spool.array().tolist() == [0, 1, 2, 0, 1]


def test_rows_in_any_order_of_memory_are_kept_as_rows():
    # The first rows stay in memory until the second ones spill both.
    spool, rows = Spool(np.int32, (3,), 48), np.asfortranarray(np.arange(12).reshape(4, 3))
    spool.append(rows)
    spool.append(rows)
    assert spool.spilled and np.array_equal(spool.array(), np.concatenate([rows, rows]))


def test_a_full_disk_is_told(monkeypatch):
    class Full:
        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(neuroemu.spool.tempfile, "TemporaryFile", lambda **_: Full())
    with pytest.raises(OutputError, match="no room"):
        Spool(np.int64, (), 0).append(np.arange(3))


def busy():
    """Four compartments that fire every few steps, probed."""
    net = Network().population("a", 4, LifRegisters(4095, 0, 100, np.array([10, 20, 30, 40]), 6))
    return net.probe("a", "v").probe("a", "spikes")


def test_a_run_beyond_its_budget_gives_the_same_run(tmp_path, monkeypatch):
    import neuroemu

    usual = neuroemu.run(busy(), tmp_path / "usual", steps=300, samples=3)
    monkeypatch.setenv("NEUROEMU_MEMORY_MB", "0")
    spilled = neuroemu.run(busy(), tmp_path / "spilled", steps=300, samples=3)
    assert isinstance(spilled.counters.counts, np.memmap) and isinstance(spilled.traces.step, np.memmap)
    assert not isinstance(usual.counters.counts, np.memmap)
    for name in ("steps.csv", "cores.csv", "populations.csv", "links.csv"):
        assert (tmp_path / "usual" / name).read_text() == (tmp_path / "spilled" / name).read_text()
    assert usual.summary["run_hash"] == spilled.summary["run_hash"]
    import nir

    one, other = (
        nir.read_data(str(tmp_path / name / "spikes.h5")).nodes["a"].observables for name in ("usual", "spilled")
    )
    assert np.array_equal(one["spikes"].idx, other["spikes"].idx) and np.array_equal(one["v"].data, other["v"].data)
