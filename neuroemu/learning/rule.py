"""Learning rules as text: sums of products, parsed into a Rule. No eval, no chip, no numbers of any synapse.

    rule    := ['+'|'-'] product { ('+'|'-') product }
    product := factor { '*' factor }
    factor  := dep | var | literal | '(' [sign] var sign literal ')' | '(' [sign] literal sign var ')'
             | '(' [sign] (dep | var) ')' | '(' [sign] literal { '*' literal } ')' | 'sgn' '(' syn [sign literal] ')'
    dep     := x0 | y0 | u0..u9        a product has one at least: the first is its gate
    var     := x1 x2 y1 y2 y3 r1 | syn          syn := w d t
    literal := m | '2' '^' ['-'] e      whole numbers

The gate says when a product is evaluated and at which time traces are read: x0 at the last spike of the axon in the epoch,
y0 at the last one of the compartment, u_k at the end of every 2**k-th epoch. Source: Lava's rule language, and r0/r1 of
public Loihi rules (facts of 2026: learning engine, sections 4 and 12). All literals of a product are one scale m 2**e.
What Lava reads wrongly without a word (`(-w)` losing its sign, `u10` as u1 times 0) is read rightly here or refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import Problem, ProgramError

TARGETS = ("w", "d", "t")
TRACES = ("x1", "x2", "y1", "y2", "y3", "r1")
EVENTS = ("x0", "y0", "r0")
WIDTH = {"x0": 1, "y0": 1, "r0": 1, **dict.fromkeys(TRACES, 7), **dict.fromkeys(TARGETS, 9)}  # bits, besides a sign
MEANING = {
    "x0": "the axon spiked in this epoch",
    "y0": "the compartment spiked in this epoch",
    "r0": "a reward arrived in this epoch",
    "x1": "first pre-trace",
    "x2": "second pre-trace",
    "y1": "first post-trace",
    "y2": "second post-trace",
    "y3": "third post-trace",
    "r1": "reward trace of the projection",
    "w": "weight",
    "d": "delay",
    "t": "tag",
}
MOST_DECIMATION = 9
MANTISSA, EXPONENT = (-8, 7), (-7, 8)  # of a product's scale m 2**e
_SCALE = f"m*2^e with m in {MANTISSA[0]}..{MANTISSA[1]} and e in {EXPONENT[0]}..{EXPONENT[1]}"
MOST_POWER = 999  # of a single 2^e, whatever other constants make of it
MOST_ADDED = 511  # a constant added to a factor: beyond the widest factor nothing changes


@dataclass(frozen=True)
class Factor:
    """name + plus, or its sign.  name: of WIDTH."""

    name: str
    plus: int = 0
    sign_only: bool = False

    def __str__(self) -> str:
        inner = self.name if not self.plus else f"{self.name}{self.plus:+d}"
        return f"sgn({inner})" if self.sign_only else f"({inner})" if self.plus else inner


@dataclass(frozen=True)
class Product:
    """gate * mantissa 2**exponent * factors, in their order.

    gate: 'x0', 'y0' or 'u'.  decimation: k of u_k, else 0.  at: (first, last + 1) of its text.
    divides: a literal 2^-e stands in it, whatever others make of the exponent.
    """

    gate: str
    decimation: int
    mantissa: int
    exponent: int
    factors: tuple[Factor, ...]
    at: tuple[int, int] = (0, 0)
    divides: bool = False

    @property
    def gate_text(self) -> str:
        return f"u{self.decimation}" if self.gate == "u" else self.gate

    def __str__(self) -> str:
        scale = f"{self.mantissa}*2^{self.exponent}" if self.mantissa != 1 else f"2^{self.exponent}"
        if self.divides and self.exponent >= 0:
            scale = f"{self.mantissa}*2^{self.exponent + 1}*2^-1"
        return "*".join([scale, self.gate_text, *(str(factor) for factor in self.factors)])


@dataclass(frozen=True)
class Rule:
    """What is added to one variable of a synapse at the end of an epoch.  target: 'w', 'd' or 't'."""

    target: str
    products: tuple[Product, ...]
    text: str

    def __str__(self) -> str:
        return f"d{self.target} = " + " + ".join(str(product) for product in self.products).replace("+ -", "- ")


def parse(target: str, text: str, path: str = "", any_scale: bool = False) -> Rule:
    """The rule in a text.  target: 'w', 'd' or 't'.  path: what it is called in errors.

    any_scale: the constants of a product need not fit the m 2**e of a chip.
    Raises ProgramError with all mistakes at once, each with the character that it is about.
    """
    return _Parser(target, text, path or f"d{target}", any_scale).rule()


@dataclass(frozen=True)
class _Token:
    text: str
    at: int

    @property
    def end(self) -> int:
        return self.at + len(self.text)


_TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|(\d+\.\d*|\.\d+|\d+(?:[eE][+-]?\d+)?)|(.))", re.ASCII)
_END = ""


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text.rstrip()):
        word = match.group(match.lastindex or 3)
        found.append(_Token(word, match.end() - len(word)))
    return [*found, _Token(_END, len(text.rstrip()))]


class _Fault(Exception):
    """One mistake; the product that it is in is given up, the next one is read."""


class _Parser:
    """Recursive descent over the tokens; `problems` collects."""

    def __init__(self, target: str, text: str, path: str, any_scale: bool) -> None:
        self._target, self._text, self._path, self._any_scale = target, text, path, any_scale
        self._tokens, self._next = _tokens(text), 0
        self._problems: list[Problem] = []

    def rule(self) -> Rule:
        products = []
        if self._here.text == _END:
            self._note(self._here, "the rule is empty", "a sum of products, e.g. 2^-2*y0*x1 - 2^-2*x0*y1")
        else:
            sign = self._sign()
            while True:
                began = self._next
                try:
                    products.append(self._product(sign))
                except _Fault:
                    self._skip(began)
                if self._here.text == _END:
                    break
                sign = self._sign()
        if self._problems:
            raise ProgramError(self._problems)
        return Rule(self._target, tuple(products), self._text)

    # -- tokens

    @property
    def _here(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._here
        self._next += token.text != _END
        return token

    def _sign(self) -> int:
        if self._here.text in ("+", "-"):
            return -1 if self._take().text == "-" else 1
        return 1

    def _skip(self, began: int) -> None:
        """On to the sign before the next product, outside all brackets."""
        self._next = began
        depth = 0
        while self._here.text != _END:
            depth += {"(": 1, ")": -1}.get(self._here.text, 0)
            if depth <= 0 and self._next > began and self._here.text in "+-" and self._before_is_operand():
                return
            self._take()

    def _before_is_operand(self) -> bool:
        return self._tokens[self._next - 1].text not in ("*", "^", "(", "+", "-")

    # -- what stands there

    def _product(self, sign: int) -> Product:
        first = self._here
        parts = _Parts(sign)
        self._factor(parts)
        while self._here.text == "*":
            self._take()
            self._factor(parts)
        last = self._tokens[self._next - 1]
        if self._here.text == "^":
            self._fault(self._here, "a power of something else than 2", "2^e, or the factor written several times")
        if self._here.text not in ("+", "-", _END):
            self._fault(self._here, f"'{self._here.text}' where a product has ended", "+, -, * or the end")
        if not parts.gates:
            self._fault(
                first,
                "the product has no dependency, which says when it is evaluated",
                "one of x0, y0, u0..u9 as a factor",
            )
        mantissa, exponent = _reduced(parts.mantissa, parts.exponent)
        fits = MANTISSA[0] <= mantissa <= MANTISSA[1] and EXPONENT[0] <= exponent <= EXPONENT[1]
        if not fits and not self._any_scale:
            self._fault(first, f"its constants make {mantissa}*2^{exponent}", _SCALE)
        gate, decimation, _ = parts.gates[0]
        at = (first.at, last.end)
        return Product(gate, decimation, mantissa, exponent, tuple(parts.factors), at, parts.divides)

    def _factor(self, parts: _Parts) -> None:
        token = self._take()
        if token.text == "(":
            self._bracket(parts)
        elif token.text == "sgn":
            parts.factors.append(self._sgn())
        elif token.text.isdecimal():
            self._literal(token, parts)
        elif re.fullmatch(r"u\d+", token.text, re.ASCII):
            self._decimation(token, parts)
        elif token.text in ("x0", "y0"):
            if parts.gates:
                parts.factors.append(Factor(token.text))
            parts.gates.append((token.text, 0, token))
        elif token.text in WIDTH:
            parts.factors.append(Factor(token.text))
        else:
            self._unknown(token)

    def _decimation(self, token: _Token, parts: _Parts) -> None:
        k = int(token.text[1:])
        if k > MOST_DECIMATION or token.text != f"u{k}":
            self._fault(token, f"'{token.text}'", f"u0..u{MOST_DECIMATION}: every 2^k-th epoch")
        if parts.gates:
            gate = parts.gates[0][0]
            where = f"after {gate}" if gate != "u" else "after another u"
            self._fault(token, f"'{token.text}' stands {where}", "u_k once, as the first dependency of its product")
        parts.gates.append(("u", k, token))

    def _literal(self, token: _Token, parts: _Parts) -> None:
        mantissa, exponent = self._number(token)
        parts.mantissa *= mantissa
        parts.exponent += exponent
        parts.divides |= exponent < 0

    def _number(self, token: _Token) -> tuple[int, int]:
        """(m, e) of m or 2^e, of which the first token is taken."""
        if len(token.text) > 9:
            self._fault(token, f"the number {token.text[:12]}...", "smaller ones")
        if self._here.text != "^":
            return int(token.text), 0
        caret = self._take()
        if token.text != "2":
            self._fault(caret, f"a power of {token.text}", "powers of 2")
        sign = self._sign()
        power = self._take()
        if not power.text.isdecimal():
            self._fault(power, f"'{power.text or 'the end'}' as an exponent", "a whole number")
        if len(power.text) > len(str(MOST_POWER)):
            most = f"0..{MOST_POWER}, with a sign" if self._any_scale else f"constants that together make {_SCALE}"
            shown = power.text if len(power.text) <= 12 else f"{power.text[:12]}..."
            self._fault(power, f"an exponent of {'-' * (sign < 0)}{shown}", most)
        return 1, sign * int(power.text)

    def _constant(self) -> int:
        """A whole number that is added; 2^e too, where it is whole."""
        token = self._take()
        if not token.text.isdecimal():
            self._unknown(token, "a whole number")
        mantissa, exponent = self._number(token)
        if exponent < 0:
            self._fault(token, f"2^{exponent} is added", "whole numbers")
        value = mantissa << min(exponent, 16)
        if value > MOST_ADDED:
            self._fault(token, f"{value} is added", f"0..{MOST_ADDED}: no factor has more bits")
        return value

    def _bracket(self, parts: _Parts) -> None:
        """( [sign] literal [sign var] ) or ( [sign] var [sign literal] ); c - v is -(v - c)."""
        sign = self._sign()
        token = self._take()
        if token.text.isdecimal():
            if self._ahead_is_sum():
                self._next -= 1
                plus = sign * self._constant()
                turned = self._sign()
                name = self._variable(self._take())
                parts.mantissa *= turned
                parts.factors.append(Factor(name, turned * plus))
            else:
                parts.mantissa *= sign
                self._literal(token, parts)
                while self._here.text == "*":  # (4*2^-7)
                    self._take()
                    self._literal(self._whole(self._take()), parts)
        elif token.text in WIDTH or re.fullmatch(r"u\d+", token.text, re.ASCII):
            parts.mantissa *= sign
            if self._here.text in ("+", "-"):
                name = self._variable(token)
                plus = self._sign() * self._constant()
                parts.factors.append(Factor(name, sign * plus))
            else:
                self._next -= 1
                self._factor(parts)
        else:
            self._unknown(token)
        self._close()

    def _ahead_is_sum(self) -> bool:
        """Whether after a number, or 2^e, of which the first token is taken, a sign follows."""
        ahead = self._next
        if self._tokens[ahead].text == "^":
            ahead += 1
            ahead += self._tokens[ahead].text in ("+", "-")
            ahead = min(ahead + 1, len(self._tokens) - 1)
        return self._tokens[ahead].text in ("+", "-")

    def _whole(self, token: _Token) -> _Token:
        if not token.text.isdecimal():
            self._unknown(token, "a whole number or 2^e")
        return token

    def _variable(self, token: _Token) -> str:
        if token.text not in WIDTH or token.text in EVENTS:
            self._unknown(token, ", ".join((*TRACES, *TARGETS)))
        return token.text

    def _sgn(self) -> Factor:
        opened = self._take()
        if opened.text != "(":
            self._fault(opened, "sgn without a bracket", "sgn(w), sgn(w-80)")
        token = self._take()
        if token.text not in TARGETS:
            self._fault(token, f"sgn of '{token.text or 'the end'}'", "sgn of w, d or t, and a constant added to it")
        plus = self._sign() * self._constant() if self._here.text in ("+", "-") else 0
        self._close()
        return Factor(token.text, plus, sign_only=True)

    def _close(self) -> None:
        token = self._take()
        if token.text != ")":
            self._fault(
                token,
                f"'{token.text or 'the end'}' where a bracket closes",
                "), as brackets hold one variable and one number",
            )

    # -- mistakes

    def _unknown(self, token: _Token, allowed: str = "") -> None:
        every = allowed or f"x0, y0, u0..u9, {', '.join((*TRACES, 'r0', *TARGETS))}, sgn(), whole numbers, 2^e"
        if re.fullmatch(r"[\d.]+([eE][+-]?\d+)?", token.text, re.ASCII):
            self._fault(token, f"the number {token.text}", "whole numbers and powers of 2, e.g. 3*2^-5")
        what = f"'{token.text}'" if token.text else "the end"
        if token.text in ("sign", "sgn"):
            what += ", which stands as sgn(w)"
        self._fault(token, what, every)

    def _fault(self, token: _Token, what: str, allowed: str) -> None:
        self._note(token, what, allowed)
        raise _Fault

    def _note(self, token: _Token, what: str, allowed: str) -> None:
        line = re.sub(r"\s", " ", self._text)
        pointer = f"\n    {line}\n    {' ' * token.at}^ "
        self._problems.append(Problem(f"{what}{pointer}", column=None, path=self._path, allowed=allowed))


class _Parts:
    """A product while it is read."""

    def __init__(self, sign: int) -> None:
        self.mantissa, self.exponent, self.divides = sign, 0, False
        self.factors: list[Factor] = []
        self.gates: list[tuple[str, int, _Token]] = []


def _reduced(mantissa: int, exponent: int) -> tuple[int, int]:
    """m 2**e, halved while |m| is above 7 and even, as Lava does: what is shifted away depends on m."""
    if mantissa == 0:
        return 0, 0
    while abs(mantissa) > 7 and mantissa % 2 == 0:
        mantissa, exponent = mantissa // 2, exponent + 1
    return mantissa, exponent
