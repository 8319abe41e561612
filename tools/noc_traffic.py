"""Patterns of traffic: which cores send how many messages to whom. For tools/bench_noc.py and the tests of the network."""

from __future__ import annotations

import numpy as np

from neuroemu.noc.steps import Messages

PATTERNS = ("uniform", "hotspot", "transpose", "neighbour", "all_to_all")


def destinations(pattern, fabric, per_core, rng):
    """(n_cores, per_core) the cores that each core sends to, in order."""
    n = fabric.n_cores
    core = np.arange(n)[:, None]
    if pattern == "uniform":
        return rng.integers(0, n, (n, per_core))
    if pattern == "hotspot":  # one message in five goes to the core in the middle
        to = rng.integers(0, n, (n, per_core))
        return np.where(rng.random((n, per_core)) < 0.2, n // 2, to)
    if pattern == "transpose":
        cores_per_tile = n // (fabric.width * fabric.height)
        tile, offset = core // cores_per_tile, core % cores_per_tile
        x, y = tile // fabric.height, tile % fabric.height
        to = y * fabric.height + x if fabric.width == fabric.height else n // cores_per_tile - 1 - tile
        return np.broadcast_to(to * cores_per_tile + offset, (n, per_core))
    if pattern == "neighbour":
        return np.broadcast_to((core + n // fabric.width) % n, (n, per_core))
    return (core + 1 + np.arange(per_core)[None, :]) % n  # all to all, each beginning beside itself


def messages(pattern, fabric, per_core, gap_fs, work_fs, steps=1, seed=0):
    """Messages whose gaps and works are uniform around a mean, on steps of one pattern."""
    rng = np.random.default_rng(seed)
    cores = np.concatenate([destinations(pattern, fabric, per_core, rng).ravel() for _ in range(steps)])
    counts = np.zeros((steps, fabric.n_senders), np.int64)
    counts[:, : fabric.n_cores] = per_core
    first = np.concatenate([[0], np.cumsum(counts)])
    gap, work = (rng.integers(mean // 2, mean + mean // 2 + 1, cores.size) for mean in (gap_fs, work_fs))
    return Messages(first, cores.astype(np.int32), gap, work, np.zeros(counts.shape, np.int64))
