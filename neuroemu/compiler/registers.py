"""Registers of compartments: from physical units at a scale, or as the user gave them, checked against the chip's ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import compartments
from ..chip import Chip
from ..compartments import Model
from ..compartments.lif import UNBOUNDED
from ..errors import Problem, ProgramError
from ..network import Lif, LifRegisters, Noise, Population, Registers, Values
from ..pieces import seen_once
from ..widths import DECAY_ONE, STATE_UNIT


@dataclass(frozen=True)
class Tables:
    """The compartments of a population: a model, and its parameters and states before step 1 by name, (n,) int64 each; a value
    that all share takes the memory of one.

    recorded: (steps, n) int64 recorded draws in place of random ones, or None.
    """

    model: Model
    parameters: dict[str, np.ndarray]
    state: dict[str, np.ndarray]
    recorded: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        model: Model,
        parameters: dict[str, np.ndarray],
        state: dict[str, np.ndarray],
        recorded: np.ndarray | None = None,
    ) -> Tables:
        """Tables of columns that may be one value written n times."""
        first, second = ({name: seen_once(column) for name, column in table.items()} for table in (parameters, state))
        return cls(model, first, second, recorded)


@dataclass(frozen=True)
class PopulationRounding:
    """What quantisation did to one population; errors are relative, 0.01 is one percent."""

    name: str
    scale: float  # units of 2**6 for 1.0
    threshold_error: float
    bias_error: float
    tau_mem_error: float
    tau_syn_error: float


def _given(population: Population) -> Mapping[str, Any]:
    """What the user said of a population, by the names of its model's fields."""
    model = population.model
    if isinstance(model, Registers):
        return model.values
    assert isinstance(model, LifRegisters)
    values = {key: value for key, value in vars(model).items() if value is not None}
    noise = values.pop("noise", None)
    values["soft"] = int(values.pop("soft_reset"))
    if noise is not None:
        values |= {
            "noise_exponent": noise.exponent,
            "noise_mantissa": noise.mantissa,
            "noise_at_membrane": int(noise.at_membrane),
            "noise_enabled": np.asarray(noise.enable, np.int64),
        }
    return values


def misfits(population: Population) -> list[Problem]:
    """What cannot become registers at all: not one value a compartment, or in physical units not finite or negative."""
    problems = []
    if isinstance(population.model, Lif):
        given: Mapping[str, Any] = vars(population.model)
    else:
        noise = getattr(population.model, "noise", None)
        problems += _noise_misfits(noise, population) if noise is not None else []
        given = _given(population)
        fields = population.compartment.fields
        for label in given:
            if label not in fields:
                known = ", ".join(fields)
                problems.append(Problem(f"there is no field '{label}'", path=population.name, allowed=known))
    for label, value in given.items():
        if value is None or isinstance(value, (str, bool)) or label.startswith("noise"):
            continue
        array, what, allowed = np.asarray(value), "", ""
        if array.size != 1 and array.shape != (population.size,):
            what, allowed = f"has the shape {array.shape}", f"one number, or {population.size} (one a compartment)"
        elif array.dtype.kind not in "biuf":
            what, allowed = "is not a number", "numbers"
        elif isinstance(population.model, Lif):
            endless = np.isposinf(array) if label.startswith(("tau", "threshold")) else np.zeros(array.shape, bool)
            signed = label in ("bias", "u", "v")
            wrong = array[~(np.isfinite(array) | endless) | ((array < 0) & (not signed))]
            if wrong.size:
                what = f"is {wrong.flat[0]:g}"
                allowed = "finite numbers" if signed else "finite numbers of at least 0"
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


def lif_registers(
    population: Population, scale: float, step_ms: float, chip: Chip, problems: list[Problem]
) -> tuple[Tables, PopulationRounding]:
    """Tables of a population in physical units, and what rounding them did."""
    model, n, a = population.model, population.size, chip.arithmetic
    assert isinstance(model, Lif)
    wanted_u, wanted_v = _decay(model.tau_syn_ms, step_ms, n), _decay(model.tau_mem_ms, step_ms, n)
    decay_u = np.clip(np.rint(wanted_u), a.decay_u_offset, chip.registers.decay_max + a.decay_u_offset)
    decay_v = np.clip(np.rint(wanted_v), a.decay_v_offset, chip.registers.decay_max + a.decay_v_offset)
    silent = np.isinf(spread(model.threshold, n))
    threshold = np.where(silent, 0.0, spread(model.threshold, n))
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
    if np.any((pause == 1) & (spread(model.refractory_ms, n) > 0)):
        problems.append(
            Problem(
                "a refractory pause is less than half a time step",
                path=population.name,
                allowed=f"0, or times of at least {step_ms / 2:g} ms",
            )
        )
    _in_range(population.name, "refractory (steps + 1)", pause, 1, chip.registers.refractory_max, problems, chip)
    lif = compartments.find("lif")
    asked = {
        "decay_u": decay_u - a.decay_u_offset,
        "decay_v": decay_v - a.decay_v_offset,
        "refractory": pause,
        "soft": np.full(n, model.soft_reset),
    }
    values = {
        key: np.full(n, field.default, np.int64) for key, field in lif.fields.items() if field.default is not None
    }
    values |= {key: value.astype(np.int64) for key, value in asked.items()}
    parameters, state = lif.tables(values, chip)
    parameters["threshold"] = np.where(silent, UNBOUNDED, mantissa * STATE_UNIT).astype(np.int64)
    begin = {key: _before(population, key, scale, chip, problems) for key in ("u", "v")}
    registers = Tables.of(lif, parameters, state | {"bias": bias} | begin)
    worst = _largest_error(mantissa / scale, threshold)
    return registers, PopulationRounding(
        population.name,
        scale,
        worst,
        _largest_error(bias / (scale * STATE_UNIT), spread(model.bias, n)),
        _tau_error(decay_v, spread(model.tau_mem_ms, n), step_ms),
        _tau_error(decay_u, spread(model.tau_syn_ms, n), step_ms),
    )


def _before(population: Population, key: str, scale: float, chip: Chip, problems: list[Problem]) -> np.ndarray:
    """(n,) u or v before step 1 in units, rounded to nearest; a problem where the register does not hold it."""
    wanted = spread(getattr(population.model, key), population.size) * scale * STATE_UNIT
    most = (1 << (chip.arithmetic.state_bits - 1)) - 1
    if np.any(np.abs(wanted) > most):
        worst = float(wanted[np.argmax(np.abs(wanted))]) / scale / STATE_UNIT
        problems.append(
            Problem(
                f"{key} is {worst:g} before step 1",
                path=population.name,
                allowed=f"at most {most / scale / STATE_UNIT:g}, which {chip.name} holds at this population's scale",
            )
        )
    return np.rint(np.clip(wanted, -most, most)).astype(np.int64)


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


def own_registers(population: Population, chip: Chip, problems: list[Problem], join: int | None = None) -> Tables:
    """Tables as the user gave them, checked against the ranges of the model and the chip; none where the model refuses them.

    join: with its children in a dendritic tree.
    """
    model, given, n = population.compartment, _given(population), population.size
    given = given if join is None else {**given, "join": join}
    values = {}
    for label, field in model.fields.items():
        value = given.get(label, field.default)
        if value is None:
            continue
        array, low, high = spread(value, n), -UNBOUNDED, UNBOUNDED
        if label in given:
            low, high = field.limits(chip)
            _in_range(population.name, label, array, low, high, problems, chip)
        # What is out of range has been told; the model, which is asked so that all mistakes are told at once, need not bear it.
        bounds = max(low, -UNBOUNDED), min(high, UNBOUNDED)
        values[label] = np.clip(np.nan_to_num(array), *bounds).astype(np.int64)
    noise = getattr(population.model, "noise", None)
    recorded = None if noise is None or noise.draws is None else np.asarray(noise.draws, np.int64)
    try:
        return Tables.of(model, *model.tables(values, chip), recorded)
    except ProgramError as error:  # the model's own
        problems += [replace(problem, path=population.name) for problem in error.problems]
        return Tables(model, {}, {}, recorded)


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
