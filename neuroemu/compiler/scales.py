"""Scales: how many of the chip's units 1.0 of a population is, and the exponent of each projection into it.

One scale a population, whatever its partition or placement.
"""

from __future__ import annotations

import math

import numpy as np

from ..calibration import Calibration
from ..chip import Chip
from ..connect import SynapseList
from ..network import Lif, Population, Projection, Values
from ..pieces import pieces
from ..widths import DECAY_ONE, STATE_UNIT
from .finer import finer, weighed
from .weights import largest_magnitude, lost_bits, sign_mode, top_mantissa

FINE_THRESHOLD = 512  # a threshold mantissa of at least this resolves 0.2 %
HEADROOM = 2.0  # over what a calibration saw: the chip's spikes are not those of the floats, and other samples follow
U_ROOM_BITS = 2  # of the weights' precision, given up at most to keep u from wrapping


def choose_scale(
    population: Population,
    incoming: list[Projection],
    synapses: dict[str, SynapseList],
    chip: Chip,
    step_ms: float,
    calibration: Calibration | None = None,
) -> tuple[float, dict[str, int]]:
    """The scale of a population (units of 2**6 for 1.0) and the exponent of each projection into it.

    The projection with the largest weights fills its mantissas exactly. Among the powers of two left, the smallest that
    stores every other projection at full precision and the threshold finely; never one that would let the threshold or
    the bias leave its register, or the input wrap if every source fired at once. Then the best one near it (finer.py).
    The current u may grow to the input times 1 / (1 - exp(-step/tau_syn)) if every source fired in every step. It gets
    room for that too, as far as that costs at most U_ROOM_BITS bits of the weights; past that it may wrap, and the run
    counts and reports it.
    With a calibration, input and current get HEADROOM times what was seen of them, if that is less.
    Direct currents are not known here: host.py refuses those that leave the bias register.
    """
    model = population.model
    assert isinstance(model, Lif)
    finite = np.asarray(model.threshold)[np.isfinite(model.threshold)]
    threshold = float(np.max(np.abs(finite), initial=0.0))
    bias = float(np.max(np.abs(model.bias)))
    bias_top = chip.registers.bias_max << chip.registers.bias_exponent_max
    caps = [chip.registers.threshold_max / threshold] if threshold else []
    caps += [bias_top / STATE_UNIT / bias] if bias else []
    ratios, lost = {}, {}
    for projection in incoming:
        given = synapses[projection.name]
        mode = sign_mode(given.weight)
        lost[projection.name] = lost_bits(projection.bits, mode)
        ratios[projection.name] = largest_magnitude(given.weight) / max(top_mantissa(projection.bits, mode), 1)
    # Rounding adds at most half a step to a weight: at most ratio * 2**lost (the exponent is less than one too large),
    # or half a unit where the exponent is the smallest.
    slack = {name: ratio * 2.0 ** lost[name] for name, ratio in ratios.items()}
    widest, most = _largest_input(population.size, incoming, synapses, slack)
    if calibration is not None:
        widest = min(widest, HEADROOM * calibration.inputs[population.name])
    if chip.arithmetic.q_bits and widest:
        caps.append(max((1 << (chip.arithmetic.q_bits - 1)) / STATE_UNIT - 1 - most / 2, 1.0) / widest)
    u_most = widest * _gain(model.tau_syn_ms, step_ms)
    if calibration is not None:
        u_most = min(u_most, HEADROOM * calibration.currents[population.name])
    u_most += bias
    cap = min(caps, default=math.inf)
    largest_ratio = max(ratios.values(), default=0.0)
    if largest_ratio == 0.0:
        return min(8 * FINE_THRESHOLD / (threshold or 1.0), cap), {name: 0 for name in ratios}
    if chip.arithmetic.u_overflow and u_most:
        u_cap = ((1 << (chip.arithmetic.state_bits - 1)) / STATE_UNIT - 1) / u_most
        cap = min(cap, max(u_cap, 2.0**-U_ROOM_BITS / largest_ratio))
    scale = 1.0 / largest_ratio
    for power in range(-max(lost.values()), chip.synapse.exponent_max + 1):
        candidate = 2.0**power / largest_ratio
        if candidate > cap and power > -max(lost.values()):
            break
        scale = candidate
        full = all(r == 0 or scale * r >= 2.0 ** -lost[name] * 0.999 for name, r in ratios.items())
        if full and scale * threshold >= FINE_THRESHOLD:
            break
    scale = min(scale, cap)
    exponents = {}
    for name, ratio in ratios.items():
        wanted = math.ceil(math.log2(scale * ratio) - 1e-9) if ratio else 0
        exponents[name] = min(max(wanted, -lost[name], chip.synapse.exponent_min), chip.synapse.exponent_max)
    some = {p.name: weighed(p, synapses[p.name], calibration) for p in incoming}
    return finer(scale, exponents, cap, some, chip)


def _gain(tau_syn_ms: Values, step_ms: float) -> float:
    """How much larger than its input a current may grow, 1 / (1 - exp(-step/tau_syn)); at most 4096, the slowest decay."""
    slowest = float(np.max(tau_syn_ms))
    decay = -math.expm1(-step_ms / slowest) if slowest > 0 else 1.0
    return 1.0 / max(decay, 1.0 / DECAY_ONE)


def _largest_input(
    n: int, incoming: list[Projection], synapses: dict[str, SynapseList], slack: dict[str, float]
) -> tuple[float, int]:
    """The largest sum of |weight| + slack of one sign into one compartment: the input if every such source fired at once.

    slack: by projection, what rounding may add to a weight.  Also gives the most synapses that one compartment has.
    """
    sums, counts = np.zeros((2, n)), np.zeros(n, np.int64)
    for projection in incoming:
        given = synapses[projection.name]
        mode = sign_mode(given.weight)
        rows = [(0, 1)] if mode == "excitatory" else [(1, -1)] if mode == "inhibitory" else [(0, 1), (1, -1)]
        own = np.zeros((2, n))  # added up apart, so that the sums do not depend on the number of projections before
        for piece in pieces(given.post.size):
            post, weight = given.post[piece], given.weight[piece]
            for row, sign in rows:
                weighed = np.where(sign * weight > 0, np.abs(weight) + slack[projection.name], 0.0)
                np.add.at(own[row], post, weighed)  # one after another, as bincount adds up a whole list
            np.add.at(counts, post, 1)
        sums += own
    return float(sums.max(initial=0.0)), int(counts.max(initial=0))
