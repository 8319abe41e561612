"""Plain-Python twin of programs/models/izhikevich.py, and the neuron in floating point."""

from __future__ import annotations

import math

MOST = 2**23 - 1


def within(x, high):
    return max(-MOST, min(x, high))


class Izhikevich:
    ports = 1

    def __init__(self, registers, state):
        self.r, self.v, self.u, self.bias = registers, state["v"], state["u"], state["bias"]

    def at_rest(self, inputs):
        return False

    def step(self, inputs, a, step, noise):
        drive = self.bias + inputs[0] * 256
        for _ in range(2):
            slope = (self.v**2 // 2**14) * 2621 // 2**16 + 5 * self.v + 140 * 2**14 - self.u + drive
            self.v = within(self.v + slope // 2, 30 * 2**14)
        self.u = within(self.u + self.r["a"] * (self.r["b"] * self.v // 2**16 - self.u) // 2**16, MOST)
        if self.v < 30 * 2**14:
            return 0
        self.v = self.r["c"]
        self.u = within(self.u + self.r["d"], MOST)
        return 1


def float_spikes(a, b, c, d, drive, steps):
    """How often it spikes in floating point, from rest at v = -70, u = -14."""
    v, u, spikes = -70.0, -14.0, 0
    for _ in range(steps):
        for _ in range(2):
            v = min(v + 0.5 * (0.04 * v * v + 5 * v + 140 - u + drive), 30.0)
        u += a * (b * v - u)
        if v >= 30:
            v, u, spikes = c, u + d, spikes + 1
    assert math.isfinite(v)
    return spikes
