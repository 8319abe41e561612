"""Plain-Python twins of the models that Lava has besides LIF, one line of the definition a line (facts section 12)."""

from __future__ import annotations

from tests import naive


def wrapped(x, bits):
    """x modulo 2**bits, the upper half counted from below."""
    rest = x % 2**bits
    return rest - 2**bits if rest >= 2 ** (bits - 1) else rest


def int32(x):
    return wrapped(x, 32)


def toward_zero(x, bits):
    """x / 2**bits without its fraction."""
    return x // 2**bits if x >= 0 else -(-x // 2**bits)


def limited(x, bits):
    return min(max(x, -(2 ** (bits - 1)) + 1), 2 ** (bits - 1) - 1)


class Twin:
    """Parameters p, and the states as attributes."""

    ports = 1

    def __init__(self, registers, state):
        self.p = registers
        vars(self).update(state)

    def taken(self, inputs, a):
        return [wrapped(x, a.q_bits or 32) for x in inputs]


class GradedVec(Twin):
    def at_rest(self, inputs):
        return not any(inputs) and self.a == 0

    def step(self, inputs, a, step, noise):
        (self.a,) = self.taken(inputs, a)
        return self.a if self.large() else 0

    def large(self):
        return abs(self.a) > self.p["vth"]


class GradedReluVec(GradedVec):
    def large(self):
        return self.a > self.p["vth"]


class ProdNeuron(Twin):
    ports = 2

    def at_rest(self, inputs):
        return not any(inputs) and self.product == 0

    def step(self, inputs, a, step, noise):
        first, second = self.taken(inputs, a)
        self.product = int32(first * second // 2 ** self.p["exp"])
        return self.product if abs(self.product) > self.p["vth"] else 0


class NormVecDelay(Twin):
    ports = 2

    def at_rest(self, inputs):
        return not any(inputs) and self.delayed == self.s2 == 0

    def step(self, inputs, a, step, noise):
        first, second = self.taken(inputs, a)
        out = int32(self.delayed * second)
        self.delayed, self.s2 = first, int32(first**2)
        return out if abs(out) > self.p["vth"] else 0


class Rf(Twin):
    ports = 2

    def at_rest(self, inputs):
        return not any(inputs) and self.real == self.imag == 0

    def turn(self, inputs, a):
        p = self.p
        re, im = self.taken(inputs, a)
        c, s, bits = p["cos_decay"], p["sin_decay"], p["decay_bits"]
        real = toward_zero(c * self.real, bits) - toward_zero(s * self.imag, bits) + re * 2 ** p["state_exp"]
        imag = toward_zero(s * self.real, bits) + toward_zero(c * self.imag, bits) + im * 2 ** p["state_exp"]
        self.real, self.imag = limited(real, a.state_bits), limited(imag, a.state_bits)

    def step(self, inputs, a, step, noise):
        before = self.imag
        self.turn(inputs, a)
        return 1 if self.real >= self.p["vth"] and before < 0 <= self.imag else 0


class RfIz(Rf):
    def at_rest(self, inputs):
        return super().at_rest(inputs) and self.p["vth"] > 0

    def step(self, inputs, a, step, noise):
        self.turn(inputs, a)
        if self.imag < self.p["vth"]:
            return 0
        self.real, self.imag = 0, self.p["vth"] - 1
        return 1


class RfZero(Twin):
    ports = 2

    def at_rest(self, inputs):
        return not any(inputs) and self.u == self.v == 0

    def step(self, inputs, a, step, noise):
        u, v, lst, lct = self.u, self.v, self.p["lst"], self.p["lct"]
        u_in, v_in = self.taken(inputs, a)
        self.u = int32(u * lct // 2**15 - v * lst // 2**15 + u_in)
        self.v = int32(v * lct // 2**15 + u * lst // 2**15 + v_in)
        return self.u if self.u > self.p["uth"] and v < 0 <= self.v else 0


class Encoder(Twin):
    """Sends changes of `act`."""

    def holds(self):
        """Whether what is left over stays as it is while `act` does."""
        return self.residue == 0 or (not self.p["cum_error"] and abs(self.residue) < self.p["vth"])

    def encode(self, act):
        p = self.p
        d = int32(act - self.act + self.residue)
        self.act = act
        if p["cum_error"]:
            self.error = int32(self.error + d)
            fires = abs(self.error) >= p["vth"]
        else:
            fires = abs(d) >= p["vth"]
        s = d if fires else 0
        self.residue = d - s
        if p["cum_error"] and s:
            self.error = 0
        return s // 2 ** p["state_exp"]


class SigmaDelta(Encoder):
    def activation(self):
        act = int32(self.sigma + self.bias)
        return 0 if self.p["relu"] and act < 0 else act

    def at_rest(self, inputs):
        return not any(inputs) and self.activation() == self.act and self.holds()

    def step(self, inputs, a, step, noise):
        self.sigma = int32(self.sigma + self.taken(inputs, a)[0])
        return self.encode(self.activation())


class Delta(Encoder):
    def at_rest(self, inputs):
        return not any(inputs) and self.act == 0 and self.holds()

    def step(self, inputs, a, step, noise):
        shift = self.p["spike_exp"] + self.p["state_exp"]
        return self.encode(int32(self.taken(inputs, a)[0] * 2**shift))


class Atrlif(Twin):
    def at_rest(self, inputs):
        p = self.p
        quiet = not (any(inputs) or self.i or self.v or self.r or self.bias)
        return quiet and self.theta == p["theta_0"] and p["theta_0"] > 0

    def step(self, inputs, a, step, noise):
        p = self.p
        q = inputs[0] * 64
        q = wrapped(q, a.q_bits) if a.q_bits else q
        i = naive.decay(self.i, p["decay_i"]) + q
        self.i = {0: i, 1: wrapped(i, a.state_bits), 2: naive.wrap_once(i, a.state_bits)}[a.u_overflow]
        drive = self.i + self.bias
        v = naive.decay(self.v, p["decay_v"]) + (wrapped(drive, a.state_bits) if a.bias_overflow else drive)
        self.v = limited(v, a.state_bits) if a.v_clip else v
        self.theta = naive.decay(self.theta - p["theta_0"], p["decay_theta"]) + p["theta_0"]
        self.r = naive.decay(self.r, p["decay_r"])
        if self.v - self.r < self.theta:
            return 0
        self.r += 2 * self.theta
        self.theta += p["theta_step"]
        return 1


TWINS = {
    "atrlif": Atrlif,
    "delta": Delta,
    "graded_relu_vec": GradedReluVec,
    "graded_vec": GradedVec,
    "norm_vec_delay": NormVecDelay,
    "prod_neuron": ProdNeuron,
    "rf": Rf,
    "rf_iz": RfIz,
    "rf_zero": RfZero,
    "sigma_delta": SigmaDelta,
}
naive.MODELS.update(TWINS)
