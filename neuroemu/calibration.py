"""Calibration: what a network's populations saw in a run in floats, for choosing scales (compiler/scales.py).

How it is measured is calibrate.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """Of a run in floats, by population.  rates: (n,) spikes a step of each, host's sources included.

    inputs: largest |sum of the weights that arrive in one step| of any compartment.  currents: largest |u|.
    """

    rates: dict[str, np.ndarray]
    inputs: dict[str, float]
    currents: dict[str, float]
