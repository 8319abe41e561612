"""Plain-Python twins of the spiking neural units: snu, li_snu, a_snu, soft_snu, three_factor_snu; and of the sigmoid that two models use."""

from __future__ import annotations

import math

from tests import naive
from tests.naive import decay, wrap

ONE = 2**24
SIGMOID = [round(ONE / (1 + math.exp(-k / 16))) for k in range(257)]


def sigmoid(x):
    """2**24 times the sigmoid of x / 2**16, linear between multiples of 1/16, constant beyond 16."""
    if x < 0:
        return ONE - sigmoid(-x)
    if x >= 16 * 65536:
        return SIGMOID[256]
    k, rest = divmod(x, 4096)
    return SIGMOID[k] + (SIGMOID[k + 1] - SIGMOID[k]) * rest // 4096


def sigmoid_of(u, unit):
    """u / 2**unit in 1/2**16, rounded down."""
    return sigmoid(u * 65536 // 2**unit)


def rectified(x, a):
    """The ReLU, and what a state holds."""
    return max(0, min(x, 2 ** (a.state_bits - 1) - 1) if a.v_clip else x)


def received(x, a):
    """Weight units to units of s, as the accumulator keeps them."""
    return wrap(x * 64, a.q_bits) if a.q_bits else x * 64


class Snu:
    ports = 1

    def __init__(self, registers, state):
        self.r, self.s, self.y = registers, state["s"], state["y"]

    def at_rest(self, inputs):
        return not any(inputs) and self.s == 0 and self.y == 0 and self.r["b"] <= 0

    def emptied(self, inputs):
        return self.y == 1

    def step(self, inputs, a, step, noise):
        left = 0 if self.emptied(inputs) else decay(self.s, self.r["decay"])
        self.s = rectified(left + received(inputs[0], a), a)
        self.y = 1 if self.s + self.r["b"] > 0 else 0
        return self.y


class LiSnu(Snu):
    ports = 2

    def emptied(self, inputs):
        return self.y == 1 or inputs[1] != 0


class ASnu(Snu):
    def __init__(self, registers, state):
        super().__init__(registers, state)
        self.b = state["b"]

    def at_rest(self, inputs):
        return not any(inputs) and self.s == self.y == self.b == 0 and self.r["b0"] <= 0

    def step(self, inputs, a, step, noise):
        left = 0 if self.y else decay(self.s, self.r["decay"])
        self.s = rectified(left + received(inputs[0], a), a)
        self.b = decay(self.b, self.r["decay_b"])
        if self.y:
            self.b += self.r["step"]
        self.y = 1 if self.s - self.b + self.r["b0"] > 0 else 0
        return self.y


class SoftSnu:
    ports = 2

    def __init__(self, registers, state):
        self.r, self.s, self.y = registers, state["s"], state["y"]

    def payload(self):
        """256 y to the nearest, 255 at most."""
        return min((self.y * 256 + ONE // 2) // ONE, 255)

    def at_rest(self, inputs):
        resting = sigmoid_of(self.r["b"], self.r["unit"])
        return not any(inputs) and self.s == 0 and self.y == resting and self.payload() == 0

    def step(self, inputs, a, step, noise):
        left = decay(self.s, self.r["decay"]) * (ONE - self.y) // ONE
        q = inputs[0] * 64 + inputs[1] * 64 // 256
        self.s = rectified(left + (wrap(q, a.q_bits) if a.q_bits else q), a)
        self.y = sigmoid_of(self.s + self.r["b"], self.r["unit"])
        return self.payload()


class ThreeFactorSnu(SoftSnu):
    ports = 3

    def __init__(self, registers, state):
        super().__init__(registers, state)
        self.y1, self.y2, self.y3 = (state[key] for key in ("y1", "y2", "y3"))

    def at_rest(self, inputs):
        return False

    def step(self, inputs, a, step, noise):
        # What the soft SNU cuts off at 0 is seen before it does so.
        q = inputs[0] * 64 + inputs[1] * 64 // 256
        wanted = decay(self.s, self.r["decay"]) * (ONE - self.y) // ONE + (wrap(q, a.q_bits) if a.q_bits else q)
        payload = super().step(inputs[:2], a, step, noise)
        target = ONE if inputs[2] != 0 else 0
        self.y3 = (127 * (target - self.y) + ONE // 2) // ONE
        self.y2 = self.y3 if wanted >= 0 else 0
        leak = (4096 - self.r["decay"]) * ((ONE - self.y) // 4096) // 4096
        kept = leak * (4096 - self.y * self.s // 2 ** (12 + self.r["unit"])) // 4096
        self.y1 = max(0, min(127, (4096 - kept) // 64)) if wanted >= 0 else 64
        return payload


naive.MODELS |= {"snu": Snu, "li_snu": LiSnu, "a_snu": ASnu, "soft_snu": SoftSnu, "three_factor_snu": ThreeFactorSnu}
