"""What stands in for the network around a plastic projection: compartments that do in each step what the host writes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuroemu.compartments import Model
from neuroemu.compartments.table import Field, table


def _obey(p, s, a, now):
    """Spikes and third factors as the host wrote them: bias = spike | y1 << 8 | y2 << 24 | y3 << 40, 16 bits with a sign."""
    y1, y2, y3 = (s.bias >> 8) & 65535, (s.bias >> 24) & 65535, (s.bias >> 40) & 65535
    y1, y2, y3 = y1 - ((y1 & 32768) << 1), y2 - ((y2 & 32768) << 1), y3 - ((y3 & 32768) << 1)
    return s.bias & 1, _State(y1, y2, y3, s.bias), 0


_Parameters = table("Parameters", unused=Field("nothing"))
_State = table(
    "State",
    y1=Field("third factor", 0),
    y2=Field("third factor", 0),
    y3=Field("third factor", 0),
    bias=Field("what the host writes", 0, -(2**62), 2**62),
)
OBEDIENT = Model("obedient", _Parameters, _State, _obey, None, bias="bias")


@dataclass(frozen=True)
class Written:
    """Biases, (steps, n) int64, as a drive."""

    values: np.ndarray

    def bias(self, first_step: int, n_steps: int) -> np.ndarray:
        return self.values[first_step - 1 : first_step - 1 + n_steps]
