"""The kernel of a part: one time step of its compartments, whatever their model.

A model brings `update` for one compartment (compartments/table.py); here are the loop over compartments, their inputs, who
is asleep, and the list of spikes. The kernel is compiled once for a model and what a population uses of it, with the chip's
arithmetic as constants (specialised.py), and called by its address: so a chip may hold any mixture of models, and users' own.

Compartments lie in groups of LANES, and a group's states are one piece of memory, field by field: the loop over lanes
becomes vector code where an update has no branches. A group in which everything is at rest is not visited at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..chip import Arithmetic
from ..compartments import Now
from ..compartments.joins import ADD, MAX, MIN
from ..widths import EVERY_LANE, LANES
from .native import int32s, int64s, lowest, masks_at, record

# One row a part and thread; all int64, addresses included (*_at).
PART = np.dtype(
    [
        (name, np.int64)
        for name in (
            "lo",  # compartments lo..hi-1 of the population
            "hi",
            "first",  # source number of the population's compartment 0
            "number_at",  # (n,) the user's index of each compartment, where parts have put them into another order
            "group",  # group number of its compartment 0
            "always",  # 1: never asleep
            "parameters_at",
            "cells_at",  # of all states
            "state_at",  # of this population's, from there
            "n_groups",  # of the population
            "inputs_at",  # (n_inputs, 3): slot, port, shift
            "n_inputs",
            "up_slot",  # where a dendrite's value goes, -1 for none
            "up_join",
            "up_first",
            "stream",
            "seed",
            "arithmetic_at",  # switches of the chip, unless they are constants
            "recorded_at",
            "recorded_steps",
            "recorded_width",
            "overflows_at",
            "scratch_at",
            "ring_at",
            "width",
            "awake_at",  # (2, all_groups): by parity of the step
            "touched_at",  # (rows, all_groups)
            "all_groups",
            "spiked_at",
            "payload_at",
            "n_sources",
            "n_active",  # written by the kernel
        )
    ]
)

# Bound by specialised.py; the values here only name them.
UNIFORM = N_PORTS = N_PARAMETERS = N_STATES = UP = 0
arithmetic_of: Any = None
update: Any = None
at_rest: Any = None
parameters_of: Any = None
state_of: Any = None
store: Any = None
inputs_of: Any = None
entity_of: Any = None
ring_row: Any = None
N_SWITCHES = len(Arithmetic._fields)
FEW = 12  # compartments of a group that are updated one by one; above, all of it as vectors costs no more
_HALF = 2**31
_NONE, _ONE, _EVERY = np.uint64(0), np.uint64(1), np.uint64(EVERY_LANE)


def advance_part(part_at, row, parity, flood, step, sample_step, n_spiked):
    """One step of a part. Fills spiked and payload from n_spiked on, in ascending order; returns n_spiked.

    row: of the delay ring, due now.  parity: of the step.  flood: 1 visits every group.
    """
    part = record(part_at, PART)
    ring = ring_row(part.ring_at, row, part.width)
    awake = masks_at(part.awake_at + 8 * parity * part.all_groups, part.all_groups)
    later = masks_at(part.awake_at + 8 * (1 - parity) * part.all_groups, part.all_groups)
    touched = masks_at(part.touched_at + 8 * row * part.all_groups, part.all_groups)
    inputs = int64s(part.inputs_at, 3 * part.n_inputs)
    states = int64s(part.cells_at + part.state_at, part.n_groups * N_STATES * LANES)
    parameters = int64s(part.parameters_at, N_PARAMETERS if UNIFORM else part.n_groups * N_PARAMETERS * LANES)
    recorded = int64s(part.recorded_at, part.recorded_steps * part.recorded_width)
    recorded = recorded.reshape((part.recorded_steps, part.recorded_width))
    scratch = int64s(part.scratch_at, (N_PORTS + 3) * LANES)
    out, left = scratch[N_PORTS * LANES : (N_PORTS + 1) * LANES], scratch[(N_PORTS + 1) * LANES : (N_PORTS + 2) * LANES]
    moved = scratch[(N_PORTS + 2) * LANES :]
    seed, n_active = np.uint64(part.seed), 0
    arithmetic = arithmetic_of(int64s(part.arithmetic_at, N_SWITCHES))
    p = parameters_of(parameters, np.uint64(0), np.uint64(0))
    for g in range(part.lo // LANES, (part.hi + LANES - 1) // LANES):
        low, high = max(part.lo - g * LANES, 0), min(part.hi - g * LANES, LANES)
        visit = awake[part.group + g] if (flood | part.always) == 0 else _EVERY
        for x in range(part.n_inputs):
            visit |= touched[inputs[3 * x] // LANES + g]
        visit &= (_EVERY >> np.uint64(LANES - high)) & (_EVERY << np.uint64(low))
        if visit == _NONE:
            continue
        fires, active, overflown = np.int64(0), np.int64(0), np.int64(0)
        tile = np.uint64(g * N_STATES * LANES)
        tile_p = np.uint64(g * N_PARAMETERS * LANES)
        few = _few(visit)
        if few:
            left_awake, rest = _NONE, visit
            while rest != _NONE:
                i = lowest(rest)
                lane = np.uint64(i)
                rest &= rest - _ONE
                _take_inputs(scratch, ring, inputs, g, i, i + 1, part.n_inputs)
                if not UNIFORM:
                    p = parameters_of(parameters, tile_p, lane)
                s, a = state_of(states, tile, lane), inputs_of(scratch, lane)
                out[lane], left[lane] = 0, 0
                if at_rest(p, s) & _silent(a):
                    continue
                now = Now(
                    step, sample_step, entity_of(part.number_at, g * LANES + i), seed, part.stream, recorded, arithmetic
                )
                fired, after, overflow = update(p, s, a, now)
                left_awake |= _ONE << lane
                active += 1
                store(states, tile, lane, after)
                out[lane], left[lane] = fired, overflow
                fires |= np.int64(fired)
                overflown |= np.int64(overflow)
        else:
            visit, left_awake = _EVERY, _EVERY
            _take_inputs(scratch, ring, inputs, g, low, high, part.n_inputs)
            for i in range(low, high):
                lane = np.uint64(i)
                if not UNIFORM:
                    p = parameters_of(parameters, tile_p, lane)
                s, a = state_of(states, tile, lane), inputs_of(scratch, lane)
                now = Now(
                    step, sample_step, entity_of(part.number_at, g * LANES + i), seed, part.stream, recorded, arithmetic
                )
                fired, after, overflow = update(p, s, a, now)
                acts = 0 if at_rest(p, s) & _silent(a) else 1
                active += acts
                moved[lane] = acts
                store(states, tile, lane, after)
                out[lane], left[lane] = fired, overflow if acts else 0
                fires |= np.int64(fired)
                overflown |= left[lane]
            if active <= FEW:
                left_awake = _NONE
                for i in range(low, high):
                    if moved[i] != 0:
                        left_awake |= _ONE << np.uint64(i)
        n_active += active
        later[part.group + g] |= left_awake
        if overflown != 0:
            _count_overflows(left, visit, low, high, int64s(part.overflows_at, 4))
        if UP:
            _pass_up(out, ring, part, g, low, high)
        elif fires != 0:
            n_spiked = _emit(out, part, g, visit, low, high, n_spiked)
    part.n_active = n_active
    return n_spiked


def _few(mask):
    """Whether at most FEW bits are set: those are updated one by one."""
    for _ in range(FEW):
        mask &= mask - _ONE if mask != _NONE else _NONE
    return mask == _NONE


def _take_inputs(scratch, ring, inputs, g, low, high, n_inputs):
    """Moves what is due for the lanes low..high-1 from the ring to scratch[port, lane], shifted as each input asks."""
    for port in range(N_PORTS):
        for i in range(low, high):
            scratch[np.uint64(port * LANES) + np.uint64(i)] = 0
    for x in range(n_inputs):
        slot, shift = inputs[3 * x] + g * LANES, inputs[3 * x + 2]
        left, right = max(-shift, 0), max(shift, 0)
        due = ring[slot : slot + LANES]
        taken = scratch[inputs[3 * x + 1] * LANES : (inputs[3 * x + 1] + 1) * LANES]
        for i in range(low, high):
            lane = np.uint64(i)
            taken[lane] += (np.int64(due[lane]) << left) >> right
            due[lane] = 0


def _silent(a):
    """Whether no port has input."""
    found = 0
    for k in range(N_PORTS):
        found |= a[k]
    return found == 0


def _emit(out, part, g, visited, low, high, n_spiked):
    """Appends the spikes of the visited lanes of a group to the list of this step."""
    spiked = int32s(part.spiked_at, 2 * part.n_sources)
    payload = int32s(part.payload_at, 2 * part.n_sources)
    for i in range(low, high):
        value = ((out[i] + _HALF) & (2 * _HALF - 1)) - _HALF  # what 32 bits keep of it
        if (visited >> np.uint64(i)) & _ONE != _NONE and value != 0:
            spiked[n_spiked] = part.first + g * LANES + i
            payload[n_spiked] = value
            n_spiked += 1
    return n_spiked


def _count_overflows(left, visited, low, high, overflows):
    for i in range(low, high):
        if (visited >> np.uint64(i)) & _ONE != _NONE:
            for kind in range(4):
                overflows[kind] += (left[i] >> kind) & 1


def _pass_up(out, ring, part, g, low, high):
    """Joins the values of dendrites with what their parents get in this same step; parents come later in the order."""
    for i in range(low, high):
        slot = part.up_slot + g * LANES + i
        value, joined = out[i], np.int64(ring[slot])
        if part.up_first == 1:
            joined = value
        elif part.up_join == ADD:
            joined += value
        elif part.up_join == MAX:
            joined = max(joined, value)
        elif part.up_join == MIN:
            joined = min(joined, value)
        else:
            joined = 1 if (joined != 0) | (value != 0) else 0
        ring[slot] = joined
