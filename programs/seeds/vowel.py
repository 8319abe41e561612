"""The compartment of programs/seeds/vowel.yaml: one neuron of a winner-take-all circuit, of which one at most spikes in a step.

## What the paper says
VOWEL (Jang et al. 2020): the neurons c of a circuit and "none" share a softmax, p_c = exp(u_c) / (1 + sum over the circuit of
exp(u)), and a neuron learns by dw_cj = eta (s_c - p_c) (a * s_j).
## Our choice
A step of the circuit is two of the chip. In even ones (of the sample, from 1) comes what was shown, at the ports 'in' and
'clamp', in odd ones what the circuit sent:
    x = decay(x, decay) + 2**6 in;  u = x + bias
    even: spike = clamp;  y1 = 127 (spike - p);  log_p = log p of what happened;  sends exp(u), u within -8..5
    odd: total = 1 + circuit;  p = exp(u - log total), for the next even step;  sends nothing
log_p is that of the neuron if it spiked, and of "none" else, so that who sums takes one of a circuit.
exp and log are a table with straight lines between its entries each, 1.0 being 2**14 and 1 nat 2**16. Never at rest.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from neuroemu.compartments import Field, Model, table
from neuroemu.fixedpoint import clip, decay

ONE_BITS, NAT_BITS, UNIT_BITS = 14, 16, 12  # of 1.0, of a nat, of u = 1
LOW, HIGH, LEAST = -8, 5, -14  # of u in nats; of the exponential's table
STEP_BITS = 4  # entries a nat: 2**4
REST_BITS = NAT_BITS - STEP_BITS
LOG_BITS = 6  # entries of the logarithm of 1..2: 2**6
TOP = 127


def _tables() -> tuple[np.ndarray, np.ndarray, int]:
    """exp in 1/2**14 for LEAST, LEAST + 1/16 .. HIGH and the last once more; log in 1/2**16 nat for 1, 1 + 1/64 .. 2; log 2."""
    with localcontext() as context:
        context.prec = 24
        steps = [Decimal(k) / (1 << STEP_BITS) for k in range(LEAST << STEP_BITS, (HIGH << STEP_BITS) + 1)]
        raised = [round((1 << ONE_BITS) * x.exp()) for x in (*steps, steps[-1])]
        parts = [1 + Decimal(k) / (1 << LOG_BITS) for k in range((1 << LOG_BITS) + 1)]
        logs = [round((1 << NAT_BITS) * x.ln()) for x in (*parts, parts[-1])]
    return np.array(raised, np.int64), np.array(logs, np.int64), logs[-1]


EXP, LOG, LOG_OF_TWO = _tables()


def exponential(x):
    """2**14 exp(x / 2**16), x within LEAST..HIGH nats: within 6e-4 of itself or 2."""
    at = clip(x, LEAST << NAT_BITS, HIGH << NAT_BITS) - (LEAST << NAT_BITS)
    k, rest = at >> REST_BITS, at & ((1 << REST_BITS) - 1)
    return EXP[k] + (((EXP[k + 1] - EXP[k]) * rest) >> REST_BITS)


def logarithm(n):
    """2**16 log(n / 2**14), n from 2**14 on: within 4 of itself."""
    octaves = 0
    while n >= 1 << (ONE_BITS + 1 + octaves):
        octaves += 1
    rest_bits = ONE_BITS + octaves - LOG_BITS
    part = n - (1 << (ONE_BITS + octaves))
    k, rest = part >> rest_bits, part & ((1 << rest_bits) - 1)
    return octaves * LOG_OF_TWO + LOG[k] + (((LOG[k + 1] - LOG[k]) * rest) >> rest_bits)


def update(p, s, a, now):
    """One time step of the chip."""
    x = decay(s.x, p.decay) + (a[0] << 6)
    u = clip((x + s.bias) << (NAT_BITS - UNIT_BITS), LOW << NAT_BITS, HIGH << NAT_BITS)
    if now.sample_step % 2 == 1:
        log_total = logarithm((1 << ONE_BITS) + a[2])
        probability = exponential(s.u - log_total)
        return 0, State(x, s.bias, s.u, probability, log_total, 0, 0), 0
    spike = 1 if a[1] != 0 else 0
    y1 = (TOP * ((spike << ONE_BITS) - s.p) + (1 << (ONE_BITS - 1))) >> ONE_BITS
    log_p = s.u - s.log_total if spike == 1 else -s.log_total
    return exponential(u), State(x, s.bias, u, s.p, s.log_total, log_p, y1), 0


Parameters = table("Parameters", decay=Field("of x a step, in 1/4096", 1024, 0, 4096))
State = table(
    "State",
    x=Field("input, filtered"),
    bias=Field("in units of u, of which 2**12 is 1", 0, -(2**20), 2**20),
    u=Field("potential after the last even step, in 1/2**16"),
    p=Field("probability of a spike in the next even step, in 1/2**14"),
    log_total=Field("log of what the circuit sent, and 1, in 1/2**16 nat"),
    log_p=Field("log-probability of what happened in this step, in 1/2**16 nat"),
    y1=Field("spike less its probability, -127..127"),
)
Wta = Model("Wta", Parameters, State, update, ports=("in", "clamp", "circuit"), bias="bias")
