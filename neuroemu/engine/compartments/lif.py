"""The CUBA LIF compartment: current-based leaky integrate-and-fire in the chip's integers.

## What the chip does
In every time step, for every compartment (facts/fixed_point.md section 2; recordings of the chip agree):
    q = input of this step (+ noise), wrapped to 22 bits
    u = decay(u, decay_u) + q, wrapped to 24 bits
    v = decay(v, decay_v) + u + bias (+ noise), u + bias wrapped to 24 bits, v clipped
    v = 0 while refractory
    spike if v > threshold (strictly); then v = 0 and the refractory counter starts
## Our choice
A compartment is *active* in a step if u, v, bias, input or its counter is not zero before it, or noise is on; otherwise
the step would leave it as it is, so it is not updated and counts as inactive. A ternary compartment also fires when
v < threshold_low, with payload -1 (as Lava's TernaryLIF). The wrap of u + bias is what nengo-loihi does; no recording
settles it. Twin: tests/naive.py.
"""

from __future__ import annotations

import numpy as np

from ... import rng
from ...fixedpoint import clip, decay, wrap, wrap_once
from ...jit import njit
from ...widths import STATE_SHIFT

NOISE_TOP = 127
_NOISE_RANGE = np.uint64(2 * NOISE_TOP + 1)


@njit
def update(first, size, block, step, sample_step, image, state, row, spiked, payload, n_spiked):
    """Advances the compartments first..first+size-1, all of one block, by one time step.

    step: of the run, for random draws.  sample_step: since the state was fresh, for periodic reset and recorded noise.
    image: Kernel arrays (engine/step.py).  row: (width,) input in 2**(6 + weight_shift) due now, zeroed here.
    spiked, payload: filled from n_spiked on, ascending.  Returns (n_spiked, how many were active).
    """
    p, a, blocks = image.compartments, image.arithmetic, image.blocks
    decay_u, decay_v, threshold, threshold_low = p.decay_u, p.decay_v, p.threshold, p.threshold_low
    v_min, v_max, refractory = p.v_min, p.v_max, p.refractory
    us, vs, biases, charges, helds = state.u, state.v, state.bias, state.charge, state.refractory
    n, shifts = us.size, image.accumulator_shift
    interval = blocks.reset_interval[block]
    if interval > 0 and sample_step % interval == blocks.reset_offset[block] % interval:
        us[first : first + size] = 0
        vs[first : first + size] = 0
    noisy, at_membrane = blocks.noise_exponent[block] != 0, blocks.noise_at_membrane[block] != 0
    n_active = wraps_q = wraps_u = wraps_drive = clips_v = 0
    for i in range(first, first + size):
        q = np.int64(row[i]) << image.weight_shift
        row[i] = 0
        for k in range(shifts.size):
            q += (np.int64(row[(k + 1) * n + i]) << image.weight_shift) >> shifts[k]
            row[(k + 1) * n + i] = 0
        u, v, bias, held = us[i], vs[i], biases[i], helds[i]
        if not noisy and (u | v | q | bias | charges[i] | held) == 0:
            continue  # at rest: a fixed point of the arithmetic, thresholds being on their own side of zero
        n_active += 1
        q = (q << STATE_SHIFT) + charges[i]
        charges[i] = 0
        noise = 0
        if noisy and image.noise.enabled[i]:
            noise = _noise(i - blocks.first[block], block, step, sample_step, image)
        if not at_membrane:
            q += noise
        if a.q_bits > 0:
            wrapped = wrap(q, a.q_bits)
            wraps_q += wrapped != q
            q = wrapped
        summed = decay(u, decay_u[i]) + q
        u = summed
        if a.u_overflow == 1:
            u = wrap(summed, a.state_bits)
        elif a.u_overflow == 2:
            u = wrap_once(summed, a.state_bits)
        wraps_u += u != summed
        drive = u + bias
        if at_membrane:
            drive += noise
        if a.bias_overflow == 1:
            wrapped = wrap(drive, a.state_bits)
            wraps_drive += wrapped != drive
            drive = wrapped
        raised = decay(v, decay_v[i]) + drive
        v = clip(raised, v_min[i], v_max[i])
        clips_v += v != raised
        if held > 0:
            helds[i] = held - 1
            v = 0
        elif v > threshold[i] or v < threshold_low[i]:
            spiked[n_spiked] = i
            payload[n_spiked] = 1 if v > threshold[i] else -1
            n_spiked += 1
            v = 0
            helds[i] = refractory[i] - 1
        us[i], vs[i] = u, v
    overflows = state.overflows[block]
    overflows[0] += wraps_q
    overflows[1] += wraps_u
    overflows[2] += wraps_drive
    overflows[3] += clips_v
    return n_spiked, n_active


@njit
def _noise(entity, block, step, sample_step, image):
    """trunc((x + 64 mantissa) 2**(exponent - 7)), x uniform in -127..127, from the generator or from a recording."""
    blocks = image.blocks
    column = blocks.noise_column[block]
    if column >= 0:
        x = image.noise.draws[sample_step - 1, column + entity]
    else:
        word, _, _, _ = rng.draw(image.seed, blocks.noise_stream[block], entity, step)
        # A 32-bit word times 255, high half: each of 255 values within 2**-24 of equally likely.
        x = np.int64((word * _NOISE_RANGE) >> np.uint64(32)) - NOISE_TOP
    scaled = x + 64 * blocks.noise_mantissa[block]
    shift = blocks.noise_exponent[block] - 7
    if shift >= 0:
        return scaled << shift
    return scaled >> -shift if scaled >= 0 else -(-scaled >> -shift)
