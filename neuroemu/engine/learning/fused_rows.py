"""Fused rows: the synapses of an axon through their rules' own loop (fused.py), all of them or some.

What the loop reads side by side is the tables themselves where a row leads to compartments side by side, else a copy.
"""

from __future__ import annotations

import numpy as np

from ...counters import N_LEARNED
from ...jit import njit
from ..native import call, int16s, int32s, int64s
from .fused import N_ARGUMENTS, NUMBERS, POSTS
from .run_code import CHUNK
from .slots import END, PRODUCT, R0, R1, READ, TY, U0, WRITE, X0, X1_TX, Y0, Y1_TX, W


@njit
def fused_row(me, pre, begin, end, on, key, counts):
    """The synapses begin..end-1 of an axon, part by part; in chunks where vectors must be gathered first."""
    parts, stops = int64s(me.post_part_at, me.n_post), int64s(me.part_stop_at, me.n_post)
    post_of, arguments = int32s(me.post_at, me.n_synapses), int64s(me.arguments_at, N_ARGUMENTS)
    dense = int64s(me.dense_at, me.n_pre)[pre]
    k = begin
    while k < end:
        part, stop = parts[post_of[k]], end
        if parts[post_of[end - 1]] != part:
            stop = k + np.searchsorted(post_of[k:end], stops[post_of[k]])
        if me.gathers or not dense:
            stop = min(stop, k + CHUNK)
        for variable in range(3):
            arguments[W + variable] = _stored_at(me, variable) + 2 * k
        _run(me, pre, post_of[k:stop], stop - k, dense, part, on, key, counts)
        k = stop


@njit
def fused_some(me, pre, n, on, key, counts):
    """The synapses of an axon that are listed, ascending, in the scratch: gathered, and put back."""
    parts, stops = int64s(me.post_part_at, me.n_post), int64s(me.part_stop_at, me.n_post)
    post_of, arguments = int32s(me.post_at, me.n_synapses), int64s(me.arguments_at, N_ARGUMENTS)
    chosen, post = int64s(me.scratch_at, CHUNK), _buffer(me, POSTS)
    for i in range(n):
        post[i] = post_of[chosen[i]]
    k = 0
    while k < n:
        part, stop = parts[post[k]], n
        if parts[post[n - 1]] != part:
            stop = k + np.searchsorted(post[k:n], stops[post[k]])
        for variable in range(3):
            if me.uses & (1 << variable):
                stored, row = int16s(_stored_at(me, variable), me.n_synapses), _short_buffer(me, W + variable)
                for i in range(stop - k):
                    row[i] = stored[chosen[k + i]]
                arguments[W + variable] = row.ctypes.data
        _run(me, pre, post[k:stop], stop - k, 0, part, on, key, counts)
        for variable in range(3):
            if me.writes & (1 << variable):
                stored, row = int16s(_stored_at(me, variable), me.n_synapses), _short_buffer(me, W + variable)
                for i in range(stop - k):
                    stored[chosen[k + i]] = row[i]
        k = stop


@njit
def _run(me, pre, post, n, dense, part, on, key, counts):
    """The loop for n synapses of an axon onto compartments `post` of one part; where w, d and t are is said already."""
    _arguments(me, pre, post, n, dense, on)
    base = int64s(me.pre_number_at, me.n_pre)[pre] * me.n_post
    told = call(me.fused_at, me.arguments_at, n, base, np.int64(key), 0, 0, 0)  # type: ignore[arg-type]
    counts[part * N_LEARNED + READ] += n
    counts[part * N_LEARNED + WRITE] += told & 0xFFFFFFFF
    counts[part * N_LEARNED + PRODUCT] += told >> 32


@njit
def _arguments(me, pre, post, n, dense, on):
    """Fills the arguments of fused.py, but for w, d and t. A dense row reads the tables as they lie."""
    arguments = int64s(me.arguments_at, N_ARGUMENTS)
    tx, ty = int32s(me.tx_at, me.n_pre), int32s(me.ty_at, me.n_post)
    reward = int64s(me.reward_at, 2)
    length, begins = me.epoch + 1, np.int64(post[0])
    arguments[NUMBERS] = _vector(me, NUMBERS, me.number_at, begins, post, n, dense)
    for slot in int64s(me.slots_at, me.n_slots):
        if slot >= U0:
            arguments[slot] = (on >> (slot - U0)) & 1
        elif slot >= Y1_TX:
            trace, time = (slot - Y1_TX) // 3, (slot - Y1_TX) % 3
            log_at = me.y_log_at + 4 * trace * me.n_post * length
            if time == TY:
                log, row = int32s(log_at, me.n_post * length), _buffer(me, slot)
                for i in range(n):
                    row[i] = log[ty[post[i]] * me.n_post + post[i]]
                arguments[slot] = row.ctypes.data
            else:
                at = me.epoch if time == END else np.int64(tx[pre])
                arguments[slot] = _vector(me, slot, log_at + 4 * at * me.n_post, begins, post, n, dense)
        elif slot >= X1_TX:
            trace, time = (slot - X1_TX) // 3, (slot - X1_TX) % 3
            log = int32s(me.x_log_at + 4 * (trace * me.n_pre + pre) * length, length)
            if time == TY:
                row = _buffer(me, slot)
                for i in range(n):
                    row[i] = log[ty[post[i]]]
                arguments[slot] = row.ctypes.data
            else:
                arguments[slot] = log[me.epoch if time == END else tx[pre]]
        elif slot == X0:
            arguments[slot] = 1 if tx[pre] > 0 else 0
        elif slot == Y0:
            arguments[slot] = _vector(me, slot, me.ty_at, begins, post, n, dense)
        elif slot == R0:
            arguments[slot] = 1 if reward[0] != 0 else 0
        elif slot == R1:
            arguments[slot] = reward[1]


@njit
def _vector(me, slot, table_at, begins, post, n, dense):
    """The address of what a table, int32 by compartment, holds for n synapses: the table's own, or of a copy."""
    if dense:
        return table_at + 4 * begins
    table, row = int32s(table_at, me.n_post), _buffer(me, slot)
    for i in range(n):
        row[i] = table[post[i]]
    return np.int64(row.ctypes.data)


@njit
def _stored_at(me, variable):
    return me.weight_at if variable == 0 else me.delay_at if variable == 1 else me.tag_at


@njit
def _buffer(me, slot):
    return int32s(me.gathered_at + 4 * CHUNK * slot, CHUNK)


@njit
def _short_buffer(me, slot):
    return int16s(me.gathered_at + 4 * CHUNK * slot, CHUNK)
