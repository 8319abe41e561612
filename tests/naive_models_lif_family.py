"""Plain-Python twins of the LIF's kin: if, li, alif, homeostatic_lif, three_factor_lif, three_factor_alif, leaky_error, bcm."""

from __future__ import annotations

from tests import naive
from tests.naive import decay, wrap, wrap_once


def received(x, a):
    """Weight units to units of v, as the accumulator keeps them."""
    return wrap(x * 64, a.q_bits) if a.q_bits else x * 64


def u_kept(u, a):
    """What the register of u keeps."""
    if a.u_overflow == 1:
        return wrap(u, a.state_bits)
    return wrap_once(u, a.state_bits) if a.u_overflow == 2 else u


def clipped(x, a):
    """Saturated at +-(2**(bits-1) - 1), if the chip clips."""
    most = 2 ** (a.state_bits - 1) - 1
    return max(-most, min(most, x)) if a.v_clip else x


class _Membrane:
    """u and v of a LIF."""

    ports = 1
    fields = ("u", "v", "bias")

    def __init__(self, registers, state):
        self.r = registers
        for name in self.fields:
            setattr(self, name, state[name])

    def at_rest(self, inputs):
        return not (any(inputs) or any(getattr(self, name) for name in self.fields))

    def integrate(self, x, a):
        self.u = u_kept(decay(self.u, self.r["decay_u"]) + received(x, a), a)
        drive = wrap(self.u + self.bias, a.state_bits) if a.bias_overflow else self.u + self.bias
        self.v = clipped(decay(self.v, self.r["decay_v"]) + drive, a)

    def fire(self, threshold):
        """Whether it spikes, after a pause and with either reset."""
        if self.held > 0:
            self.held -= 1
            self.v = 0
            return 0
        if self.v <= threshold:
            return 0
        self.v = self.v - threshold if self.r["soft"] else 0
        self.held = self.r["refractory"] - 1
        return 1


class IntegrateAndFire:
    ports = 1

    def __init__(self, registers, state):
        self.r, self.v, self.bias = registers, state["v"], state["bias"]

    def at_rest(self, inputs):
        return not any(inputs) and self.bias == 0 and self.v <= self.r["threshold"]

    def step(self, inputs, a, step, noise):
        drive = u_kept(received(inputs[0], a), a) + self.bias
        if a.bias_overflow:
            drive = wrap(drive, a.state_bits)
        self.v = clipped(self.v + drive, a)
        if self.v > self.r["threshold"]:
            self.v = self.v - self.r["threshold"] if self.r["soft"] else 0
            return 1
        return 0


class LeakyIntegrator(_Membrane):
    def step(self, inputs, a, step, noise):
        self.integrate(inputs[0], a)
        return 0


class Alif(_Membrane):
    fields = ("u", "v", "bias", "held", "b")

    def step(self, inputs, a, step, noise):
        self.integrate(inputs[0], a)
        spike = self.fire(self.r["threshold"] + self.b)
        self.v = clipped(self.v, a)  # b may be negative
        self.b = decay(self.b, self.r["decay_b"])
        if spike:
            self.b += self.r["step"]
        self.b = clipped(self.b, a)
        return spike


class HomeostaticLif(_Membrane):
    fields = ("u", "v", "bias", "held", "threshold", "activity")

    def at_rest(self, inputs):
        if any(inputs) or self.u or self.v or self.bias or self.held or self.activity:
            return False
        gain = self.r["gain"] if self.r["activity_min"] > 0 else 0
        return min(max(self.threshold - gain, self.r["threshold_min"]), self.r["threshold_max"]) == self.threshold

    def step(self, inputs, a, step, noise):
        self.integrate(inputs[0], a)
        spike = self.fire(self.threshold)
        self.activity = decay(self.activity, self.r["decay_activity"])
        if spike:
            self.activity += self.r["impulse"]
        self.activity = clipped(self.activity, a)
        if step % 2 ** self.r["epoch"] == 0:
            if self.activity > self.r["activity_max"]:
                self.threshold += self.r["gain"]
            if self.activity < self.r["activity_min"]:
                self.threshold -= self.r["gain"]
            self.threshold = min(max(self.threshold, self.r["threshold_min"]), self.r["threshold_max"])
        return spike


def toward_zero(x, divisor):
    """x / divisor without its fraction."""
    return x // divisor if x >= 0 else -(-x // divisor)


class ThreeFactorLif(_Membrane):
    ports = 2
    fields = ("u", "v", "bias", "held", "signal", "y1", "y2", "y3")

    def at_rest(self, inputs):
        left = any(getattr(self, name) for name in self.fields if name != "y1")
        return not any(inputs) and not left and self.y1 == self.near(0)

    def near(self, v):
        return max(0, 127 - abs(v - self.r["threshold"]) * self.r["slope"] // 2**24)

    def step(self, inputs, a, step, noise):
        paused = self.held > 0
        self.integrate(inputs[0], a)
        self.y1 = 0 if paused and self.r["slope"] else self.near(self.v)
        spike = self.fire(self.r["threshold"])
        told = wrap(inputs[1], a.q_bits or 32)
        self.signal = clipped(decay(self.signal, self.r["decay_signal"]) + told, a)
        self.y2 = max(-127, min(127, toward_zero(self.signal, 2 ** self.r["signal_shift"])))
        self.y3 = toward_zero(self.y1 * self.y2, 128)
        return spike


class ThreeFactorAlif(ThreeFactorLif):
    fields = (*ThreeFactorLif.fields, "b")

    def near(self, v):
        return max(0, 127 - abs(v - self.r["threshold"] - self.b) * self.r["slope"] // 2**24)

    def fire(self, threshold):
        return super().fire(threshold + self.b)

    def step(self, inputs, a, step, noise):
        spike = super().step(inputs, a, step, noise)
        self.v = clipped(self.v, a)  # b may be negative
        self.b = clipped(decay(self.b, self.r["decay_b"]) + spike * self.r["step"], a)
        return spike


class LeakyError:
    ports = 2
    fields = ("v", "bias", "y1")

    def __init__(self, registers, state):
        self.r = registers
        for name in self.fields:
            setattr(self, name, state[name])

    def at_rest(self, inputs):
        return not (any(inputs) or any(getattr(self, name) for name in self.fields))

    def step(self, inputs, a, step, noise):
        came, wanted = (wrap(x, a.q_bits or 32) for x in inputs)
        self.v = clipped(decay(self.v, self.r["decay_v"]) + came + self.bias, a)
        self.y1 = max(-127, min(127, toward_zero(wanted - self.v, 2 ** self.r["error_shift"])))
        return self.y1


def rounded(x, divisor):
    """x / divisor, to the nearest whole number, halves up."""
    return (2 * x + divisor) // (2 * divisor)


class Bcm(_Membrane):
    fields = ("v", "square", "y1", "y2", "y3")

    def at_rest(self, inputs):
        if any(inputs) or self.v or self.y1 or self.y3 or self.square // 2 ** self.r["tau"]:
            return False
        return self.y2 == self.mean_square()

    def mean_square(self):
        return min(rounded(self.square, 2 ** (9 + self.r["square_shift"])), 127)

    def step(self, inputs, a, step, noise):
        self.v = clipped(decay(self.v, self.r["decay_v"]) + wrap(inputs[0], a.q_bits or 32), a)
        self.y1 = max(-127, min(127, rounded(self.v, 2 ** self.r["rate_shift"])))
        if step % 2 ** self.r["epoch"] == 0:
            self.square += toward_zero(512 * self.y1**2 - self.square, 2 ** self.r["tau"])
        self.y2 = self.mean_square()
        distance = self.y1 - self.square // 2 ** (9 + self.r["theta_shift"])
        self.y3 = max(-127, min(127, toward_zero(self.y1 * distance, 2 ** self.r["phi_shift"])))
        return 0


naive.MODELS |= {
    "leaky_error": LeakyError,
    "bcm": Bcm,
    "if": IntegrateAndFire,
    "li": LeakyIntegrator,
    "alif": Alif,
    "homeostatic_lif": HomeostaticLif,
    "three_factor_lif": ThreeFactorLif,
    "three_factor_alif": ThreeFactorAlif,
}
