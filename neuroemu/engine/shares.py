"""Shares: an image cut for a number of threads, each with compartments, slots and stretches of synapse lists of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..chip import PROFILES
from ..compartments import Model
from ..compiler.image import Cells, ChipImage
from ..network import DENDRITES
from ..widths import LANES
from . import kernel
from .kernel import PART
from .native import address_of
from .state import ChipState, Tiles, tiled, tiles_of
from .step import Share
from .synapses import cut

LARGE = 1024  # compartments of a population that get a kernel made to measure; one kernel a model does for smaller ones
UPDATE_COST = 4  # of a compartment, in synaptic events, where threads are given equal work


@dataclass(frozen=True)
class Cut:
    """The shares of all threads, and the memory that their addresses point into."""

    shares: tuple[Share, ...]
    parts: np.ndarray
    kept: tuple[object, ...]


def cut_for(image: ChipImage, models: dict[str, Model], state: ChipState, n_threads: int, seed: int) -> Cut:
    """Cuts an image for n_threads. Threads get about the same number of synapses and compartments.

    models: by name of the population.  state: whose arrays the kernels will write.
    """
    tiles = tiles_of(image)
    edges = _edges(image, tiles, n_threads)
    large = image.blocks.size >= LARGE
    parameters = [_parameters(cells, bool(is_large)) for cells, is_large in zip(image.cells, large, strict=True)]
    inputs = [np.ascontiguousarray(cells.inputs) for cells in image.cells]
    scratch = [np.zeros((max(len(m.ports) for m in models.values()) + 3) * LANES, np.int64) for _ in range(n_threads)]
    wide = state.ring.dtype == np.int64
    switches = np.array(image.arithmetic, np.int64)
    constant = image.arithmetic if image.arithmetic == PROFILES["loihi1"] else None
    kernels = [
        kernel.compiled(models[name], cells.parameters.shape[1] == 1, wide, cells.switches, constant)
        if is_large
        else kernel.compiled(models[name], False, wide, (), None)
        for name, cells, is_large in zip(image.names, image.cells, large, strict=True)
    ]
    rows: list[Any] = []
    pieces = []
    for thread in range(n_threads):
        low, high = edges[thread], edges[thread + 1]
        mine = []
        for part in range(image.n_parts):
            block = int(image.parts.population[part])
            start = int(image.parts.first[part] - image.blocks.first[block])
            first_group = int(tiles.group[block])
            lo = max(start, (low - first_group) * LANES)
            hi = min(start + int(image.parts.size[part]), (high - first_group) * LANES)
            if lo >= hi:
                continue
            cells, model = image.cells[block], models[image.names[block]]
            row = np.zeros(1, PART)[0]
            recorded = cells.recorded
            for name, value in {
                "lo": lo,
                "hi": hi,
                "first": image.blocks.first[block],
                "group": first_group,
                "always": model.at_rest is None or DENDRITES in model.ports,
                "parameters_at": parameters[block].ctypes.data,
                "state_at": state.cells.ctypes.data + 8 * tiles.first[block],
                "n_groups": tiles.groups[block],
                "inputs_at": inputs[block].ctypes.data,
                "n_inputs": cells.inputs.shape[0],
                "up_slot": cells.up[0] if cells.up else -1,
                "up_join": cells.up[1] if cells.up else 0,
                "up_first": cells.up[2] if cells.up else 0,
                "stream": cells.stream,
                "seed": np.uint64(seed).astype(np.int64),
                "arithmetic_at": switches.ctypes.data,
                "recorded_at": recorded.ctypes.data,
                "recorded_steps": recorded.shape[0],
                "recorded_width": recorded.shape[1],
                "overflows_at": state.overflows[thread, block].ctypes.data,
                "scratch_at": scratch[thread].ctypes.data,
                "ring_at": state.ring.ctypes.data,
                "width": state.ring.shape[1],
                "awake_at": state.awake.ctypes.data,
                "touched_at": state.touched.ctypes.data,
                "all_groups": state.awake.shape[1],
                "spiked_at": state.spiked.ctypes.data,
                "payload_at": state.payload.ctypes.data,
                "n_sources": state.spiked.shape[1],
            }.items():
                row[name] = value
            always = model.at_rest is None or DENDRITES in model.ports
            groups = (0, 0)
            if not always and cells.inputs.shape[0] == 1:
                groups = (first_group + lo // LANES, first_group - (-hi // LANES))
            mine.append((address_of(kernels[block]), len(rows), part, hi - lo, *groups))
            rows.append(row)
        pieces.append(mine)
    table = np.array(rows, PART) if rows else np.zeros(0, PART)
    shares = []
    plain, graded = _ends(image.plain, edges), _ends(image.graded, edges)
    for thread, mine in enumerate(pieces):
        listed = np.array(mine, np.int64).reshape(-1, 6)
        listed[:, 1] = table.ctypes.data + listed[:, 1] * PART.itemsize
        low, high = edges[thread], edges[thread + 1]
        shares.append(
            Share(
                listed,
                np.ones(len(mine), np.uint8),
                int(_compartments_before(image, tiles, low)),
                (int(low), int(high)),
                (int(_cells_before(tiles, low)), int(_cells_before(tiles, high))),
                plain[thread],
                plain[thread + 1],
                graded[thread],
                graded[thread + 1],
            )
        )
    return Cut(tuple(shares), table, (parameters, inputs, scratch, kernels, switches))


def _parameters(cells: Cells, is_large: bool) -> np.ndarray:
    """The rows of parameters as the population's kernel takes them: one for all, or in groups like the states."""
    table = cells.parameters
    if table.shape[1] == 1 and is_large:
        return table.ravel().copy()
    return tiled([np.broadcast_to(table, (table.shape[0], cells.state.shape[1]))])


def _ends(synapses, edges: np.ndarray) -> list[np.ndarray]:
    """The bounds of every thread's stretch of each list: thread t has bounds[t] .. bounds[t + 1]."""
    inner = [cut(synapses, int(edge) * LANES) for edge in edges[1:-1]]
    return [synapses.first[:-1], *inner, synapses.first[1:]]


def _edges(image: ChipImage, tiles: Tiles, n_threads: int) -> np.ndarray:
    """(n_threads + 1,) groups at which the chip is cut: anywhere in a block with one input, else between blocks."""
    n_groups = image.width // LANES
    if n_threads == 1:
        return np.array([0, n_groups])
    work = np.full(n_groups, UPDATE_COST * LANES, np.int64)
    for synapses in (image.plain, image.graded):
        for low in range(0, synapses.target.size, 1 << 20):
            work += np.bincount(synapses.target[low : low + (1 << 20)] // LANES, minlength=n_groups)
    cuttable = np.zeros(n_groups + 1, bool)
    for block, cells in enumerate(image.cells):
        first = tiles.group[block]
        cuttable[first] = not cells.up
        if cells.inputs.shape[0] == 1 and not cells.up:
            cuttable[first : first + tiles.groups[block]] = True
    joined = [k for k, cells in enumerate(image.cells) if cells.up]
    for block in joined:  # a dendrite and its parent stay with one thread
        target = image.cells[block].up[0] // LANES
        cuttable[tiles.group[block] + 1 : target + 1] = False
    cuttable[0] = cuttable[n_groups] = True
    places = np.flatnonzero(cuttable)
    done = np.concatenate([[0], np.cumsum(work)])
    wanted = done[-1] * np.arange(1, n_threads) // n_threads
    inner = [places[np.argmin(np.abs(done[places] - share))] for share in wanted]
    return np.maximum.accumulate(np.array([0, *inner, n_groups]))


def _compartments_before(image: ChipImage, tiles: Tiles, group: int) -> int:
    inside = np.clip((group - tiles.group) * LANES, 0, image.blocks.size)
    return int(inside.sum())


def _cells_before(tiles: Tiles, group: int) -> int:
    inside = np.clip(group - tiles.group, 0, tiles.groups)
    return int((inside * tiles.fields * LANES).sum())
