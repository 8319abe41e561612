"""Shares: an image cut for a number of threads, each with compartments, slots and stretches of synapse lists of its own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..chip import PROFILES
from ..compartments import Model, is_built_in
from ..compiler.image import Cells, ChipImage
from ..counters import N_LEARNED
from ..errors import ProgramError
from ..widths import LANES
from .kernel import PART
from .learning.learners import Learner, Synaptic, learners_of
from .native import address_of
from .specialised import compiled
from .state import ChipState, Tiles, tiled, tiles_of
from .step import Share
from .synapses import cut

LARGE = 1024  # compartments of a population that get a kernel made to measure; one kernel a model does for smaller ones
# Of a compartment, in synaptic events, where threads are given equal work. tools/bench.py engine, 8,192 compartments, one
# thread: an integrator takes 3.5 ns a step, an event 1.5 ns; most models do more than an integrator.
UPDATE_COST = 4


@dataclass(frozen=True)
class Cut:
    """The shares of all threads, and the memory that their addresses point into."""

    shares: tuple[Share, ...]
    learners: list[Learner]
    kept: tuple[object, ...]


@dataclass(frozen=True)
class Block:
    """What all parts of a population share.  always: 1 where they are called in every step, whoever is at rest.

    number: (size,) int64 the user's index of each compartment, or empty.
    """

    kernel: Any
    parameters: np.ndarray
    inputs: np.ndarray
    always: int
    number: np.ndarray


def cut_for(
    image: ChipImage,
    models: dict[str, Model],
    state: ChipState,
    synaptic: tuple[Synaptic, ...],
    listed: np.ndarray,
    n_threads: int,
    seed: int,
) -> Cut:
    """Cuts an image for n_threads. Threads get about the same number of synapses and compartments.

    models: by name of the population.  state, synaptic: whose arrays the kernels will write.  listed: that of step.Memory.
    """
    tiles, blocks = tiles_of(image), blocks_of(image, models)
    edges = _edges(image, tiles, n_threads)
    plain, graded = _ends(image.plain, edges), _ends(image.graded, edges)
    switches = np.array(image.arithmetic, np.int64)
    shares, kept, learners = [], [], []
    first_of = np.array([_compartments_before(image, tiles, low) for low in edges[:-1].tolist()], np.int64)
    for thread, (low, high) in enumerate(itertools.pairwise(edges.tolist())):
        scratch = np.zeros((max(len(model.ports) for model in models.values()) + 3) * LANES, np.int64)
        found = []
        for part in range(image.n_parts):
            k = int(image.parts.population[part])
            start, group = int(image.parts.first[part] - image.blocks.first[k]), int(tiles.group[k])
            lo = max(start, (low - group) * LANES)
            hi = min(start + int(image.parts.size[part]), (high - group) * LANES)
            if lo < hi:
                where = {"lo": lo, "hi": hi, "overflows_at": state.overflows[thread, k].ctypes.data}
                found.append((part, where | _of_block(image, tiles, k, blocks[k])))
        common = _of_run(state, switches, scratch, seed)
        records: Any = np.zeros(len(found), PART)
        for row, (_, values) in zip(records, found, strict=True):
            for name, value in (values | common).items():
                row[name] = value
        pieces: Any = np.zeros((len(found), 6), np.int64)
        for row, record, (part, _) in zip(pieces, records, found, strict=True):
            k = int(image.parts.population[part])
            sleeps = not blocks[k].always and blocks[k].inputs.shape[0] == 1
            groups = (record["lo"] // LANES, -(-record["hi"] // LANES)) if sleeps else (0, 0)
            row[:] = (address_of(blocks[k].kernel), 0, part, record["hi"] - record["lo"], *groups)
            row[4:] += record["group"] if sleeps else 0
        pieces[:, 1] = records.ctypes.data + np.arange(len(found)) * PART.itemsize
        ends = (plain[thread], plain[thread + 1], graded[thread], graded[thread + 1])
        first = _compartments_before(image, tiles, low)
        cells = (_cells_before(tiles, low), _cells_before(tiles, high))
        learned = np.zeros((image.n_parts, N_LEARNED), np.int64)
        mine = learners_of(image, models, state, synaptic, thread, (low, high), seed, learned, (listed, first_of))
        rows = np.array([learner.row for learner in mine], np.int64).reshape(-1, 2)
        shares.append(Share(pieces, np.ones(len(found), np.uint8), first, (low, high), cells, *ends, rows, learned))
        learners += mine
        kept += [scratch, records]
    return Cut(tuple(shares), learners, (blocks, switches, first_of, *kept))


def blocks_of(image: ChipImage, models: dict[str, Model]) -> list[Block]:
    """The kernel and the tables of every population. Raises ProgramError where a user's model cannot be compiled."""
    wide = not image.sums_fit_32_bits  # what ChipState.ring holds
    constant = image.arithmetic if image.arithmetic == PROFILES["loihi1"] else None
    parents = {cells.up[0] for cells in image.cells if cells.up}
    blocks = []
    for k, (name, cells, size) in enumerate(zip(image.names, image.cells, image.blocks.size, strict=True)):
        model, uniform = models[name], cells.parameters.shape[1] == 1
        number = np.ascontiguousarray(image.numbers_of(k)) if _asks_for_its_index(model) else np.empty(0, np.int64)
        numbered = number.size > 0
        always = int(model.at_rest is None or bool(cells.up) or bool(parents & set(cells.inputs[:, 0].tolist())))
        try:
            if size >= LARGE:
                made = compiled(model, uniform, wide, cells.switches, constant, numbered)
            else:
                made = compiled(model, False, wide, (), None, numbered)
        except ProgramError as error:
            raise ProgramError([replace(problem, path=name) for problem in error.problems]) from None
        table, inputs = _parameters(cells, bool(size >= LARGE)), np.ascontiguousarray(cells.inputs)
        blocks.append(Block(made, table, inputs, always, number))
    return blocks


def _asks_for_its_index(model: Model) -> bool:
    """Whether an update may depend on which compartment it is of: those that draw do, and users' own may."""
    return model.draws is not None or not is_built_in(model)


def _of_block(image: ChipImage, tiles: Tiles, k: int, block: Block) -> dict[str, Any]:
    """What the PART of any part of population k holds."""
    cells = image.cells[k]
    slot, join, is_first = cells.up or (-1, 0, 0)
    return {
        "first": image.blocks.first[k],
        "number_at": block.number.ctypes.data if block.number.size else 0,
        "group": tiles.group[k],
        "always": block.always,
        "parameters_at": block.parameters.ctypes.data,
        "state_at": 8 * tiles.first[k],  # from the start of all states
        "n_groups": tiles.groups[k],
        "inputs_at": block.inputs.ctypes.data,
        "n_inputs": block.inputs.shape[0],
        "up_slot": slot,
        "up_join": join,
        "up_first": is_first,
        "stream": cells.stream,
        "recorded_at": cells.recorded.ctypes.data,
        "recorded_steps": cells.recorded.shape[0],
        "recorded_width": cells.recorded.shape[1],
    }


def _of_run(state: ChipState, switches: np.ndarray, scratch: np.ndarray, seed: int) -> dict[str, Any]:
    """What the PART of any part holds."""
    return {
        "seed": np.uint64(seed).astype(np.int64),
        "arithmetic_at": switches.ctypes.data,
        "scratch_at": scratch.ctypes.data,
        "cells_at": state.cells.ctypes.data,
        "ring_at": state.ring.ctypes.data,
        "width": state.ring.shape[1],
        "awake_at": state.awake.ctypes.data,
        "touched_at": state.touched.ctypes.data,
        "all_groups": state.awake.shape[1],
        "spiked_at": state.spiked.ctypes.data,
        "payload_at": state.payload.ctypes.data,
        "n_sources": state.spiked.shape[1],
    }


def _parameters(cells: Cells, is_large: bool) -> np.ndarray:
    """The rows of parameters as the population's kernel takes them: one for all, or in groups like the states."""
    table = cells.parameters
    if table.shape[1] == 1 and is_large:
        return table.ravel().copy()
    return tiled([np.broadcast_to(table, (table.shape[0], cells.state.shape[1]))])


def _ends(synapses, edges: np.ndarray) -> list[np.ndarray]:
    """The bounds of every thread's stretch of each list: thread t has bounds[t] .. bounds[t + 1]."""
    inner = [cut(synapses, int(edge) * LANES) for edge in edges[1:-1]]
    for bounds in inner:
        bounds.setflags(write=False)  # as `first` is: one type, one compilation of the step loop
    return [synapses.first[:-1], *inner, synapses.first[1:]]


def _edges(image: ChipImage, tiles: Tiles, n_threads: int) -> np.ndarray:
    """(n_threads + 1,) groups at which the chip is cut: anywhere in a block with one input, else between blocks."""
    n_groups = image.width // LANES
    if n_threads == 1:
        return np.array([0, n_groups])
    work = np.full(n_groups, UPDATE_COST * LANES, np.int64)
    for each in image.plastic:
        work += np.bincount(each.slot // LANES, minlength=n_groups)
    for synapses in (image.plain, image.graded):
        for low in range(0, synapses.packed.size, 1 << 20):
            work += np.bincount(synapses.target(slice(low, low + (1 << 20))) // LANES, minlength=n_groups)
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
    return int(np.clip((group - tiles.group) * LANES, 0, image.blocks.size).sum())


def _cells_before(tiles: Tiles, group: int) -> int:
    inside = np.clip(group - tiles.group, 0, tiles.groups)
    return int((inside * tiles.fields * LANES).sum())
