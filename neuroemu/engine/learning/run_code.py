"""Running microcode: an instruction at a time, over a chunk of synapses.

The loop over synapses stands inside each instruction, so that decoding costs nothing and the loops become vector code.
learning/microcode.py says what each instruction means; a test holds this file to it, one synapse at a time.
"""

from __future__ import annotations

import numpy as np

from ...jit import njit
from ...learning.microcode import ACCUMULATOR, FRACTION, Op
from .draws import stochastic_bits

CHUNK = 256  # synapses: the vectors of a rule stay in the first cache
FLOOR, HALF_EVEN, STOCHASTIC = 0, 1, 2  # how a product is shifted
_LOAD, _GATE, _MULTIPLY, _MULTIPLY_SIGN = int(Op.LOAD), int(Op.GATE), int(Op.MULTIPLY), int(Op.MULTIPLY_SIGN)
_SCALE, _SHIFT, _ADD = int(Op.SCALE), int(Op.SHIFT), int(Op.ADD)
_FRACTION = FRACTION
_HIGH = (1 << ACCUMULATOR) - 1
W, D, T = 0, 1, 2


@njit
def run_code(code, n, values, old, new, scratch, tally, rounding, accumulator_low, limits, grid, chance, key, number):
    """Changes to n synapses.

    code: (k, 4) int64.  values: (N_SLOTS, CHUNK) what the instructions read.  old, new: (3, CHUNK) w, d, t before and after.
    scratch: (2, CHUNK) of a type that the widest product fits.  tally: (CHUNK,) products evaluated, set.  rounding: FLOOR, HALF_EVEN, STOCHASTIC.
    limits: (3, 4) int64 rows (lowest and highest of the accumulator's whole part, lowest and highest that is stored).
    grid: (3,) low bits that are not stored.  chance: the one random number of all in [0, 1), or < 0 for one each of
    (key, number).
    """
    product, accumulator = scratch[0], scratch[1]
    tally[:n] = 0
    at = 0
    while at < code.shape[0]:
        op, a, b, c = code[at]
        if op == _GATE:
            gated = 0
            for i in range(n):
                product[i] = values[a, i]
                tally[i] += product[i]
                gated += product[i]
            if gated == 0:
                at += b
        elif op == _MULTIPLY:
            for i in range(n):
                factor = values[a, i] + b
                product[i] *= min(max(factor, -c), c - 1)
        elif op == _MULTIPLY_SIGN:
            for i in range(n):
                factor = values[a, i] + b
                product[i] *= (factor > 0) - (factor < 0)
        elif op == _SCALE:
            for i in range(n):
                product[i] *= a
        elif op == _SHIFT:
            _shift(product, n, a, rounding, key, number, at)
        elif op == _ADD:
            for i in range(n):
                change = min(max(product[i] << a, accumulator_low), _HIGH)
                accumulator[i] = min(max(accumulator[i] + change, accumulator_low), _HIGH)
        elif op == _LOAD:
            for i in range(n):
                accumulator[i] = old[a, i] << _FRACTION
        else:
            _store(accumulator, n, a, new, limits[a], grid[a], chance, key, number)
        at += 1


@njit
def _shift(product, n, places, rounding, key, number, at):
    """Divides by 2**places: down, to the nearest with ties to even, or up with the chance of what is cut off."""
    if rounding == FLOOR:
        for i in range(n):
            product[i] >>= places
    elif rounding == HALF_EVEN:
        for i in range(n):
            low = product[i] & ((1 << places) - 1)
            product[i] >>= places
            half = 1 << (places - 1)
            product[i] += low > half or (low == half and (product[i] & 1) == 1)
    else:
        for i in range(n):
            low = product[i] & ((1 << places) - 1)
            product[i] >>= places
            if low != 0:
                product[i] += stochastic_bits(key, number[i], 3 + at, places) < low


@njit
def _store(accumulator, n, target, new, limits, grid, chance, key, number):
    """The accumulator's whole part, up by one with the chance of its fraction, within what a synapse stores."""
    low, high, least, most = limits
    places = _FRACTION + grid
    mask = (1 << places) - 1
    for i in range(n):
        value = min(max(np.int64(accumulator[i]), low << _FRACTION), high << _FRACTION)
        rest = value & mask
        whole = value >> places
        if rest != 0:
            if chance >= 0.0:
                whole += chance < rest / (mask + 1)
            else:
                whole += stochastic_bits(key, number[i], target, places) < rest
        new[target, i] = min(max(whole << grid, least), most)
