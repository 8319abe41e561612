"""Learners: what changes of plastic projections in a run, and the records through which kernels find it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ...compartments import Model
from ...compiler.image import ChipImage, Plastic
from ...counters import N_LEARNED
from ...jit import specialise
from ...learning.lava_numbers import lava_numbers
from ...learning.microcode import N_SLOTS, Slot
from ...learning.tables import RuleTables, all_numbers
from ...streams import stream
from ...widths import LANES
from ..native import PYTHON, SIGNATURE, address_of
from ..state import ChipState, Tiles, tiles_of
from .fused import N_ARGUMENTS, N_GATHERED, fused
from .kernel import learn
from .laws import CHIP
from .learner import LEARNER, N_NUMBERS
from .run_code import CHUNK
from .visit import SCRATCH, visit

FUSED_FROM = 1 << 16  # synapses of a projection, from which a second of compiling its rule is worth it

FOREVER = 2**62  # steps


def with_numbers(image: ChipImage, n_steps: int) -> ChipImage:
    """The image with the random numbers of Lava's generators for so many steps, where a rule asks for them."""
    if all(each.rule.lava_seed < 0 for each in image.plastic):
        return image
    made = []
    for each in image.plastic:
        rule = each.rule
        if rule.lava_seed >= 0:
            rule = rule._replace(numbers=all_numbers(lava_numbers(rule.lava_seed, n_steps, rule.epoch)))
        made.append(each._replace(rule=rule))
    return replace(image, plastic=tuple(made))


class Synaptic(NamedTuple):
    """What a plastic projection has learned, (n,) int16 each in the image's order; and its post-traces.

    y: (3, n_post) int64 stored values.  ty: (n_post,) step of the last spike in the epoch.  y_log: (3, epoch + 1, n_post).
    y_listed: (n_post,) 1 for those that are looked at when the epoch ends: their traces do not tell, as a carry may leave 0.
    """

    weight: np.ndarray
    delay: np.ndarray
    tag: np.ndarray
    y: np.ndarray
    ty: np.ndarray
    y_log: np.ndarray
    y_listed: np.ndarray


class Axonal(NamedTuple):
    """Pre-traces of a projection, as one thread keeps them: as Synaptic's post-traces."""

    x: np.ndarray
    tx: np.ndarray
    x_log: np.ndarray
    x_listed: np.ndarray


def fresh(image: ChipImage) -> tuple[Synaptic, ...]:
    """Before step 1."""
    found = []
    for each in image.plastic:
        n, epoch = int(image.blocks.size[each.block]), each.rule.epoch
        traces = (np.zeros((3, n), np.int64), np.zeros(n, np.int32), np.zeros((3, epoch + 1, n), np.int32))
        found.append(Synaptic(each.weight.copy(), each.delay.copy(), each.tag.copy(), *traces, np.zeros(n, np.int64)))
    return tuple(found)


def forget_traces(synaptic: tuple[Synaptic, ...]) -> None:
    """A fresh sample: what was learned stays, traces go."""
    for each in synaptic:
        each.y[:], each.ty[:], each.y_log[:], each.y_listed[:] = 0, 0, 0, 0


@dataclass
class Learner:
    """One thread's share of a projection: its record, and the arrays that the record points into."""

    record: np.ndarray
    axonal: Axonal
    lists: dict[str, np.ndarray]
    synaptic: Synaptic
    range: tuple[int, int]
    kept: list[Any] = field(default_factory=list)

    @property
    def row(self) -> tuple[int, int]:
        """What the step loop calls: (address of the kernel, address of the record)."""
        return address_of(_kernel()), self.record.ctypes.data

    def relist(self) -> None:
        """Lists anew who has a trace or a spike, after that was written from outside."""
        lo, hi = self.range
        pre, post = np.flatnonzero(self.axonal.x_listed), lo + np.flatnonzero(self.synaptic.y_listed[lo:hi])
        for name, chosen in (("x", pre), ("y", post)):
            self.lists[f"{name}_list"][: chosen.size] = chosen
            self.record[f"n_{name}"] = chosen.size


@cache
def _visit() -> Any:
    return specialise(visit, "visit", SIGNATURE)


@cache
def _kernel() -> Any:
    return specialise(learn, "learn", SIGNATURE)


def take_over(old: list[Learner], new: list[Learner], n_projections: int) -> None:
    """Has the learners of another cut go on where those of the last one stopped: projections vary fastest in both."""
    for k, learner in enumerate(new):
        for theirs, mine in zip(old[k % n_projections].axonal, learner.axonal, strict=True):
            mine[...] = theirs
        learner.relist()


def forget_axons(learners: list[Learner]) -> None:
    """A fresh sample."""
    for learner in learners:
        for array in learner.axonal:
            array[...] = 0
        learner.relist()


def learners_of(
    image: ChipImage,
    models: dict[str, Model],
    state: ChipState,
    synaptic: tuple[Synaptic, ...],
    thread: int,
    groups: tuple[int, int],
    seed: int,
    counts: np.ndarray,
    lists: tuple[np.ndarray, np.ndarray],
) -> list[Learner]:
    """The learners of a thread, one a projection.

    groups: [low, high) that the thread owns.  counts: (n_parts, N_LEARNED) int64.  lists: listed and first_of of step.Memory.
    """
    tiles = tiles_of(image)
    return [
        _learner(image, models, state, each, own, tiles, thread, groups, seed, counts, lists)
        for each, own in zip(image.plastic, synaptic, strict=True)
    ]


def _learner(
    image: ChipImage,
    models: dict[str, Model],
    state: ChipState,
    each: Plastic,
    own: Synaptic,
    tiles: Tiles,
    thread: int,
    groups: tuple[int, int],
    seed: int,
    counts: np.ndarray,
    lists: tuple[np.ndarray, np.ndarray],
) -> Learner:
    rule, block = each.rule, each.block
    n_pre, n_post, n = each.pre_number.size, each.post_number.size, each.post.size
    lo, hi = (int(np.clip((group - tiles.group[block]) * LANES, 0, n_post)) for group in groups)
    pre = np.repeat(np.arange(n_pre, dtype=np.int32), np.diff(each.first))
    key = pre.astype(np.int64) * (n_post + 1) + each.post
    rows = np.arange(n_pre, dtype=np.int64) * (n_post + 1)
    begin, end = (np.searchsorted(key, rows + edge).astype(np.int64) for edge in (lo, hi))
    column = np.argsort(each.post, kind="stable").astype(np.int32) if rule.by_compartment else np.zeros(n, np.int32)
    column_first = np.concatenate([[0], np.cumsum(np.bincount(each.post, minlength=n_post))]).astype(np.int64)
    part_of = np.searchsorted(image.parts.first, image.blocks.first[block] + np.arange(n_post), side="right") - 1
    reached = np.unique(pre.astype(np.int64) * image.n_parts + part_of[each.post])
    reached_first = np.searchsorted(reached, np.arange(n_pre + 1) * image.n_parts).astype(np.int64)
    axonal = Axonal(
        np.zeros((2, n_pre), np.int64),
        np.zeros(n_pre, np.int32),
        np.zeros((2, n_pre, rule.epoch + 1), np.int32),
        np.zeros(n_pre, np.int64),
    )
    entries = {"x_list": np.zeros(n_pre, np.int64), "y_list": np.zeros(n_post, np.int64)}
    dense = _dense(each)
    name = image.names[block]
    fields = list(models[name].state._fields)
    arrays: dict[str, np.ndarray] = {
        "begin": begin,
        "end": end,
        "post": each.post,
        "pre": pre,
        "slot": each.slot,
        "weight": own.weight,
        "tag": own.tag,
        "delay": own.delay,
        "column_first": column_first,
        "column": column,
        "pre_number": each.pre_number,
        "post_number": each.post_number,
        "pre_part_first": reached_first,
        "pre_part": reached % image.n_parts,
        "post_part": part_of.astype(np.int64),
        "x": axonal.x,
        "tx": axonal.tx,
        "x_log": axonal.x_log,
        "x_listed": axonal.x_listed,
        "y": own.y,
        "ty": own.ty,
        "y_log": own.y_log,
        "y_listed": own.y_listed,
        "chance": np.zeros(1),
        "arguments": np.zeros(N_ARGUMENTS, np.int64),
        "gathered": np.zeros((N_GATHERED, CHUNK), np.int32),
        "number": each.post_number.astype(np.int32),
        "dense": dense,
        "part_stop": (image.parts.first + image.parts.size - image.blocks.first[block])[part_of].astype(np.int64),
        "factors": rule.factors,
        "rests": rule.rests,
        "impulses": rule.impulses,
        "code": rule.code,
        "slots": rule.slots,
        "limits": rule.limits,
        "grid": rule.grid,
        "numbers": rule.numbers if rule.numbers.size else np.full((1, N_NUMBERS), -1.0),
        "cells": state.cells,
        "ring": state.ring,
        "touched": state.touched,
        "listed": lists[0],
        "first_of": lists[1],
        "spiked": state.spiked,
        "payload": state.payload,
        "values": np.zeros((N_SLOTS, CHUNK), np.int64),
        "scratch": np.zeros(SCRATCH, np.int64),
        "counts": counts,
        **entries,
    }
    values: dict[str, int] = {
        "pre_first": each.pre_first,
        "n_pre": n_pre,
        "post_first": int(image.blocks.first[block]),
        "lo": lo,
        "hi": hi,
        "n_post": n_post,
        "n_synapses": n,
        "n_pre_parts": reached.size,
        "all_to_all": int(np.all(dense == 1) and np.all(end - begin == hi - lo)),
        "renumbered": int(np.any(each.post_number != np.arange(n_post))),
        "gathers": int(any(Slot(slot).name.endswith("_TY") for slot in rule.slots.tolist() if slot < Slot.U0)),
        "n_code": rule.code.shape[0],
        "n_slots": rule.slots.size,
        "n_cells": state.cells.size,
        "tile_first": int(tiles.first[block]),
        "tile_fields": int(tiles.fields[block]),
        **{f"{y}_field": fields.index(y) if y in fields else -1 for y in ("y1", "y2", "y3")},
        "seed": int(np.uint64(seed).astype(np.int64)),
        **{f"stream_{what}": stream(f"learning {what}", each.name) for what in "xyw"},
        "n_numbers": rule.numbers.shape[0],
        "left": each.left if each.right else each.left - each.weight_shift,
        "right": each.right,
        "late": int(image.n_slots > 2),
        "ring_rows": state.ring.shape[0],
        "ring_width": state.ring.shape[1],
        "ring_wide": int(state.ring.dtype == np.int64),
        "all_groups": state.touched.shape[1],
        "n_sources": image.n_sources,
        "n_threads": lists[0].shape[1],
        "thread": thread,
        "n_parts": image.n_parts,
    }
    taken = (
        "epoch",
        "uses",
        "writes",
        "every",
        "on_first",
        "by_axon",
        "by_compartment",
        "shift_rounding",
        "accumulator_low",
    )
    for setting in (*taken, "impulse_shift", "bumps_up", "payload_mode", "from_model", "wears", "law"):
        values[setting] = getattr(rule, setting)
    assert counts.shape[1] == N_LEARNED
    record = np.zeros(1, LEARNER)
    record["until"] = FOREVER
    for key_name, value in values.items():
        record[key_name] = value
    for key_name, array in arrays.items():
        assert array.flags.c_contiguous
        record[f"{key_name}_at"] = array.ctypes.data
    record["self_at"], record["visit_at"] = record.ctypes.data, address_of(_visit())
    kept: list[Any] = [arrays]
    if n >= FUSED_FROM and not PYTHON and rule.law == CHIP:
        loop = _fused(rule)
        kept.append(loop)
        record["fused_at"] = address_of(loop)
    return Learner(record, axonal, entries, own, (lo, hi), kept)


def _fused(rule: RuleTables) -> Any:
    def rows(table: np.ndarray) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(row) for row in table.tolist())

    return fused(
        rows(rule.code),
        rule.bits,
        rule.shift_rounding,
        rule.accumulator_low,
        rows(rule.limits),
        tuple(rule.grid.tolist()),
    )


def _dense(each: Plastic) -> np.ndarray:
    """(n_pre,) int64 1 where both compartments and slots of a row ascend by one."""
    steps = (np.diff(each.post) == 1) & (np.diff(each.slot) == 1)
    broken = np.concatenate([[0], np.cumsum(~steps), [0]])
    first, last = each.first[:-1], np.maximum(each.first[1:] - 1, 0)
    return (
        (broken[np.minimum(last, each.post.size - 1)] == broken[np.minimum(first, each.post.size - 1)])
        & (last >= first)
    ).astype(np.int64)
