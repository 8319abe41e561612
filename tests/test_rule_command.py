"""neuroemu rule: what it says of a rule, and of one that is wrong."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu.cli import cli
from neuroemu.errors import ProgramError
from neuroemu.events import Event
from neuroemu.learning.explain import bounds, explain, learning_for
from neuroemu.learning.microcode import Op, compiled

STDP = "dw = 2^-2*y0*x1 - 2^-2*x0*y1"


def said(*rules, **settings):
    return " ".join(explain(learning_for(rules, **settings)).split())


def test_a_product_says_when_it_is_evaluated_and_on_what():
    text = said(STDP, epoch=4)
    assert "y0: every 4 steps, synapses whose compartment spiked in the epoch" in text
    assert "at the last spike of the compartment in the epoch" in text and "at the last spike of the axon" in text


def test_u_k_is_told_in_steps():
    assert "u3: every 32 steps, all synapses" in said("2^-3*u3*x1", epoch=4)
    assert "u0: every step, all synapses" in said("u0*x1")


@pytest.mark.parametrize(
    "rule, width, effective",
    [
        ("2^-2*y0*x1", "4 + 7 = 11 bits: no shift", "effective 0.25 times"),
        ("2^-2*u0*x1*y1", "18 bits: 3 more than 15, so shifted right by 3", "0.25 / 2^3 = 0.03125 times"),  # S / 8
        ("2^0*u0*t*y1", "20 bits: 5 more", "1 / 2^5 = 0.03125 times"),  # S / 32
        ("2^0*u0*x1*x2*y1", "25 bits: 10 more", "1 / 2^10 = 0.000976562 times"),  # S / 1024
    ],
)
def test_widths_and_effective_scales(rule, width, effective):
    text = said(rule)
    assert width in text and effective in text


def test_a_dialect_with_other_mantissas_shifts_less():
    text = said("2^-2*u0*x1*y1", dialect="nengo_loihi", third="model")
    assert "shifted right by 2" in text and "WARNING floor" not in text  # in all it is shifted left: 7 - 2 - 2
    assert "in steps of 0.0625" in text and "store_magnitude" in text


def test_products_of_brian2_loihi_are_exact():
    text = said("2^-11*u1*(w-300)*x1 - 4*u2", dialect="brian2_loihi")
    assert "exact neither clipped nor shifted" in text and "width" not in text
    assert "draws never" in text and "draws whether it rounds up" in text
    assert f"{-556 * 127 / 2048:g} to 0" in text and "p *= (x1_before)" not in text
    assert "u2: every 4 steps, the first of them on, all synapses" in text and "store_change" in text
    with pytest.raises(ProgramError):
        learning_for(("2^-11*u1*(w-300)*x1 - 4*u2",))


@pytest.mark.parametrize(
    "rule, low, high",
    [
        ("u0*x1", 0, 127), ("-1*u0*x1", -127, 0), ("u0*(x1-100)", -100, 27), ("u0*w", -256, 255), ("u0*sgn(w-80)", -1, 1),
        ("u0*sgn(w+300)", 1, 1), ("u0*r0", 0, 1), ("u0*x1*y1", 0, 127 * 127 // 8), ("-1*u0*x1*y1", -2017, 0),
        ("3*u0*d", 0, 765), ("u0*(w+500)", 244, 511),
    ],
)  # fmt: skip
def test_bounds_of_a_product(rule, low, high):
    learning = learning_for((rule,))
    assert bounds(learning.rules[0].products[0], learning) == (low, high)


def test_post_traces_of_a_model_have_a_sign():
    learning = learning_for(("u0*y1",), third="model")
    assert bounds(learning.rules[0].products[0], learning) == (-128, 127)
    assert "needs states of the target's model: y1" in explain(learning)


def test_the_floor_bias_is_told_where_a_shifted_product_may_be_negative():
    assert "WARNING floor: anything between -0.25 and 0 becomes -0.25" in said("-1*2^-2*u0*x1*y1")
    for harmless in ("2^-2*u0*x1*y1", "-1*2^-2*u0*x1"):  # never negative; never shifted
        assert "WARNING" not in said(harmless)
    assert "WARNING" not in said("-1*2^-2*u0*x1*y1", shift="stochastic")


def test_what_saturates_is_told():
    assert "saturates where it exceeds 256" in said("7*2^3*u0*x1")
    assert "saturates" not in said("2^0*u0*x1")


def test_every_instruction_is_listed():
    learning = learning_for((STDP, "dt = 2^-3*u2*t*sgn(w-8)*x1"), epoch=2)
    text = explain(learning).partition("microcode:")[2].splitlines()
    table = [line.split()[0] for line in text[1:] if line.startswith("  ")]
    code = compiled(learning.rules, epoch=2).instructions
    assert table[: len(code)] == [Op(op).name.lower() for op in code[:, 0]]
    assert text[0].strip() == f"{len(code)} instructions a synapse, 3 products"


def test_the_cost_of_an_update_is_the_chips():
    chip, prices = neuroemu.read_chip("loihi1-davies2018")
    text = explain(learning_for((STDP,)), prices, chip.learning)
    assert f"{prices.energy_pj[Event.LEARN_WRITE].value:g} pJ" in text and "read and written" in text


@pytest.mark.parametrize("chip, text", [("truenorth", "truenorth does not learn"), ("loihi1-sanafe", "not modelled")])
def test_a_chip_without_prices_or_learning_says_so(chip, text):
    done = CliRunner().invoke(cli, ["rule", STDP, "--chip", chip])
    assert done.exit_code == 0 and text in done.output


def test_a_rule_without_a_target_is_of_the_weight():
    assert learning_for(("y0*x1",)).rules[0].target == "w"
    assert [rule.target for rule in learning_for(("dt: u0*x1", "dw=u0*t")).rules] == ["w", "t"]


@pytest.mark.parametrize(
    "rules, what",
    [
        (("0.5*x1*y0",), "the number 0.5"), (("x1",), "no dependency"), (("dq = x0*x1",), "'dq'"), (("",), "empty"),
        (("dw=x0*x1", "dw=y0*x1"), "dw is given twice"), (("u10*x1",), "'u10'"), (("2^9*x0*x1",), "2^9"),
        (("x0*w*t*d*x1*x2*y1*y2*w",), "bits"), (("x0^2*x1",), "power"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_the_reason(rules, what):
    with pytest.raises(ProgramError) as error:
        learning_for(rules)
    assert any(what in problem.what for problem in error.value.problems), error.value


def test_all_mistakes_of_all_rules_are_told():
    with pytest.raises(ProgramError) as error:
        learning_for(("dw=q*x0 + x1", "dt=0.5*x0"), dialect="none")
    assert len(error.value.problems) == 4


def test_a_wrong_rule_ends_the_command_with_its_caret():
    with pytest.raises(ProgramError, match=r"dw: 'q'\n    x0\*q\n       \^"):
        CliRunner().invoke(cli, ["rule", "x0*q"], catch_exceptions=False)
    assert CliRunner().invoke(cli, ["rule"]).exit_code == 2
    assert CliRunner().invoke(cli, ["rule", STDP, "--epoch", "64"]).exit_code == 2
