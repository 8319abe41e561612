"""brian2-loihi and nengo-loihi: what they learn by, where that is not what a chip does, and what they cannot learn by.

brian2-loihi 0.5.2, in each of its steps, which are epochs of their own:
1. chances      decays, and changes that are due by u_k, draw whether they round up, from what is there before the spikes
2. impulses     x is recorded behind those of axons, y before those of compartments
3. weights      products are exact; their sum is rounded away from zero, cut toward zero to what a weight stores, drawn up
4. decay        z (1 - 1/tau), cut toward zero, drawn up
In 1 a product with x0 or y0 is 0, as no spike is there yet; so is one with a literal 2^-e, which Brian2 folds as a whole
number. Neither ever draws. u_k is on in steps 1, 1 + 2^k, ... Without a trace x1 or x2 of its own a rule never sees x0, without
y1, y2 or y3 never y0. Our choice: traces are the axon's and the compartment's as on a chip; brian2-loihi keeps each synapse its
own, which draw for themselves. Not followed: u_k that are not on in some of the steps above 1000, as t/ms is not whole there.

nengo-loihi 1.1.0 learns by PES alone, dw = +-2^e*u_k*x1*y1, y1 the error: x1 decays once in an epoch (e**(-T/tau)) and takes
one impulse, of which 1/128 are kept, and their sum is drawn up; products are shifted once, nothing saturates; the magnitude of
the weight is cut to what is stored, and drawn up. Its epochs are of 2 steps, and k is 1; any others are followed here.

Source: facts of 2026, learning engine, section 11; both packages read and run (Brian2 2.9.0, numpy target).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import Problem
from .rule import Product

if TYPE_CHECKING:
    from .settings import Learning, Trace


def brian2_factor(trace: Trace) -> float:
    """What a step leaves of a trace: 1 - 1/tau, of which Brian2 writes 15 digits, so that of 24 5/6 are a little below 20."""
    return float(f"{brian2_rest(trace):.15g}")


def brian2_rest(trace: Trace) -> float:
    """The same with all its digits, whose product's fraction is the chance of rounding up."""
    return 1.0 - 1.0 / trace.tau_steps if trace.tau_steps > 0 else 0.0


def nengo_factor(trace: Trace, epoch: int) -> float:
    """What an epoch leaves of a trace."""
    return float(np.exp(-epoch / trace.tau_steps)) if trace.tau_steps > 0 else 0.0


def is_seen(product: Product, traces: set[str]) -> bool:
    """Whether brian2-loihi ever evaluates a product to something else than 0.  traces: names of those that there are."""
    sides = {name[0] for name in traces}
    events = {product.gate, *(factor.name for factor in product.factors)} & {"x0", "y0"}
    return all(event[0] in sides for event in events)


def draws(product: Product) -> bool:
    """Whether brian2-loihi draws for a product: whether it is there before the spikes of a step."""
    return product.gate == "u" and not product.divides and not {"x0", "y0"} & {f.name for f in product.factors}


def brian2_faults(made: Learning) -> list[Problem]:
    """What brian2-loihi does not learn by."""
    found = _settings(made, "brian2_loihi", {"third": "spikes", "epoch": 1})
    for name, trace in made.traces.items():
        if trace.impulse % 1 or trace.impulse < 1 or not trace.tau_steps >= 1 or trace.tau_steps % 1:
            what = f"the dialect brian2_loihi with an impulse of {trace.impulse:g} and {trace.tau_steps:g} steps for '{name}'"
            found.append(Problem(what, allowed="whole numbers, an impulse of 1..127 and a time constant of 1 or more"))
    for rule in made.rules:
        for product in rule.products:
            for name in dict.fromkeys(
                factor.name for factor in product.factors if factor.name in ("r0", "r1", "d", "t")
            ):
                what = f"d{rule.target}: the dialect brian2_loihi knows no '{name}', which is in {product}"
                found.append(Problem(what, allowed="x0, x1, x2, y0, y1, y2, y3, w, u0..u9"))
    return found


def nengo_faults(made: Learning) -> list[Problem]:
    """What nengo-loihi does not learn by: all but PES."""
    found = _settings(made, "nengo_loihi", {"third": "model"})
    for rule in made.rules:
        names = sorted(str(factor) for product in rule.products for factor in product.factors)
        if len(rule.products) > 1 or rule.products[0].gate != "u" or names != ["x1", "y1"]:
            found.append(Problem(f"{rule} in the dialect nengo_loihi", allowed="PES: dw = m*2^e*u_k*x1*y1"))
    return found


def _settings(made: Learning, dialect: str, more: dict[str, object]) -> list[Problem]:
    """Settings that only have one value there."""
    only = {"shift": "floor", "payload": "binary", "generator": "independent", **more}
    found = [
        Problem(f"the dialect {dialect} with {label} {getattr(made, label)}", allowed=f"{value}")
        for label, value in only.items()
        if getattr(made, label) != value
    ]
    others = [f"d{rule.target}" for rule in made.rules if rule.target != "w"]
    return [*found, *(Problem(f"the dialect {dialect} with a rule for {each}", allowed="dw") for each in others)]
