"""Expand: from connectors to lists of synapses. The same network and seed give the same lists every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..connect import Dense, Draws, Normal, SynapseList, Uniform
from ..errors import Problem, ProgramError
from ..network import Network, WeightFormat
from ..pieces import different, pieces
from .weights import lost_bits


def expand(network: Network, seed: int) -> dict[str, SynapseList]:
    """The synapse list of every projection. Raises ProgramError with every connection that cannot be made."""
    lists, problems = {}, []
    for projection in network.projections:
        pre, post = network[projection.source].shape, network[projection.target].shape
        try:
            connector = projection.connector
            if projection.learning is not None and isinstance(connector, Dense):
                connector = replace(connector, zeros=True)
            made = connector.synapses(pre, post, Draws(seed, projection.name))
            _refuse_infinite(made)
            if projection.format is not None and isinstance(getattr(connector, "weights", None), (Uniform, Normal)):
                made = made._replace(weight=_storable(made.weight, projection.format))
            lists[projection.name] = _sent_later(made, network[projection.source].axon_delay)
        except ValueError as error:
            problems.append(Problem(str(error), path=projection.name))
    if problems:
        raise ProgramError(problems)
    return lists


def _storable(weight: np.ndarray, format: WeightFormat) -> np.ndarray:
    """Drawn weights as the nearest mantissas that a format stores: nobody can draw whole numbers."""
    unit = 1 << lost_bits(format.bits, format.sign_mode)
    low = 0 if format.sign_mode == "excitatory" else unit - 256 if format.sign_mode == "inhibitory" else -256
    high = 0 if format.sign_mode == "inhibitory" else 256 - unit
    return np.clip(unit * np.rint(weight / unit), low, high)


def _refuse_infinite(made: SynapseList) -> None:
    weight = different(made.weight)
    for piece in pieces(weight.size):
        wrong = np.flatnonzero(~np.isfinite(weight[piece]))
        if wrong.size:
            bad = piece.start + int(wrong[0])
            raise ValueError(
                f"the weight from {made.pre[bad]} to {made.post[bad]} is {weight[bad]}; weights must be finite"
            )


def _sent_later(made: SynapseList, axon_delay: int | np.ndarray) -> SynapseList:
    """With the axonal delay of each source added to the delay of its synapses: a spike arrives at t + 1 + both.

    Our choice: no public emulator has axonal delays, and lava-dl maps them to synaptic ones too.
    """
    if not np.any(axon_delay):
        return made
    if made.delay.size and made.delay.min() < 0:  # the sum would hide it
        raise ValueError(f"a delay of {made.delay.min()} steps; at least 0, axon_delay is added to it")
    each = axon_delay if np.ndim(axon_delay) == 0 else np.asarray(axon_delay)[made.pre]
    return made._replace(delay=made.delay + each)
