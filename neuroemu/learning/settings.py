"""Learning: what a projection learns by. Rules, traces, the epoch, and which chip's habits are followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import Problem, ProgramError
from .microcode import MOST_BITS, exact_bits, width_of
from .peers import brian2_faults, nengo_faults
from .rule import TARGETS, Rule, parse

TRACE_NAMES = ("x1", "x2", "y1", "y2", "y3")
MOST_EPOCH = 63  # steps
MOST_IMPULSE = 127
MOST_TAG = 255
N_NUMBERS, N_ALL_NUMBERS = 6, 14  # recorded random numbers a step: as Lava has them, and one for each trace
SHIFTS = ("floor", "half_even", "stochastic")
THIRD = ("spikes", "model")
PAYLOADS = ("binary", "overwrite", "add_saturated", "add_carried")
WORN = float(np.exp(-1.0 / 65535))  # what Lava leaves of a model's post-trace at each step of an epoch
GENERATORS = ("independent", "lava")
LAWS = ("chip", "brian2", "nengo")


@dataclass(frozen=True)
class Trace:
    """impulse: 0..127 that a spike adds, fractions by chance in 1/256.  tau_steps: 0 forgets at once, inf never."""

    impulse: float = 0.0
    tau_steps: float = 0.0

    @property
    def factor(self) -> float:
        """What a step leaves of it."""
        return float(np.exp(-1.0 / self.tau_steps)) if self.tau_steps > 0 else 0.0


@dataclass(frozen=True)
class Dialect:
    """Where emulators of the same chip differ.  Source: facts of 2026, learning engine, sections 5, 8 and 11.

    mantissa_bits: of a product's scale.  accumulator_low, tag_low: smallest values.  impulse_bits: of the random number of an
    impulse's fraction, which counts 1/256.  bumps_up: an impulse within an epoch is rounded up.  wears: post-traces of a model
    decay within the epoch and lose their sign at a spike.  on_grid: learned weights keep the width that the projection stores.
    law: of LAWS, how traces decay and how a sum of products becomes a weight; what others than 'chip' do is in peers.py.
    """

    mantissa_bits: int = 4
    accumulator_low: int = -(1 << 15)
    tag_low: int = -256
    impulse_bits: int = 8
    bumps_up: bool = False
    wears: bool = False
    on_grid: bool = True
    law: str = "chip"

    @property
    def any_scale(self) -> bool:
        """Whether the constants of a product are any."""
        return self.law == "brian2"


DIALECTS = {
    "neuroemu": Dialect(),
    "lava": Dialect(4, -(1 << 15) - 1, -257, 7, True, True, False),
    "nengo_loihi": Dialect(mantissa_bits=3, law="nengo"),
    "brian2_loihi": Dialect(law="brian2"),
}


@dataclass(frozen=True)
class Learning:
    """rules: one a target at most.  traces: by name, those that spikes leave behind.  epoch: steps.

    third: where post-traces come from: 'spikes', or 'model', whose state has fields y1, y2, y3.
    reward: name of the program's input that r0 and r1 follow, or None.  shift: how a product is shifted, of SHIFTS.
    payload: what a graded spike does to x1, of PAYLOADS.  tag: of every synapse before step 1.
    generator: 'independent' draws for each trace and synapse, 'lava' one number for all of them; numbers: (steps, 6)
    recorded ones in their place, columns (x decay, x impulse, y decay, y impulse in between, y impulse, weight), or (steps, 14)
    with columns of each trace, as RuleTables has them.
    lava_seed: of the generator 'lava'.
    """

    rules: tuple[Rule, ...]
    traces: Mapping[str, Trace] = field(default_factory=dict)
    epoch: int = 1
    third: str = "spikes"
    reward: str | None = None
    shift: str = "floor"
    payload: str = "binary"
    tag: int | np.ndarray = 0
    dialect: Dialect = DIALECTS["neuroemu"]
    generator: str = "independent"
    numbers: np.ndarray | None = None
    lava_seed: int = 0

    def factors(self) -> set[str]:
        """Names of all variables that the rules read."""
        return {factor.name for rule in self.rules for product in rule.products for factor in product.factors}


def learning(
    dw: str | None = None,
    dd: str | None = None,
    dt: str | None = None,
    traces: Mapping[str, Trace] | None = None,
    path: str = "",
    **settings: object,
) -> Learning:
    """Learning from the texts of its rules.  path: what it is called in errors.  settings: fields of Learning.

    Raises ProgramError with everything that is wrong with it.
    """
    problems: list[Problem] = []
    rules = []
    any_scale = Learning((), **settings).dialect.any_scale  # type: ignore[arg-type]
    for target, text in zip(TARGETS, (dw, dd, dt), strict=True):
        if text is not None:
            try:
                rules.append(parse(target, text, f"{path}.d{target}" if path else "", any_scale))
            except ProgramError as error:
                problems += error.problems
    made = Learning(tuple(rules), dict(traces or {}), **settings)  # type: ignore[arg-type]
    problems += [replace(problem, path=path) if path and not problem.path else problem for problem in faults(made)]
    if problems:
        raise ProgramError(problems)
    return made


def faults(made: Learning) -> list[Problem]:
    """What is wrong with it on any chip."""
    found = []
    if not 1 <= made.epoch <= MOST_EPOCH:
        found.append(Problem(f"an epoch of {made.epoch} steps", allowed=f"1..{MOST_EPOCH}"))
    if made.generator == "lava" and made.numbers is not None:
        found.append(Problem("numbers are given and Lava's generator is asked for", allowed="one of them"))
    if made.lava_seed < 0:
        found.append(Problem(f"lava_seed is {made.lava_seed}", allowed="0 or more"))
    for name, trace in made.traces.items():
        found += _trace_faults(name, trace, made.third)
    for label, value, allowed in (
        ("third", made.third, THIRD),
        ("shift", made.shift, SHIFTS),
        ("payload", made.payload, PAYLOADS),
        ("generator", made.generator, GENERATORS),
    ):
        if value not in allowed:
            found.append(Problem(f"{label} is '{value}'", allowed=", ".join(allowed)))
    low, high = made.dialect.tag_low, MOST_TAG
    wrong = [int(tag) for tag in np.unique(made.tag) if not low <= tag <= high]
    if wrong:
        found.append(Problem(f"a tag of {wrong[0]}", allowed=f"{low}..{high}"))
    widths = N_NUMBERS, N_ALL_NUMBERS
    if made.numbers is not None and (np.ndim(made.numbers) != 2 or np.shape(made.numbers)[1] not in widths):
        what = f"recorded numbers of shape {np.shape(made.numbers)}"
        found.append(Problem(what, allowed=f"(steps, {N_NUMBERS}) or (steps, {N_ALL_NUMBERS})"))
    if made.dialect.law == "brian2":
        found += brian2_faults(made)
    if made.dialect.law == "nengo":
        found += nengo_faults(made)
    for rule in made.rules:
        if made.dialect.law == "brian2" and exact_bits(rule) > MOST_BITS:
            what = f"d{rule.target}: its products, exact, have {exact_bits(rule)} bits together"
            found.append(Problem(what, allowed=f"{MOST_BITS}", remedy="fewer factors, or smaller exponents"))
        for product in rule.products:
            found += _product_faults(rule, product, made)
    return found


def _trace_faults(name: str, trace: Trace, third: str) -> list[Problem]:
    found = []
    if name not in TRACE_NAMES:
        found.append(Problem(f"there is no trace '{name}'", allowed=", ".join(TRACE_NAMES)))
    if not 0 <= trace.impulse <= MOST_IMPULSE:
        found.append(Problem(f"trace '{name}' has an impulse of {trace.impulse:g}", allowed=f"0..{MOST_IMPULSE}"))
    if not trace.tau_steps >= 0:
        found.append(Problem(f"trace '{name}' has a time constant of {trace.tau_steps:g} steps", allowed="0 or more"))
    if name.startswith("y") and third == "model":
        found.append(Problem(f"trace '{name}' is given twice", allowed="the model's, or one that spikes leave behind"))
    return found


def _product_faults(rule: Rule, product: object, made: Learning) -> list[Problem]:
    found = []
    bits = width_of(product, made.dialect.mantissa_bits)  # type: ignore[arg-type]
    if bits > MOST_BITS and made.dialect.law != "brian2":
        found.append(
            Problem(
                f"d{rule.target}: the product {product} has {bits} bits", allowed=f"{MOST_BITS}", remedy="fewer factors"
            )
        )
    for factor in product.factors:  # type: ignore[attr-defined]
        driven = factor.name not in TRACE_NAMES or factor.name in made.traces
        if factor.name.startswith("y") and made.third == "model":
            driven = True
        if made.payload != "binary" and factor.name == "x1":
            driven = True
        if not driven and not (made.dialect.wears and factor.name == "y3"):
            found.append(
                Problem(
                    f"d{rule.target}: nobody drives '{factor.name}', so that {product} is always the same",
                    allowed=f"a trace '{factor.name}' with an impulse, or 'third: model'",
                )
            )
        if factor.name in ("r0", "r1") and made.reward is None:
            found.append(
                Problem(
                    f"d{rule.target}: nobody drives '{factor.name}'",
                    allowed="'reward' with the name of an input of the program",
                )
            )
    return found
