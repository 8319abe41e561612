"""Environments: what stands around the chip and answers it (closed loop). One file each, found by registry.py.

An environment takes spikes, states and weights of the chip and gives spikes, currents and rewards. It knows nothing of cores,
images or prices; who calls it is engine/management.py.
"""

from .environment import Environment
from .phase import Fired, Phase, Synapses
from .registry import BUILT_IN, find

__all__ = ["BUILT_IN", "Environment", "Fired", "Phase", "Synapses", "find"]
