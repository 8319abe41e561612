"""An example of a compartment model of your own: the Izhikevich neuron in fixed point.

## What the paper says
Izhikevich 2003, "Simple model of spiking neurons", IEEE Trans. Neural Networks 14(6), one step a millisecond:
    twice: v = v + (0.04 v**2 + 5 v + 140 - u + input) / 2
    u = u + a (b v - u)
    spike if v >= 30; then v = c, u = u + d
## Our choice
v, u, c, d and the input are in 1/2**14 mV (24 bits reach +-512), a and b in 1/2**16; every product is rounded down. v is cut at
30 after each half step, so that it stays in its 24 bits and what drives u does not depend on how far an Euler step overshot. A
weight of 64 is an input of 1.0 for one step. Never at rest: every compartment is visited in every step.

Use it in Python:

    izhikevich = neuroemu.compartments.registry.load(Path("programs/models/izhikevich.py"), "Izhikevich")
    network.population("cell", 100, Registers(izhikevich, {"a": 1311, ...}))
    engine.run(image, Plan(..., models={"cell": izhikevich}))
"""

from __future__ import annotations

from neuroemu.compartments import Field, Model, table

V_BITS, RATE_BITS = 14, 16
MV = 1 << V_BITS
PEAK = 30 * MV
INPUT_SHIFT = V_BITS - 6  # a weight of 64 is 1.0
QUADRATIC = round(0.04 * (1 << RATE_BITS))
LIMIT = (1 << 23) - 1

Parameters = table(
    "Parameters",
    a=Field("rate of u, in 1/2**16 a step", 1311, 0, 1 << RATE_BITS),
    b=Field("how u follows v, in 1/2**16", 13107, -(4 << RATE_BITS), 4 << RATE_BITS),
    c=Field("v after a spike, in 1/2**14 mV", -65 * MV, -LIMIT, PEAK - 1),
    d=Field("what a spike adds to u, in 1/2**14 mV", 8 * MV, -LIMIT, LIMIT),
)
State = table(
    "State",
    v=Field("potential, in 1/2**14 mV", -70 * MV, -LIMIT, PEAK - 1),
    u=Field("recovery, in 1/2**14 mV", -14 * MV, -LIMIT, LIMIT),
    bias=Field("input in every step, in 1/2**14 mV", 0, -LIMIT, LIMIT),
)


def update(p, s, a, now):
    """One time step."""
    drive = s.bias + (a[0] << INPUT_SHIFT)
    v = half_step(half_step(s.v, s.u, drive), s.u, drive)
    u = limited(s.u + ((p.a * (((p.b * v) >> RATE_BITS) - s.u)) >> RATE_BITS), LIMIT)
    fires = v >= PEAK
    overflow = 8 if (v == -LIMIT) | (u == LIMIT) | (u == -LIMIT) else 0
    return 1 if fires else 0, State(p.c if fires else v, limited(u + p.d, LIMIT) if fires else u, s.bias), overflow


def half_step(v, u, drive):
    """v half a millisecond later."""
    square = (((v * v) >> V_BITS) * QUADRATIC) >> RATE_BITS
    return limited(v + ((square + 5 * v + 140 * MV - u + drive) >> 1), PEAK)


def limited(x, high):
    """x within -LIMIT .. high."""
    return min(max(x, -LIMIT), high)


def registers(a: float, b: float, c: float, d: float) -> dict[str, int]:
    """The registers of the paper's four numbers."""
    one = 1 << RATE_BITS
    return {"a": round(a * one), "b": round(b * one), "c": round(c * MV), "d": round(d * MV)}


PATTERNS = {
    "regular spiking": registers(0.02, 0.2, -65, 8),
    "fast spiking": registers(0.1, 0.2, -65, 2),
    "intrinsically bursting": registers(0.02, 0.2, -55, 4),
    "chattering": registers(0.02, 0.2, -50, 2),
}

Izhikevich = Model("izhikevich", Parameters, State, update, bias="bias")
