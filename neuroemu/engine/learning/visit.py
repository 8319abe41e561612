"""Visiting synapses: who is due, what their rules read, and where the results go.

A chunk of synapses lies in a row (of one axon), or is scattered (of compartments whose axons were silent). Projections whose
rules have a loop of their own take fused_rows.py for all but scattered ones.
"""

from __future__ import annotations

import numpy as np

from ...counters import N_LEARNED
from ...jit import njit
from ...learning.microcode import N_SLOTS
from ..native import call, doubles, int16s, int32s, int64s, record
from .fused_rows import fused_row, fused_some
from .learner import LEARNER
from .run_code import CHUNK, run_code
from .slots import END, PRODUCT, R0, R1, READ, TX, TY, U0, WRITE, X0, X1_BEFORE, X1_TX, Y0, Y1_BEFORE, Y1_TX, T, W

_WEIGHT, _DELAY, _TAG = 1, 2, 4  # bits of LEARNER.uses and .writes
# Compartments that spiked, from which silent axons are gone through row by row. Of all to all: a row costs 80 ns and saves 9
# ns a synapse. Else one in FEW: to look through a row costs 1 ns a synapse, and saves 16 a synapse that is due (measured on a
# pairwise rule at rates of 1 to 20 %, `tools/bench.py learning`).
SOME, FEW = 8, 16
SCRATCH = 9 * CHUNK  # int64 that a chunk takes besides the slots


@njit
def visit_all(me, on, key, chance, counts):
    """Every synapse of the thread, row by row."""
    begin, end = int64s(me.begin_at, me.n_pre), int64s(me.end_at, me.n_pre)
    for pre in range(me.n_pre):
        _visit_row(me, pre, begin[pre], end[pre], on, key, chance, counts)


@njit
def visit_rows(me, tx, on, key, chance, counts):
    """The synapses of the axons that spiked in this epoch."""
    begin, end = int64s(me.begin_at, me.n_pre), int64s(me.end_at, me.n_pre)
    entries = int64s(me.x_list_at, me.n_pre)
    for k in range(me.n_x):
        pre = entries[k]
        if tx[pre] > 0:
            _visit_row(me, pre, begin[pre], end[pre], on, key, chance, counts)


@njit
def visit_columns(me, tx, ty, on, key, chance, counts):
    """The synapses of the compartments that spiked, but for those whose axon did and that were visited with it."""
    entries, spiked = int64s(me.y_list_at, me.n_post), 0
    for i in range(me.n_y):
        spiked += ty[entries[i]] > 0
    enough = spiked >= SOME if me.all_to_all else spiked * FEW > me.hi - me.lo
    if me.fused_at != 0 and chance < 0.0 and enough:
        _visit_silent_rows(me, tx, ty, on, key, counts)
        return
    first, column = int64s(me.column_first_at, me.n_post + 1), int32s(me.column_at, me.n_synapses)
    pre_of, chosen = int32s(me.pre_at, me.n_synapses), int64s(me.scratch_at, CHUNK)
    n = 0
    for i in range(me.n_y):
        post = entries[i]
        if ty[post] == 0:
            continue
        for k in range(first[post], first[post + 1]):
            if me.by_axon and tx[pre_of[column[k]]] > 0:
                continue
            chosen[n] = column[k]
            n += 1
            if n == CHUNK:
                call(me.visit_at, me.self_at, -1, 0, n, on, np.int64(key), 0)  # type: ignore[arg-type]
                n = 0
    if n:
        call(me.visit_at, me.self_at, -1, 0, n, on, np.int64(key), 0)  # type: ignore[arg-type]


@njit
def _visit_silent_rows(me, tx, ty, on, key, counts):
    """The same, row by row of the axons that were silent: what many compartments have in common is read once."""
    begin, end = int64s(me.begin_at, me.n_pre), int64s(me.end_at, me.n_pre)
    post_of, chosen = int32s(me.post_at, me.n_synapses), int64s(me.scratch_at, CHUNK)
    spiked = np.flatnonzero(ty[me.lo : me.hi])
    for pre in range(me.n_pre):
        if begin[pre] == end[pre] or (me.by_axon and tx[pre] > 0):
            continue
        n = 0
        if me.all_to_all:
            for at in range(0, spiked.size, CHUNK):
                n = min(spiked.size - at, CHUNK)
                for i in range(n):
                    chosen[i] = begin[pre] + spiked[at + i]
                fused_some(me, pre, n, on, key, counts)
            continue
        for k in range(begin[pre], end[pre]):
            chosen[n] = k
            n += ty[post_of[k]] > 0
            if n == CHUNK:
                fused_some(me, pre, n, on, key, counts)
                n = 0
        if n:
            fused_some(me, pre, n, on, key, counts)


@njit
def _visit_row(me, pre, begin, end, on, key, chance, counts):
    """The synapses begin..end-1 of an axon."""
    if me.fused_at != 0 and chance < 0.0:
        fused_row(me, pre, begin, end, on, key, counts)
    else:
        for first in range(begin, end, CHUNK):
            call(me.visit_at, me.self_at, pre, first, min(end - first, CHUNK), on, np.int64(key), 0)  # type: ignore[arg-type]


def visit(learner_at, pre, first, n, on, key, _):
    """The rules of n synapses: first..first+n-1, of one axon, or with pre = -1 those listed in the scratch. Returns 0.

    Compiled by itself and called by its address: it is large, and called from three places.
    """
    me = record(learner_at, LEARNER)
    counts, chance = int64s(me.counts_at, me.n_parts * N_LEARNED), doubles(me.chance_at, 1)[0]
    scratch = int64s(me.scratch_at, SCRATCH).reshape((9, CHUNK))
    chosen, post = scratch[0], scratch[1]
    number, tally = int32s(me.scratch_at + 16 * CHUNK, CHUNK), int32s(me.scratch_at + 20 * CHUNK, CHUNK)
    code = int64s(me.code_at, 4 * me.n_code).reshape((me.n_code, 4))
    limits, grid = int64s(me.limits_at, 12).reshape((3, 4)), int64s(me.grid_at, 3)
    values = int64s(me.values_at, N_SLOTS * CHUNK).reshape((N_SLOTS, CHUNK))
    post_of, pre_of = int32s(me.post_at, me.n_synapses), int32s(me.pre_at, me.n_synapses)
    pre_numbers, post_numbers = int64s(me.pre_number_at, me.n_pre), int64s(me.post_number_at, me.n_post)
    if pre >= 0:
        base = pre_numbers[pre] * me.n_post
        for i in range(n):
            post[i] = post_of[first + i]
            number[i] = np.int32(base + post[i])
        if me.renumbered:
            for i in range(n):
                number[i] = np.int32(base + post_numbers[post[i]])
    else:
        for i in range(n):
            k = chosen[i]
            post[i] = post_of[k]
            number[i] = np.int32(pre_numbers[pre_of[k]] * me.n_post + post_numbers[post[i]])
    _load_synapses(me, values, chosen, pre, first, n)
    _load_slots(me, values, chosen, pre, post, n, on)
    new = scratch[6:9]
    run_code(
        code, n, values, values[W : T + 1], new, scratch[3:6], tally, me.shift_rounding, me.accumulator_low, limits,
        grid, chance, np.uint64(key), number,
    )  # fmt: skip
    _write(me, values, new, chosen, pre, first, post, tally, n, counts)
    return 0


@njit
def _load_synapses(me, values, chosen, pre, first, n):
    """The old w, d and t, as far as the rules read or change them."""
    for variable in range(3):
        if me.uses & (1 << variable):
            at = me.weight_at if variable == 0 else me.delay_at if variable == 1 else me.tag_at
            stored, row = int16s(at, me.n_synapses), values[W + variable]
            if pre >= 0:
                for i in range(n):
                    row[i] = stored[first + i]
            else:
                for i in range(n):
                    row[i] = stored[chosen[i]]


@njit
def _load_slots(me, values, chosen, pre, post, n, on):
    """Everything else that the code reads.  values: (N_SLOTS, CHUNK)."""
    tx, ty = int32s(me.tx_at, me.n_pre), int32s(me.ty_at, me.n_post)
    pre_of, reward = int32s(me.pre_at, me.n_synapses), int64s(me.reward_at, 2)
    for slot in int64s(me.slots_at, me.n_slots):
        row = values[slot]
        if slot >= X1_BEFORE:
            _before(me, row, slot, chosen, pre, post, n)
        elif slot >= U0:
            row[:n] = (on >> (slot - U0)) & 1
        elif slot >= Y1_TX:
            _post_trace(me, row, (slot - Y1_TX) // 3, (slot - Y1_TX) % 3, tx, ty, chosen, pre, post, n)
        elif slot >= X1_TX:
            _pre_trace(me, row, (slot - X1_TX) // 3, (slot - X1_TX) % 3, tx, ty, chosen, pre, post, n)
        elif slot == X0:
            if pre >= 0:
                row[:n] = tx[pre] > 0
            else:
                for i in range(n):
                    row[i] = tx[pre_of[chosen[i]]] > 0
        elif slot == Y0:
            for i in range(n):
                row[i] = ty[post[i]] > 0
        elif slot == R0:
            row[:n] = reward[0] != 0
        elif slot == R1:
            row[:n] = reward[1]


@njit
def _before(me, row, slot, chosen, pre, post, n):
    """Traces as they were before the impulses of a step that is an epoch: the first row of their logs."""
    x_log, y_log = int32s(me.x_log_at, 4 * me.n_pre), int32s(me.y_log_at, 6 * me.n_post)
    pre_of = int32s(me.pre_at, me.n_synapses)
    for i in range(n):
        if slot >= Y1_BEFORE:
            row[i] = y_log[2 * (slot - Y1_BEFORE) * me.n_post + post[i]]
        else:
            axon = pre if pre >= 0 else pre_of[chosen[i]]
            row[i] = x_log[2 * ((slot - X1_BEFORE) * me.n_pre + axon)]


@njit
def _pre_trace(me, row, trace, time, tx, ty, chosen, pre, post, n):
    """x_log: (2, n_pre, epoch + 1)."""
    length = me.epoch + 1
    log = int32s(me.x_log_at + 4 * trace * me.n_pre * length, me.n_pre * length)
    pre_of = int32s(me.pre_at, me.n_synapses)
    if pre >= 0 and time != TY:
        row[:n] = log[pre * length + (tx[pre] if time == TX else me.epoch)]
        return
    for i in range(n):
        axon = pre if pre >= 0 else pre_of[chosen[i]]
        row[i] = log[axon * length + (tx[axon] if time == TX else ty[post[i]] if time == TY else me.epoch)]


@njit
def _post_trace(me, row, trace, time, tx, ty, chosen, pre, post, n):
    """y_log: (3, epoch + 1, n_post)."""
    length = me.epoch + 1
    log = int32s(me.y_log_at + 4 * trace * me.n_post * length, me.n_post * length)
    pre_of = int32s(me.pre_at, me.n_synapses)
    if time == END or (time == TX and pre >= 0):
        base = me.n_post * (me.epoch if time == END else tx[pre])
        for i in range(n):
            row[i] = log[base + post[i]]
        return
    for i in range(n):
        at = ty[post[i]] if time == TY else tx[pre_of[chosen[i]]]
        row[i] = log[at * me.n_post + post[i]]


@njit
def _write(me, values, new, chosen, pre, first, post, tally, n, counts):
    """Puts the changed variables back, and counts synapses read and written, and products, where they are."""
    changed = int32s(me.scratch_at + 16 * CHUNK, CHUNK)  # the numbers are no longer needed
    changed[:n] = 0
    for variable in range(3):
        if me.writes & (1 << variable):
            at = me.weight_at if variable == 0 else me.delay_at if variable == 1 else me.tag_at
            stored, old, now = int16s(at, me.n_synapses), values[W + variable], new[variable]
            for i in range(n):
                changed[i] |= np.int32(old[i] != now[i])
            if pre >= 0:
                for i in range(n):
                    stored[first + i] = np.int16(now[i])
            else:
                for i in range(n):
                    stored[chosen[i]] = np.int16(now[i])
    parts = int64s(me.post_part_at, me.n_post)
    part = parts[post[0]]
    if pre >= 0 and parts[post[n - 1]] == part:  # compartments ascend in a row, and so do their parts
        writes, products = np.int64(0), np.int64(0)
        for i in range(n):
            writes += changed[i]
            products += tally[i]
        counts[part * N_LEARNED + READ] += n
        counts[part * N_LEARNED + WRITE] += writes
        counts[part * N_LEARNED + PRODUCT] += products
    else:
        for i in range(n):
            at = parts[post[i]] * N_LEARNED
            counts[at + READ] += 1
            counts[at + WRITE] += changed[i]
            counts[at + PRODUCT] += tally[i]
