"""One step of a learner: deliver with the weights as they are, keep traces, and at the end of an epoch change the weights.

Order within step t, after the compartments' own update and the barrier:
1. synapses      spikes of step t put weights into the ring
2. traces        spikes of step t, before and behind the synapse, are noted
3. epoch         if t is a multiple of T: histories, then all rules of all due synapses, from the old w, d and t
Behind the step `until` only 1 is left.

A synapse is due when one of its gates is: its axon spiked in the epoch (x0), its compartment did (y0), or u_k is on. Others
are not looked at: with no gate on, a rule adds nothing.
"""

from __future__ import annotations

import numpy as np

from ...counters import N_LEARNED, Learned
from ...jit import njit
from ...widths import EVERY_LANE, LANES
from ..native import doubles, int16s, int32s, int64s, masks_at, record
from .draws import key_of
from .laws import BRIAN2, CHIP, NENGO, brian2_axons, brian2_compartments, nengo_axons, nengo_compartments
from .learner import BUMP, DECAY, IMPULSE, LEARNER, N_NUMBERS, WEIGHT, Y1
from .traces import BUMPS, TOP, history, raised, words
from .visit import visit_all, visit_columns, visit_rows

_LANES, _ONE, _EVERY = np.uint64(LANES), np.uint64(1), np.uint64(EVERY_LANE)
_N_LEARNED, TRACE = N_LEARNED, int(Learned.TRACE)


def learn(learner_at, step, parity, host_at, host_payload_at, n_host, reward_at):
    """A step.  host_at, host_payload_at: (n_host,) int32 the host's spikes, ascending.  reward_at: (2,) int64 r0, r1.

    Returns 0.
    """
    me = record(learner_at, LEARNER)
    me.reward_at = reward_at
    now = (step - 1) % me.epoch + 1
    listed = int64s(me.listed_at + 8 * parity * me.n_threads, me.n_threads)
    first_of = int64s(me.first_of_at, me.n_threads)
    for k in range(me.n_threads + 1):
        if k == me.n_threads:
            sources, payloads = int32s(host_at, n_host), int32s(host_payload_at, n_host)
        else:
            at = 4 * (parity * me.n_sources + first_of[k])
            sources, payloads = int32s(me.spiked_at + at, listed[k]), int32s(me.payload_at + at, listed[k])
        low = np.searchsorted(sources, me.pre_first)
        high = np.searchsorted(sources, me.pre_first + me.n_pre)
        _deliver(me, sources[low:high], step)
        if step > me.until:
            continue
        _axons(me, sources[low:high], payloads[low:high], step, now)
        if k == me.thread:
            low = np.searchsorted(sources, me.post_first + me.lo)
            high = np.searchsorted(sources, me.post_first + me.hi)
            _compartments(me, sources[low:high], step, now)
    if step > me.until:
        return 0
    if me.from_model:
        _read_model(me, now)
    if now == me.epoch:
        _end_epoch(me, step)
    return 0


@njit
def _deliver(me, sources, step):
    """Weights of the spikes' synapses into the ring: a spike of step t arrives at t + 1 + delay."""
    if sources.size == 0:
        return
    begin, end = int64s(me.begin_at, me.n_pre), int64s(me.end_at, me.n_pre)
    slot, delay = int32s(me.slot_at, me.n_synapses), int16s(me.delay_at, me.n_synapses)
    rows, width, groups = me.ring_rows, me.ring_width, me.all_groups
    touched, dense = masks_at(me.touched_at, rows * groups), int64s(me.dense_at, me.n_pre)
    next_row = (step + 1) % rows
    for source in sources:
        pre = source - me.pre_first
        first, last = begin[pre], end[pre]
        if first == last:
            continue
        if me.late:
            for k in range(first, last):
                row = (step + 1 + np.int64(delay[k])) % rows
                _add(me, row * width, k, k + 1)
                touched[row * groups + slot[k] // LANES] |= _ONE << np.uint64(np.uint64(slot[k]) % _LANES)
            continue
        if dense[pre]:
            _add_dense(me, next_row * width + slot[first], first, last)
        else:
            _add(me, next_row * width, first, last)
        low, high = slot[first] // LANES, slot[last - 1] // LANES  # slots ascend in a row
        if last - first > 8 * (high - low + 1):
            for g in range(low, high + 1):  # a mark too many costs a look
                touched[next_row * groups + g] = _EVERY
        else:
            for k in range(first, last):
                touched[next_row * groups + slot[k] // LANES] |= _ONE << np.uint64(np.uint64(slot[k]) % _LANES)


@njit
def _add_dense(me, at, first, last):
    """The same onto slots side by side, the first of which is element `at` of the ring."""
    weight, n = int16s(me.weight_at + 2 * first, last - first), last - first
    if me.ring_wide:
        wide = int64s(me.ring_at + 8 * at, n)
        for k in range(n):
            wide[k] += (np.int64(weight[k]) << me.left) >> me.right
    else:
        narrow, left, right = int32s(me.ring_at + 4 * at, n), np.int32(me.left), np.int32(me.right)
        for k in range(n):
            narrow[k] += np.int32(np.int32(np.int32(weight[k]) << left) >> right)


@njit
def _add(me, row_at, first, last):
    """Adds the weights of the synapses first..last-1 to a row of the ring."""
    slot, weight = int32s(me.slot_at, me.n_synapses), int16s(me.weight_at, me.n_synapses)
    if me.ring_wide:
        wide = int64s(me.ring_at + 8 * row_at, me.ring_width)
        for k in range(first, last):
            wide[np.uint32(slot[k])] += (np.int64(weight[k]) << me.left) >> me.right
    else:
        narrow = int32s(me.ring_at + 4 * row_at, me.ring_width)
        for k in range(first, last):
            narrow[np.uint32(slot[k])] += np.int32((np.int64(weight[k]) << me.left) >> me.right)


@njit
def _numbers(me, step):
    """(N_NUMBERS,) the recorded random numbers of a step, or -1."""
    return doubles(me.numbers_at + 8 * N_NUMBERS * (step - 1 if me.n_numbers else 0), N_NUMBERS)


@njit
def _axons(me, sources, payloads, step, now):
    """Spikes of the axons. One that has spiked in this epoch already puts its earlier impulse into the stored trace."""
    x, tx = int64s(me.x_at, 2 * me.n_pre), int32s(me.tx_at, me.n_pre)
    entries, is_listed = int64s(me.x_list_at, me.n_pre), int64s(me.x_listed_at, me.n_pre)
    impulses = int64s(me.impulses_at, 10)
    numbers = int64s(me.pre_number_at, me.n_pre)
    for i in range(sources.size):
        pre = sources[i] - me.pre_first
        counts = me.payload_mode == 0 or _graded(me, x, pre, payloads[i])
        if is_listed[pre] == 0 and (counts or x[pre] != 0):  # as Learner.relist finds them
            is_listed[pre] = 1
            entries[me.n_x] = pre
            me.n_x += 1
        if not counts:
            continue
        if tx[pre] > 0 and me.law != NENGO:  # which takes one impulse an epoch
            for trace in range(2):
                chance = np.int64(0)
                if me.bumps_up == 0 and impulses[2 * trace + 1] > 0:
                    drawn = words(np.uint64(me.seed), me.stream_x, numbers[pre], step, BUMPS)[trace]
                    chance = np.int64(drawn >> np.uint64(me.impulse_shift))
                whole = impulses[2 * trace] if trace == 1 or me.payload_mode == 0 else 0
                fraction = impulses[2 * trace + 1] if trace == 1 or me.payload_mode == 0 else 0
                x[trace * me.n_pre + pre] = raised(x[trace * me.n_pre + pre], whole, fraction, chance)
        tx[pre] = now


@njit
def _graded(me, x, pre, payload):
    """A spike's payload goes into x1 at once; returns whether the spike counts as one.  Source: facts, section 9."""
    half, odd = np.int64(payload) // 2, np.int64(payload) % 2
    half += odd * (half % 2)  # payload / 2 to the nearest, ties to even
    if me.payload_mode == 1:
        x[pre] = half
        return True
    total = (x[pre] + half) % 256
    if me.payload_mode == 2:
        x[pre] = min(TOP, total)
        return True
    x[pre] = total - TOP if total > TOP else total
    return total > TOP


@njit
def _compartments(me, sources, step, now):
    """Spikes of the compartments: the same for post-traces."""
    y, ty = int64s(me.y_at, 3 * me.n_post), int32s(me.ty_at, me.n_post)
    entries, is_listed = int64s(me.y_list_at, me.n_post), int64s(me.y_listed_at, me.n_post)
    impulses = int64s(me.impulses_at, 10)
    numbers = int64s(me.post_number_at, me.n_post)
    recorded = _numbers(me, step)
    for source in sources:
        post = source - me.post_first
        if is_listed[post] == 0:
            is_listed[post] = 1
            entries[me.n_y] = post
            me.n_y += 1
        if ty[post] > 0 and me.from_model == 0:
            for trace in range(3):
                chance, fraction = np.int64(recorded[BUMP + trace]), impulses[2 * (Y1 + trace) + 1]
                if chance < 0 and fraction > 0:
                    drawn = words(np.uint64(me.seed), me.stream_y, numbers[post], step, BUMPS)[trace]
                    chance = np.int64(drawn >> np.uint64(me.impulse_shift))
                at = trace * me.n_post + post
                y[at] = raised(y[at], impulses[2 * (Y1 + trace)], fraction, chance)
        ty[post] = now


@njit
def _read_model(me, now):
    """Post-traces as the compartments' model has them at the end of the step; rules take no more than a signed byte of them."""
    y, log = int64s(me.y_at, 3 * me.n_post), int32s(me.y_log_at, 3 * me.n_post * (me.epoch + 1))
    cells = int64s(me.cells_at, me.n_cells)
    for trace in range(3):
        field = me.y1_field if trace == 0 else me.y2_field if trace == 1 else me.y3_field
        if field < 0:
            continue
        for post in range(me.lo, me.hi):
            at = me.tile_first + post // LANES * (me.tile_fields * LANES) + field * LANES + post % LANES
            value = min(max(cells[at], -32768), 32767)
            y[trace * me.n_post + post] = value
            log[(trace * (me.epoch + 1) + now) * me.n_post + post] = value


@njit
def _end_epoch(me, step):
    """Histories of all traces, the rules of all synapses that are due, and a fresh epoch."""
    counts, recorded = int64s(me.counts_at, me.n_parts * _N_LEARNED), _numbers(me, step)
    if me.law == CHIP:
        _histories_of_axons(me, step, recorded, counts)
        _histories_of_compartments(me, step, recorded, counts)
    elif me.law == BRIAN2:
        brian2_axons(me, step, recorded, counts)
        brian2_compartments(me, step, recorded, counts)
    else:
        nengo_axons(me, step, recorded, counts)
        nengo_compartments(me, counts)
    epoch_number = step // me.epoch
    on = np.int64(0)
    for k in range(10):
        on |= ((epoch_number - me.on_first) % (1 << k) == 0) << k
    tx, ty = int32s(me.tx_at, me.n_pre), int32s(me.ty_at, me.n_post)
    key = key_of(np.uint64(me.seed), me.stream_w, epoch_number)
    chance = recorded[WEIGHT]
    doubles(me.chance_at, 1)[0] = chance
    if me.every & on:
        visit_all(me, on, key, chance, counts)
    else:
        if me.by_axon:
            visit_rows(me, tx, on, key, chance, counts)
        if me.by_compartment:
            visit_columns(me, tx, ty, on, key, chance, counts)
    length = me.epoch + 1
    x, x_log = int64s(me.x_at, 2 * me.n_pre), int32s(me.x_log_at, 2 * me.n_pre * length)
    y, y_log = int64s(me.y_at, 3 * me.n_post), int32s(me.y_log_at, 3 * me.n_post * length)
    entries, is_listed, before = int64s(me.x_list_at, me.n_pre), int64s(me.x_listed_at, me.n_pre), me.n_x
    me.n_x = _compacted(entries, is_listed, before, tx, x, 2)
    for i in range(me.n_x, before):
        for trace in range(2):
            at = (trace * me.n_pre + entries[i]) * length
            x_log[at : at + length] = 0
    entries, is_listed, before = int64s(me.y_list_at, me.n_post), int64s(me.y_listed_at, me.n_post), me.n_y
    if me.law == BRIAN2:  # where y is without the impulses of the step
        me.n_y = _compacted(entries, is_listed, before, ty, y_log, 3 * length)
    else:
        me.n_y = _compacted(entries, is_listed, before, ty, y, 0 if me.from_model else 3)
    if me.from_model == 0:
        for i in range(me.n_y, before):
            for at in range(3 * length):
                y_log[at * me.n_post + entries[i]] = 0


@njit
def _compacted(entries, is_listed, n, last_spike, stored, n_traces):
    """Forgets the spikes of the epoch, and who has no trace left: those stand behind the others. Returns how many stay."""
    kept, width = 0, last_spike.size
    for i in range(n):
        entity = entries[i]
        last_spike[entity] = 0
        lives = False
        for trace in range(n_traces):
            lives |= stored[trace * width + entity] != 0
        is_listed[entity] = lives
        if lives:
            entries[i], entries[kept] = entries[kept], entity
            kept += 1
    return kept


@njit
def _histories_of_axons(me, step, recorded, counts):
    x, tx = int64s(me.x_at, 2 * me.n_pre), int32s(me.tx_at, me.n_pre)
    entries, length = int64s(me.x_list_at, me.n_pre), me.epoch + 1
    log = int32s(me.x_log_at, 2 * me.n_pre * length)
    factors, impulses = doubles(me.factors_at, 5), int64s(me.impulses_at, 10)
    numbers = int64s(me.pre_number_at, me.n_pre)
    part_first, parts = int64s(me.pre_part_first_at, me.n_pre + 1), int64s(me.pre_part_at, me.n_pre_parts)
    for i in range(me.n_x):
        pre = entries[i]
        for trace in range(2):
            silent = me.payload_mode > 0 and trace == 0
            at = trace * me.n_pre + pre
            x[at] = history(
                x[at], factors[trace], 0 if silent else impulses[2 * trace], 0 if silent else impulses[2 * trace + 1],
                tx[pre], log[at * length : (at + 1) * length], np.uint64(me.seed), me.stream_x, numbers[pre],
                step - me.epoch + 1, trace, recorded[DECAY + trace], np.int64(recorded[IMPULSE + trace]), me.impulse_shift,
            )  # fmt: skip
        if me.thread == 0:
            for k in range(part_first[pre], part_first[pre + 1]):
                counts[parts[k] * _N_LEARNED + TRACE] += 1


@njit
def _histories_of_compartments(me, step, recorded, counts):
    y, ty = int64s(me.y_at, 3 * me.n_post), int32s(me.ty_at, me.n_post)
    entries, length = int64s(me.y_list_at, me.n_post), me.epoch + 1
    log = int32s(me.y_log_at, 3 * me.n_post * length).reshape((3, length, me.n_post))
    factors, impulses = doubles(me.factors_at, 5), int64s(me.impulses_at, 10)
    numbers, part = int64s(me.post_number_at, me.n_post), int64s(me.post_part_at, me.n_post)
    if me.from_model and not me.wears:
        for post in range(me.lo, me.hi):
            counts[part[post] * _N_LEARNED + TRACE] += 1
        return
    n = me.hi - me.lo if me.from_model else me.n_y
    for i in range(n):
        post = me.lo + i if me.from_model else entries[i]
        for trace in range(3):
            at = trace * me.n_post + post
            end = history(
                y[at], factors[Y1 + trace], impulses[2 * (Y1 + trace)], impulses[2 * (Y1 + trace) + 1], ty[post],
                log[trace, :, post], np.uint64(me.seed), me.stream_y, numbers[post],
                step - me.epoch + 1, trace, recorded[DECAY + Y1 + trace], np.int64(recorded[IMPULSE + Y1 + trace]),
                me.impulse_shift,
            )  # fmt: skip
            if me.from_model == 0:  # a model's stay as it wrote them
                y[at] = end
        counts[part[post] * _N_LEARNED + TRACE] += 1
