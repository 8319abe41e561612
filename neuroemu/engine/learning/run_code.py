"""Running microcode: an instruction at a time, over a chunk of synapses.

The loop over synapses stands inside each instruction, so that decoding costs nothing and the loops become vector code.
learning/microcode.py says what each instruction means; a test holds this file to it, one synapse at a time.
"""

from __future__ import annotations

import numpy as np

from ...jit import njit
from ...learning.microcode import ACCUMULATOR, FRACTION, Op
from .draws import mixed

CHUNK = 256  # synapses: the vectors of a rule stay in the first cache
FLOOR, HALF_EVEN, STOCHASTIC = 0, 1, 2  # how a product is shifted
_LOAD, _GATE, _MULTIPLY, _MULTIPLY_SIGN = int(Op.LOAD), int(Op.GATE), int(Op.MULTIPLY), int(Op.MULTIPLY_SIGN)
_SCALE, _SHIFT, _ADD, _STORE = int(Op.SCALE), int(Op.SHIFT), int(Op.ADD), int(Op.STORE)
_CLEAR, _SUM, _HOLD, _STORE_MAGNITUDE = int(Op.CLEAR), int(Op.SUM), int(Op.HOLD), int(Op.STORE_MAGNITUDE)
_FRACTION = FRACTION
_HIGH = (1 << ACCUMULATOR) - 1


@njit
def run_code(code, n, values, old, new, scratch, tally, rounding, accumulator_low, limits, grid, chance, key, number):
    """Changes to n synapses.

    code: (k, 4) int64.  values: (N_SLOTS, CHUNK) what the instructions read.  old, new: (3, CHUNK) w, d, t before and after.
    scratch: (3, CHUNK) int64, as are values, old and new.  tally: (CHUNK,) int32 products evaluated, set.
    rounding: FLOOR, HALF_EVEN, STOCHASTIC.  limits: (3, 4) int64 rows (lowest and highest of the accumulator's whole part,
    lowest and highest that is stored).  grid: (3,) low bits that are not stored.  number: (CHUNK,) int32.
    chance: the one random number of all in [0, 1), or < 0 for one each of (key, number).
    """
    product, accumulator, held = scratch[0], scratch[1], scratch[2]
    tally[:n] = 0
    at = 0
    while at < code.shape[0]:
        op, a, b, c = code[at]
        if op == _GATE:
            if not _gate(values[a], product, tally, n):
                if (
                    limits[2, 2] < -256
                ):  # Lava's tag of -257 is beyond the accumulator, which saturates with nothing added, too
                    _add(accumulator, product, n, 0, accumulator_low)
                at += b
        elif op == _MULTIPLY:
            _multiply(product, values[a], n, b, c)
        elif op == _MULTIPLY_SIGN:
            _multiply_sign(product, values[a], n, b)
        elif op == _SCALE:
            _scale(product, n, a)
        elif op == _SHIFT:
            if rounding == FLOOR:
                for i in range(n):
                    product[i] >>= a
            else:
                _shift(product, n, a, rounding, key + np.uint64(3 + at), number)
        elif op == _ADD:
            _add(accumulator, product, n, a, accumulator_low)
        elif op == _LOAD:
            for i in range(n):
                accumulator[i] = old[a, i] << _FRACTION
        elif op == _STORE:
            _store(accumulator, n, new[a], limits[a], grid[a], chance, key + np.uint64(a), number)
        elif op == _CLEAR:
            accumulator[:n] = 0
        elif op == _SUM:
            for i in range(n):
                accumulator[i] += product[i] << a
        elif op == _HOLD:
            for i in range(n):  # one by one, which is compiled much faster than whole arrays
                held[i], tally[i] = accumulator[i], 0
        elif op == _STORE_MAGNITUDE:
            _store_magnitude(accumulator, n, new[a], limits[a], grid[a], chance, key + np.uint64(a), number)
        else:
            _store_change(
                accumulator, held, n, b, old[a], new[a], limits[a], grid[a], chance, key + np.uint64(a), number
            )
        at += 1


@njit
def _gate(gates, product, tally, n):
    """Returns whether any product is to be evaluated."""
    gated = np.int64(0)
    for i in range(n):
        product[i] = gates[i]
        tally[i] += gates[i]
        gated += gates[i]
    return gated > 0


@njit
def _multiply(product, factors, n, plus, bound):
    kind = product.dtype.type
    add, low, high = kind(plus), kind(-bound), kind(bound - 1)
    for i in range(n):
        product[i] = kind(product[i] * min(max(kind(factors[i] + add), low), high))


@njit
def _multiply_sign(product, factors, n, plus):
    kind = product.dtype.type
    for i in range(n):
        factor = kind(factors[i] + plus)
        product[i] = kind(product[i] * (kind(factor > 0) - kind(factor < 0)))


@njit
def _scale(product, n, mantissa):
    kind = product.dtype.type
    for i in range(n):
        product[i] = kind(product[i] * kind(mantissa))


@njit
def _add(accumulator, product, n, places, lowest):
    """accumulator + product * 2**places, saturated twice, as the chip does."""
    kind = product.dtype.type
    low, high = kind(lowest), kind(_HIGH)
    for i in range(n):
        change = min(max(kind(product[i] << places), low), high)
        accumulator[i] = min(max(kind(accumulator[i] + change), low), high)


@njit
def _shift(product, n, places, rounding, key, number):
    """Divides by 2**places: to the nearest with ties to even, or up with the chance of what is cut off."""
    half = 1 << (places - 1)
    for i in range(n):
        low = product[i] & ((1 << places) - 1)
        product[i] >>= places
        if rounding == HALF_EVEN:
            product[i] += low > half or (low == half and (product[i] & 1) == 1)
        elif low != 0:
            product[i] += np.int64(mixed(number[i], key) >> np.uint32(32 - places)) < low


@njit
def _store(accumulator, n, new, limits, grid, chance, key, number):
    """The accumulator's whole part, up by one with the chance of its fraction, within what a synapse stores."""
    kind = accumulator.dtype.type
    places = _FRACTION + grid
    mask = kind((1 << places) - 1)
    low, high = kind(limits[0] << _FRACTION), kind(limits[1] << _FRACTION)
    least, most = kind(limits[2]), kind(limits[3])
    any_rest = kind(0)
    for i in range(n):
        accumulator[i] = min(max(accumulator[i], low), high)
        any_rest |= accumulator[i] & mask
    if any_rest == 0:
        for i in range(n):
            new[i] = min(max(accumulator[i], kind(least << _FRACTION)), kind(most << _FRACTION)) >> _FRACTION
    elif chance >= 0.0:
        for i in range(n):
            up = chance < (accumulator[i] & mask) / (mask + 1)
            new[i] = min(max(kind(((accumulator[i] >> places) + up) << grid), least), most)
    else:
        unused = np.uint32(32 - places)
        for i in range(n):
            up = kind(mixed(number[i], key) >> unused) < (accumulator[i] & mask)
            new[i] = min(max(kind((kind(accumulator[i] >> places) + up) << grid), least), most)


@njit
def _store_magnitude(accumulator, n, new, limits, grid, chance, key, number):
    """As nengo-loihi: the magnitude cut to the grid, up with the chance of the rest, within what a synapse stores."""
    places = _FRACTION + grid
    for i in range(n):
        size = abs(accumulator[i])
        rest = size & ((1 << places) - 1)
        size = ((size >> places) + _up(rest, places, chance, key, number[i])) << grid
        new[i] = min(max(size if accumulator[i] >= 0 else -size, limits[2]), limits[3])


@njit
def _store_change(accumulator, held, n, places, old, new, limits, grid, chance, key, number):
    """As brian2-loihi: old + change, the change rounded away from zero and cut toward zero to the grid.

    places: bits of the accumulator's fraction.  held: the change as it was before the spikes of the step: a step of the grid to
    its side is added with the chance of what is off the grid in it.
    """
    for i in range(n):
        size = ((abs(accumulator[i]) + (1 << places) - 1) >> places) >> grid
        steps = size if accumulator[i] >= 0 else -size
        up = _up(abs(held[i]) & ((1 << grid) - 1), grid, chance, key, number[i])
        steps += up if held[i] >= 0 else -up
        new[i] = min(max(old[i] + (steps << grid), limits[2]), limits[3])


@njit
def _up(rest, places, chance, key, number):
    """1 with the chance of rest / 2**places, else 0."""
    if rest == 0:
        return 0
    if chance >= 0.0:
        return np.int64(chance < rest / (1 << places))
    return np.int64(np.int64(mixed(number, key) >> np.uint32(32 - places)) < rest)
