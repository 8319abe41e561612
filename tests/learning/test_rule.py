"""The language of learning rules: what is read, what is refused, and where the caret then stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.errors import ProgramError
from neuroemu.learning.rule import Factor, parse
from tests.learning.rules import rules
from tests.naive_learning import reduced


def read(text):
    """[(gate, m, e, factors)] with factors as a user writes them."""
    return [
        (p.gate_text, p.mantissa, p.exponent, [str(factor) for factor in p.factors]) for p in parse("w", text).products
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x0", [("x0", 1, 0, [])]),
        ("+y0", [("y0", 1, 0, [])]),
        ("-u0", [("u0", -1, 0, [])]),
        ("u9*d", [("u9", 1, 0, ["d"])]),
        ("2^-2*y0*x1 - 2^-2*x0*y1", [("y0", 1, -2, ["x1"]), ("x0", -1, -2, ["y1"])]),
        (" 2 ^ - 2 * y0\t* x1\n", [("y0", 1, -2, ["x1"])]),
        ("x1*y0*3", [("y0", 3, 0, ["x1"])]),  # the gate need not come first
        ("x0*y0*x0", [("x0", 1, 0, ["y0", "x0"])]),  # the first dependency is the gate, others are factors
        ("y0*x0", [("y0", 1, 0, ["x0"])]),
        ("u1*x0", [("u1", 1, 0, ["x0"])]),
        ("w*u2*t", [("u2", 1, 0, ["w", "t"])]),
        ("x0*(x1-3)", [("x0", 1, 0, ["(x1-3)"])]),
        ("x0*(x1+2^3)", [("x0", 1, 0, ["(x1+8)"])]),
        ("x0*(255-w)", [("x0", -1, 0, ["(w-255)"])]),  # c - v is -(v - c)
        ("x0*(-3-w)", [("x0", -1, 0, ["(w+3)"])]),
        ("x0*(3+w)", [("x0", 1, 0, ["(w+3)"])]),
        ("x0*(-w+3)", [("x0", -1, 0, ["(w-3)"])]),
        ("x0*(-w)", [("x0", -1, 0, ["w"])]),  # Lava loses this sign
        ("x0*(+w)", [("x0", 1, 0, ["w"])]),
        ("-(-x0)", [("x0", 1, 0, [])]),
        ("(u3)*(w)", [("u3", 1, 0, ["w"])]),
        ("(1)*(-2)*x0*y1", [("x0", -2, 0, ["y1"])]),
        ("x0*(4*2^-7)", [("x0", 4, -7, [])]),
        ("sgn(w)*x0", [("x0", 1, 0, ["sgn(w)"])]),
        ("x0*sgn(t-80)*sgn(d+1)", [("x0", 1, 0, ["sgn(t-80)", "sgn(d+1)"])]),
        ("2*3*2^-1*x0", [("x0", 6, -1, [])]),  # all literals are one scale
        ("8*x0", [("x0", 4, 1, [])]),  # halved while above 7
        ("-8*x0", [("x0", -4, 1, [])]),
        ("96*x0", [("x0", 6, 4, [])]),
        ("0*x0", [("x0", 0, 0, [])]),
        ("7*2^8*x0-7*2^-7*x0", [("x0", 7, 8, []), ("x0", -7, -7, [])]),
        ("x0*r0*r1", [("x0", 1, 0, ["r0", "r1"])]),
    ],
)
def test_what_a_text_means(text, found):
    assert read(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "2^-2*x1*y0 - 2^-2*y1*x0",
        "2^-6*x1*y0",
        "4*2^-7*x1*y0 - 4*2^-7*y1*x0 + 4*x0 - 4*y0",
        "2^-3*x1*y0-2^-3*y1*x0-2^-4*sgn(w-80)*x1*y0-2^-4*x1*y0",
        "2^0*x0 - 2^3*u7*d",
        "2^0*y0 - 2^0*u7*t",
        "2^-6*u7*y1*x1 - 2^-7*u7*t*x1",
        "y0*x0*r1*4 - y0*x0*2",
        "u0*r1",
        "-1*r1*u0",
        "x1*y0-2^-1*u0",
        "2*u0-3*r1*t*u0",
        "2^-3*y1*x1*y0",
        "u1*x1*y1*(2^-7)",
    ],
)
def test_rules_of_public_loihi_code_are_read(text):
    products = parse("w", text).products
    assert len(products) == 1 + text[1:].replace("^-", "").replace("w-80", "").count("-") + text.count("+")
    assert all(str(product) for product in products)


def carets(text):
    """Per mistake: what stands under its caret (in the text as it was given), and what was said."""
    with pytest.raises(ProgramError) as caught:
        parse("w", text)
    found = []
    for problem in caught.value.problems:
        what, shown, pointer = problem.what.split("\n")
        assert len(shown) == 4 + len(text) and problem.path == "dw" and problem.allowed
        found.append((pointer.index("^") - 4, what))
    return found


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("u10", 0, "'u10'"),
        ("x1*u10", 3, "'u10'"),
        ("u01", 0, "'u01'"),
        ("x0*u1", 3, "after x0"),
        ("u1*u2", 3, "after another u"),
        ("x0*x1^2", 5, "power of something else"),
        ("x0*(x1^2)", 6, "bracket closes"),
        ("3^2*x0", 1, "power of 3"),
        ("x0*2^x1", 5, "exponent"),
        ("x0*2^", 5, "the end"),
        ("x0*2^1.5", 5, "'1.5'"),
        ("1.5*x0", 0, "1.5"),
        ("x0*.5", 3, ".5"),
        ("x0*1e3", 3, "1e3"),
        ("x0*(w-1.5)", 6, "1.5"),
        ("x0*r2", 3, "'r2'"),
        ("x0*weight", 3, "'weight'"),
        ("x0*W", 3, "'W'"),
        ("x0*x3", 3, "'x3'"),
        ("x1*w", 0, "no dependency"),
        ("x0 + x1*w", 5, "no dependency"),
        ("r0*x1", 0, "no dependency"),
        ("x0*(x1+y1)", 7, "'y1'"),
        ("x0*(x1", 6, "the end"),
        ("x0*x1)", 5, "')'"),
        ("x0*(x1-3-w)", 8, "bracket closes"),
        ("x0*((w))", 4, "'('"),
        ("x0*()", 4, "')'"),
        ("x0*(x0-1)", 4, "'x0'"),
        ("x0*(2^-3+w)", 4, "2^-3 is added"),
        ("x0*(w+512)", 6, "512"),
        ("x0*(w-2^99)", 6, "added"),
        ("x0*sgn(x1)", 7, "sgn of 'x1'"),
        ("x0*sgn w", 7, "sgn without a bracket"),
        ("x0*sgn(w*t)", 8, "bracket closes"),
        ("x0*sign(w)", 3, "sgn(w)"),
        ("x0 x1", 3, "where a product has ended"),
        ("2x0", 1, "where a product has ended"),
        ("x0**2", 3, "'*'"),
        ("*x0", 0, "'*'"),
        ("x0*", 3, "the end"),
        ("x0 --w*y0", 4, "'-'"),
        ("x0 +", 4, "the end"),
        ("x0*w/2", 4, "'/'"),
        ("9*x0", 0, "9*2^0"),  # odd, and above 7
        ("2^9*x0", 0, "1*2^9"),
        ("y0-2^-8*x0", 3, "-1*2^-8"),
        ("1234567890*x0", 0, "1234567890"),
        ("x0*²", 3, "'²'"),
        ("x0*\n  q", 6, "'q'"),  # of a text with several lines
        ("__import__('os')", 0, "'__import__'"),
    ],
)
def test_the_caret_stands_under_what_is_refused(text, column, said):
    ((at, what),) = carets(text)
    assert at == column
    assert said in what


@pytest.mark.parametrize(
    ("text", "any_scale", "what", "allowed"),
    [
        ("2^99999*y0", False, "an exponent of 99999", "m*2^e with m in -8..7 and e in -7..8"),
        ("2^-99999*y0", False, "an exponent of -99999", "m*2^e with m in -8..7 and e in -7..8"),
        ("2^999*y0", False, "its constants make 1*2^999", "m*2^e with m in -8..7 and e in -7..8"),
        ("2^99999*y0", True, "an exponent of 99999", "0..999"),
        ("2^w*y0", False, "'w' as an exponent", "a whole number"),
    ],
)
def test_an_exponent_that_is_too_large_is_told_its_range(text, any_scale, what, allowed):
    with pytest.raises(ProgramError) as caught:
        parse("w", text, any_scale=any_scale)
    (problem,) = caught.value.problems
    assert problem.what.startswith(what) and allowed in problem.allowed


def test_all_mistakes_of_a_rule_are_told_at_once():
    assert [at for at, _ in carets("2^-7*u0*x1 - a*b + y0*(w-q) - x0*u3 + y0 + 9*x0")] == [13, 25, 33, 43]


@given(rules())
def test_random_rules_are_read_as_they_were_drawn(drawn):
    products, text = drawn
    for product, found in zip(products, parse("w", text).products, strict=True):
        assert found.gate_text == product.gate
        assert (found.mantissa, found.exponent) == reduced(product.m, product.e)
        assert found.factors == tuple(Factor(*factor) for factor in product.factors)
        start, end = found.at
        assert parse("w", text[start:end]).products[0].factors == found.factors  # that is where it stands


@given(rules())
def test_a_rule_written_out_is_read_as_the_same_rule(drawn):
    def plain(rule):
        return [replace(product, at=(0, 0)) for product in rule.products]

    rule = parse("t", drawn[1])
    name, text = str(rule).split(" = ")
    assert name == "dt"
    assert plain(parse("t", text)) == plain(rule)


def test_that_a_literal_divides_is_kept_whatever_others_make_of_it():
    texts = "2^-1*x0", "8*2^-1*x0", "2^-1*2^3*x0", "x0*(4*2^-2)"
    assert all(parse("w", text).products[0].divides for text in texts)
    assert not any(parse("w", text).products[0].divides for text in ("2*x0", "2^0*x0", "2^-0*x0", "2^3*x0*(w-1)"))
    assert str(parse("w", "8*2^-1*x0")) == "dw = 4*2^1*2^-1*x0"


def test_any_scale_is_read_where_it_is_asked_for():
    for text in ("9*x0", "2^-12*x0", "2^30*x0"):
        with pytest.raises(ProgramError):
            parse("w", text)
        assert parse("w", text, any_scale=True).products
    assert parse("w", "24*2^-12*x0", any_scale=True).products[0].exponent == -10


@given(st.text(alphabet="x0y1u2wdt^*+-()sgn 7.e²\n", max_size=25))
def test_no_text_does_anything_but_parse_or_be_refused(text):
    try:
        rule = parse("w", text)
    except ProgramError as error:
        assert error.problems
    else:
        assert rule.products
