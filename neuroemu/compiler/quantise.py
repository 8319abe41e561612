"""Quantise: from the network's floats to the chip's integers.

Takes a Network, its expanded synapse lists and a Chip; gives registers and effective weights, and a report of what the
rounding did. One scale a population (every projection into it shares it) and one exponent a projection: no partition or
placement can change a number. Knows nothing of cores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..chip import EXPONENT_STAGE, WEIGHT_ROUNDING, Arithmetic, Chip
from ..connect import SynapseList
from ..errors import Problem, QuantisationError
from ..network import Lif, LifRegisters, Network, Noise, Population, Projection, Values, WeightFormat

DECAY_ONE = 4096
STATE_UNIT = 64  # weights and thresholds are stored in units of 2**6
NO_THRESHOLD = -(2**62)
UNBOUNDED = 2**62
FINE_THRESHOLD = 512  # a threshold mantissa of at least this resolves 0.2 %
U_ROOM_BITS = 2  # of the weights' precision, given up at most to keep u from wrapping


class Registers(NamedTuple):
    """Registers of the compartments of one population, (n,) int64 each, decays effective, the rest in units of u and v."""

    decay_u: np.ndarray
    decay_v: np.ndarray
    threshold: np.ndarray
    threshold_low: np.ndarray
    bias: np.ndarray
    refractory: np.ndarray
    v_min: np.ndarray
    v_max: np.ndarray
    u: np.ndarray
    v: np.ndarray
    charge: np.ndarray


class Weights(NamedTuple):
    """Stored weights of one projection.  units: (n,) int64, effective weight / 64 (before a sum-stage exponent).

    sum_shift: > 0 where the exponent is applied to the sum (compatibility with Lava), else 0.
    """

    units: np.ndarray
    format: WeightFormat
    sum_shift: int


@dataclass(frozen=True)
class PopulationRounding:
    """What quantisation did to one population; errors are relative, 0.01 is one percent."""

    name: str
    scale: float  # units of 2**6 for 1.0
    threshold_error: float
    bias_error: float
    tau_mem_error: float
    tau_syn_error: float


@dataclass(frozen=True)
class ProjectionRounding:
    """What quantisation did to one projection; errors relative to its largest weight."""

    name: str
    bits: int
    exponent: int
    sign_mode: str
    synapses: int
    pruned: int
    saturated: int
    max_error: float
    rms_error: float


@dataclass(frozen=True)
class Quantised:
    """registers[population], weights[projection], scale[population] (units of 2**6 for 1.0), and the two reports."""

    registers: dict[str, Registers]
    weights: dict[str, Weights]
    scale: dict[str, float]
    populations: tuple[PopulationRounding, ...]
    projections: tuple[ProjectionRounding, ...]


def quantise(network: Network, synapses: dict[str, SynapseList], chip: Chip) -> Quantised:
    """The chip's integers for a network. Raises QuantisationError with everything that has none."""
    problems: list[Problem] = []
    registers, weights, scales = {}, {}, {}
    population_reports, projection_reports = [], []
    for population in network.on_chip:
        incoming = [p for p in network.projections if p.target == population.name]
        misfits = _misfits(population)
        if misfits:
            problems += misfits
            continue
        if isinstance(population.model, Lif):
            scale, exponents = _choose_scale(population, incoming, synapses, chip, network.step_ms)
            registers[population.name], report = _lif_registers(population, scale, network.step_ms, chip, problems)
            population_reports.append(report)
        else:
            assert isinstance(population.model, LifRegisters)
            scale, exponents = 1.0, {}
            registers[population.name] = _own_registers(population, chip, problems)
        scales[population.name] = scale
        for projection in incoming:
            given = synapses[projection.name]
            _check_delays(projection, given, chip, problems)
            if isinstance(population.model, Lif):
                mantissas, format = _mantissas(
                    projection, given.weight, scale, exponents[projection.name], chip, problems
                )
            else:
                format = projection.format or WeightFormat(projection.bits, 0, sign_mode(given.weight))
                mantissas = given.weight
                _check_format(projection, format, mantissas, chip, problems)
            weights[projection.name] = stored_weights(mantissas, format, chip.arithmetic)
            if isinstance(population.model, Lif):
                projection_reports.append(
                    _projection_report(projection, given.weight, scale, weights[projection.name], mantissas)
                )
    if problems:
        raise QuantisationError(problems)
    return Quantised(registers, weights, scales, tuple(population_reports), tuple(projection_reports))


# ---- weights -------------------------------------------------------------------------------------------------------


def sign_mode(weights: np.ndarray) -> str:
    """'excitatory' if no weight is negative, 'inhibitory' if none is positive, else 'mixed'."""
    if weights.size == 0 or weights.min() >= 0:
        return "excitatory"
    return "inhibitory" if weights.max() <= 0 else "mixed"


def lost_bits(bits: int, mode: str) -> int:
    """Low bits of an 8-bit mantissa that a weight of `bits` bits does not store; a sign costs one."""
    return max(8 - bits, 0) + (1 if mode == "mixed" else 0)


def top_mantissa(bits: int, mode: str) -> int:
    """The largest mantissa magnitude that is stored exactly on both sides."""
    return 256 - (1 << lost_bits(bits, mode))


def mantissa_range(mode: str, arithmetic: Arithmetic) -> tuple[int, int]:
    """The mantissas that a sign mode takes, both ends allowed."""
    ranges = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-arithmetic.weight_magnitude, 0)}
    return ranges[mode]


def stored_weights(mantissas: np.ndarray, format: WeightFormat, arithmetic: Arithmetic) -> Weights:
    """Mantissas as the chip keeps and applies them: clipped, truncated to the bits, shifted by the exponent, limited.

    mantissas: (n,) numbers as the user gave them.  Source: facts/fixed_point.md sections 3 and 7.
    """
    lost = lost_bits(format.bits, format.sign_mode)
    low, high = mantissa_range(format.sign_mode, arithmetic)
    step = 1 << lost
    clipped = np.clip(mantissas, low, high)
    if arithmetic.weight_rounding == WEIGHT_ROUNDING["nearest"]:
        return Weights(_nearest_units(clipped, lost, format.exponent), format, 0)
    if arithmetic.weight_rounding == WEIGHT_ROUNDING["exact"]:
        stored = np.floor(mantissas).astype(np.int64)
    elif arithmetic.weight_rounding == WEIGHT_ROUNDING["toward_zero"] or format.sign_mode == "inhibitory":
        stored = np.trunc(np.trunc(clipped) / step).astype(np.int64) * step
    else:
        stored = (np.floor(clipped).astype(np.int64) >> lost) << lost
    if format.exponent >= 0:
        units, shift = stored << format.exponent, 0
    elif arithmetic.exponent_stage == EXPONENT_STAGE["sum"]:
        units, shift = stored, -format.exponent
    else:
        units, shift = stored >> -format.exponent, 0
    if arithmetic.weight_limit_bits:
        limit = (1 << (arithmetic.weight_limit_bits - 6)) - 1
        units = np.clip(units, -limit, limit)
    return Weights(units, format, shift)


def _nearest_units(mantissas: np.ndarray, lost: int, exponent: int) -> np.ndarray:
    """Weights as nengo-loihi's quantiser makes them: half to even, once to the bits and once more to the exponent.

    mantissas may be fractional.  The second rounding stays within the shifted range, floor at both ends, so that the
    largest positive weight is not rounded up.  Found from golden/fixed_point/nengo_wtable_*.
    """
    top = (256 >> lost) - 1
    rounded = np.clip(np.rint(mantissas / (1 << lost)), -top, top).astype(np.int64)
    shift = lost + exponent
    if shift >= 0:
        return rounded << shift
    return np.clip(np.rint(rounded * 2.0**shift).astype(np.int64), -top >> -shift, top >> -shift)


def _mantissas(
    projection: Projection, weights: np.ndarray, scale: float, exponent: int, chip: Chip, problems: list[Problem]
) -> tuple[np.ndarray, WeightFormat]:
    """Float weights on the grid of mantissas, nearest, and the format that says so."""
    if projection.format is not None:
        problems.append(
            Problem(
                "integer weights (a weight format) lead into a population in physical units",
                path=projection.name,
                allowed="float weights, or a target with 'neuron: lif_registers'",
            )
        )
    mode = sign_mode(weights)
    bits = projection.bits
    if bits not in chip.synapse.weight_bits:
        problems.append(_bits_problem(projection.name, bits, chip))
    step = 1 << lost_bits(bits, mode)
    top = max(top_mantissa(bits, mode), 0)
    if bits == 1 and not top:
        problems.append(
            Problem(
                "1-bit weights of both signs: the sign leaves no bit for the size",
                path=projection.name,
                allowed="2 bits or more, or weights of one sign",
                remedy="bits: 2",
            )
        )
    mantissas = np.clip(np.rint(weights * scale / 2.0**exponent / step) * step, -top, top)
    return mantissas, WeightFormat(bits, exponent, mode)


def _bits_problem(name: str, bits: int, chip: Chip) -> Problem:
    near = min(chip.synapse.weight_bits, key=lambda b: (abs(b - bits), -b))
    return Problem(
        f"weights of {bits} bits",
        path=name,
        allowed=f"{', '.join(map(str, chip.synapse.weight_bits))} on {chip.name}",
        remedy=f"bits: {near}",
    )


def _check_format(
    projection: Projection, format: WeightFormat, mantissas: np.ndarray, chip: Chip, problems: list[Problem]
) -> None:
    if format.bits not in chip.synapse.weight_bits:
        problems.append(_bits_problem(projection.name, format.bits, chip))
    if not chip.synapse.exponent_min <= format.exponent <= chip.synapse.exponent_max:
        problems.append(
            Problem(
                f"weight exponent {format.exponent}",
                path=projection.name,
                allowed=f"{chip.synapse.exponent_min}..{chip.synapse.exponent_max} on {chip.name}",
            )
        )
    low, high = mantissa_range(format.sign_mode, chip.arithmetic)
    outside = mantissas[(mantissas < low) | (mantissas > high)]
    if outside.size and not format.clip:
        problems.append(
            Problem(
                f"{outside.size} weight mantissa{'s' if outside.size > 1 else ''} out of range, like {outside[0]:g}",
                path=projection.name,
                allowed=f"{low}..{high} for sign_mode {format.sign_mode}",
                remedy="a larger exponent",
            )
        )
    whole = chip.arithmetic.weight_rounding == WEIGHT_ROUNDING["nearest"] or not np.any(mantissas % 1)
    if not whole:
        problems.append(
            Problem(
                f"a weight of {mantissas[np.flatnonzero(mantissas % 1)[0]]:g} leads into a population given by registers",
                path=projection.name,
                allowed="whole mantissas, -256..255",
                remedy="'neuron: lif' for the target, then float weights are quantised for you",
            )
        )


def _check_delays(projection: Projection, given: SynapseList, chip: Chip, problems: list[Problem]) -> None:
    if given.delay.size and (given.delay.min() < 0 or given.delay.max() > chip.synapse.delay_max):
        bad = int(given.delay.min() if given.delay.min() < 0 else given.delay.max())
        problems.append(
            Problem(
                f"a delay of {bad} steps", path=projection.name, allowed=f"0..{chip.synapse.delay_max} on {chip.name}"
            )
        )


def _projection_report(
    projection: Projection, weights: np.ndarray, scale: float, kept: Weights, mantissas: np.ndarray
) -> ProjectionRounding:
    largest = float(np.abs(weights).max()) if weights.size else 0.0
    error = kept.units / scale - weights
    relative = np.abs(error) / largest if largest else error
    top = top_mantissa(kept.format.bits, kept.format.sign_mode)
    wanted = np.abs(weights) * scale / 2.0**kept.format.exponent
    return ProjectionRounding(
        projection.name,
        kept.format.bits,
        kept.format.exponent,
        kept.format.sign_mode,
        int(weights.size),
        int(np.count_nonzero(kept.units == 0)),
        int(np.count_nonzero(wanted > top + (1 << lost_bits(kept.format.bits, kept.format.sign_mode)) / 2)),
        float(relative.max()) if weights.size else 0.0,
        float(np.sqrt(np.mean(relative**2))) if weights.size else 0.0,
    )


# ---- scales --------------------------------------------------------------------------------------------------------


def _choose_scale(
    population: Population, incoming: list[Projection], synapses: dict[str, SynapseList], chip: Chip, step_ms: float
) -> tuple[float, dict[str, int]]:
    """The scale of a population (units of 2**6 for 1.0) and the exponent of each projection into it.

    The projection with the largest weights fills its mantissas exactly. Among the powers of two left, the smallest that
    stores every other projection at full precision and the threshold finely; never one that would let the threshold or
    the bias leave its register, or the input wrap if every source fired at once.
    The current u may grow to the input times 1 / (1 - exp(-step/tau_syn)) if every source fired in every step. It gets
    room for that too, as far as that costs at most U_ROOM_BITS bits of the weights; past that it may wrap, and the run
    counts and reports it. Direct currents are not known here: host.py refuses those that leave the bias register.
    """
    model = population.model
    assert isinstance(model, Lif)
    threshold = float(np.max(np.abs(model.threshold)))
    bias = float(np.max(np.abs(model.bias)))
    bias_top = chip.registers.bias_max << chip.registers.bias_exponent_max
    caps = [chip.registers.threshold_max / threshold] if threshold else []
    caps += [bias_top / STATE_UNIT / bias] if bias else []
    ratios, lost = {}, {}
    for projection in incoming:
        given = synapses[projection.name]
        mode = sign_mode(given.weight)
        lost[projection.name] = lost_bits(projection.bits, mode)
        largest = float(np.abs(given.weight).max()) if given.weight.size else 0.0
        ratios[projection.name] = largest / max(top_mantissa(projection.bits, mode), 1)
    # Rounding adds at most half a step to a weight: at most ratio * 2**lost (the exponent is less than one too large),
    # or half a unit where the exponent is the smallest.
    slack = {name: ratio * 2.0 ** lost[name] for name, ratio in ratios.items()}
    widest, most = _largest_input(population.size, incoming, synapses, slack)
    if chip.arithmetic.q_bits and widest:
        caps.append(max((1 << (chip.arithmetic.q_bits - 1)) / STATE_UNIT - 1 - most / 2, 1.0) / widest)
    u_most = widest * _gain(model.tau_syn_ms, step_ms) + bias
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
    return scale, exponents


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
        for row, sign in enumerate((1, -1)):
            weight = np.where(sign * given.weight > 0, np.abs(given.weight) + slack[projection.name], 0.0)
            sums[row] += np.bincount(given.post, weight, n)
        counts += np.bincount(given.post, minlength=n)
    return float(sums.max(initial=0.0)), int(counts.max(initial=0))


# ---- registers -----------------------------------------------------------------------------------------------------


def _misfits(population: Population) -> list[Problem]:
    """What cannot become registers at all: not one value a compartment, or in physical units not finite or negative."""
    problems = []
    for label, value in vars(population.model).items():
        if value is None or isinstance(value, str):
            continue
        if isinstance(value, Noise):
            problems += _noise_misfits(value, population)
            continue
        array, what, allowed = np.asarray(value), "", ""
        if array.size != 1 and array.shape != (population.size,):
            what, allowed = f"has the shape {array.shape}", f"one number, or {population.size} (one a compartment)"
        elif isinstance(population.model, Lif):
            endless = np.isposinf(array) if label.startswith("tau") else np.zeros(array.shape, bool)
            wrong = array[~(np.isfinite(array) | endless) | ((array < 0) & (label != "bias"))]
            if wrong.size:
                what = f"is {wrong.flat[0]:g}"
                allowed = "finite numbers" if label == "bias" else "finite numbers of at least 0"
        if what:
            problems.append(Problem(f"{label} {what}", path=population.name, allowed=allowed))
    return problems


def _noise_misfits(noise: Noise, population: Population) -> list[Problem]:
    n, found = population.size, []
    if not 1 <= noise.exponent <= 23:
        found.append((f"noise exponent is {noise.exponent}", "1..23"))
    if np.size(noise.enable) != 1 and np.shape(noise.enable) != (n,):
        found.append((f"noise enable has the shape {np.shape(noise.enable)}", f"one value, or {n} (one a compartment)"))
    if noise.draws is not None and (np.ndim(noise.draws) != 2 or np.shape(noise.draws)[1] != n):
        found.append((f"recorded noise has the shape {np.shape(noise.draws)}", f"(steps, {n})"))
    return [Problem(what, path=population.name, allowed=allowed) for what, allowed in found]


def _lif_registers(
    population: Population, scale: float, step_ms: float, chip: Chip, problems: list[Problem]
) -> tuple[Registers, PopulationRounding]:
    """Registers of a population in physical units, and what rounding them did."""
    model, n, a = population.model, population.size, chip.arithmetic
    assert isinstance(model, Lif)
    wanted_u, wanted_v = _decay(model.tau_syn_ms, step_ms, n), _decay(model.tau_mem_ms, step_ms, n)
    decay_u = np.clip(np.rint(wanted_u), a.decay_u_offset, chip.registers.decay_max + a.decay_u_offset)
    decay_v = np.clip(np.rint(wanted_v), a.decay_v_offset, chip.registers.decay_max + a.decay_v_offset)
    threshold = spread(model.threshold, n)
    mantissa = np.rint(threshold * scale)
    _in_range(population.name, "threshold", mantissa, 0, chip.registers.threshold_max, problems, chip)
    if np.any((mantissa == 0) & (threshold > 0)):
        problems.append(
            Problem(
                f"a threshold of {threshold[(mantissa == 0) & (threshold > 0)][0]:g} rounds to 0 beside weights this large",
                path=population.name,
                remedy="smaller weights, or a larger threshold",
            )
        )
    bias = bias_units(spread(model.bias, n) * scale * STATE_UNIT, chip)
    pause = np.rint(np.minimum(spread(model.refractory_ms, n) / step_ms, 2.0**31)) + 1
    _in_range(population.name, "refractory (steps + 1)", pause, 1, chip.registers.refractory_max, problems, chip)
    limit = _v_limit(a)
    zeros = np.zeros(n, np.int64)
    registers = Registers(
        decay_u.astype(np.int64),
        decay_v.astype(np.int64),
        mantissa.astype(np.int64) * STATE_UNIT,
        np.full(n, NO_THRESHOLD),
        bias,
        pause.astype(np.int64),
        np.full(n, -limit),
        np.full(n, limit),
        zeros,
        zeros,
        zeros,
    )
    worst = _largest_error(mantissa / scale, threshold)
    return registers, PopulationRounding(
        population.name,
        scale,
        worst,
        _largest_error(bias / (scale * STATE_UNIT), spread(model.bias, n)),
        _tau_error(decay_v, spread(model.tau_mem_ms, n), step_ms),
        _tau_error(decay_u, spread(model.tau_syn_ms, n), step_ms),
    )


def _decay(tau_ms: Values, step_ms: float, n: int) -> np.ndarray:
    """(n,) float decay in 1/4096 per step, 4096 (1 - exp(-step/tau)); tau 0 forgets at once, inf never."""
    tau = spread(tau_ms, n)
    with np.errstate(divide="ignore"):
        return -DECAY_ONE * np.expm1(-step_ms / tau)


def _largest_error(kept: np.ndarray, wanted: np.ndarray) -> float:
    """Largest error relative to each value that is not 0."""
    asked = wanted != 0
    return float(np.max(np.abs(kept[asked] / wanted[asked] - 1), initial=0.0))


def _tau_error(kept: np.ndarray, tau_ms: np.ndarray, step_ms: float) -> float:
    """Largest |1 - tau / tau kept| of the time constants that are neither 0 nor inf; 1.0 where the leak is lost."""
    asked = (tau_ms > 0) & np.isfinite(tau_ms)
    with np.errstate(divide="ignore"):
        tau_kept = -step_ms / np.log1p(-np.minimum(kept[asked], DECAY_ONE) / DECAY_ONE)
        return float(np.max(np.abs(1 - tau_ms[asked] / tau_kept), initial=0.0))


def _own_registers(population: Population, chip: Chip, problems: list[Problem]) -> Registers:
    """Registers as the user gave them, checked against the chip's."""
    model, n, name, limits, a = population.model, population.size, population.name, chip.registers, chip.arithmetic
    assert isinstance(model, LifRegisters)

    def register(label: str, value: Values, low: int, high: int) -> np.ndarray:
        array = spread(value, n)
        _in_range(name, label, array, low, high, problems, chip)
        return np.clip(np.nan_to_num(array), -UNBOUNDED, UNBOUNDED).astype(np.int64)

    limit = _v_limit(a)
    state = 1 << 31
    exponent = register("bias_exponent", model.bias_exponent, limits.bias_exponent_min, limits.bias_exponent_max)
    mantissa = register("bias", model.bias, limits.bias_min, limits.bias_max)
    low = model.threshold_low
    return Registers(
        register("decay_u", model.decay_u, 0, limits.decay_max) + a.decay_u_offset,
        register("decay_v", model.decay_v, 0, limits.decay_max) + a.decay_v_offset,
        register("threshold", model.threshold, 0, limits.threshold_max) * STATE_UNIT,
        np.full(n, NO_THRESHOLD)
        if low is None
        else register("threshold_low", low, -limits.threshold_max, 0) * STATE_UNIT,
        np.where(exponent >= 0, mantissa << np.maximum(exponent, 0), mantissa >> np.maximum(-exponent, 0)),
        register("refractory", model.refractory, 1, limits.refractory_max),
        np.full(n, -limit) if model.v_min is None else register("v_min", model.v_min, -state, 0),
        np.full(n, limit) if model.v_max is None else register("v_max", model.v_max, 0, state),
        register("u", model.u, -state, state),
        register("v", model.v, -state, state),
        register("charge", model.charge, -state, state),
    )


def bias_units(bias: np.ndarray, chip: Chip) -> np.ndarray:
    """(n,) biases in units of u and v as mantissa << exponent: the smallest exponent that holds each, rounded to nearest.

    What is too large is limited to the register's range.
    """
    limits = chip.registers
    with np.errstate(divide="ignore"):
        needed = np.ceil(np.log2(np.maximum(np.abs(bias) / limits.bias_max, 2.0**-60)))
    exponent = np.clip(needed, max(limits.bias_exponent_min, 0), limits.bias_exponent_max).astype(np.int64)
    mantissa = np.clip(np.rint(bias / 2.0**exponent), limits.bias_min, limits.bias_max).astype(np.int64)
    return mantissa << exponent


def _v_limit(a: Arithmetic) -> int:
    return (1 << (a.state_bits - 1)) - 1 if a.v_clip else UNBOUNDED


def spread(value: Values, n: int) -> np.ndarray:
    """(n,) float64 of one value for all or one a compartment."""
    return np.broadcast_to(np.asarray(value, np.float64), (n,))


def _in_range(
    population: str, label: str, values: np.ndarray, low: int, high: int, problems: list[Problem], chip: Chip
) -> None:
    outside = np.flatnonzero((values < low) | (values > high) | (values % 1 != 0))
    if outside.size:
        first = outside[0]
        where = (
            f" (compartment {first}{f', and {outside.size - 1} more' if outside.size > 1 else ''})"
            if values.size > 1
            else ""
        )
        problems.append(
            Problem(
                f"{label} is {values[first]:g}{where}",
                path=population,
                allowed=f"whole numbers {low}..{high} on {chip.name}",
            )
        )
