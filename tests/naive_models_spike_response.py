"""Plain-Python twins of the spike response models: srm0, glm and three_factor_glm."""

from __future__ import annotations

import math

from tests import naive
from tests.naive import decay, philox, wrap
from tests.naive_models_lif_family import clipped, received, toward_zero
from tests.naive_models_snu import sigmoid_of

LOG1P_EXP = [round(65536 * math.log1p(math.exp(-k / 16))) for k in range(257)]


class Srm0:
    ports = 1

    def __init__(self, registers, state):
        self.r = registers
        self.x1, self.x2, self.f, self.bias, self.u = (state[k] for k in ("x1", "x2", "f", "bias", "u"))

    def at_rest(self, inputs):
        empty = self.x1 == self.x2 == self.f == 0
        return not any(inputs) and empty and self.u == self.bias and self.bias <= 0

    def decide(self, noise):
        return 1 if self.u > 0 else 0

    def step(self, inputs, a, step, noise):
        self.x1 = clipped(decay(self.x1, self.r["decay_1"]) + received(inputs[0], a), a)
        self.x2 = clipped(decay(self.x2, self.r["decay_2"]) + self.x1, a)
        self.u = clipped(self.r["gain"] * self.x2 // 4096 + self.f + self.bias, a)
        spike = self.decide(noise)
        self.f = clipped(decay(self.f, self.r["decay_f"]) + (self.r["feedback"] if spike else 0), a)
        return spike


class Glm(Srm0):
    def __init__(self, registers, state):
        super().__init__(registers, state)
        self.p = state["p"]

    def at_rest(self, inputs):
        return False

    def decide(self, noise):
        seed, stream, entity, step = noise.at
        word = philox((entity, step % 2**32, step >> 32, stream), (seed % 2**32, seed >> 32))[0]
        self.p = sigmoid_of(self.u, self.r["unit"])
        return 1 if word // 256 < self.p else 0


def log_sigmoid(x):
    """2**16 times log(1 / (1 + exp(-x))) of x / 2**16, linear between multiples of 1/16, constant beyond 16."""
    size = min(abs(x), 16 * 65536)
    k, rest = divmod(size, 4096)
    above = LOG1P_EXP[min(k + 1, 256)]
    softplus = LOG1P_EXP[k] + (above - LOG1P_EXP[k]) * rest // 4096
    return -softplus - (size if x < 0 else 0)


class ThreeFactorGlm(Glm):
    ports = 3

    def __init__(self, registers, state):
        super().__init__(registers, state)
        self.log_p, self.signal, self.baseline = state["log_p"], state["signal"], state["baseline"]
        self.y1, self.y2, self.y3 = state["y1"], state["y2"], state["y3"]

    def step(self, inputs, a, step, noise):
        self.clamp = inputs[1]
        spike = super().step(inputs[:1], a, step, noise)
        x = self.u * 65536 // 2 ** self.r["unit"]
        self.log_p = log_sigmoid(x if spike else -x)
        told = wrap(inputs[2], a.q_bits or 32)
        self.signal = clipped(decay(self.signal, self.r["decay_signal"]) + told, a)
        self.y1 = math.floor((2 * self.r["error"] * (spike * 2**24 - self.p) + 2**24) / 2**25)
        wanted = toward_zero(self.signal - toward_zero(self.baseline, 256), 2 ** self.r["signal_shift"])
        self.y2 = max(-127, min(127, wanted))
        self.y3 = toward_zero(self.y1 * self.y2, 128)
        self.baseline += toward_zero((self.signal * 256 - self.baseline) * self.r["follow"], 4096)
        return self.payload(spike)

    def decide(self, noise):
        drawn = super().decide(noise)
        return int(self.clamp != 0) if self.r["clamped"] else drawn

    def payload(self, spike):
        if self.r["sends"] == 0:
            return spike
        surprise = (-2 * self.log_p * 2 ** self.r["log_unit"] + 65536) // 131072
        return max(1, surprise) if self.r["sends"] == 2 and spike else -surprise


naive.MODELS |= {"srm0": Srm0, "glm": Glm, "three_factor_glm": ThreeFactorGlm}
