"""A rule explained: when each product is evaluated and on what, how wide it is, what of it is lost, what it costs.

Takes the texts of the rules of a projection, gives text for `neuroemu rule`. Nothing is run.
"""

from __future__ import annotations

import re

from ..chip import PriceList
from ..errors import Problem, ProgramError
from ..events import LEARNING, MEANING, Event
from ..units import counted, show
from .microcode import ACCUMULATOR, FRACTION, UNBOUNDED, Op, Slot, compiled, shift_of, width_of
from .peers import draws
from .rule import MEANING as NAMES
from .rule import TARGETS, TRACES, WIDTH, Factor, Product, Rule, parse
from .settings import DIALECTS, Learning, Trace, faults

MOST = 1 << (ACCUMULATOR - FRACTION)  # whole part of the accumulator
_WORD = {"w": "weight", "d": "delay", "t": "tag"}
_NAMED = re.compile(r"\s*d([wdt])\s*[=:]\s*(.*)", re.DOTALL)
_TIMES = {
    "x0": "at the last spike of the axon in the epoch, its own impulse included",
    "y0": "at the last spike of the compartment in the epoch, its own impulse included",
    "u": "at the end of the epoch",
}
_WHO = {"x0": "synapses whose axon spiked in the epoch", "y0": "synapses whose compartment spiked in the epoch"}
_OPS = {
    Op.LOAD: "acc = {name} << 7",
    Op.GATE: "p = {slot}; if no synapse has it, skip {b}",
    Op.MULTIPLY: "p *= clip({slot}{plus}, -{c}, {most})",
    Op.MULTIPLY_SIGN: "p *= sgn({slot}{plus})",
    Op.SCALE: "p *= {a}",
    Op.SHIFT: "p >>= {a}",
    Op.ADD: "acc = clip(acc + (p << {a}))",
    Op.STORE: "{name} = acc / 128, its fraction by chance, within its range",
    Op.CLEAR: "acc = 0",
    Op.SUM: "acc += p << {a}",
    Op.HOLD: "what is drawn for = acc; of its rest on the grid of what is stored",
    Op.STORE_MAGNITUDE: "{name} = |acc| / 128 on the grid of what is stored, its fraction by chance, with the sign of acc",
    Op.STORE_CHANGE: "{name} += acc / 2^{b}, away from zero to a whole, then toward zero to the grid, and as drawn",
}


def learning_for(
    texts: tuple[str, ...], epoch: int = 1, dialect: str = "neuroemu", third: str = "spikes", shift: str = "floor"
) -> Learning:
    """Learning by these rules, each 'dw = ...', or a sum of products for dw; every trace that they read is taken as driven.

    Raises ProgramError with all mistakes, each with a caret under it.
    """
    problems: list[Problem] = []
    rules: dict[str, Rule] = {}
    any_scale = dialect in DIALECTS and DIALECTS[dialect].any_scale
    for text in texts:
        named = _NAMED.fullmatch(text)
        target, body = (named[1], named[2]) if named else ("w", text)
        if target in rules:
            problems.append(Problem(f"d{target} is given twice", allowed="one rule for each of dw, dd, dt"))
            continue
        try:
            rules[target] = parse(target, body, any_scale=any_scale)
        except ProgramError as error:
            problems += error.problems
    if dialect not in DIALECTS:
        problems.append(Problem(f"there is no dialect '{dialect}'", allowed=", ".join(DIALECTS)))
    if problems:
        raise ProgramError(problems)
    chosen = tuple(rules[target] for target in TARGETS if target in rules)
    read = Learning(chosen).factors()
    driven = {name: Trace(1.0, 1.0) for name in read & {*TRACES} - {"r1"} if name[0] == "x" or third == "spikes"}
    reward = "reward" if read & {"r0", "r1"} else None
    made = Learning(chosen, driven, epoch, third, reward, shift, dialect=DIALECTS[dialect])
    found = faults(made)
    if found:
        raise ProgramError(found)
    return made


def explain(learning: Learning, prices: PriceList | None = None, learns: bool = True) -> str:
    """The rules of a projection as text.  prices: of a chip, for what an update costs.  learns: whether that chip does."""
    lines = []
    for rule in learning.rules:
        lines += [f"d{rule.target} = {rule.text.strip()}", ""]
        for k, product in enumerate(rule.products, 1):
            lines += _product(rule, product, k, learning)
        lines += [*_sum(rule, learning), ""]
    lines += [*_needs(learning), "", *_code(learning), "", *_costs(learning, prices, learns)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _product(rule: Rule, product: Product, number: int, learning: Learning) -> list[str]:
    bits, exact = learning.dialect.mantissa_bits, learning.dialect.law == "brian2"
    width, shift = width_of(product, bits), 0 if exact else shift_of(product, bits)
    low, high = bounds(product, learning)
    unit = _unit(product, learning)
    rows = [("when", _when(product, learning.epoch, learning.dialect.law))]
    if any(factor.name[0] in "xy" and factor.name[1] != "0" for factor in product.factors):
        same = learning.epoch == 1
        rows.append(("traces", "at the end of the step, its impulses included" if same else _TIMES[product.gate]))
    for k, factor in enumerate(product.factors):
        rows.append(("factors" if k == 0 else "", _factor(factor, learning)))
    scale = product.mantissa * unit
    rows.append(("scale", f"{product.mantissa}*2^{product.exponent} = {scale:g}, a mantissa of {bits} bits"))
    sum_of = " + ".join([str(bits), *(str(WIDTH[factor.name]) for factor in product.factors)])
    fits = "no shift" if not shift else f"{shift} more than {ACCUMULATOR}, so shifted right by {shift}"
    if exact:
        rows[-1] = ("scale", f"{product.mantissa}*2^{product.exponent} = {scale:g}")
        rows.append(("exact", "neither clipped nor shifted"))
        rows.append(
            ("draws", "whether it rounds up" if draws(product) else "never: before the spikes of a step it is 0")
        )
    else:
        rows.append(("width", f"{sum_of} = {width} bits: {fits}"))
    reduced = f"{scale:g} / 2^{shift} = {scale / 2**shift:g}" if shift else f"{scale:g}"
    rows.append(("effective", f"{reduced} times its factors, in steps of {unit:g}; {low * unit:g} to {high * unit:g}"))
    if max(-low, high) * unit >= MOST and learning.dialect.law == "chip":
        what = f"where it exceeds {MOST}, the accumulator's end, it counts as that and a fraction of 127/128"
        rows.append(("saturates", what))
    if _lost(product, learning) and low < 0 and learning.shift == "floor":
        rows.append(
            (
                "WARNING",
                f"floor: anything between -{unit:g} and 0 becomes -{unit:g}, about {unit / 2:g} too low at each evaluation; "
                "a dead zone in a factor or 'shift: stochastic' avoids it",
            )
        )
    if low == high == 0:
        rows.append(("WARNING", "it is always 0"))
    head = f"  product {number}: {product}"
    return [head, *(f"    {label:10} {text}" for label, text in rows), ""]


def _when(product: Product, epoch: int, law: str) -> str:
    every = "every step" if epoch == 1 else f"every {epoch} steps"
    if product.gate != "u":
        return f"{product.gate}: {every}, {_WHO[product.gate]}"
    steps = epoch << product.decimation
    first = ", the first of them on" if law == "brian2" and steps > 1 else ""
    return f"{product.gate_text}: {'every step' if steps == 1 else f'every {steps} steps'}{first}, all synapses"


def _factor(factor: Factor, learning: Learning) -> str:
    low, high = _range(factor, learning)
    width = f"{counted(WIDTH[factor.name], 'bit')}"
    return f"{factor}: {NAMES[factor.name]}, {width}, {low}..{high}"


def _range(factor: Factor, learning: Learning) -> tuple[int, int]:
    """Smallest and largest value of a factor."""
    name = factor.name
    if name in ("x0", "y0", "r0"):
        low, high = 0, 1
    elif name in ("w", "t"):
        low, high = -256, 255
    elif name == "d":
        low, high = 0, 255
    elif name == "r1" or (name[0] == "y" and learning.third == "model"):
        low, high = -128, 127
    else:
        low, high = 0, 127
    if factor.sign_only:
        return tuple((v + factor.plus > 0) - (v + factor.plus < 0) for v in (low, high))  # type: ignore[return-value]
    if learning.dialect.law == "brian2":
        return low + factor.plus, high + factor.plus
    most = 1 << WIDTH[name]
    low, high = (min(max(v + factor.plus, -most), most - 1) for v in (low, high))
    return low, high


def bounds(product: Product, learning: Learning) -> tuple[int, int]:
    """Smallest and largest value of a product after its shift, in its units, however its factors go together."""
    low = high = 1
    for factor in product.factors:
        ends = [end * other for end in (low, high) for other in _range(factor, learning)]
        low, high = min(ends), max(ends)
    ends = sorted((low * product.mantissa, high * product.mantissa))
    low, high = (end >> _lost(product, learning) for end in ends)
    return low, high


def _lost(product: Product, learning: Learning) -> int:
    """Places that its shift cuts off."""
    shift = shift_of(product, learning.dialect.mantissa_bits)
    if learning.dialect.law == "nengo":  # which shifts once, by the exponent, too
        return max(0, shift - product.exponent - FRACTION)
    return 0 if learning.dialect.law == "brian2" else shift


def _unit(product: Product, learning: Learning) -> float:
    """In what steps a product is added."""
    shift = shift_of(product, learning.dialect.mantissa_bits) if learning.dialect.law == "nengo" else 0
    return 2.0 ** (product.exponent - shift + (_lost(product, learning) if shift else 0))


def _sum(rule: Rule, learning: Learning) -> list[str]:
    most = sum(max(abs(end) for end in bounds(p, learning)) * _unit(p, learning) for p in rule.products)
    name = _WORD[rule.target]
    if learning.dialect.law == "brian2":
        rounded = "away from zero to a whole number, then toward zero to what is stored"
        return [f"  together: at most {most:g} an evaluation, {rounded}"]
    text = (
        f"  together: at most {most:g} an evaluation; the {name} keeps whole numbers, smaller changes happen by chance"
    )
    return [f"{text} (fractions of {FRACTION} bits)"]


def _needs(learning: Learning) -> list[str]:
    read = sorted(learning.factors())
    traces = [name for name in read if name in TRACES and name != "r1"]
    lines = []
    spikes = [name for name in traces if name[0] == "x" or learning.third == "spikes"]
    if spikes:
        lines.append(f"needs traces: {', '.join(spikes)}, each with an impulse and a time constant")
    model = [name for name in traces if name not in spikes]
    if model:
        lines.append(f"needs states of the target's model: {', '.join(model)}")
    if learning.reward:
        lines.append("needs a reward: an input of one value a step, -128..127")
    return lines or ["needs no trace"]


def _code(learning: Learning) -> list[str]:
    made = compiled(learning.rules, learning.dialect.mantissa_bits, learning.epoch, learning.dialect.law)
    lines = [
        f"microcode: {counted(len(made.instructions), 'instruction')} a synapse, {counted(made.n_products, 'product')}"
    ]
    for op, a, b, c in made.instructions.tolist():
        slot = name = ""
        if op in (Op.GATE, Op.MULTIPLY, Op.MULTIPLY_SIGN):
            slot = f"u{a - Slot.U0}" if Slot.U0 <= a < Slot.X1_BEFORE else Slot(a).name.lower()
        elif op in (Op.LOAD, Op.STORE, Op.STORE_MAGNITUDE, Op.STORE_CHANGE):
            name = TARGETS[a]
        form = "p *= ({slot}{plus})" if op == Op.MULTIPLY and c == UNBOUNDED else _OPS[Op(op)]
        text = form.format(a=a, b=b, c=c, most=c - 1, slot=slot, plus=f"{b:+d}" if b else "", name=name)
        lines.append(f"  {Op(op).name.lower():14} {text}")
    return lines


def _costs(learning: Learning, prices: PriceList | None, learns: bool) -> list[str]:
    looked_at = ", ".join(dict.fromkeys(p.gate_text for rule in learning.rules for p in rule.products))
    lines = [f"cost: a synapse is read where one of its gates is on ({looked_at}), and written where it changes"]
    if prices is None:
        return lines
    if not learns:
        return [*lines, f"  {prices.name} does not learn"]
    for event in LEARNING:
        constant = prices.energy_pj[event]
        lines.append(f"  {MEANING[event].key:14} {show(constant.value, 'pJ'):14} {constant.source}")
    known = [prices.energy_pj[event].value for event in (Event.LEARN_READ, Event.LEARN_WRITE)]
    whole = None if None in known else sum(value or 0.0 for value in known)
    lines.append(f"  {'an update':14} {show(whole, 'pJ'):14} read and written, on {prices.name}")
    return lines
