"""How traces go on from epoch to epoch in brian2-loihi and nengo-loihi.  Source: learning/peers.py."""

from __future__ import annotations

import numpy as np

from ...counters import N_LEARNED, Learned
from ...jit import njit
from ...learning.settings import LAWS
from ..native import doubles, int32s, int64s
from .draws import unit
from .learner import DECAY, Y1
from .traces import DECAYS, TOP, words

CHIP, BRIAN2, NENGO = (LAWS.index(law) for law in ("chip", "brian2", "nengo"))
_N_LEARNED, _TRACE = N_LEARNED, int(Learned.TRACE)


@njit
def brian2_axons(me, step, recorded, counts):
    """Pre-traces of a step.  x_log: (2, n_pre, 2) before and behind the step's impulses; x is what is behind them."""
    x, tx = int64s(me.x_at, 2 * me.n_pre), int32s(me.tx_at, me.n_pre)
    log, impulses = int32s(me.x_log_at, 4 * me.n_pre), int64s(me.impulses_at, 10)
    entries, numbers = int64s(me.x_list_at, me.n_pre), int64s(me.pre_number_at, me.n_pre)
    for i in range(me.n_x):
        pre = entries[i]
        for trace in range(2):
            at = 2 * (trace * me.n_pre + pre)
            before = _decayed(
                me, trace, log[at], log[at + 1], recorded[DECAY + trace], me.stream_x, numbers[pre], trace, step
            )
            log[at] = before
            log[at + 1] = min(before + impulses[2 * trace], TOP) if tx[pre] > 0 else before
            x[trace * me.n_pre + pre] = log[at + 1]
    _count_axons(me, counts)


@njit
def brian2_compartments(me, step, recorded, counts):
    """Post-traces of a step.  y_log: (3, 2, n_post) likewise; y is what is before the impulses."""
    y, ty = int64s(me.y_at, 3 * me.n_post), int32s(me.ty_at, me.n_post)
    log, impulses = int32s(me.y_log_at, 6 * me.n_post), int64s(me.impulses_at, 10)
    entries, numbers = int64s(me.y_list_at, me.n_post), int64s(me.post_number_at, me.n_post)
    part = int64s(me.post_part_at, me.n_post)
    for i in range(me.n_y):
        post = entries[i]
        for trace in range(3):
            at, behind = 2 * trace * me.n_post + post, (2 * trace + 1) * me.n_post + post
            before = _decayed(
                me,
                Y1 + trace,
                log[at],
                log[behind],
                recorded[DECAY + Y1 + trace],
                me.stream_y,
                numbers[post],
                trace,
                step,
            )
            log[at], y[trace * me.n_post + post] = before, before
            log[behind] = min(before + impulses[2 * (Y1 + trace)], TOP) if ty[post] > 0 else before
        counts[part[post] * _N_LEARNED + _TRACE] += 1


@njit
def _decayed(me, trace, before, behind, chance, stream, entity, word, step):
    """A trace a step later: behind (1 - 1/tau), rounded down, and up with the chance of the fraction of before (1 - 1/tau).

    before, behind: the impulses of the step.  chance: a random number, or -1 for one of its own.
    """
    exact = before * doubles(me.rests_at, 5)[trace]
    rest = exact - np.floor(exact)
    if rest > 0.0 and chance < 0.0:
        chance = unit(words(np.uint64(me.seed), stream, entity, step, DECAYS)[word])
    return np.int64(behind * doubles(me.factors_at, 5)[trace]) + (rest > 0.0 and chance < rest)


@njit
def nengo_axons(me, step, recorded, counts):
    """Pre-traces at the end of an epoch: decayed once, with one impulse, and the sum rounded.  x_log: their ends alone."""
    x, tx = int64s(me.x_at, 2 * me.n_pre), int32s(me.tx_at, me.n_pre)
    log, impulses = int32s(me.x_log_at, 2 * me.n_pre * (me.epoch + 1)), int64s(me.impulses_at, 10)
    entries, numbers = int64s(me.x_list_at, me.n_pre), int64s(me.pre_number_at, me.n_pre)
    factors = doubles(me.factors_at, 5)
    for i in range(me.n_x):
        pre = entries[i]
        for trace in range(2):
            at = trace * me.n_pre + pre
            exact = x[at] * factors[trace]
            if tx[pre] > 0:
                exact += impulses[2 * trace] + impulses[2 * trace + 1] / 256
            rest, chance = exact - np.floor(exact), recorded[DECAY + trace]
            if rest > 0.0 and chance < 0.0:
                chance = unit(words(np.uint64(me.seed), me.stream_x, numbers[pre], step, DECAYS)[trace])
            x[at] = min(np.int64(exact) + (rest > 0.0 and chance < rest), TOP)
            log[at * (me.epoch + 1) + me.epoch] = x[at]
    _count_axons(me, counts)


@njit
def nengo_compartments(me, counts):
    """Post-traces are the model's and stay as it wrote them: all are counted."""
    part = int64s(me.post_part_at, me.n_post)
    for post in range(me.lo, me.hi):
        counts[part[post] * _N_LEARNED + _TRACE] += 1


@njit
def _count_axons(me, counts):
    """Once in each part that an axon reaches, by the first thread."""
    part_first, parts = int64s(me.pre_part_first_at, me.n_pre + 1), int64s(me.pre_part_at, me.n_pre_parts)
    entries = int64s(me.x_list_at, me.n_pre)
    if me.thread == 0:
        for i in range(me.n_x):
            for k in range(part_first[entries[i]], part_first[entries[i] + 1]):
                counts[parts[k] * _N_LEARNED + _TRACE] += 1
