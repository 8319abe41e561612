"""Random learning rules: hypothesis strategies that draw a rule as the twin has it, and write it as a user might."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naive_learning import Product

TRACES = ("x1", "x2", "y1", "y2", "y3")


@st.composite
def products(draw, names=(*TRACES, "w", "d", "t"), gates=("x0", "y0", "u"), most_factors=3):
    """(Product, its text without a sign in front, that sign)."""
    gate = draw(st.sampled_from(gates))
    gate = f"u{draw(st.sampled_from([0, 0, 1, 2, 3, 9]))}" if gate == "u" else gate
    sign = draw(st.sampled_from([1, -1]))
    m, e = draw(st.integers(1, 7)), draw(st.integers(-7, 4))
    written, factors = [], []
    for _ in range(draw(st.integers(0, most_factors))):
        name = draw(st.sampled_from((*names, "x0", "y0")))
        plus = draw(st.sampled_from([0, 0, 1, -1, 20, -80, 255, -256, 511]))
        kind = (
            "plain" if name in ("x0", "y0", "r0") else draw(st.sampled_from(["plain", "sum", "turned", "less", "sgn"]))
        )
        if kind == "sgn" and name not in "wdt":
            kind = "sum"
        if kind in ("plain", "less"):
            plus = 0
        elif plus == 0 and kind != "sgn":
            plus = 5
        text = {
            "plain": name,
            "sum": f"({name}{plus:+d})",
            "turned": f"({-plus} - {name})",  # -(name + plus)
            "less": f"(-{name})",
            "sgn": f"sgn({name}{plus:+d})" if plus else f"sgn({name})",
        }[kind]
        if kind in ("turned", "less"):
            m = -m
        written.append(text)
        factors.append((name, plus, kind == "sgn"))
    scale = draw(st.sampled_from(["whole", "power", "twice"]))
    if scale == "power" and abs(m) == 1:
        literals = [f"2^{e}"]
    elif scale == "twice":
        literals = ["2", f"2^{e}", str(abs(m))]
        m *= 2
    else:
        literals = [str(abs(m)), f"2^{e}"]
    # A dependency stands before those that become factors; literals stand anywhere.
    first = [gate, *written]
    if not any(name in ("x0", "y0") for name, _, _ in factors) and draw(st.booleans()):
        first = [*written, gate]
    for literal in literals:
        first.insert(draw(st.integers(0, len(first))), literal)
    return Product(gate, sign * m, e, tuple(factors)), draw(st.sampled_from(["*", " * "])).join(first), sign


@st.composite
def rules(draw, most=3, **drawn):
    """([Product], text)."""
    found = draw(st.lists(products(**drawn), min_size=1, max_size=most))
    text = ""
    for k, (_, written, sign) in enumerate(found):
        text += ("-" if sign < 0 else draw(st.sampled_from(["", "+"])) if k == 0 else "+") + written
    return [product for product, _, _ in found], text
