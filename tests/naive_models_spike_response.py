"""Plain-Python twins of the spike response models: srm0 and glm."""

from __future__ import annotations

from tests import naive
from tests.naive import decay, philox
from tests.naive_models_lif_family import clipped, received
from tests.naive_models_snu import sigmoid_of


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


naive.MODELS |= {"srm0": Srm0, "glm": Glm}
