"""The generalised linear model: a spike response model with a stochastic threshold.

## What the paper says
Skatchkovsky et al. 2021 (VDIB) eq 15 and 17, and Simeone's slides in the seeds: u as the spike response model's, and a spike
with the probability sigmoid(u).
## Our choice
u is that of spike_response.py; p = sigmoid(u / 2**unit) in 24 bits from a table (sigmoid.py); a spike if the upper 24 bits of a
word of the generator (philox.py) are less than p. p is a state, as learning rules need y - p. Never at rest.
"""

from __future__ import annotations

import numpy as np

from ..chip import Chip
from ..philox import draw
from . import spike_response
from .sigmoid import ONE, sigmoid_of
from .spike_response import feed_back, respond
from .table import Columns, Field, Model, table

WORD_BITS = np.uint64(8)  # of a 32-bit word that are more than the table knows

Parameters = table(
    "Parameters", **spike_response.PARAMETERS, unit=Field("u of 2**unit is 1.0 to the sigmoid", 12, 0, 23)
)
State = table("State", **spike_response.STATES, p=Field("probability of a spike in this step, in 1/2**24"))
Given = table(
    "Given",
    **spike_response.GIVEN,
    unit=Field("u of 2**unit is 1.0 to the sigmoid; 12 is a weight of 64", 12, 0, 23),
    p=Field("before step 1", 0, 0, ONE),
)


def update(p, s, a, now):
    """One time step."""
    x1, x2, u, over_u = respond(p, s, a[0], now.arithmetic)
    probability = sigmoid_of(u, p.unit)
    word, _, _, _ = draw(now.seed, now.stream, now.entity, now.step)
    payload = 1 if np.int64(word >> WORD_BITS) < probability else 0
    f, over_f = feed_back(p, s, payload, now.arithmetic)
    return payload, State(x1, x2, f, s.bias, u, probability), over_u | over_f


def columns(given: Columns, chip: Chip) -> tuple[Columns, Columns]:
    """Those of the spike response, and the sigmoid's unit."""
    parameters, state = spike_response.columns(given, chip)
    return {**parameters, "unit": given["unit"]}, {**state, "p": given["p"]}


def draws(parameters: Columns) -> np.ndarray:
    """One a step."""
    return np.ones_like(parameters["unit"])


MODEL = Model("glm", Parameters, State, update, given=Given, columns=columns, bias="bias", draws=draws)
