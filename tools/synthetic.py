"""A run that never was: wiring and counts made up at random, for measurements of pricing."""

from __future__ import annotations

import numpy as np

from neuroemu.chip import Chip
from neuroemu.compiler.image import CountRows, Parts
from neuroemu.costs import Activity
from neuroemu.counters import N_COUNTS, Count
from neuroemu.wiring import Wiring


def run_of(
    chip: Chip, parts: int, size: int, steps: int, reach: int = 10, rate: float = 0.01, seed: int = 1
) -> tuple[Wiring, Activity]:
    """parts of `size` compartments, one a core; a spike reads 8 synapses on each of `reach` other parts."""
    random = np.random.default_rng(seed)
    n = parts * size
    part = np.sort(np.argsort(random.random((n, parts)), axis=1)[:, :reach], axis=1)
    rows = CountRows(
        np.arange(n + 1, dtype=np.int64) * reach,
        part.reshape(-1).astype(np.uint16),
        np.full(n * reach, 8, np.uint16),
        np.zeros(0, np.uint16),
    )
    owner = np.zeros(parts, np.int64)
    where = Parts(owner, np.arange(parts) * size, np.full(parts, size), np.arange(parts))
    wiring = Wiring(("a",), (n,), (), (), where, rows, np.zeros(parts, np.int64), chip.mesh, 1.0, n * reach * 8, "")
    row, source = np.nonzero(random.random((steps, n)) < rate)
    counts = np.zeros((steps, parts, N_COUNTS), np.int64)
    np.add.at(counts[:, :, Count.SPIKE_OUT], (row, source // size), 1)
    for k in range(reach):
        np.add.at(counts[:, :, Count.SYNAPSE_READ], (row, part[source, k]), 8)
    counts[:, :, Count.ACTIVE] = random.integers(0, size + 1, (steps, parts))
    counts[:, :, Count.INACTIVE] = size - counts[:, :, Count.ACTIVE]
    return wiring, Activity(counts, row + 1, source)
